"""The search of ``generate``, over scores that need no model."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import generation_cases as cases
from tolerances import assert_close
from xlm_core.config import XLMConfig
from xlm_core.errors import InputError
from xlm_core.generation import GenerateOutput, GenerationOptions, TextIteratorStreamer, TextStreamer, generate
from xlm_core.generation.ranking import best

GOLDENS = np.load(Path(__file__).parents[1] / "goldens" / "generation.npz")
CONFIG = XLMConfig(vocab_size=cases.VOCABULARY, causal=True, max_position_embeddings=30, n_langs=4)
END = {"eos_token_id": cases.END, "pad_token_id": cases.PADDING}


class Reader:
    """Reads as a model with a cache does: what it is given once, and no more."""

    def __init__(self, size: int | None) -> None:
        self.size, self.ids, self.calls = size, np.zeros((0, 0), int), list[dict[str, np.ndarray]]()

    def __call__(self, batch: dict[str, np.ndarray], rows: np.ndarray | None = None) -> np.ndarray:
        self.calls.append(batch)
        kept = self.ids[rows] if rows is not None else np.zeros((len(batch["input_ids"]), 0), int)
        self.ids = np.concatenate([kept, batch["input_ids"]], axis=1)
        return cases.scores(self.ids)


def search(
    prompts: Any = cases.PROMPTS, *, mask: Any = None, langs: Any = None, config: XLMConfig = CONFIG, **options: Any
) -> GenerateOutput[np.ndarray]:
    """What is found, with every field."""
    readers, flags = [], {"mode": None, "use_cache": True, "streamer": None, "output_scores": True}
    flags = {name: options.pop(name, default) for name, default in flags.items()}
    given = {"input_ids": np.asarray(prompts), "attention_mask": mask, "langs": langs}

    def make_reader(size: int | None) -> Reader:
        readers.append(Reader(size))
        return readers[-1]

    arrays = {name: np.asarray(x) for name, x in given.items() if x is not None}
    return generate(config, arrays, make_reader, GenerationOptions(**END | options), **flags)


# ---- what Hugging Face finds


@pytest.mark.parametrize("name", cases.SEARCHES)
@pytest.mark.parametrize("use_cache", [True, False], ids=["cache", "anew"])
def test_a_search_finds_what_hugging_face_finds(name: str, use_cache: bool) -> None:
    """Every token, score and beam, at every step."""
    output = search(**cases.SEARCHES[name], use_cache=use_cache)

    expected = {field.split("/")[1]: GOLDENS[field] for field in GOLDENS.files if field.startswith(f"{name}/")}
    assert {*output} == {*expected}
    for field in ("sequences", "beam_indices"):
        if field in expected:
            assert (output[field] == expected[field]).all()
    assert_close(np.stack(output.scores or ()), expected["scores"], "scores")
    if "sequences_scores" in expected:
        assert_close(output.sequences_scores, expected["sequences_scores"], "scores")


@pytest.mark.parametrize("name", cases.DRAWS)
def test_what_may_be_drawn_is_what_hugging_face_may_draw(name: str) -> None:
    """After temperature, top_k and top_p, at the first step."""
    output = search(do_sample=True, max_new_tokens=1, **cases.DRAWS[name])

    assert_close((output.scores or ())[0], GOLDENS[f"draw {name}"], "scores")


# ---- what a draw is


def test_a_seed_draws_the_same_and_another_something_else() -> None:
    drawn = [search(do_sample=True, seed=seed, max_new_tokens=12).sequences.tolist() for seed in (3, 3, 4)]

    assert drawn[0] == drawn[1] != drawn[2]


def test_without_a_seed_each_draw_is_its_own() -> None:
    drawn = {search(do_sample=True, eos_token_id=[], max_new_tokens=20).sequences.tobytes() for _ in range(3)}

    assert len(drawn) == 3


def test_tokens_are_drawn_as_often_as_they_are_likely() -> None:
    """4,000 draws of the next token, each frequency within five standard deviations."""
    prompt, count = cases.PROMPTS[:1], 4000
    output = search(prompt, do_sample=True, seed=0, top_k=0, max_new_tokens=1, num_return_sequences=count)

    chances = np.exp(cases.scores(prompt)[0].astype(float))
    chances /= chances.sum()
    found = np.bincount(output.sequences[:, -1], minlength=cases.VOCABULARY) / count
    assert (np.abs(found - chances) < 5 * np.sqrt(chances / count) + 1e-9).all()


def test_drawn_beams_are_all_different() -> None:
    output = search(do_sample=True, seed=1, num_beams=5, num_return_sequences=5, max_new_tokens=6)

    assert len({*map(tuple, output.sequences.tolist())}) == 10


def test_a_narrow_draw_is_the_greedy_search() -> None:
    greedy = search(max_new_tokens=8).sequences

    assert (search(do_sample=True, top_k=1, max_new_tokens=8).sequences == greedy).all()


@pytest.mark.parametrize(("count", "width"), [(1, 23), (3, 23), (23, 23), (3, 2000), (8, 2560), (50, 1000)])
def test_the_best_are_in_falling_order(count: int, width: int) -> None:
    """Of few, and of so many that only some blocks of them are looked at."""
    scores = np.random.default_rng(0).standard_normal((4, width))

    assert (best(scores, count) == np.argsort(-scores, axis=1)[:, :count]).all()


# ---- prompts


OPTIONS: list[dict[str, Any]] = [
    {},
    {"num_beams": 3, "num_return_sequences": 2},
    {"repetition_penalty": 2.0, "no_repeat_ngram_size": 2, "bad_words_ids": [[2, 10], [4]], "min_new_tokens": 5},
]


@pytest.mark.parametrize("options", OPTIONS, ids=["greedy", "beams", "filters"])
@pytest.mark.parametrize("side", ["left", "right"])
def test_a_padded_prompt_gives_what_it_gives_alone(options: dict[str, Any], side: str) -> None:
    """Filters do not count padding either."""
    texts, options = [[0, 7, 9, 7, 11], [0, 12, 3], [3, 20, 2, 2]], {"max_new_tokens": 7, **options}
    width, count = 6, options.get("num_return_sequences", 1)
    ids, mask = np.full((3, width), cases.PADDING), np.zeros((3, width), int)
    for row, text in enumerate(texts):
        place = slice(width - len(text), width) if side == "left" else slice(len(text))
        ids[row, place], mask[row, place] = text, 1

    together = search(ids, mask=mask, **options).sequences

    for row, text in enumerate(texts):
        alone = search([text], mask=np.ones((1, len(text))), **options).sequences[:, len(text) :]
        own = together[row * count : (row + 1) * count]
        assert (own[:, :width] == ids[row]).all()
        assert (own[:, width : width + alone.shape[1]] == alone).all()
        assert (own[:, width + alone.shape[1] :] == cases.PADDING).all()


def test_without_a_mask_padding_is_the_configs() -> None:
    padded = np.array([[0, 7, 9, 7], [2, 2, 0, 12]])

    assert (search(padded).sequences == search(padded, mask=(padded != 2)).sequences).all()


def test_the_step_is_given_what_is_new_alone() -> None:
    """The prompt once, without the column that no prompt needs, and then a column for each token."""
    readers = []
    ids = np.array([[2, 0, 7, 9], [2, 2, 0, 12]])

    def make_reader(size: int | None) -> Reader:
        readers.append(Reader(size))
        return readers[-1]

    generate(
        CONFIG,
        {"input_ids": ids, "langs": np.array([1, 3])},
        make_reader,
        GenerationOptions(max_new_tokens=3, eos_token_id=[]),
        mode=None,
        use_cache=True,
        streamer=None,
        output_scores=False,
    )

    (reader,) = readers
    assert reader.size == 6
    assert [call["input_ids"].shape for call in reader.calls] == [(2, 3), (2, 1), (2, 1)]
    assert [call["position_ids"].tolist() for call in reader.calls] == [[[0, 1, 2], [0, 0, 1]], [[3], [2]], [[4], [3]]]
    assert [call["langs"][:, -1].tolist() for call in reader.calls] == [[1, 3]] * 3


def test_a_mask_is_appended_on_request() -> None:
    """Each step reads all of the text, and a mask after it."""
    reader = Reader(None)
    config = CONFIG.replace(causal=False, mask_token_id=5, lang_id=2)

    generate(
        config,
        {"input_ids": np.array([[0, 7]])},
        lambda size: reader,
        GenerationOptions(max_new_tokens=2),
        mode="mask-append",
        use_cache=True,
        streamer=None,
        output_scores=False,
    )

    assert [call["input_ids"][0, -1] for call in reader.calls] == [5, 5]
    assert [call["input_ids"].shape[1] for call in reader.calls] == [3, 4]
    assert [set(call["langs"].ravel()) for call in reader.calls] == [{2}, {2}]


# ---- lengths


def test_without_a_length_there_are_20_new_tokens() -> None:
    assert search(eos_token_id=[]).sequences.shape[1] == 4 + 20


def test_without_a_length_there_are_as_many_new_tokens_as_positions() -> None:
    """The last token is not read, and needs none."""
    config = CONFIG.replace(max_position_embeddings=10)

    assert search(eos_token_id=[], config=config).sequences.shape[1] == 4 + 7


def test_the_end_is_the_configs_unless_it_is_said() -> None:
    """Hugging Face's XLM does not end a text unless it is told to."""
    written = [search(eos_token_id=end, config=CONFIG.replace(eos_index=10)).sequences[0, 4:] for end in (None, [])]

    assert written[0].tolist() == [12, 10] + [2] * 18
    assert written[1].tolist()[:4] == [12, 10, 11, 7]


