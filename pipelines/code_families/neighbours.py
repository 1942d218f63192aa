"""Families of tasks on what stands together in a list: runs, windows, pairs, stretches, spans."""

from itertools import accumulate, combinations, groupby, pairwise
from random import Random

from pipelines.code_families.lists import THEMES, condition, number_lists
from pipelines.code_forms import Task, fill, ones

_RUN_PYTHON = """
best = length = 0
for x in $xs:
    length = length + 1 if $python else 0
    best = max(best, length)
return best
"""

_RUN_CPP = """
long long best = 0, length = 0;
for (long long x : $xs) {
    length = ($cpp) ? length + 1 : 0;
    best = max(best, length);
}
return best;
"""


def longest_run(rng: Random) -> Task:
    """How long a stretch meets a condition without a break."""
    theme = rng.choice(THEMES)
    words, python, cpp, holds = condition(rng, theme)
    xs = theme.xs
    return Task(
        name=f"longest_run_of_{xs}",
        story=(
            f"{theme.intro} How long is the longest stretch of neighbouring {xs} that are all "
            f"{words}? It is 0 where there is none."
        ),
        takes=((xs, "ints"),),
        gives="int",
        python=fill(_RUN_PYTHON, xs=xs, python=python),
        cpp=fill(_RUN_CPP, xs=xs, cpp=cpp),
        answer=lambda xs: max(
            (len(list(run)) for held, run in groupby(xs, key=holds) if held), default=0
        ),
        inputs=ones(*number_lists(rng, theme)),
        work=f"Keep a length that grows while {python}, else starts at 0. Its maximum counts.",
    )


_WINDOW_PYTHON = """
sums = [sum($xs[i : i + $k]) for i in range(len($xs) - $k + 1)]
return $pick(sums, default=0)
"""

_WINDOW_CPP = """
vector<long long> sums;
for (size_t i = 0; i + $k <= $xs.size(); i++)
    sums.push_back(accumulate($xs.begin() + i, $xs.begin() + i + $k, 0LL));
return sums.empty() ? 0 : *${pick}_element(sums.begin(), sums.end());
"""


def best_window(rng: Random) -> Task:
    """The largest or smallest sum of so many neighbours."""
    theme, k = rng.choice(THEMES), rng.randint(2, 5)
    word, pick = rng.choice((("largest", "max"), ("smallest", "min")))
    xs, sign = theme.xs, 1 if pick == "max" else -1
    return Task(
        name=f"{word}_sum_of_{k}",
        story=(
            f"{theme.intro} What is the {word} sum of {k} neighbouring {xs}? It is 0 where there "
            f"are fewer than {k}."
        ),
        takes=((xs, "ints"),),
        gives="int",
        python=fill(_WINDOW_PYTHON, xs=xs, k=k, pick=pick),
        cpp=fill(_WINDOW_CPP, xs=xs, k=k, pick=pick),
        answer=lambda xs: _window(xs, k, sign),
        inputs=ones(*number_lists(rng, theme)),
        work=f"Add up the {k} numbers from each place on. The {pick} of the sums is the result.",
    )


def _window(xs: list[int], k: int, sign: int) -> int:
    totals = [0]
    for x in xs:
        totals.append(totals[-1] + x)
    sums = sorted((b - a for a, b in zip(totals, totals[k:], strict=False)), key=lambda s: sign * s)
    return sums[-1] if sums else 0


_PAIRS_PYTHON = """
count = 0
for i in range(len($xs)):
    for j in range(i + 1, len($xs)):
        if $python:
            count += 1
return count
"""

_PAIRS_CPP = """
long long count = 0;
for (size_t i = 0; i < $xs.size(); i++)
    for (size_t j = i + 1; j < $xs.size(); j++)
        if ($cpp) count++;
return count;
"""


def pairs(rng: Random) -> Task:
    """How many pairs lie so far apart, or add up to a multiple."""
    theme, k = rng.choice(THEMES), rng.randint(2, 12)
    xs = theme.xs
    a, b = f"{xs}[i]", f"{xs}[j]"
    words, test, holds = rng.choice(
        (
            (f"differ by exactly {k}", f"abs({a} - {b}) == {k}", lambda x, y: x - y in (k, -k)),
            (f"differ by less than {k}", f"abs({a} - {b}) < {k}", lambda x, y: -k < x - y < k),
            (
                f"have a sum that is divisible by {k}",
                f"({a} + {b}) % {k} == 0",
                lambda x, y: (x % k + y % k) in (0, k),
            ),
        )
    )
    return Task(
        name=f"count_pairs_of_{xs}",
        story=(
            f"{theme.intro} How many pairs of {xs} {words}? Two at different places are a pair, "
            "whatever their values; the order of the two does not matter."
        ),
        takes=((xs, "ints"),),
        gives="int",
        python=fill(_PAIRS_PYTHON, xs=xs, python=test),
        cpp=fill(_PAIRS_CPP, xs=xs, cpp=test),
        answer=lambda xs: sum(holds(x, y) for x, y in combinations(xs, 2)),
        inputs=ones(*number_lists(rng, theme), [k, 2 * k, k, 3 * k, 1, k + 1]),
        work=f"For each place i and each later place j, count 1 where {test}.",
    )


