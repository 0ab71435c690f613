"""Record, as digests, the tokens that Hugging Face's XLMTokenizer makes of the texts of `digests.py`.

Run it once in an environment with transformers 4.57 and once in one with transformers 5, both with sacremoses 0.2,
kytea, and the same Python:

    python tests/interop/record_tokenizer_digests.py
"""

from __future__ import annotations

import json
import sys
import unicodedata
from pathlib import Path

import transformers

TESTS = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS))

from digests import adversarial_texts, digest, real_texts  # noqa: E402  (after the path is set)
from sacremoses_words import kytea  # noqa: E402

GOLDENS = TESTS / "goldens" / "tokenizer_digests.json"
DEMO = TESTS.parent / "examples" / "xlm-demo"


def record(tokenizer: transformers.XLMTokenizer) -> dict[str, list[str]]:
    """Digests by kind of text: of the public call, and of a language's rules, which only the private method knows."""
    recorded = {"adversarial": [digest(tokenizer.tokenize(text)) for text in adversarial_texts()]}
    for lang, texts in real_texts().items():
        recorded[f"real {lang}"] = [digest(tokenizer.tokenize(text)) for text in texts]
        if transformers.__version__.startswith("4"):
            recorded[f"lang={lang}"] = [digest(tokenizer._tokenize(text, lang=lang)) for text in texts]
    return recorded


def main() -> None:
    """Add this version's digests to the file."""
    goldens = json.loads(GOLDENS.read_text(encoding="utf-8")) if GOLDENS.exists() else {}
    version = f"transformers-{transformers.__version__.partition('.')[0]}"
    for name, lowercase in (("cased", False), ("uncased", True)):
        tokenizer = transformers.XLMTokenizer.from_pretrained(DEMO, do_lowercase_and_remove_accent=lowercase)
        tokenizer.ja_word_tokenizer = kytea()  # its own looks for a model in the home folder
        goldens[f"{version} {name}"] = record(tokenizer)
    goldens["unicode"] = unicodedata.unidata_version
    goldens["texts"] = digest(adversarial_texts())
    lines = [f"{json.dumps(name)}: {json.dumps(value, separators=(',', ':'))}" for name, value in goldens.items()]
    GOLDENS.write_text("{\n" + ",\n".join(sorted(lines)) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
