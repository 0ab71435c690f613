"""Words become readable text again."""

from __future__ import annotations

import pytest
from sacremoses import MosesDetokenizer

from vocabularies import SENTENCES
from xlm_core.tokenizer.detokenizing import detokenize
from xlm_core.tokenizer.words import WordSplitter

SPLITTER = WordSplitter(lowercase=False)

WRITTEN = {
    "en": [
        "I don't know; they're the cats' toys (I think).",
        "It costs $5.50, or 10% of £55!",
        'He said: "We\'ll see."',
        "State-of-the-art [sic] e-mail...",
    ],
    "fr": [
        "L'eau de l'étang n'est qu'à 5 % salée.",
        "Aujourd'hui, il m'a dit : « Bonjour ! »".replace("« ", '"').replace(" »", '"'),
        "Où vas-tu ? Je pars ; adieu !",
        "Le prix est de 60 € la consultation.",
    ],
    "de": [
        'Er sagte: "Ich weiß es nicht". Dann ging er.',
        "Die Straße ist 1,5 km lang, z.B. im Süden (siehe S. 7).",
        "Warum nicht? Weil es 5 € kostet!",
    ],
    "it": ["L'amico dell'anno (un po stanco)."],
    "fi": ["EU:ssa on 27 maata."],
    "cs": ["V letech 2015 a 2016 to bylo 1,5 milionu."],
    "es": ["¿Qué tal? ¡Muy bien!"],
}
CASES = [(lang, text) for lang, texts in WRITTEN.items() for text in texts]


@pytest.mark.parametrize(("lang", "text"), CASES)
def test_a_text_in_its_plain_form_comes_back_as_it_was(lang: str, text: str) -> None:
    assert detokenize(SPLITTER.split(text, lang), lang) == text


@pytest.mark.parametrize("lang", ["en", "fr", "de", "es", "it", "pl", "ru", "xx"])
def test_texts_are_those_of_moses_detokenizer(lang: str) -> None:
    """Its Czech looks at the wrong words, and a currency after a number is glued to the next word."""
    moses, words = MosesDetokenizer(lang), [SPLITTER.split(text, lang) for text in SENTENCES]

    spaced = [each for each in words if not any(character > "\u2e80" for word in each for character in word)]

    assert len(spaced) > 20
    for each in spaced:
        assert detokenize(each, lang) == moses.detokenize(each, unescape=False)


@pytest.mark.parametrize(
    ("lang", "words", "text"),
    [
        ("zh", ["我", "喜欢", "苹果", "。"], "我喜欢苹果。"),
        ("zh", ["我", "用", "Windows", "10", "上网"], "我用Windows 10上网"),
        ("ja", ["日本", "語", "の", "テスト"], "日本語のテスト"),
        ("th", ["ฉัน", "ชอบ", "แมว"], "ฉันชอบแมว"),
    ],
)
def test_some_languages_write_no_spaces(lang: str, words: list[str], text: str) -> None:
    assert detokenize(words, lang) == text


@pytest.mark.parametrize("lang", ["en", "fr", "cs", "fi", "zh"])
@pytest.mark.parametrize("words", [[], ["'"], ["."], ['"', '"'], ["x'", "-", "li"], ["(", ")"], ["$"], ["'", "s"]])
def test_every_sequence_of_words_has_a_text(lang: str, words: list[str]) -> None:
    """sacremoses fails over some in Czech."""
    assert detokenize(words, lang).replace(" ", "") == "".join(words)


def test_time_grows_with_the_text() -> None:
    assert len(detokenize(["a", ",", "'"] * 100_000, "en")) > 300_000
