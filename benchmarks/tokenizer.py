"""How fast texts become ids, beside Hugging Face's XLMTokenizer and a fast tokenizer as users know them.

Each tokenizer has a process of its own for each language. The processes take turns, so that a busy moment of the
machine hits all alike; what is compared is CPU time, and ratios are taken within a round. `cold` has empty caches,
`warm` has seen the texts, `unseen` has seen as many others.

    python benchmarks/tokenizer.py --text FOLDER --peer PYTHON --codes CODES --vocab VOCAB
"""

from __future__ import annotations

import argparse
import gzip
import json
import shutil
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.harness import Worker
from benchmarks.measures import quartiles
from benchmarks.variants import ROOT

PEERS = Path(__file__).with_name("peers")
LANGUAGES = ["en", "fr", "de", "es", "ru", "ar", "hi", "zh", "th", "ja"]
SEGMENTED = {"zh": "rjieba", "th": "pythainlp", "ja": "Mykytea"}
RELEASED_VOCABULARY = 95_000

BUILT_IN = {
    "en": ["Mr. Smith didn't say when the U.S. team would arrive, did he?", "A man rides a bicycle down the street."],
    "fr": ["L'eau de l'étang n'est qu'à 5 % salée, dit-on.", "Un homme fait du vélo dans la rue."],
    "de": ["Er sagte: „Ich weiß es nicht.“ Dann ging er nach Hause.", "Die Straße ist 12,5 km lang, z.B. im Süden."],
    "es": ["El niño comió 3.000 piñas… ¡qué bien!", "Un hombre va en bicicleta por la calle."],
    "ru": ["Съешь ещё этих мягких французских булок, да выпей чаю.", "Мужчина едет на велосипеде по улице."],
    "ar": ["هذه جملة قصيرة، أليس كذلك؟", "رجل يركب دراجة في الشارع."],
    "hi": ["यह एक छोटा वाक्य है।", "एक आदमी सड़क पर साइकिल चला रहा है।"],
    "zh": ["我喜欢苹果。你呢？", "一个男人在街上骑自行车。"],
    "th": ["ผู้ชายคนหนึ่งขี่จักรยานไปตามถนน", "ฉันชอบแมว"],
    "ja": ["男の人が通りを自転車で走っている。", "日本語のテストです。"],
}

CASES = {
    "cold": ("call", "fresh"),
    "warm": ("call", "kept"),
    "batch warm": ("batch", "kept"),
    "encoder warm": ("encoder", "kept"),
    "encoder cold": ("encoder", "fresh"),
    "unseen": ("call", "half"),
    "lang cold": ("lang", "fresh"),
    "lang warm": ("lang", "kept"),
    "offsets cold": ("offsets", "fresh"),
    "offsets warm": ("offsets", "kept"),
    "segmenter": ("segmenter", "kept"),
}
"""What is measured: a method of the measured processes, and what they may remember. Warm comes after cold."""

OF_PEERS = {
    "slow": {"cold", "warm", "batch warm", "unseen", "lang cold", "lang warm"},
    "fast": {"warm", "batch warm", "offsets warm"},
}
SCRIPTS = {"slow": "transformers_worker.py", "fast": "transformers_worker.py", "ours": "ours.py"}


def main() -> None:
    options = read_options()
    with tempfile.TemporaryDirectory() as scratch:
        folder = vocabulary(options, Path(scratch))
        results = [measure_language(lang, folder, options) for lang in options.langs if is_there(lang)]
    print(json.dumps(results, indent=2) if options.json else table(results, options))


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--text", type=Path, help="a folder with LL.txt.gz for each language; else a few sentences")
    parser.add_argument("--langs", nargs="+", default=LANGUAGES, choices=LANGUAGES)
    parser.add_argument("--sentences", type=int, default=500, help="of each language")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--peer", help="an interpreter with transformers and sacremoses")
    parser.add_argument("--folder", type=Path, default=ROOT / "examples" / "xlm-demo", help="the tokenizer's files")
    parser.add_argument("--codes", type=Path, help="the original release's codes, plain or .gz, instead of a folder")
    parser.add_argument("--vocab", type=Path, help="its vocabulary")
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def is_there(lang: str) -> bool:
    """Whether the segmenter of a language is installed, if it needs one."""
    from importlib.util import find_spec

    return lang not in SEGMENTED or find_spec(SEGMENTED[lang]) is not None