# ---- what is streamed


class Words:
    """Decodes ids into words of which some are written together."""

    def decode(self, ids: Any, *, skip_special_tokens: bool = False) -> str:
        words = [f"w{each}" for each in ids if each > 2 or not skip_special_tokens]
        return " ".join(words).replace(" w7", "-w7")


class Listener:
    def __init__(self) -> None:
        self.said: list[Any] = []

    def put(self, value: np.ndarray) -> None:
        self.said.append(value.tolist())

    def end(self) -> None:
        self.said.append("end")


def test_a_streamer_is_told_of_prompts_and_of_each_step() -> None:
    listener = Listener()

    output = search(streamer=listener, max_new_tokens=4)

    assert listener.said[0] == cases.PROMPTS.tolist()
    assert listener.said[1:-1] == output.sequences[:, 4:].T.tolist()
    assert listener.said[-1] == "end"


@pytest.mark.parametrize(("skip_prompt", "start"), [(False, "w0-w7 w9-w7 w12"), (True, "w12")])
def test_a_text_is_printed_as_it_is_written(capsys: pytest.CaptureFixture[str], skip_prompt: bool, start: str) -> None:
    streamer = TextStreamer(Words(), skip_prompt=skip_prompt, skip_special_tokens=False)

    search(cases.PROMPTS[:1], streamer=streamer, max_new_tokens=5)

    assert capsys.readouterr().out == f"{start} w10 w11-w7 w21\n"


