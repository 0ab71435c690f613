"""A tokenizer learnt from text: what it learns, that it always learns the same, and what it refuses."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vocabularies import SENTENCES, SPECIAL
from xlm_core.errors import FetchError, InputError, LanguageError, VocabularyError
from xlm_core.tokenizer import XLMTokenizer
from xlm_core.tokenizer.pieces.bpe import BytePairEncoder, is_ordered
from xlm_core.tokenizer.special_tokens import AddedToken, SpecialTokens
from xlm_core.tokenizer.vocabularies.corpus import LONGEST_WORD, Corpus, alphabet_of, pair_with_languages
from xlm_core.tokenizer.vocabularies.training import learn
from xlm_core.tokenizer.words import WordSplitter

ENGLISH = ["A man is riding a bike.", "Two men are riding bikes; the men don't stop.", "The man's bike is red."]
FRENCH = ["L'homme fait du vélo.", "Deux hommes font du vélo dans l'eau."]


@pytest.fixture(scope="module")
def trained() -> XLMTokenizer:
    return XLMTokenizer.train([ENGLISH, FRENCH], 300, ["en", "fr"], min_frequency=1)


def write(path: Path, texts: list[str]) -> Path:
    path.write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
    return path


# ---- what is learnt


def test_the_most_frequent_pairs_are_merged_first() -> None:
    """By hand: `l o` and `o w` occur 6 times each, `w e` and `e r` twice."""
    release = learn({"low": 4, "lower": 2}, 14 + 8, SpecialTokens(), min_frequency=2)

    assert release.codes == ("l o 6", "lo w</w> 4")
    assert list(release.counts.items())[14:] == [
        ("low</w>", 4),
        ("e", 2),
        ("lo", 2),
        ("r</w>", 2),
        ("w", 2),
        ("l", 0),
        ("o", 0),
        ("w</w>", 0),
    ]


def test_counts_are_those_of_the_pieces_of_the_text(trained: XLMTokenizer) -> None:
    words = Counter(word for text in ENGLISH for word in WordSplitter(lowercase=True).split(text, "en"))
    release = learn(words, 60, SpecialTokens(), min_frequency=2)
    encode = BytePairEncoder(release.vocabulary.ranks)

    pieces = Counter(piece for word, count in words.items() for _ in range(count) for piece in encode(word))

    assert +Counter(release.counts) == pieces


def test_special_tokens_come_first_and_frequent_pieces_follow(trained: XLMTokenizer) -> None:
    assert trained.convert_ids_to_tokens(list(range(14))) == SPECIAL
    assert trained.convert_ids_to_tokens(14) == ".</w>"


def test_the_vocabulary_has_the_size_that_was_asked_for() -> None:
    texts = [" ".join(SENTENCES)] * 2

    for size in (401, 523):
        assert XLMTokenizer.train([texts], size).vocab_size == size


def test_pairs_that_are_too_rare_are_not_merged() -> None:
    counts = {size: XLMTokenizer.train([ENGLISH], 1000, min_frequency=size).vocab_size for size in (1, 2, 9)}

    assert counts[1] > counts[2] > counts[9]


def test_words_are_those_of_the_language(trained: XLMTokenizer) -> None:
    """English cuts before an apostrophe, French after it."""
    assert "'s</w>" in trained.get_vocab()
    assert "l'</w>" in trained.get_vocab()


@pytest.mark.parametrize(("lowercase", "expected"), [(True, "velo</w>"), (False, "vélo</w>")])
def test_lower_case_is_a_choice(lowercase: bool, expected: str) -> None:
    tokenizer = XLMTokenizer.train([FRENCH], 200, "fr", lowercase=lowercase)

    assert expected in tokenizer.get_vocab()
    assert tokenizer.do_lower_case is lowercase
    assert tokenizer.tokenize("vélo", lang="fr") == [expected]


def test_languages_are_numbered_in_alphabetical_order(trained: XLMTokenizer) -> None:
    assert XLMTokenizer.train([FRENCH, ENGLISH], 120, ["fr", "en"]).lang2id == {"en": 0, "fr": 1}
    assert XLMTokenizer.train([ENGLISH], 120).lang2id is None
    assert XLMTokenizer.train([ENGLISH], 120, "en", lang2id={"de": 0, "en": 1}).lang2id == {"de": 0, "en": 1}


def test_what_was_learnt_from_is_read_back(trained: XLMTokenizer) -> None:
    ids = trained("Two men are riding a bike.", lang="en")["input_ids"]

    assert trained.unk_token_id not in ids
    assert trained.decode(ids, skip_special_tokens=True) == "two men are riding a bike ."


def test_merges_use_only_what_came_before(trained: XLMTokenizer) -> None:
    """So that the Rust library can apply them."""
    assert is_ordered(
        learn({"banana": 9, "bandana": 5, "nab": 2}, 40, SpecialTokens(), min_frequency=1).vocabulary.ranks
    )


def test_rare_characters_can_be_left_out() -> None:
    tokenizer = XLMTokenizer.train([["aaa bbb ccq", "aab bba"]], 40, limit_alphabet=2)

    assert {piece.removesuffix("</w>")[:1] for piece in list(tokenizer.get_vocab())[14:]} == {"a", "b"}
    assert tokenizer.tokenize("q") == ["q</w>"]
    assert tokenizer("q").input_ids == [0, 3, 1]


def test_other_special_tokens_can_be_named() -> None:
    tokenizer = XLMTokenizer.train([ENGLISH], 60, unk_token="[UNK]", additional_special_tokens=["<special1>", "<x>"])

    assert tokenizer.convert_ids_to_tokens([0, 1, 2, 3, 4, 5]) == ["<s>", "</s>", "<pad>", "[UNK]", "<special1>", "<x>"]


def test_very_long_words_teach_nothing() -> None:
    corpus = Corpus(WordSplitter(lowercase=True))
    corpus.read(["a" * (LONGEST_WORD + 1), "b" * LONGEST_WORD], "en")

    assert list(corpus.words["en"]) == ["b" * LONGEST_WORD]


def test_segmenters_of_the_tokenizer_split_the_words() -> None:
    tokenizer = XLMTokenizer.train([["abab"] * 3], 40, "xx", segmenters={"xx": lambda text: [text[:2], text[2:]]})

    assert {"ab</w>"} == tokenizer.get_vocab().keys() - {*SPECIAL, "a", "b</w>"}


# ---- always the same


def test_every_process_learns_the_same(tmp_path: Path) -> None:
    """The trainer's hash tables have another order in each."""
    write(tmp_path / "text", SENTENCES)
    code = (
        "from xlm_core import XLMTokenizer;"
        f"t = XLMTokenizer.train({str(tmp_path / 'text')!r}, 700);"
        "print(hash(tuple(t._vocabulary.ids.items())), hash(t._vocabulary.merges))"
    )

    printed = {
        subprocess.run(
            [sys.executable, "-c", code],
            check=True,
            capture_output=True,
            env={**os.environ, "PYTHONHASHSEED": "0", "RAYON_NUM_THREADS": threads},
        ).stdout
        for threads in ("1", "2", "2")
    }

    assert len(printed) == 1