def vocabulary(options: argparse.Namespace, scratch: Path) -> Path:
    """A folder with a tokenizer's files."""
    if not options.codes:
        return options.folder
    from xlm_core import XLMTokenizer

    files = [unpacked(path, scratch) for path in (options.codes, options.vocab)]
    XLMTokenizer.from_original(*files, max_vocab=RELEASED_VOCABULARY).save_pretrained(scratch / "tokenizer")
    return scratch / "tokenizer"


def unpacked(path: Path, scratch: Path) -> Path:
    if path.suffix != ".gz":
        return path
    target = scratch / path.stem
    with gzip.open(path) as packed, target.open("wb") as plain:
        shutil.copyfileobj(packed, plain)
    return target


def read_texts(lang: str, options: argparse.Namespace) -> list[str]:
    if options.text is None:
        return BUILT_IN[lang]
    with gzip.open(options.text / f"{lang}.txt.gz", "rt", encoding="utf-8", newline="\n") as file:
        return [line for line, _ in zip((line.rstrip("\n") for line in file), range(options.sentences), strict=False)]


def measure_language(lang: str, folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    """What was measured of a language: case → tokenizer → microseconds a sentence in each round, and more."""
    texts = read_texts(lang, options)
    shared = {"folder": str(folder.resolve()), "texts": texts, "lang": lang}
    processes = start(options.peer, shared)
    times: dict[str, dict[str, list[float]]] = {case: defaultdict(list) for case in CASES}
    peaks: dict[str, float] = {}
    differing: dict[str, int] = {}
    for case in list(CASES) * options.rounds:
        able = {name: process for name, process in processes.items() if has(name, case, lang)}
        method, memory = CASES[case]
        answers = {name: process.ask(method=method, memory=memory) for name, process in able.items()}
        for name, answer in answers.items():
            times[case][name].append(answer["microseconds"])
            peaks[name] = answer["megabytes"]
        if "slow" in answers:
            differing[case] = n_differing(answers["slow"], answers["ours"])
    for process in processes.values():
        process.end()
    measured = {case: rounds for case, rounds in times.items() if rounds}
    return {"lang": lang, "sentences": len(texts), "times": measured, "megabytes": peaks, "differing": differing}


def start(peer: str | None, shared: dict[str, Any]) -> dict[str, Worker]:
    """The processes of one language, each told what its tokenizer is made from."""
    kinds = ("slow", "fast") if peer else ()
    processes = {name: Worker([str(peer), str(PEERS / SCRIPTS[name])]) for name in kinds}
    versions = {name: process.ask(kind=name, **shared)["version"] for name, process in processes.items()}
    ours = Worker([sys.executable, str(PEERS / SCRIPTS["ours"])])
    ours.ask(older=versions.get("slow", "").startswith("4."), **shared)
    return {**processes, "ours": ours}


def has(name: str, case: str, lang: str) -> bool:
    """Whether a tokenizer can do this."""
    if case == "segmenter" and lang not in SEGMENTED:
        return False
    return name == "ours" or case in OF_PEERS[name]


def n_differing(theirs: dict[str, Any], ours: dict[str, Any]) -> int:
    """How many sentences have other ids."""
    return sum(their != our for their, our in zip(theirs["digests"], ours["digests"], strict=True))


def table(results: list[dict[str, Any]], options: argparse.Namespace) -> str:
    """Microseconds a sentence, medians of all rounds; ratios with their quartiles; megabytes at the most."""
    lines = [f"CPU microseconds a sentence, median of {options.rounds} rounds; theirs ÷ ours with quartiles"]
    for result in results:
        peaks = ", ".join(f"{name} {peak:.0f} MB" for name, peak in result["megabytes"].items())
        compared = f", ids differ in {max(result['differing'].values())}" if result["differing"] else ""
        lines.append(f"\n{result['lang']}: {result['sentences']} sentences, {peaks}{compared}")
        for case, times in result["times"].items():
            lines.append(f"  {case:<13}{row(times)}")
    return "\n".join(lines)


def row(times: dict[str, list[float]]) -> str:
    """Ours, and beside it each other's time and its ratio to ours."""
    ours = median(times["ours"])
    others = [
        f"{name} {median(times[name]):7.1f} {ratio(times[name], times['ours'])}" for name in OF_PEERS if name in times
    ]
    return "   ".join([f"ours {ours:7.1f} ({1e6 / ours:8.0f}/s)", *others])


def ratio(theirs: list[float], ours: list[float]) -> str:
    ratios = [their / our for their, our in zip(theirs, ours, strict=True)]
    found = quartiles(ratios)
    return f"{found.middle:5.1f}× [{found.low:.1f}–{found.high:.1f}]"


if __name__ == "__main__":
    main()
