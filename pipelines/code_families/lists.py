"""Families of tasks on a list: which numbers count, what is taken of each, what is made of all."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby
from random import Random

from pipelines.code_forms import Task, fill, ones


@dataclass(frozen=True, kw_only=True, slots=True)
class Theme:
    """What the numbers of a list are."""

    xs: str
    """The name of the list."""
    intro: str
    low: int
    high: int


THEMES = tuple(
    Theme(xs=xs, intro=intro, low=low, high=high)
    for xs, intro, low, high in (
        ("temperatures", "A weather station notes one temperature a day.", -20, 40),
        ("scores", "A player writes down the score of every game.", 0, 100),
        ("prices", "A shop keeps a list of prices, in cents.", 1, 200),
        ("depths", "A diver logs the depth of each dive, in metres.", 1, 60),
        ("balances", "A clerk lists the balance of every account.", -90, 90),
        ("votes", "Each district reports its number of votes.", 0, 120),
        ("lengths", "A carpenter measures the lengths of some boards.", 1, 99),
        ("heights", "A gardener measures how high each plant stands.", 1, 150),
        ("levels", "A gauge tells the level of a river every hour.", -30, 30),
        ("weights", "A courier weighs every parcel, in grams.", 1, 500),
        ("delays", "A railway records how late each train is; early ones count below 0.", -9, 60),
        ("readings", "A sensor sends one reading a minute.", -50, 50),
    )
)


def number_lists(rng: Random, theme: Theme, *, most: int = 9) -> list[list[int]]:
    """Lists to test with: one to show, then edge cases, then drawn ones."""

    def drawn(size: int) -> list[int]:
        return [rng.randint(theme.low, theme.high) for _ in range(size)]

    x = rng.randint(theme.low, theme.high)
    edges = [[], [x], [x] * 4, [theme.low, theme.high], [theme.high, theme.low, 0]]
    return [drawn(rng.randint(4, 6)), *edges, *(drawn(rng.randint(2, most)) for _ in range(4))]


Test = tuple[str, str, str, Callable[[int], bool]]


def condition(rng: Random, theme: Theme) -> Test:
    """(words, Python, C++, the truth) of a condition on x."""
    k = rng.randint(max(theme.low, 1), max(theme.high // 2, 2))
    m = rng.randint(2, 9)
    d = rng.randint(0, 9)
    options: tuple[Test, ...] = (
        ("even", "x % 2 == 0", "x % 2 == 0", lambda x: str(x)[-1] in "02468"),
        ("odd", "x % 2 != 0", "x % 2 != 0", lambda x: str(x)[-1] in "13579"),
        (f"greater than {k}", f"x > {k}", f"x > {k}", lambda x: not x <= k),
        (f"less than {k}", f"x < {k}", f"x < {k}", lambda x: not x >= k),
        (f"divisible by {m}", f"x % {m} == 0", f"x % {m} == 0", lambda x: x // m * m == x),
        (
            f"at least {k - m} and at most {k + m}",
            f"{k - m} <= x <= {k + m}",
            f"{k - m} <= x && x <= {k + m}",
            lambda x: x in range(k - m, k + m + 1),
        ),
        (
            f"written with {d} as the last digit",
            f"abs(x) % 10 == {d}",
            f"abs(x) % 10 == {d}",
            lambda x: str(x).endswith(str(d)),
        ),
    )
    return rng.choice(options)


_COUNT_CPP = """
long long count = 0;
for (long long x : $xs)
    if ($cpp) count++;
return count;
"""

_KEEP_CPP = """
vector<long long> kept;
for (long long x : $xs)
    if ($cpp) kept.push_back(x);
