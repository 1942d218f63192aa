"""A mix of pairs like those that a mathematics pipeline meets, made from a seed.

The shares follow what is known of the answers of public sets: mostly integers, then fractions and
decimals, roots and multiples of pi, tuples, sets and intervals, polynomials and equations, options
and words, and a few forms that only a symbolic engine can settle. About half the predictions are
wrong. Every lap has pairs of its own, so that no cache of readings is what is measured.
"""

import random
from collections.abc import Callable
from typing import Final

Pair = tuple[str, str]
Maker = Callable[[random.Random, int], Pair]


def _integer(draw: random.Random, off: int) -> Pair:
    n = draw.choice([draw.randint(-20, 100), draw.randint(100, 2_000), draw.randint(1_000, 10**9)])
    shown = draw.choice(
        [str(n + off), str(n + off), f"{n + off:,}", f"{n + off}.0", f"${n + off}$"]
    )
    return str(n), shown


def _fraction(draw: random.Random, off: int) -> Pair:
    a, b, c = draw.randint(1, 60), draw.randint(2, 40), draw.randint(2, 9)
    gold = draw.choice([f"\\frac{{{a}}}{{{b}}}", f"\\dfrac{{{a}}}{{{b}}}", f"{a}/{b}"])
    return gold, draw.choice([f"\\frac{{{a * c + off}}}{{{b * c}}}", f"{a + off}/{b}"])


def _decimal(draw: random.Random, off: int) -> Pair:
    n = draw.randint(1, 99_999)
    unit = draw.choice(["", "", "\\%", "\\text{ cm}", "\\text{ dollars}", "^\\circ"])
    shown = unit if off or unit == "\\%" else ""
    return f"{n / 100:.2f}{unit}", f"{(n + off) / 100:.2f}{shown}"


def _root(draw: random.Random, off: int) -> Pair:
    a, b = draw.randint(2, 12), draw.choice([2, 3, 5, 6, 7, 10, 11, 13])
    return draw.choice(
        [
            (f"{a}\\sqrt{{{b}}}", f"\\sqrt{{{a * a * b + off}}}"),
            (f"\\frac{{{a}\\pi}}{{{b}}}", f"\\frac{{{a + off}}}{{{b}}}\\pi"),
            (f"\\frac{{1}}{{\\sqrt{{{b}}}}}", f"\\frac{{\\sqrt{{{b}}}}}{{{b + off}}}"),
            (f"{a}+{b}i", f"{b + off}i+{a}"),
            (f"{a}-\\sqrt{{{b}}}", f"-\\sqrt{{{b}}}+{a + off}"),
        ]
    )


def _several(draw: random.Random, off: int) -> Pair:
    a, b, c = (draw.randint(-30, 30) for _ in range(3))
    high = a + draw.randint(1, 20)
    return draw.choice(
        [
            (f"({a},{b})", f"\\left({a}, {b + off}\\right)"),
            (f"({a}, {b}, {c})", f"({a}, {b}, {c + off})"),
            (f"{a}, {b + 61}", f"{b + 61 + off}, {a}"),
            (f"\\{{{a}, {b + 61}\\}}", f"\\{{{b + 61 + off}, {a}\\}}"),
            (f"[{a},{high})", f"[{a}, {high + off})"),
            (
                f"(-\\infty,{a})\\cup({high},\\infty)",
                f"(-\\infty, {a + off})\\cup({high}, \\infty)",
            ),
        ]
    )


def _algebra(draw: random.Random, off: int) -> Pair:
    a, b = draw.randint(2, 15), draw.randint(2, 15)
    return draw.choice(
        [
            (f"x^2+{a + b}x+{a * b}", f"(x+{a})(x+{b + off})"),
            (f"\\frac{{x+{a}}}{{{b}}}", f"\\frac{{1}}{{{b}}}x+\\frac{{{a + off}}}{{{b}}}"),
            (f"y={a}x-{b}", f"y = -{b}+{a + off}x"),
            (f"x={a}", str(a + off)),
            (f"{a}x+{b}y=0", f"{2 * a}x+{2 * b + off}y=0"),
            (f"{a}e^{{{b}t}}", f"{a + off}e^{{{b}t}}"),
        ]
    )


def _words(draw: random.Random, off: int) -> Pair:
    letters = "ABCDE"
    n = draw.randrange(5)
    other = letters[(n + off) % 5]
    names = ["Evelyn", "Carla", "Briana", "Debra", "Angela"]
    return draw.choice(
        [
            (letters[n], f"\\text{{({other})}}"),
            (f"\\text{{{names[n]}}}", names[(n + off) % 5]),
        ]
    )


def _symbolic(draw: random.Random, off: int) -> Pair:
    a, b = draw.randint(2, 30), draw.randint(2, 9)
    return draw.choice(
        [
            (f"{a}\\sin^2 x+{a}\\cos^2 x", f"{a + off}"),
            (f"{a}\\sin 2x", f"{2 * a + off}\\sin x\\cos x"),
            (f"x^2+y^2={a}", f"x^2+y^2={a + off}"),
            (f"\\sum_{{k=1}}^{{{b}}} k", str(b * (b + 1) // 2 + off)),
            (f"\\sqrt{{{a + 1}+2\\sqrt{{{a}}}}}", f"1+\\sqrt{{{a + off}}}"),
        ]
    )


SHARES: Final[dict[str, tuple[int, Maker]]] = {
    "integers": (560, _integer),
    "fractions": (120, _fraction),
    "decimals and units": (80, _decimal),
    "roots, pi and i": (70, _root),
    "tuples, sets, intervals": (80, _several),
    "algebra": (50, _algebra),
    "options and words": (25, _words),
    "symbolic": (15, _symbolic),
}
"""Of a thousand pairs, how many of which kind."""


def mix(lap: int) -> list[tuple[str, Pair, bool]]:
    """(kind, pair, equal) of a thousand pairs, in random order."""
    draw = random.Random(f"math mix {lap}")
    found = []
    for kind, (share, make) in SHARES.items():
        for _ in range(share):
            off = draw.choice([0, 0, 1, 2])
            found.append((kind, make(draw, off), off == 0))
    draw.shuffle(found)
    return found
