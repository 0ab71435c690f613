"""The measured process of Hugging Face's tokenizers, run by an interpreter that has them.

``slow`` is its XLMTokenizer with the same vocabulary. ``fast`` is a tokenizer of the kind of XLMRobertaTokenizerFast –
Unigram pieces in Rust – with a vocabulary learnt from the texts themselves, because the released one may not be here.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

os.environ["TOKENIZERS_PARALLELISM"] = "false"  # CPU time of one core is what is compared

import transformers
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers
from worker import batches, call_options, serve

_PIECES = 8000
_ROLES = {"bos_token": "<s>", "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>", "mask_token": "<mask>"}


class Peer:
    """What both kinds share: the call."""

    def __init__(self, texts: list[str], tokenizer: Any) -> None:
        self.texts = texts
        self.version = transformers.__version__
        self._tokenizer = tokenizer

    def forget(self) -> None:
        """A kind that remembers nothing between texts has nothing to forget."""

    def call(self, texts: list[str]) -> list[list[int]]:
        """One text after the other."""
        tokenizer = self._tokenizer
        return [tokenizer(text)["input_ids"] for text in texts]

    def offsets(self, texts: list[str]) -> list[list[int]]:
        """With where the tokens stood."""
        tokenizer = self._tokenizer
        return [tokenizer(text, return_offsets_mapping=True)["input_ids"] for text in texts]

    def batch(self, texts: list[str]) -> list[Any]:
        """Padded arrays."""
        tokenizer, options = self._tokenizer, call_options()
        return [tokenizer(batch, **options) for batch in batches(texts)]


class Slow(Peer):
    """XLMTokenizer; its call has no language, one of its inner methods does."""

    def __init__(self, texts: list[str], folder: str, lang: str) -> None:
        files = (str(Path(folder, name)) for name in ("vocab.json", "merges.txt"))
        super().__init__(texts, transformers.XLMTokenizer(*files, do_lowercase_and_remove_accent=True))
        self._lang = lang
        self.call(["0"])
        self.lang(["0"])

    def forget(self) -> None:
        """Empty the cache of words, in which it keeps their pieces."""
        self._tokenizer.cache = {}

    def lang(self, texts: list[str]) -> list[list[int]]:
        """By the rules of the language."""
        tokenizer, lang = self._tokenizer, self._lang
        wrap, number = tokenizer.build_inputs_with_special_tokens, tokenizer.convert_tokens_to_ids
        return [wrap(number(tokenizer._tokenize(text, lang=lang)))[1:] for text in texts]  # noqa: SLF001


def build(kind: str, folder: str, texts: list[str], lang: str) -> Peer:
    """One of the two."""
    return Slow(texts, folder, lang) if kind == "slow" else Peer(texts, learn(texts))


def learn(texts: list[str]) -> Any:
    """Normalised, cut at spaces, Unigram: as XLM-RoBERTa's."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    options = {"unk_token": "<unk>", "special_tokens": [*_ROLES.values()], "show_progress": False}
    tokenizer.train_from_iterator(texts, trainers.UnigramTrainer(vocab_size=_PIECES, **options))
    ends = [(token, tokenizer.token_to_id(token)) for token in ("<s>", "</s>")]
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A </s>", special_tokens=ends)
    return transformers.PreTrainedTokenizerFast(tokenizer_object=tokenizer, **_ROLES)


if __name__ == "__main__":
    serve(build)
