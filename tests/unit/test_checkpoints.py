"""`xlm_core.checkpoints`: what is known of the released checkpoints, and what is mended in their configs."""

from __future__ import annotations

from pathlib import Path

import pytest

from xlm_core.checkpoints import RELEASED, Facts, facts, mend
from xlm_core.config import XLMConfig

FOLDER = Path(__file__).parent.parent / "data" / "released_configs"
every_checkpoint = pytest.mark.parametrize("name", RELEASED)


def config(name: str) -> XLMConfig:
    return XLMConfig.from_pretrained(FOLDER / f"{name}.json")


@every_checkpoint
def test_old_and_new_names_have_the_same_facts(name):
    assert isinstance(facts(name), Facts)
    assert facts(name) == facts(f"FacebookAI/{name}")


def test_other_checkpoints_have_no_facts():
    assert facts("someone/xlm-mlm-en-2048") is None


@every_checkpoint
def test_causal_models_are_causal_afterwards_and_no_others(name):
    mended, _ = mend(config(name), name)

    assert mended.causal == name.startswith("xlm-clm")


@every_checkpoint
def test_mask_and_end_are_where_the_vocabulary_has_them(name):
    mended, _ = mend(config(name), name)

    assert (mended.mask_token_id, mended.eos_token_id) == (mended.mask_index, mended.eos_index) == (5, 1)


@every_checkpoint
def test_nothing_else_is_changed(name):
    before = config(name)
    mended, _ = mend(before, name)

    fields = {"causal", "mask_token_id", "eos_token_id"}
    assert mended.replace(**{field: getattr(before, field) for field in fields}) == before


def test_what_was_mended_is_said_in_one_sentence():
    _, sentence = mend(config("xlm-clm-enfr-1024"), "FacebookAI/xlm-clm-enfr-1024")

    assert sentence == (
        "The config of `FacebookAI/xlm-clm-enfr-1024` was mended: causal=True (was False), mask_token_id=5 (was 0), "
        'eos_token_id=1 (was None). `hub_defaults="as-is"` keeps what the file says.'
    )


@every_checkpoint
def test_what_is_mended_stays_as_it_is(name):
    mended, _ = mend(config(name), name)

    assert mend(mended, name) == (mended, "")


def test_other_checkpoints_are_left_alone():
    before = XLMConfig()

    assert mend(before, "someone/model") == (before, "")


@every_checkpoint
def test_vocabularies_are_cut_where_the_config_says(name):
    known, limit = facts(name), config(name).extra.get("max_vocab", -1)

    assert known is not None
    assert (known.max_vocab or -1) == limit
    assert known.max_vocab in {None, config(name).vocab_size}


def test_only_the_english_and_the_xnli_models_are_lower_cased():
    uncased = {name for name in RELEASED if (known := facts(name)) and not known.is_cased}

    assert uncased == {"xlm-mlm-en-2048", "xlm-mlm-tlm-xnli15-1024", "xlm-mlm-xnli15-1024"}