def test_the_order_of_texts_does_not_matter() -> None:
    one, other = (XLMTokenizer.train([texts], 600) for texts in (SENTENCES, SENTENCES[::-1]))

    assert one.get_vocab() == other.get_vocab()


def test_paths_lists_and_iterators_give_the_same(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", ENGLISH)
    packed = tmp_path / "a.txt.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    windows = tmp_path / "windows.txt"
    windows.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n").rstrip())
    sources: list[Any] = [
        path,
        str(path),
        [path],
        packed,
        windows,
        [ENGLISH],
        [[ENGLISH]],
        iter(ENGLISH),
        [iter(ENGLISH)],
    ]

    vocabularies = [XLMTokenizer.train(source, 90).get_vocab() for source in sources]

    assert all(vocabulary == vocabularies[0] for vocabulary in vocabularies)


def test_what_was_learnt_survives_every_kind_of_file(trained: XLMTokenizer, tmp_path: Path) -> None:
    text = "The man's vélo don't stop."
    expected = trained(text, lang="en").input_ids
    trained.save_pretrained(tmp_path)
    trained.save_original(tmp_path / "codes", tmp_path / "vocab")

    assert XLMTokenizer.from_pretrained(tmp_path)(text, lang="en").input_ids == expected
    assert XLMTokenizer.from_original(tmp_path / "codes", tmp_path / "vocab")(text, lang="en").input_ids == expected


# ---- languages


def corpus_of(**texts: int) -> Corpus:
    """One word a text; the word is its language."""
    corpus = Corpus(WordSplitter(lowercase=True))
    for lang, count in texts.items():
        corpus.read([lang] * count, lang)
    return corpus


@pytest.mark.parametrize(
    ("sampling", "expected"),
    [(1, {"en": 64, "fr": 4, "de": 1}), (0.5, {"en": 64, "fr": 16, "de": 8}), (0, {"en": 64, "fr": 64, "de": 64})],
)
def test_languages_with_little_text_count_for_more(sampling: float, expected: dict[str, int]) -> None:
    """With an exponent of a half, a sixteenth of the text counts for a quarter."""
    assert corpus_of(en=64, fr=4, de=1).sampled(sampling) == expected


def test_a_word_of_two_languages_counts_in_both() -> None:
    corpus = Corpus(WordSplitter(lowercase=True))
    corpus.read(["on"] * 4, "en")
    corpus.read(["on"], "fr")

    assert corpus.sampled(0.5) == {"on": 4 + 2}


def test_a_language_without_text_changes_nothing() -> None:
    assert corpus_of(en=2, fr=0).sampled(0.5) == {"en": 2}


def test_one_language_is_that_of_all_files() -> None:
    assert pair_with_languages(["a", "b"], "fr") == [("a", "fr"), ("b", "fr")]
    assert pair_with_languages("a", None) == [("a", "en")]


def test_the_alphabet_is_that_of_the_most_frequent_characters() -> None:
    assert alphabet_of({"ab": 3, "bc": 1, "d": 3}, 2) == {"a", "b"}


# ---- another vocabulary for a tokenizer


def test_a_new_vocabulary_keeps_the_settings(folder: Path) -> None:
    settings = {"input_format": "original", "padding_side": "left", "lang2id": {"en": 0, "fr": 1}}
    old = XLMTokenizer.from_pretrained(folder, **settings)

    new = old.train_new_from_iterator(iter(ENGLISH), 100)

    assert {name: getattr(new, name) for name in settings} == settings
    assert new.tokenize("men") == ["men</w>"]
    assert old.tokenize("men") != ["men</w>"]


def test_a_new_vocabulary_renumbers_added_tokens(folder: Path) -> None:
    added = {500: AddedToken("<new>", special=False, normalized=True)}
    old = XLMTokenizer.from_pretrained(folder, added_tokens_decoder=added)

    new = old.train_new_from_iterator([ENGLISH], 60, new_special_tokens=["<y>"])

    assert new("<new> <y>").input_ids == [0, new.vocab_size, 14, 1]
    assert "<y>" in new.all_special_tokens


def test_a_new_vocabulary_may_stop_early(tokenizer: XLMTokenizer) -> None:
    batches: Iterator[list[str]] = iter([["aa aa", "bb bb"], ["cc cc"], ["dd dd"]])

    new = tokenizer.train_new_from_iterator(batches, 60, length=3)

    assert {"aa</w>", "bb</w>", "cc</w>"} <= new.get_vocab().keys()
    assert "d" not in new.get_vocab()
    assert next(batches) == ["dd dd"]


def test_a_new_vocabulary_is_for_the_languages_that_there_are(multilingual: XLMTokenizer) -> None:
    with pytest.raises(LanguageError, match="`lang` must be one of"):
        multilingual.train_new_from_iterator(ENGLISH, 60, lang="xx")


# ---- what is refused

FAULTS: dict[str, tuple[Any, dict[str, Any], str]] = {
    "no room for characters": ([ENGLISH], {"vocab_size": 20}, r"must be at least \d+: 14 special tokens and \d+ char"),
    "a size of 0": ([ENGLISH], {"vocab_size": 0}, "`vocab_size` must be a whole number ≥ 1; got 0"),
    "a size that is no number": ([ENGLISH], {"vocab_size": "8k"}, "`vocab_size` must be a whole number"),
    "no frequency": ([ENGLISH], {"min_frequency": 0}, "`min_frequency` must be a whole number ≥ 1"),
    "no alphabet": ([ENGLISH], {"limit_alphabet": 0}, "`limit_alphabet` must be a whole number ≥ 1"),
    "too much sampling": ([ENGLISH], {"sampling": 1.5}, "`sampling` must be a number from 0 to 1; got 1.5"),
    "no texts": ([[]], {}, "the texts have none"),
    "texts without words": ([["", "  "]], {}, "the texts have none"),
    "languages that do not match": ([ENGLISH], {"languages": ["en", "fr"]}, "one for each of the 1 files; got 2"),
    "a number for a text": ([[1]], {}, "a text must be a string; got 1, a int"),
    "None for a text": ([[None]], {}, "a text must be a string; got None"),
    "bytes for a source": ([b"text"], {}, "must be a path or an iterable of strings; got bytes"),
    "a number for a source": (5, {}, "must be a path or an iterable of strings; got int"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_are_named(fault: str) -> None:
    source, options, message = FAULTS[fault]

    with pytest.raises(InputError, match=message):
        XLMTokenizer.train(source, **{"vocab_size": 200, **options})


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(FetchError, match=r"nowhere.txt` must be readable; No such file"):
        XLMTokenizer.train(tmp_path / "nowhere.txt", 200)


def test_a_line_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "text").write_bytes(b"good\nb\xff\n")

    with pytest.raises(InputError, match=r"line 2 of `.*text` must be UTF-8; invalid start byte at byte 2"):
        XLMTokenizer.train(tmp_path / "text", 200)


def test_a_damaged_archive_is_named(tmp_path: Path) -> None:
    packed = gzip.compress(os.urandom(50_000).hex().encode())
    (tmp_path / "text.gz").write_bytes(packed[: len(packed) // 2])

    with pytest.raises(FetchError, match=r"text.gz` must be whole; .* Fetch it again"):
        XLMTokenizer.train(tmp_path / "text.gz", 200)


def test_progress_is_shown_when_asked_for(capfd: pytest.CaptureFixture[str]) -> None:
    XLMTokenizer.train([ENGLISH], 100, "en")
    assert capfd.readouterr().err == ""

    XLMTokenizer.train([ENGLISH], 100, "en", show_progress=True)
    assert "3 texts of en" in capfd.readouterr().err


def test_the_original_s_files_of_what_was_just_learnt_have_real_counts(tmp_path: Path) -> None:
    tokenizer = XLMTokenizer.train([["low low lower low", "lower low"]], 30, min_frequency=3)
    tokenizer.save_original(tmp_path / "codes", tmp_path / "vocab")

    assert (tmp_path / "codes").read_text(encoding="utf-8") == "l o 6\nlo w</w> 4\n"
    assert (tmp_path / "vocab").read_text(encoding="utf-8").split("\n")[:3] == ["low 4", "e@@ 2", "lo@@ 2"]


def test_the_original_s_files_need_its_special_tokens(tmp_path: Path) -> None:
    tokenizer = XLMTokenizer.train([ENGLISH], 60, unk_token="[UNK]")

    with pytest.raises(VocabularyError, match="must begin with <s>, </s>, <pad>, <unk>"):
        tokenizer.save_original(tmp_path / "codes", tmp_path / "vocab")