def test_a_word_is_printed_when_the_next_one_has_begun() -> None:
    streamer = TextIteratorStreamer(Words())

    for ids in ([[3, 4]], [7], [5], [6]):
        streamer.put(np.array(ids))
    streamer.end()

    assert list(streamer) == ["w3", " w4-w7", " w5", " w6"]


def test_a_streamer_of_text_takes_one_text() -> None:
    with pytest.raises(InputError, match=r"a TextStreamer must be given one text; got 2"):
        search(streamer=TextStreamer(Words()))


# ---- what is refused


BAD: list[tuple[dict[str, Any], str]] = [
    ({"num_beams": 0}, "`num_beams` must be a whole number ≥ 1; got 0."),
    ({"num_beams": 2.0}, "`num_beams` must be a whole number ≥ 1; got 2.0."),
    ({"do_sample": True, "temperature": 0}, "`temperature` must be a number > 0; got 0."),
    ({"do_sample": True, "temperature": -0.5}, "`temperature` must be a number > 0; got -0.5."),
    ({"do_sample": True, "temperature": float("nan")}, "`temperature` must be a number > 0; got nan."),
    ({"do_sample": True, "top_p": 1.2}, "`top_p` must be a number in (0, 1]; got 1.2."),
    ({"do_sample": True, "top_p": 0.0}, "`top_p` must be a number in (0, 1]; got 0.0."),
    ({"do_sample": True, "top_k": -1}, "`top_k` must be a whole number ≥ 0 or None; got -1."),
    ({"do_sample": "yes"}, "`do_sample` must be True or False; got 'yes'."),
    ({"max_new_tokens": 0}, "`max_new_tokens` must be a whole number ≥ 1 or None; got 0."),
    ({"max_new_tokens": -3}, "`max_new_tokens` must be a whole number ≥ 1 or None; got -3."),
    ({"max_length": -3}, "`max_length` must be a whole number ≥ 1 or None; got -3."),
    ({"min_new_tokens": -3}, "`min_new_tokens` must be a whole number ≥ 0 or None; got -3."),
    (
        {"min_new_tokens": 6, "max_new_tokens": 5},
        "`min_new_tokens` must be at most the number of new tokens, 5; got 6.",
    ),
    (
        {"max_length": 9, "max_new_tokens": 5},
        "`max_new_tokens` and `max_length` say the same thing; got both. Leave one out.",
    ),
    (
        {"max_length": 4},
        (
            "`max_length` must be more than the width of the prompts, 4; got 4. Say `max_new_tokens` to count new "
            "tokens alone."
        ),
    ),
    (
        {"max_new_tokens": 28},
        (
            "the longest prompt and its new tokens must fit into `max_position_embeddings` = 30; got 4 and 28. Ask for "
            "27 new tokens at most, or shorten the prompt."
        ),
    ),
    (
        {"prompts": np.full((1, 31), 7)},
        (
            "the longest prompt and its new tokens must fit into `max_position_embeddings` = 30; got 31 and 1. Ask for "
            "0 new tokens at most, or shorten the prompt."
        ),
    ),
    (
        {"num_return_sequences": 2},
        (
            "`num_return_sequences` must be at most `num_beams`; got 2 and 1. For more, follow more beams, or draw: "
            "do_sample=True, num_beams=1."
        ),
    ),
    ({"num_return_sequences": 0}, "`num_return_sequences` must be a whole number ≥ 1; got 0."),
    ({"repetition_penalty": 0}, "`repetition_penalty` must be a number > 0; got 0."),
    ({"no_repeat_ngram_size": -1}, "`no_repeat_ngram_size` must be a whole number ≥ 0; got -1."),
    ({"num_beams": 2, "length_penalty": float("nan")}, "`length_penalty` must be a number ≥ -1e+300; got nan."),
    ({"num_beams": 2, "early_stopping": "soon"}, "`early_stopping` must be True, False or 'never'; got 'soon'."),
    ({"seed": -1}, "`seed` must be a whole number ≥ 0 or None; got -1."),
    ({"bad_words_ids": []}, "`bad_words_ids` must be lists of ids in a list, none of them empty; got []."),
    ({"bad_words_ids": [[]]}, "`bad_words_ids` must be lists of ids in a list, none of them empty; got [[]]."),
    ({"bad_words_ids": [3]}, "`bad_words_ids` must be lists of ids in a list, none of them empty; got [3]."),
    ({"bad_words_ids": [[23]]}, "`bad_words_ids` must be in [0, 23), see `config.vocab_size`; got 23."),
    ({"eos_token_id": 23}, "`eos_token_id` must be in [0, 23), see `config.vocab_size`; got 23."),
    ({"eos_token_id": "</s>"}, "`eos_token_id` must be in [0, 23), see `config.vocab_size`; got '</s>'."),
    ({"pad_token_id": 23}, "`pad_token_id` must be in [0, 23), see `config.vocab_size`; got 23."),
    ({"temperature": 0.7}, "`temperature` has an effect only with do_sample=True; got 0.7. Add that, or leave it out."),
    ({"top_k": 5}, "`top_k` has an effect only with do_sample=True; got 5. Add that, or leave it out."),
    (
        {"length_penalty": 2.0},
        "`length_penalty` has an effect only with num_beams > 1; got 2.0. Add that, or leave it out.",
    ),
    (
        {"num_beams": 2, "streamer": Listener()},
        "`streamer` must be None with beams: which tokens stay is known only at the end.",
    ),
    ({"mode": "mask"}, "`mode` must be None or 'mask-append'; got 'mask'."),
    (
        {"bad_words_ids": [[each] for each in range(2, 23)] + [[0]], "min_new_tokens": 1},
        (
            "a token must be left to choose; got none, for `bad_words_ids`, `no_repeat_ngram_size` and "
            "`min_new_tokens` forbid all together."
        ),
    ),
    # prompts
    ({"prompts": np.zeros((1, 0), int)}, "`input_ids` must have a prompt, and a token in each; got the shape (1, 0)."),
    ({"prompts": np.zeros((0, 3), int)}, "`input_ids` must have a prompt, and a token in each; got the shape (0, 3)."),
    ({"prompts": [0, 7]}, "`input_ids` must have the shape (any, any); got (2,)."),
    ({"prompts": [[0.5, 7]]}, "`input_ids` must hold whole numbers, int32 or int64; got float64."),
    (
        {"prompts": [[0, 23]]},
        "`input_ids` must be in [0, 23), see `config.vocab_size`; got 23 at batch 0, position 1.",
    ),
    ({"prompts": [[2, 2]]}, "a prompt must have a token at least; got padding alone at batch 0."),
    (
        {"mask": [[1, 1, 1, 1], [1, 0, 1, 1]]},
        (
            "a prompt must have its padding before or after its tokens; got some between them at batch 1. Give an "
            "`attention_mask` that is 1 where they are."
        ),
    ),
    ({"mask": [[1, 1, 1, 1]]}, "`attention_mask` must have the shape (2, 4); got (1, 4)."),
    (
        {"mask": [[1, 1, 1, 2]] * 2},
        "`attention_mask` must be 1 where a token is and 0 where padding is; got 2 at batch 0, position 3.",
    ),
    ({"langs": [1, 2, 3]}, "`langs` must have the shape (2, 4) or (2,); got (3,)."),
    ({"langs": [1, 4]}, "`langs` must be in [0, 4), see `config.n_langs`; got 4 at batch 1."),
]