_STRETCHES_PYTHON = """
count = 0
for i in range(len($xs)):
    total = 0
    for x in $xs[i:]:
        total += x
        if $python:
            count += 1
return count
"""

_STRETCHES_CPP = """
long long count = 0;
for (size_t i = 0; i < $xs.size(); i++) {
    long long total = 0;
    for (size_t j = i; j < $xs.size(); j++) {
        total += $xs[j];
        if ($python) count++;
    }
}
return count;
"""


def stretches(rng: Random) -> Task:
    """How many stretches of neighbours have a certain sum."""
    theme, k = rng.choice(THEMES), rng.randint(2, 30)
    xs = theme.xs
    words, test, holds = rng.choice(
        (
            (f"exactly {k}", f"total == {k}", lambda s: not s - k),
            (f"a multiple of {k}", f"total % {k} == 0", lambda s: s // k * k == s),
            (f"more than {k}", f"total > {k}", lambda s: s - k > 0),
        )
    )

    def answer(xs: list[int]) -> int:
        sums = list(accumulate(xs, initial=0))
        return sum(holds(b - a) for i, b in enumerate(sums) for a in sums[:i])

    return Task(
        name=f"count_stretches_of_{xs}",
        story=(
            f"{theme.intro} How many stretches of one or more neighbouring {xs} have a sum that is "
            f"{words}? Stretches that begin or end at different places are different."
        ),
        takes=((xs, "ints"),),
        gives="int",
        python=fill(_STRETCHES_PYTHON, xs=xs, python=test),
        cpp=fill(_STRETCHES_CPP, xs=xs, python=test),
        answer=answer,
        inputs=ones(*number_lists(rng, theme), [k, k, 1, k - 1, -k, k]),
        work=f"From each place on, add up one number after the other and count where {test}.",
    )


_COVERED_PYTHON = """
spans = sorted(zip($xs[::2], $xs[1::2]))
total, end = 0, None
for start, stop in spans:
    if end is None or start > end:
        end = start
    if stop > end:
        total += stop - end
        end = stop
return total * $price
"""

_COVERED_CPP = """
vector<pair<long long, long long>> pairs;
for (size_t i = 0; i + 1 < $xs.size(); i += 2) pairs.push_back({$xs[i], $xs[i + 1]});
sort(pairs.begin(), pairs.end());
long long total = 0, end = LLONG_MIN;
for (auto [start, stop] : pairs) {
    end = max(end, start);
    if (stop > end) {
        total += stop - end;
        end = stop;
    }
}
return total * $price;
"""

_SPANS = (
    ("lamp_cost", "A lamp is on in the time from $a to $b of each visit", "burning", "hour"),
    ("guard_pay", "A guard is there from $a to $b of each event", "there", "hour"),
    ("paint_used", "A wall is painted from $a to $b by each painter", "painted", "metre"),
    ("road_works", "A road is closed from $a to $b by each crew", "closed", "kilometre"),
)


def covered(rng: Random) -> Task:
    """What spans cover together, where they may overlap."""
    name, intro, state, unit = rng.choice(_SPANS)
    price = rng.randint(2, 50)

    def answer(spans: list[int]) -> int:
        pairs = list(zip(spans[::2], spans[1::2], strict=True))
        marks = sorted(set(spans))
        held = (b - a for a, b in pairwise(marks) if any(s <= a and b <= e for s, e in pairs))
        return sum(held) * price

    def drawn(number: int) -> list[int]:
        flat = []
        for _ in range(number):
            start = rng.randint(0, 40)
            flat += [start, start + rng.randint(1, 12)]
        return flat

    lists = [drawn(3), [], [3, 4], [1, 5, 5, 9], [1, 9, 3, 4], [2, 6, 2, 6], [7, 8, 1, 2]]
    lists += [drawn(rng.randint(2, 8)) for _ in range(4)]
    return Task(
        name=name,
        story=(
            f"{fill(intro, a='a start', b='an end')}; these may overlap. The list "
            "`spans` holds start, end, start, end and so on, each end after its start. Each "
            f"{unit} in which it is {state} costs {price}, but once only. "
            "What is the whole cost?"
        ),
        takes=(("spans", "ints"),),
        gives="int",
        python=fill(_COVERED_PYTHON, xs="spans", price=price),
        cpp=fill(_COVERED_CPP, xs="spans", price=price),
        answer=answer,
        inputs=ones(*lists),
        work="Sort the spans by their start and add what each has beyond the farthest end so far.",
    )
