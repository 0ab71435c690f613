"""What XLMTokenizer returns, as lists and as tensors, and how it gets back to text."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vocabularies import SPECIAL, uncased_ids, write_files
from xlm_core.errors import InputError, MissingDependency
from xlm_core.tokenizer import BatchEncoding, XLMTokenizer


def test_numpy_arrays_have_the_axis_of_the_batch(tokenizer: XLMTokenizer) -> None:
    ids = tokenizer("cat", return_tensors="np").input_ids

    assert (ids.shape, ids.dtype) == ((1, 3), np.int64)


@pytest.mark.parametrize(("tensor_type", "module"), [("pt", "torch"), ("tf", "tensorflow")])
def test_tensors_of_a_framework(tokenizer: XLMTokenizer, tensor_type: str, module: str) -> None:
    pytest.importorskip(module)

    ids = tokenizer(["cat", ""], padding=True, return_tensors=tensor_type).input_ids

    assert type(ids).__module__.partition(".")[0] == module
    assert np.asarray(ids).tolist() == tokenizer(["cat", ""], padding=True).input_ids
    assert tokenizer.decode(ids) == ["<s> cat </s>", "<s> </s> <pad>"]


@pytest.mark.parametrize(("tensor_type", "module"), [("pt", "torch"), ("tf", "tensorflow")])
def test_a_missing_framework_is_named(
    tokenizer: XLMTokenizer, monkeypatch: pytest.MonkeyPatch, tensor_type: str, module: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)

    with pytest.raises(MissingDependency, match=rf"needs {module}: pip install 'xlm\["):
        tokenizer("cat", return_tensors=tensor_type)


def test_an_encoding_is_a_mapping_with_attributes(tokenizer: XLMTokenizer) -> None:
    encoding = tokenizer("cat")

    assert dict(**encoding) == encoding.data == pickle.loads(pickle.dumps(encoding)).data
    with pytest.raises(AttributeError, match="`langs` must be one of the columns"):
        _ = encoding.langs


def test_an_encoding_moves_its_tensors() -> None:
    torch = pytest.importorskip("torch")
    encoding = BatchEncoding({"input_ids": torch.ones(1), "length": [1]}).to("meta")

    assert encoding.input_ids.device.type == "meta"


@pytest.mark.parametrize(
    ("ids", "text"),
    [
        ([0, 5, 1], "<s> <special1> </s>"),
        (5, "<special1>"),
        ([], ""),
        (np.array([5]), "<special1>"),
        ([[0], [1]], ["<s>", "</s>"]),
    ],
)
def test_decode_takes_what_holds_ids(tokenizer: XLMTokenizer, ids: Any, text: str | list[str]) -> None:
    assert tokenizer.decode(ids) == text


def test_decode_can_skip_special_tokens(tokenizer: XLMTokenizer) -> None:
    assert tokenizer.decode(tokenizer("The cat <special1>").input_ids, skip_special_tokens=True) == "the cat"


def test_an_id_that_is_not_there_is_unknown(tokenizer: XLMTokenizer) -> None:
    assert tokenizer.decode(10**6) == "<unk>"


def test_decode_can_attach_punctuation(tokenizer: XLMTokenizer) -> None:
    ids = tokenizer("the cat, and x.", add_special_tokens=False).input_ids

    assert tokenizer.decode(ids) == "the cat , and x ."
    assert tokenizer.decode(ids, clean_up_tokenization_spaces=True) == "the cat, and x."


def test_batch_decode_gives_a_list(tokenizer: XLMTokenizer) -> None:
    assert tokenizer.batch_decode([[0], [1]]) == ["<s>", "</s>"]


def test_an_id_must_be_a_whole_number(tokenizer: XLMTokenizer) -> None:
    with pytest.raises(InputError, match=r"must be whole numbers; got 1.5 of type float"):
        tokenizer.decode([1.5])


def test_unknown_pieces_have_the_unknown_id_each(tokenizer: XLMTokenizer) -> None:
    assert tokenizer.convert_tokens_to_ids(["ж", "cat</w>", "ж</w>", "猫"])[-1] == tokenizer.unk_token_id == 3


def test_builders_follow_the_template(tokenizer: XLMTokenizer) -> None:
    assert tokenizer.build_inputs_with_special_tokens([7], [8, 9]) == [0, 7, 1, 8, 9, 1]
    assert tokenizer.get_special_tokens_mask([7], [8, 9]) == [1, 0, 1, 0, 0, 1]
    assert tokenizer.create_token_type_ids_from_sequences([7], [8, 9]) == [0, 0, 0, 1, 1, 1]
    assert (tokenizer.num_special_tokens_to_add(), tokenizer.num_special_tokens_to_add(pair=True)) == (2, 3)


def test_special_tokens_are_found_in_finished_ids(tokenizer: XLMTokenizer) -> None:
    assert tokenizer.get_special_tokens_mask([0, 20, 3, 1], already_has_special_tokens=True) == [1, 0, 1, 1]


def test_special_tokens_have_names_and_ids(tokenizer: XLMTokenizer) -> None:
    assert tokenizer.all_special_tokens == ["<s>", "<unk>", "</s>", "<pad>", "<special1>", "<special0>", *SPECIAL[6:]]
    assert tokenizer.all_special_ids == [0, 3, 1, 2, 5, 4, *range(6, 14)]
    assert (tokenizer.mask_token, tokenizer.mask_token_id, tokenizer.cls_token_id) == ("<special1>", 5, 1)


def test_sizes_count_pieces(tokenizer: XLMTokenizer) -> None:
    assert tokenizer.vocab_size == len(tokenizer) == len(tokenizer.get_vocab()) == len(uncased_ids())


def test_special_tokens_that_the_vocabulary_lacks_come_after_it(tmp_path: Path) -> None:
    tokenizer = XLMTokenizer.from_pretrained(write_files(tmp_path, {"<unk>": 0, "a</w>": 1}, []))

    assert (tokenizer.vocab_size, len(tokenizer), tokenizer.bos_token_id) == (2, 15, 2)
