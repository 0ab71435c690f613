"""A tokenizer in other processes and threads, and its copies."""

from __future__ import annotations

import copy
import multiprocessing
import pickle
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path

import pytest

from vocabularies import SENTENCES, WORDS
from xlm_core.tokenizer import XLMTokenizer

STARTS = ["spawn"] if sys.platform == "win32" else ["fork", "spawn"]


def test_a_used_tokenizer_pickles_to_the_bytes_of_a_fresh_one(folder: Path) -> None:
    """Programs that cache results by what they were computed with compare the bytes."""
    used, fresh = XLMTokenizer.from_pretrained(folder), XLMTokenizer.from_pretrained(folder)
    used(SENTENCES, padding=True, return_offsets_mapping=True)
    used.decode(used.all_special_ids, skip_special_tokens=True)

    assert pickle.dumps(used) == pickle.dumps(fresh)


def test_a_changed_copy_leaves_the_first_alone(folder: Path) -> None:
    tokenizer = XLMTokenizer.from_pretrained(folder)
    changed = copy.deepcopy(tokenizer)
    changed.add_tokens("<new>")
    changed.padding_side = "left"

    assert "<new>" not in tokenizer
    assert tokenizer(["", "x"], padding=True).input_ids[0] == [0, 1, 2]


def test_copies_have_all_settings(folder: Path) -> None:
    tokenizer = XLMTokenizer.from_pretrained(folder, lang2id={"en": 0}, input_format="original", cache_size=0)
    tokenizer.add_special_tokens({"eos_token": "<eos>"})
    loaded = pickle.loads(pickle.dumps(tokenizer))

    assert (repr(loaded), loaded.init_kwargs) == (repr(tokenizer), tokenizer.init_kwargs)
    assert loaded(SENTENCES, lang="en") == tokenizer(SENTENCES, lang="en")


@pytest.mark.parametrize("start", STARTS)
def test_a_used_tokenizer_works_in_other_processes(tokenizer: XLMTokenizer, start: str) -> None:
    expected = tokenizer(SENTENCES).input_ids

    with ProcessPoolExecutor(2, multiprocessing.get_context(start)) as pool:
        assert list(pool.map(tokenizer.encode, SENTENCES)) == expected


def test_threads_share_a_tokenizer(folder: Path) -> None:
    """With memories so small that they are full all the time."""
    texts = [f"{first} {second}" for first in WORDS for second in WORDS] * 2
    expected = XLMTokenizer.from_pretrained(folder)(texts).input_ids
    tokenizer = XLMTokenizer.from_pretrained(folder, cache_size=10)

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(tokenizer.encode, texts)) == expected
