"""Bars and curves as SVG, for the documentation; nothing but the standard library."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import NamedTuple

COLOURS = ("#3f51b5", "#ef6c00", "#2e7d32", "#6d4c41", "#8e24aa", "#00838f")
WIDTH, BAR, LEFT, TOP = 860, 18, 400, 44
PLOT_HEIGHT, MARGIN = 340, 70
FONT = 'font-family="sans-serif" font-size="12"'

Curves = Mapping[str, Sequence[tuple[float, float]]]


class Bar(NamedTuple):
    """A bar, how far its number spreads, and where it should reach."""

    label: str
    value: float
    low: float | None = None
    high: float | None = None
    target: float | None = None


class Scale(NamedTuple):
    """Numbers from ``low`` to ``high``, by their logarithm, to places from ``start`` to ``end``."""

    low: float
    high: float
    start: float
    end: float

    def place(self, number: float) -> float:
        """Where a number is drawn."""
        share = math.log(number / self.low) / math.log(self.high / self.low)
        return self.start + share * (self.end - self.start)


def bars(title: str, rows: Sequence[Bar], unit: str = "×") -> str:
    """A bar for each row, its quartiles as a thin line, and its target as a mark."""
    most = max([*(row.high or row.value for row in rows), *(row.target or 0 for row in rows)], default=1.0)
    scale = (WIDTH - LEFT - 80) / (most or 1.0)
    drawn = [part for number, row in enumerate(rows) for part in _bar(row, TOP + number * (BAR + 8), scale, unit)]
    return _picture(title, TOP + len(rows) * (BAR + 8) + 12, drawn)


def lines(title: str, curves: Curves, x_title: str, y_title: str) -> str:
    """A curve for each name, both axes by their logarithms, so that what grows in proportion is straight."""
    points = [point for curve in curves.values() for point in curve]
    across = Scale(*_bounds([x for x, _ in points]), MARGIN, WIDTH - 200)
    down = Scale(*_bounds([y for _, y in points]), TOP + PLOT_HEIGHT, TOP)
    drawn = [*_axes(across, down, sorted({x for x, _ in points}), x_title, y_title)]
    for number, (name, curve) in enumerate(curves.items()):
        drawn.extend(_curve(name, curve, across, down, number))
    return _picture(title, TOP + PLOT_HEIGHT + 50, drawn)


def _bar(row: Bar, y: float, scale: float, unit: str) -> Iterator[str]:
    width, middle = row.value * scale, y + BAR / 2
    yield _text(LEFT - 8, y + BAR - 5, row.label, "end")
    yield f'<rect x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}" fill="{COLOURS[0]}" fill-opacity="0.75"/>'
    if row.low is not None and row.high is not None:
        yield _line(LEFT + row.low * scale, middle, LEFT + row.high * scale, middle, "#222")
    if row.target is not None:
        yield _line(LEFT + row.target * scale, y - 3, LEFT + row.target * scale, y + BAR + 3, "#c62828")
    end = LEFT + max(width, (row.high or 0) * scale, (row.target or 0) * scale)
    yield _text(end + 8, y + BAR - 5, f"{row.value:.3g} {unit}")


def _axes(across: Scale, down: Scale, marks: Sequence[float], x_title: str, y_title: str) -> Iterator[str]:
    yield _line(across.start, down.start, across.end, down.start, "#222")
    yield _line(across.start, down.start, across.start, down.end, "#222")
    for mark in marks:
        yield _text(across.place(mark), down.start + 16, f"{mark:g}", "middle")
    for mark in _powers(down.low, down.high):
        yield _line(across.start, down.place(mark), across.end, down.place(mark), "#ddd")
        yield _text(across.start - 6, down.place(mark) + 4, f"{mark:g}", "end")
    yield _text((across.start + across.end) / 2, down.start + 36, x_title, "middle")
    yield _text(across.start, down.end - 8, y_title)


def _curve(name: str, curve: Sequence[tuple[float, float]], across: Scale, down: Scale, number: int) -> Iterator[str]:
    colour = COLOURS[number % len(COLOURS)]
    places = [(across.place(x), down.place(y)) for x, y in curve]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>'
    yield from (f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places)
    yield _text(across.end + 10, TOP + 18 * number + 10, name, colour=colour)


def _bounds(numbers: Sequence[float]) -> tuple[float, float]:
    """A little wider than the numbers."""
    return min(numbers) / 1.15, max(numbers) * 1.15


def _powers(low: float, high: float) -> list[float]:
    """1, 2 and 5 times powers of ten, between two numbers."""
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    each = [factor * 10.0**exponent for exponent in exponents for factor in (1, 2, 5)]
    return [number for number in each if low <= number <= high]


def _text(x: float, y: float, words: str, anchor: str = "start", colour: str = "#222") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" {FONT} text-anchor="{anchor}" fill="{colour}">{escape(words)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="1.5"/>'


def _picture(title: str, height: float, drawn: Sequence[str]) -> str:
    heading = f'<text x="12" y="22" font-family="sans-serif" font-size="15" fill="#222">{escape(title)}</text>'
    start = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img">'
    back = '<rect width="100%" height="100%" fill="#fff"/>'
    return "\n".join([start, f"<title>{escape(title)}</title>", back, heading, *drawn, "</svg>\n"])