@pytest.mark.parametrize(("options", "message"), BAD, ids=[message[:50] for _, message in BAD])
def test_what_is_impossible_is_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=re.escape(message) + "$"):
        search(**options)


def test_an_option_that_does_not_exist_is_refused() -> None:
    with pytest.raises(TypeError, match=r"unexpected keyword argument 'max_tokens'"):
        search(max_tokens=3)


def test_a_model_that_is_not_causal_says_how_it_can_go_on() -> None:
    with pytest.raises(InputError, match=r"`generate` needs a causal model.*mode=\"mask-append\"\.$"):
        search(config=CONFIG.replace(causal=False))


def test_scores_that_are_no_numbers_are_refused() -> None:
    with pytest.raises(InputError, match=r"the model's scores must be numbers; got NaN"):
        generate(
            CONFIG,
            {"input_ids": cases.PROMPTS},
            lambda size: lambda batch, rows=None: np.full((2, 23), np.nan),
            GenerationOptions(),
            mode=None,
            use_cache=True,
            streamer=None,
            output_scores=False,
        )


def test_the_two_lists_of_options_are_one() -> None:
    """Keywords are named once for checkers of types, and once with their limits."""
    from dataclasses import fields

    from xlm_core.generation import GenerationArguments

    assert [each.name for each in fields(GenerationOptions)] == list(GenerationArguments.__annotations__)
