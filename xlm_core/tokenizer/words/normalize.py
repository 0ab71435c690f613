"""Punctuation in its plainest form: the rules that come before a text is split into words."""

from __future__ import annotations

from .rules import Between, RemoveUnprintable, Rule, Strip, Substitute, Swap, Translate

_N = "\xa0"

_UNICODE_PUNCTUATION = (
    Substitute("。", r"(?<=。)\s*", " "),
    Substitute("．", r"(?<=．)\s*", " "),
    Translate(
        {
            **dict.fromkeys("。．", "."),
            **dict.fromkeys("，、", ","),
            **dict.fromkeys("”“《》」「", '"'),
            **dict.fromkeys("∶：", ":"),
            **dict(zip("？！；（）％～", "?!;()%~", strict=True)),
            **dict(zip("０１２３４５６７８９", "0123456789", strict=True)),
            **dict(zip("〈〉【】", "<>[]", strict=True)),
            "’": "'",
            "…": "...",
            "━": "-",
        }
    ),
)
"""Full-width and typographic marks as ASCII; an ideographic full stop swallows the whitespace after it.

Source: Moses, ``replace-unicode-punctuation.perl``.
"""

_RUNS_OF_SPACES = Substitute("  ", r"  +", " ")
_DOUBLE_APOSTROPHE = Substitute("''", r"''", '"')

_PUNCTUATION = (
    Substitute("\r", r"\r", ""),
    Substitute("(", r"\(", " ("),
    Substitute(")", r"\)", ") "),
    _RUNS_OF_SPACES,
    Substitute(") ", r"(?<=\)) (?=[.!:?;,])", ""),
    Substitute("( ", r"(?<=\() ", ""),
    Substitute(" )", r" (?=\))", ""),
    Substitute(" %", r"(?<=\d) (?=%)", ""),
    Substitute(" :", r" (?=:)", ""),
    Substitute(" ;", r" (?=;)", ""),
    Substitute("`", r"`", "'"),
    Substitute("''", r"''", ' " '),
    Substitute("„", r"„", '"'),
    Substitute("–", r"–", "-"),
    Substitute("—", r"—", " - "),
    _RUNS_OF_SPACES,
    Substitute("´", r"´", "'"),
    Substitute("‘", r"‘", "'"),
    Substitute("‚", r"‚", "'"),
    _DOUBLE_APOSTROPHE,
    Substitute(f"{_N}«{_N}", rf"{_N}«{_N}", '"'),
    Substitute(f"«{_N}", rf"«{_N}", '"'),
    Substitute("«", r"«", '"'),
    Substitute(f"{_N}»{_N}", rf"{_N}»{_N}", '"'),
    Substitute(f"{_N}»", rf"{_N}»", '"'),
    Substitute("»", r"»", '"'),
    Substitute(f"{_N}%", rf"{_N}(?=%)", ""),
    Substitute(f"nº{_N}", rf"(?<=nº){_N}", " "),
    Substitute(f"{_N}:", rf"{_N}(?=:)", ""),
    Substitute(f"{_N}ºC", rf"{_N}(?=ºC)", " "),
    Substitute(f"{_N}cm", rf"{_N}(?=cm)", " "),
    Substitute(f"{_N}?", rf"{_N}(?=\?)", ""),
    Substitute(f"{_N}!", rf"{_N}(?=!)", ""),
    Substitute(f"{_N};", rf"{_N}(?=;)", ""),
    Substitute(f",{_N}", rf"(?<=,){_N}", " "),
    _RUNS_OF_SPACES,
)
"""Source: Moses, ``normalize-punctuation.perl``, in its order; N is a no-break space."""

_ENGLISH_QUOTATIONS = (Swap('"', r'(")([,.]+)'),)
_CONTINENTAL_QUOTATIONS = (Swap(',"', r'(,)(")'), Swap('."', r'(\.++)(?:(")(?:\s*[^<]))?'))
"""Marks inside or outside of quotation marks. Dots before no quotation mark are matched, too, lest each be tried."""

_QUOTATIONS: dict[str, tuple[Rule, ...]] = {
    "de": _CONTINENTAL_QUOTATIONS,
    "en": _ENGLISH_QUOTATIONS,
    "es": _CONTINENTAL_QUOTATIONS,
    "fr": _CONTINENTAL_QUOTATIONS,
}
_DECIMAL_COMMA = frozenset({"cs", "cz", "de", "es", "fr"})


def normalization(lang: str) -> tuple[Rule, ...]:
    """The rules of a language; a code that Moses does not know has those that all languages share."""
    separator = "," if lang in _DECIMAL_COMMA else "."
    return (
        *_UNICODE_PUNCTUATION,
        *_PUNCTUATION,
        *_QUOTATIONS.get(lang, ()),
        Between(r"\d", _N, r"\d", separator),
        Strip(),
        RemoveUnprintable(),
    )
