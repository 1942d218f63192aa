"""Pictures for pages, as SVG that needs no script. Colours are those of the audit's page."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from markupsafe import Markup

_WIDTH, _HEIGHT = 640, 240
_LEFT, _RIGHT, _TOP, _BASE = 46, 12, 24, 204
_MAX_BINS = 10


def similarity_chart(
    histogram: Sequence[int], threshold: float, found: Callable[[float], float]
) -> Markup:
    """Checked pairs by similarity, on a logarithmic scale, under the curve of the bands.

    Args:
        histogram: numbers of pairs in equal bins of [0, 1].
        threshold: from which a pair counts; bars below are drawn in another colour.
        found: the probability that a pair of this similarity is checked at all.
    """
    parts = [_frame([(value / 5, f"{value / 5:g}") for value in range(6)])]
    top = math.log1p(max(histogram, default=0)) or 1.0
    width = 1 / max(len(histogram), 1)
    for place, number in enumerate(histogram):
        if not number:
            continue
        low, high = place * width, (place + 1) * width
        kind = "drop" if low >= threshold - width / 2 else "keep"
        words = f"similarity {low:.2f} to {high:.2f}: {number:,} pairs"
        parts.append(_bar(low, high, math.log1p(number) / top, kind, words))
    steps = [step / 200 for step in range(201)]
    missed = [(s, found(s)) for s in steps if s >= threshold]
    if missed:
        above = [(missed[-1][0], 1.0), (missed[0][0], 1.0)]
        parts.append(_shape("polygon", [*missed, *above], "missed"))
    parts.append(_shape("polyline", [(s, found(s)) for s in steps], "curve"))
    parts.append(_threshold(threshold))
    for share in (0, 0.5, 1):
        parts.append(_text(_LEFT - 6, _y(share) + 4, f"{share:.0%}", "end"))
    label = f"{sum(histogram):,} checked pairs by similarity, and the curve of the bands"
    return _svg(label, parts)


def sizes_chart(sizes: Mapping[int, int]) -> Markup:
    """Clusters by size, in bins that double or grow faster, on a logarithmic scale.

    Args:
        sizes: the number of clusters of each size.
    """
    doublings = max(sizes, default=2).bit_length() - 1
    step = -(-doublings // _MAX_BINS)  # 1: sizes 2-3, 4-7, 8-15, ...
    bins: Counter[int] = Counter()
    for size, number in sizes.items():
        bins[(size.bit_length() - 2) // step] += number
    places = range(max(bins, default=0) + 1)
    top = math.log1p(max(bins.values(), default=0)) or 1.0
    parts = [_frame([])]
    for place in places:
        low = 2 << place * step
        middle, half = _x((place + 0.5) / len(places)), 0.42 / len(places)
        if number := bins[place]:
            share = math.log1p(number) / top
            words = f"{number:,} clusters of {low:,} to {(low << step) - 1:,} rows"
            at = (place + 0.5) / len(places)
            parts.append(_bar(at - half, at + half, share, "drop", words))
            parts.append(_text(middle, _y(share) - 4, f"{number:,}", "middle"))
        parts.append(_text(middle, _BASE + 18, f"{low:,}+", "middle"))
    return _svg(f"{sum(sizes.values()):,} clusters by their number of rows", parts)


def _x(share: float) -> float:
    return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def _y(share: float) -> float:
    return _BASE - share * (_BASE - _TOP)


def _bar(left: float, right: float, share: float, kind: str, words: str) -> Markup:
    high = max(2.0, share * (_BASE - _TOP))
    return Markup(
        '<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" class="{}"><title>{}</title>'
        "</rect>"
    ).format(_x(left), _BASE - high, max(1.0, _x(right) - _x(left) - 0.8), high, kind, words)


def _shape(tag: str, points: Sequence[tuple[float, float]], kind: str) -> Markup:
    places = " ".join(f"{_x(x):.1f},{_y(y):.1f}" for x, y in points)
    return Markup('<{} points="{}" class="{}"/>').format(Markup(tag), places, kind)


def _threshold(value: float) -> Markup:
    at = _x(value)
    line = Markup('<line x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2}" class="threshold"/>')
    return line.format(at, _TOP - 4, _BASE) + _text(at, _TOP - 7, f"{value:g}", "middle")


def _frame(ticks: Sequence[tuple[float, str]]) -> Markup:
    axis = Markup('<line x1="{}" x2="{}" y1="{}" y2="{}" class="axis"/>')
    lines = axis.format(_LEFT, _WIDTH - _RIGHT, _BASE, _BASE)
    return lines + Markup("").join(_text(_x(x), _BASE + 18, word, "middle") for x, word in ticks)


def _text(x: float, y: float, words: str, anchor: str) -> Markup:
    form = Markup('<text x="{:.1f}" y="{:.1f}" text-anchor="{}">{}</text>')
    return form.format(x, y, anchor, words)


def _svg(label: str, parts: Sequence[Markup]) -> Markup:
    form = Markup('<svg viewBox="0 0 {} {}" role="img" class="histogram" aria-label="{}">{}</svg>')
    return form.format(_WIDTH, _HEIGHT, label, Markup("").join(parts))
