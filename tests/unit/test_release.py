"""The original's files: read as its programs read them, written so that they give the same ids."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from pathlib import Path

import pytest

from vocabularies import SPECIAL
from xlm_core.errors import FetchError, InputError, VocabularyError
from xlm_core.tokenizer import XLMTokenizer
from xlm_core.tokenizer.vocabularies.release import Release
from xlm_core.tokenizer.vocabularies.vocabulary import Vocabulary

NBSP, LINE_SEPARATOR = "\xa0", "\u2028"
CODES = f"t h 90\nth e</w> 80\n{NBSP} {NBSP} 78\n{NBSP} {NBSP}</w> 20\na n 7\n"
LINES = {
    "the 50": "the</w>",
    "a@@ 40": "a",
    f"x{LINE_SEPARATOR} 39": None,
    f"{NBSP}@@ 38": "",
    "n 37": "n</w>",
    "@@a@@ 36": "@@a",
    "b@@b 35": "b@@b</w>",
    "no-count": None,
    "count many": None,
    "two words 34": None,
    "minus -3": None,
    "": None,
    "n 33": None,
    "<unk> 32": None,
    "<special1> 31": None,
    "last 0": "last</w>",
}
"""Line of `vocab` → its piece; None if the original skips it."""
PIECES = [*SPECIAL, *(piece for piece in LINES.values() if piece is not None)]
RELEASED = Path(__file__).parents[3] / "shared" / "data" / "xnli15"


def write(folder: Path, codes: str = CODES, vocab: str = "\n".join(LINES) + "\n") -> tuple[Path, Path]:
    paths = folder / "codes", folder / "vocab"
    for path, text in zip(paths, (codes, vocab), strict=True):
        path.write_text(text, encoding="utf-8", newline="\n")
    return paths


def read(folder: Path, codes: str = CODES, vocab: str = "\n".join(LINES) + "\n") -> Vocabulary:
    return Release.read(*write(folder, codes, vocab)).vocabulary


def test_ids_are_the_special_tokens_then_the_lines_that_count(tmp_path: Path) -> None:
    assert read(tmp_path).ids == {piece: number for number, piece in enumerate(PIECES)}


def test_merges_are_the_codes_without_their_counts(tmp_path: Path) -> None:
    assert read(tmp_path).merges == ("t h", "th e</w>", f"{NBSP} {NBSP} 78", f"{NBSP} {NBSP}</w> 20", "a n")


@pytest.mark.parametrize("size", [15, 17, len(PIECES), 1000])
def test_max_vocab_counts_special_tokens(tmp_path: Path, size: int) -> None:
    assert list(Release.read(*write(tmp_path), size).counts) == PIECES[:size]


@pytest.mark.parametrize("size", [0, 14, -1])
def test_a_vocabulary_without_room_is_refused(tmp_path: Path, size: int) -> None:
    with pytest.raises(InputError, match=f"`max_vocab` must be at least 15: special tokens count; got {size}"):
        Release.read(*write(tmp_path), size)


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
def test_line_ends_and_byte_order_marks_change_nothing(tmp_path: Path, ending: str, mark: bytes) -> None:
    codes, vocab = tmp_path / "codes", tmp_path / "vocab"
    codes.write_bytes(mark + f"t h 9{ending}h e 8".encode().replace(b"\n", ending.encode()))
    vocab.write_bytes(mark + f"the 9{ending}a@@ 8".encode())

    vocabulary = Release.read(codes, vocab).vocabulary

    assert vocabulary.merges == ("t h", "h e")
    assert list(vocabulary.ids)[14:] == ["the</w>", "a"]


FAULTS = {
    "files in the wrong order": ("the 9\nof 8\n", "t h 90\nh e 80\n", "`codes` and `vocab` given in the wrong order"),
    "an empty vocab": (CODES, "", "must have a word and its count on each line"),
    "a broken code": ("t h 9\nth\ne 8\n", "the 9\n", "got 'th' on line 2"),
    "a piece of two words": (CODES, "<s>@@ 9\n", "'<s>@@' is '<s>', which has one already"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_damaged_files_are_refused(tmp_path: Path, fault: str) -> None:
    codes, vocab, message = FAULTS[fault]

    with pytest.raises(VocabularyError, match=message):
        read(tmp_path, codes, vocab)


@pytest.mark.parametrize("missing", ["codes", "vocab"])
def test_a_missing_file_is_named(tmp_path: Path, missing: str) -> None:
    codes, vocab = write(tmp_path)
    (tmp_path / missing).unlink()

    with pytest.raises(FetchError, match=f"{missing}`; it is not there"):
        Release.read(codes, vocab)


def test_what_is_read_is_written_without_the_lines_that_do_not_count(tmp_path: Path) -> None:
    release = Release.read(*write(tmp_path))
    release.write(tmp_path / "codes2", tmp_path / "vocab2")

    written = (tmp_path / "vocab2").read_text(encoding="utf-8").split("\n")
    assert (tmp_path / "codes2").read_bytes() == (tmp_path / "codes").read_bytes()
    assert written == ["the 50", "a@@ 40", "@@ 38", "n 37", "@@a@@ 36", "b@@b 35", "last 0", ""]
    assert Release.read(tmp_path / "codes2", tmp_path / "vocab2") == release


def test_a_vocabulary_without_counts_keeps_its_order(tmp_path: Path) -> None:
    vocabulary = read(tmp_path)
    Release.of(vocabulary).write(tmp_path / "codes", tmp_path / "vocab")

    assert Release.read(tmp_path / "codes", tmp_path / "vocab").vocabulary == vocabulary
    assert (tmp_path / "codes").read_text(encoding="utf-8").startswith("t h 5\nth e</w> 4\n")


@pytest.mark.parametrize("piece", ["a b", f"a{NBSP}b</w>", "a\u2028", "x@@</w>", "<s></w>"])
def test_a_piece_that_no_line_can_hold_is_refused_before_anything_is_written(tmp_path: Path, piece: str) -> None:
    release = Release((), dict.fromkeys([*SPECIAL, piece], 1))

    with pytest.raises(VocabularyError, match="no line of `vocab` can stand for the piece"):
        release.write(tmp_path / "codes", tmp_path / "vocab")

    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ({"<unk>": 0, "a": 1}, "must begin with <s>, </s>, <pad>, <unk>"),
        ({piece: number + (piece == "x") for number, piece in enumerate([*SPECIAL, "x"])}, "can have no hole"),
    ],
)
def test_a_vocabulary_of_another_kind_cannot_be_the_original_s(ids: Mapping[str, int], message: str) -> None:
    with pytest.raises(VocabularyError, match=message):
        Release.of(Vocabulary(ids, ()))


# ---- tables of a checkpoint


def tables() -> tuple[dict[int, str], dict[str, int], dict[str, int]]:
    words = [*SPECIAL, "the", "a@@", "n"]
    id2word = dict(enumerate(words))
    return id2word, {word: number for number, word in id2word.items()}, {"the": 50, "a@@": 40, "n": 37}


def test_the_tables_of_a_checkpoint_give_pieces_and_counts(tmp_path: Path) -> None:
    release = Release.of_tables(write(tmp_path)[0], *tables())

    assert list(release.counts.items())[13:] == [("<special9>", 0), ("the</w>", 50), ("a", 40), ("n</w>", 37)]
    assert release.codes[0] == "t h 90"


def test_tables_that_disagree_are_refused(tmp_path: Path) -> None:
    id2word, word2id, _ = tables()

    with pytest.raises(VocabularyError, match="must be each other's inverse"):
        Release.of_tables(write(tmp_path)[0], id2word, {**word2id, "the": 3})


def test_tables_with_a_hole_are_refused(tmp_path: Path) -> None:
    id2word, word2id, _ = tables()
    del id2word[15], word2id["a@@"]

    with pytest.raises(VocabularyError, match=r"must have the ids 0 to 15"):
        Release.of_tables(write(tmp_path)[0], id2word, word2id)


# ---- tokenizers


def test_a_tokenizer_of_the_original_s_files_encodes(tmp_path: Path) -> None:
    tokenizer = XLMTokenizer.from_original(*write(tmp_path), lang2id={"en": 0})

    assert tokenizer("The n", lang="en")["input_ids"] == [0, 14, 17, 1]
    assert tokenizer.lang2id == {"en": 0}


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("The n, last the", [0, 14, 17, 3, 3, 15, 3, 3, 14, 1]),
        ("a the <special1>n", [0, 3, 14, 5, 17, 1]),
        ("the last n the x", [0, 14, 3, 15, 3, 3, 17, 14, 3, 1]),
    ],
)
def test_hugging_face_gives_the_same_ids(tmp_path: Path, text: str, ids: list[int]) -> None:
    """Recorded with transformers 4.57, from the folder that is saved here."""
    XLMTokenizer.from_original(*write(tmp_path)).save_pretrained(tmp_path / "saved")

    assert XLMTokenizer.from_pretrained(tmp_path / "saved")(text)["input_ids"] == ids


def test_a_tokenizer_goes_to_the_original_s_files_and_back(tmp_path: Path) -> None:
    tokenizer = XLMTokenizer.from_original(*write(tmp_path), max_vocab=18, do_lowercase_and_remove_accent=False)
    tokenizer.save_original(tmp_path / "codes", tmp_path / "vocab")

    again = XLMTokenizer.from_original(tmp_path / "codes", tmp_path / "vocab")

    assert again.get_vocab() == tokenizer.get_vocab()
    assert tokenizer.vocab_size == 18
    assert tokenizer.do_lower_case is False


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The released files of 15 languages, unpacked."""
    if not RELEASED.is_dir():
        pytest.skip("the released codes and vocabulary of 15 languages are not on this machine")
    folder = tmp_path_factory.mktemp("released")
    for name in ("codes", "vocab"):
        (folder / name).write_bytes(gzip.decompress((RELEASED / f"{name}_xnli_15.gz").read_bytes()))
    return folder / "codes", folder / "vocab"


def test_the_released_files_give_the_released_model_s_vocabulary(released: tuple[Path, Path]) -> None:
    vocabulary = Release.read(*released, 95_000).vocabulary

    assert sorted(vocabulary.ids.values()) == list(range(95_000))
    assert (vocabulary.ids[""], vocabulary.ids[",</w>"], vocabulary.ids["<special9>"]) == (61489, 14, 13)
    assert len(vocabulary.merges) == 80_000


def test_the_released_files_survive_a_round_trip(released: tuple[Path, Path], tmp_path: Path) -> None:
    release = Release.read(*released)
    release.write(tmp_path / "codes", tmp_path / "vocab")

    assert (tmp_path / "codes").read_bytes() == released[0].read_bytes()
    assert Release.read(tmp_path / "codes", tmp_path / "vocab") == release
