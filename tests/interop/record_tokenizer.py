"""Record what Hugging Face's XLMTokenizer makes of the texts of `vocabularies.py`.

Run it once in an environment with transformers 4.57 and once in one with transformers 5, both with sacremoses 0.2:

    python tests/interop/record_tokenizer.py
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

import transformers

TESTS = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS))

from vocabularies import TEXTS, write_uncased  # noqa: E402  (after the path is set)

GOLDENS = TESTS / "goldens" / "tokenizer.json"
DEMO = TESTS.parent / "examples" / "xlm-demo"
LANGS = {"demo": ("cs", "de", "fr"), "uncased": ("es", "it", "ko", "ro", "xx")}


def record(tokenizer: transformers.XLMTokenizer, langs: tuple[str, ...]) -> dict[str, list[list[int]]]:
    """Ids by format and, which only the private method knows, by language."""
    version = transformers.__version__.partition(".")[0]
    recorded = {f"transformers-{version}": [tokenizer(text)["input_ids"] for text in TEXTS]}
    if version == "4":
        for lang in langs:
            tokens = (tokenizer._tokenize(text, lang=lang) for text in TEXTS)
            recorded[f"lang={lang}"] = [tokenizer.convert_tokens_to_ids(list(each)) for each in tokens]
    return recorded


def main() -> None:
    """Add this version's ids to the file."""
    goldens = json.loads(GOLDENS.read_text(encoding="utf-8")) if GOLDENS.exists() else {}
    with tempfile.TemporaryDirectory() as folder:
        sources = {"demo": DEMO, "uncased": write_uncased(Path(folder))}
        for name, source in sources.items():
            tokenizer = transformers.XLMTokenizer.from_pretrained(source)
            goldens.setdefault(name, {}).update(record(tokenizer, LANGS[name]))
    goldens["texts"] = TEXTS
    lines = [
        f"{json.dumps(name)}: {json.dumps(value, separators=(',', ':'))}" for name, value in sorted(goldens.items())
    ]
    GOLDENS.parent.mkdir(exist_ok=True)
    GOLDENS.write_text("{" + ",\n".join(lines) + "}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
