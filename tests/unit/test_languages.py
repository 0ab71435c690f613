"""`xlm_core.languages`: codes and ids, both ways."""

from __future__ import annotations

import re

import pytest

from xlm_core.errors import ConfigError, LanguageError
from xlm_core.languages import Languages

TWO = {"en": 0, "fr": 1}


@pytest.mark.parametrize(
    "languages",
    [
        Languages(TWO),
        Languages(None, {0: "en", 1: "fr"}),
        Languages(None, {"0": "en", "1": "fr"}),
        Languages(TWO, {"0": "en", 1: "fr"}),
    ],
    ids=["forward", "backward", "as JSON has it", "both"],
)
def test_each_table_follows_from_the_other(languages: Languages) -> None:
    assert (languages.lang2id, languages.id2lang) == (TWO, {0: "en", 1: "fr"})


@pytest.mark.parametrize("languages", [Languages(None), Languages({}), Languages(None, {})])
def test_no_languages_are_false(languages: Languages) -> None:
    assert not languages


def test_some_languages_are_true() -> None:
    assert Languages(TWO)


def test_a_code_has_an_id() -> None:
    assert Languages(TWO).id("fr") == 1


@pytest.mark.parametrize(
    ("lang", "message"),
    [
        ("fre", "`lang` must be one of ['en', 'fr']; got 'fre'. Did you mean `fr`?"),
        ("xx", "`lang` must be one of ['en', 'fr']; got 'xx'."),
        (1, "`lang` must be one of ['en', 'fr']; got 1."),
    ],
)
def test_an_unknown_code_is_refused_with_those_that_are_known(lang: str, message: str) -> None:
    with pytest.raises(LanguageError, match=f"^{re.escape(message)}$"):
        Languages(TWO).id(lang)


@pytest.mark.parametrize(
    ("lang2id", "id2lang"),
    [(TWO, {0: "en"}), (TWO, {0: "fr", 1: "en"}), ({"en": 0, "eng": 0}, None)],
    ids=["one more", "swapped", "one id for two"],
)
def test_tables_that_disagree_are_refused(lang2id: dict[str, int], id2lang: dict[int, str] | None) -> None:
    with pytest.raises(ConfigError, match=r"`lang2id` and `id2lang` must be each other's inverse; got lang2id={"):
        Languages(lang2id, id2lang)


@pytest.mark.parametrize("number", [-1, 1.0, True, None, "one"])
def test_an_id_is_a_whole_number(number: object) -> None:
    with pytest.raises(
        ConfigError, match=re.escape(f"`lang2id` must map languages and whole numbers ≥ 0; got {number!r}.")
    ):
        Languages({"en": number})
