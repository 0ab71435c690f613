"""`xlm_core.fields`: fields that check themselves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from xlm_core.errors import ConfigError
from xlm_core.fields import check, choice, flag, listing, real, table, text, whole


@dataclass(frozen=True)
class Sample:
    count: int = whole(3, 1)
    perhaps: int | None = whole(None, optional=True)
    share: float = real(0.5, 0, 1)
    width: float = real(2.0)
    on: bool = flag(True)
    side: str = choice("left", ("left", "right"))
    note: str | None = text()
    names: dict[str, int] | None = table()
    cuts: list[int] | None = listing()
    unruled: object = None


def refusal(**wrong: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        check(Sample(**wrong))
    return str(caught.value)


@pytest.mark.parametrize(
    "right",
    [
        {},
        {"count": 1},
        {"perhaps": 0},
        {"share": 0},
        {"share": 1},
        {"width": 10**12},
        {"on": False},
        {"side": "right"},
        {"note": ""},
        {"names": {}},
        {"cuts": (1, 2)},
        {"unruled": 3j},
    ],
    ids=str,
)
def test_what_a_rule_allows_passes(right: dict[str, Any]) -> None:
    check(Sample(**right))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"count": 0}, "`count` must be a whole number ≥ 1; got 0."),
        ({"count": 2.0}, "`count` must be a whole number ≥ 1; got 2.0."),
        ({"count": True}, "`count` must be a whole number ≥ 1; got True."),
        ({"count": None}, "`count` must be a whole number ≥ 1; got None."),
        ({"perhaps": -1}, "`perhaps` must be a whole number ≥ 0 or None; got -1."),
        ({"share": 1.1}, "`share` must be a number from 0 to 1; got 1.1."),
        ({"share": False}, "`share` must be a number from 0 to 1; got False."),
        ({"width": float("nan")}, "`width` must be a number ≥ 0; got nan."),
        ({"on": 1}, "`on` must be True or False; got 1."),
        ({"side": "up"}, "`side` must be one of ['left', 'right']; got 'up'."),
        ({"side": ["left"]}, "`side` must be one of ['left', 'right']; got ['left']."),
        ({"note": 3}, "`note` must be a string or None; got 3."),
        ({"names": [1]}, "`names` must be a mapping or None; got [1]."),
        ({"cuts": "12"}, "`cuts` must be a list or None; got '12'."),
    ],
    ids=str,
)
def test_what_a_rule_forbids_is_refused_by_name(wrong: dict[str, Any], message: str) -> None:
    assert refusal(**wrong) == message
