"""Strings on which tokenizers disagree, made by a generator that knows the rules; the same for the same seed."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator

from vocabularies import SENTENCES, TRICKY

_MARKS = """
' '' ''' ` `` ´ ´´ ’ ’’ ‘ ‘‘ ‚ „ “ ” " "" « » 《 》 「 」 . .. ... …. … 。 ． , ,, ， 、 : ： ∶ ; ；
? ？ ! ！ % ％ ( ) （ ） [ ] 【 】
< > 〈 〉 & | \\ / - -- – — ━ ～ ~ @ # $ € * + = _ ^ ¿ ¡ º nº ºC cm ., ,. ." ", ," ". .' '. .'" ) ( ,' ',
"""
_WORDS = """
a A i I s S x X é É ß ſ ǅ ﬁ Σ ΑΣ ας İ ı ğ Ş ţ Ț Ă â ж Ж й щ अ क्ष ि ் ไ ำ ก้ ა 中 国 あ ア ー 가 ㄱ 各 ½ ²
Ⅳ ٣ ० ４ 0 1 23 4.5 6,7 1.000,5
Mr Mr. No No. no. Art pp. Nr. z.B. e.g i.e. U.S. p.m. Inc. Dr. St. bzw. M.
д. г. т.е. dr. op. cit. 90's don't l'eau d'A rock'n'roll
DOT DOTMULTI xDOTDOTMULTI DOTMULTI. dotmulti MULTI DODOTMULTI DOTDOT THISISPROTECTED000
<s> </s> <S> <pad> <special1> <special <unk> [MASK] <mask>
&amp; &quot; http://x.org/a?b=c me@x.org #NUMERIC_ONLY# 😀 🇩🇪 한국 ﷺ Å Ω
"""
_SPACES = [
    "",
    "",
    " ",
    " ",
    " ",
    "  ",
    "\xa0",
    "\xa0",
    "\t",
    "\n",
    "\r",
    "\r\n",
    "\u3000",
    "\u2009",
    "\u2028",
    "\x1c",
    "\x85",
]
_INVISIBLE = [
    "\0",
    "\x1f",
    "\x7f",
    "\xad",
    "\u200b",
    "\u200d",
    "\ufeff",
    "\ue000",
    "\u0378",
    "\ud800",
    "\udfff",
    "\U000e0001",
]
_COMBINING = [
    *"\u0300\u0301\u0308\u0323\u0327\u0345\u034f\u093c\u094d\u302e\u302f\u1bf2\U0001d165\U0001d16d\ufe0f\u20e3"
]
_PIECES = [*_MARKS.split(), *_WORDS.split(), *_SPACES, *_INVISIBLE, *_COMBINING, *TRICKY]
_SMALL = [
    "'a ",
    "'a1 .",
    '."< ,',
    ". aA",
    "1\xa0,.",
    "DOTMUL.",
    "`'\"´ ",
    "() .%:",
    "«»\xa0a",
    "\u0301\u0323a\u302e",
    "'.,\u200b",
    "A.1 '",
]
_SEPARATORS = [[""], [" "], ["", " "], _SPACES]
_BLOCK = 48
"""Consecutive code points in one string: 24,000 such strings hold all."""

_Make = Callable[[random.Random], str]


def _soup(chance: random.Random) -> str:
    """Tricky pieces with tricky things between them."""
    separators = chance.choice(_SEPARATORS)
    return "".join(chance.choice(_PIECES) + chance.choice(separators) for _ in range(chance.randint(1, 10)))


def _punctuation(chance: random.Random) -> str:
    """Marks, letters and spaces, one character each."""
    alphabet = "".join(chance.sample(_PIECES, 6)) + "a. "
    return "".join(chance.choices(alphabet, k=chance.randint(1, 16)))


def _small(chance: random.Random) -> str:
    """Few different characters, in every order."""
    return "".join(chance.choices(chance.choice(_SMALL), k=chance.randint(1, 12)))


def _edited(chance: random.Random) -> str:
    """A sentence with one to three characters replaced, inserted or dropped."""
    text = chance.choice(SENTENCES)
    for _ in range(chance.randint(1, 3)):
        start = chance.randint(0, len(text))
        text = text[:start] + chance.choice(["", *_PIECES]) + text[start + chance.randint(0, 1) :]
    return text


def _mixed(chance: random.Random) -> str:
    """A part of a sentence, pieces, a part of another."""
    left, right = chance.choice(SENTENCES), chance.choice(SENTENCES)
    return left[: chance.randint(0, len(left))] + _soup(chance) + right[chance.randint(0, len(right)) :]


def _repeated(chance: random.Random) -> str:
    """One piece many times, between others."""
    return chance.choice(_PIECES) + chance.choice(_PIECES) * chance.randint(2, 12) + chance.choice(_PIECES)


def _anything(chance: random.Random) -> str:
    """Code points of all planes, between letters and marks."""
    characters = chance.choices(range(sys.maxunicode + 1), k=chance.randint(1, 6))
    return "".join(chr(code) + chance.choice(_PIECES) for code in characters)


def _low(chance: random.Random) -> str:
    """Code points below U+3100, where most rules are."""
    return "".join(map(chr, chance.choices(range(0x3100), k=chance.randint(1, 12))))


_MAKERS: tuple[_Make, ...] = (_soup, _soup, _punctuation, _small, _edited, _edited, _mixed, _repeated, _anything, _low)


def _block(number: int, chance: random.Random) -> str:
    """Consecutive code points with one thing between them."""
    start = number * _BLOCK % (sys.maxunicode + 1)
    codes = range(start, min(start + _BLOCK, sys.maxunicode + 1))
    return chance.choice(["", " ", "a", "'", ". "]).join(map(chr, codes))


def strings(seed: int, count: int) -> Iterator[str]:
    """So many strings; one in thirty is of consecutive code points, going on where the last one ended."""
    chance = random.Random(seed)
    first_block = chance.randrange(1 << 20)
    for number in range(count):
        if number % 30 == 0:
            yield _block(first_block + number // 30, chance)
        else:
            yield chance.choice(_MAKERS)(chance)