return kept;
"""


def count_if(rng: Random) -> Task:
    """How many numbers meet a condition."""
    theme = rng.choice(THEMES)
    words, python, cpp, holds = condition(rng, theme)
    xs = theme.xs
    return Task(
        name=f"count_{xs}",
        story=f"{theme.intro} How many of the {xs} are {words}?",
        takes=((xs, "ints"),),
        gives="int",
        python=f"return sum(1 for x in {xs} if {python})",
        cpp=fill(_COUNT_CPP, xs=xs, cpp=cpp),
        answer=lambda xs: len(list(filter(holds, xs))),
        inputs=ones(*number_lists(rng, theme)),
        work=f"Go through the {xs} and count 1 for each x with {python}.",
    )


def keep_if(rng: Random) -> Task:
    """The numbers that meet a condition, in order."""
    theme = rng.choice(THEMES)
    words, python, cpp, holds = condition(rng, theme)
    xs = theme.xs
    return Task(
        name=f"pick_{xs}",
        story=f"{theme.intro} List those of the {xs} that are {words}, in the order given.",
        takes=((xs, "ints"),),
        gives="ints",
        python=f"return [x for x in {xs} if {python}]",
        cpp=fill(_KEEP_CPP, xs=xs, cpp=cpp),
        answer=lambda xs: list(filter(holds, xs)),
        inputs=ones(*number_lists(rng, theme)),
        work=f"Go through the {xs} and keep each x with {python}.",
    )


def _taken(rng: Random) -> tuple[str, str, str, Callable[[int], int]]:
    """(words, Python, C++, the truth) of what is taken of x."""
    k = rng.randint(2, 9)
    return rng.choice(
        (
            (f"{k} times each", f"{k} * x", f"{k} * x", lambda x: sum([x] * k)),
            ("the square of each", "x * x", "x * x", lambda x: x**2),
            ("the absolute value of each", "abs(x)", "abs(x)", lambda x: max(x, -x)),
            (
                f"the distance of each from {k}",
                f"abs(x - {k})",
                f"abs(x - {k})",
                lambda x: max(x, k) - min(x, k),
            ),
            (f"each plus {k}", f"x + {k}", f"x + {k}", lambda x: x - -k),
        )
    )


_FOLDS: tuple[tuple[str, str, str, Callable[[list[int]], int]], ...] = (
    (
        "add them up",
        "return sum(taken)",
        "return accumulate(taken.begin(), taken.end(), 0LL);",
        lambda t: round(math.fsum(t)),
    ),
    (
        "give the largest result, or 0 where there is none",
        "return max(taken, default=0)",
        "return taken.empty() ? 0 : *max_element(taken.begin(), taken.end());",
        lambda t: sorted(t)[-1] if t else 0,
    ),
    (
        "give the smallest result, or 0 where there is none",
        "return min(taken, default=0)",
        "return taken.empty() ? 0 : *min_element(taken.begin(), taken.end());",
        lambda t: sorted(t)[0] if t else 0,
    ),
    (
        "give how many different results there are",
        "return len(set(taken))",
        "return set<long long>(taken.begin(), taken.end()).size();",
        lambda t: len(list(groupby(sorted(t)))),
    ),
)


def keep_take_fold(rng: Random) -> Task:
    """Of the numbers that meet a condition something is taken, and one result made of all."""
    theme = rng.choice(THEMES)
    words, python, cpp, holds = condition(rng, theme)
    take_words, take_python, take_cpp, take = _taken(rng)
    fold_words, fold_python, fold_cpp, fold = rng.choice(_FOLDS)
    xs = theme.xs
    return Task(
        name=f"measure_{xs}",
        story=(f"{theme.intro} Of the {xs} that are {words}, take {take_words}, and {fold_words}."),
        takes=((xs, "ints"),),
        gives="int",
        python=f"taken = [{take_python} for x in {xs} if {python}]\n{fold_python}",
        cpp=(
            f"vector<long long> taken;\nfor (long long x : {xs})\n"
            f"    if ({cpp}) taken.push_back({take_cpp});\n{fold_cpp}"
        ),
        answer=lambda xs: fold([take(x) for x in xs if holds(x)]),
        inputs=ones(*number_lists(rng, theme)),
        work=f"Keep each x with {python}. Take {take_python} of it. Then {fold_words}.",
    )
