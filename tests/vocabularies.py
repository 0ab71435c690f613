"""Small vocabularies made by a rule, and the strings on which tokenizers disagree; standard library only."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

SPECIAL = ["<s>", "</s>", "<pad>", "<unk>", *(f"<special{number}>" for number in range(10))]
_WORDS = """
a and at ate bike cat cats don down eau end flower flowers in inc istanbul it l man mask mat mr no
odos of on rides running s sat street t the three two under was x y
"""
WORDS = _WORDS.split()
CHARACTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,;:!?'\"()-%<>&/[]#абвгдежзийклмнопрстуфхцчшщыьэюяαβγδεικλοςσ"

_SENTENCES = """
The cat sat on the mat, and the dog didn't.
Mr. Smith met Dr. Who at 5 p.m. on Jan. 3rd.
No. 5 of 10,000 flowers; see fig. 2 (p. 7).
ACME Inc. Reported a loss. It was the first.
"Well," she said, "that's the '90s for you."
L'eau de l'étang n'est qu'à 5 % salée.
« Bonjour », dit-il ; « ça va ? »
Er sagte: „Ich weiß es nicht." Dann ging er.
Die Straße ist 1 234,5 km lang, z.B. im Süden.
El niño comió 3.000 piñas… ¡qué bien!
Žluťoučký kůň úpěl ďábelské ódy.
Țara și Orașul sînt în România, lângă Iași.
Ο Οδυσσέας ΓΥΡΙΣΕ ΣΤΟ ΣΠΙΤΙ ΤΟΥΣ.
İSTANBUL'da IĞDIR, ısınma ve i.
Съешь ещё этих мягких французских булок.
Tôi yêu tiếng Việt, rất đẹp.
यह एक छोटा वाक्य है।
هذه جملة قصيرة، أليس كذلك؟
我喜欢苹果。你呢？（不）
日本語のテストです。１２３％
한국어 문장입니다. 좋아요!
ฉันชอบแมว
three. two. x
foo-bar --baz- a/b c\\d e_f
http://example.org/a?b=c&d=<e>
it's 5 o'clock; the cats' toys aren't ours.
e.g. U.S.A. vs. the U.K. i.e. both.
100% 3,5 3, 5 ,5 5, a,b a ,b a, b
... wait... what.. no. ....
"""
SENTENCES = _SENTENCES.strip().split("\n")

_PUNCTUATION = """
' '' ` ´ ’ ‘‘ „ “ » « … 。 ． ， ： ～ ━ 【 》 ０ ½ ² Ⅳ ﬁ ß İ Σ ΑΣ ΑΣ. ǅ ſ é e\u0301 ñ ş Ț Ă 中 あ ア 가 ไ ि 😀 & ( )
% - -- , ,, . .. ... .' '. ." ," ". "... 1.2 1,2 1.000,5 No. No.5 Mr. a.b. x' 'x 's 90's d'x <s>
</s> <S> <special1> <special <unk> <pad> <s>x x</s>y DOTMULTI xDOTDOTMULTI. DOT i.e.
"""
TRICKY = [
    *_PUNCTUATION.split(),
    "\t",
    "\n",
    "\r\n",
    "\xa0",
    "1\xa02\xa03",
    "\xa0%",
    "\xa0«\xa0x\xa0»",
    "nº\xa01",
    "\xad",
    "\u200b",
    "\u2028",
    "\u3000",
    "\ue000",
    "\x00",
    "。 \n x",
    "( x )",
    "x ) .",
    "5 %",
    " : ;",
    "",
    "  ",
]

TEXTS = [*SENTENCES, *TRICKY, *(f"x {text} y" for text in TRICKY), *(f"A{text}b{text}" for text in TRICKY)]


def write_files(
    folder: Path, ids: Mapping[str, int], merges: Iterable[tuple[str, str]], settings: Mapping[str, Any] | None = None
) -> Path:
    """A tokenizer's files in a folder; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.json").write_text(json.dumps(ids), encoding="utf-8")
    (folder / "merges.txt").write_text("".join(f"{a} {b}\n" for a, b in merges), encoding="utf-8", newline="\n")
    if settings is not None:
        (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")
    return folder


def uncased_merges() -> list[tuple[str, str]]:
    """Merges that spell each word from left to right, long words first so that short ones do not get in their way."""
    merges = dict.fromkeys(
        (word[:end], word[end] + ("</w>" if end == len(word) - 1 else ""))
        for word in sorted(WORDS, key=len, reverse=True)
        for end in range(1, len(word))
    )
    return list(merges)


def uncased_ids() -> dict[str, int]:
    """Special tokens, characters, and what the merges make; some merged strings are left out on purpose."""
    made = [left + right for left, right in uncased_merges()]
    pieces = [*SPECIAL, *CHARACTERS, *(f"{character}</w>" for character in CHARACTERS), *made[::-1]]
    kept = [piece for piece in dict.fromkeys(pieces) if piece not in ("flowe", "und", "istanb")]
    return {piece: number for number, piece in enumerate(kept)}


def write_uncased(folder: Path, **settings: Any) -> Path:
    """A lower-cased vocabulary of a few dozen words."""
    return write_files(folder, uncased_ids(), uncased_merges(), {"do_lowercase_and_remove_accent": True, **settings})
