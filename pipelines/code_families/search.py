"""Families of tasks that search and simulate: coins, ways, clocks."""

from random import Random

from pipelines.code_forms import Task, fill, ones

_COINS_PYTHON = """
best = [0] + [None] * amount
for total in range(1, amount + 1):
    counts = [best[total - c] for c in $coins if c <= total and best[total - c] is not None]
    best[total] = min(counts) + 1 if counts else None
return -1 if best[amount] is None else best[amount]
"""

_COINS_CPP = """
vector<long long> coins = {$listed};
vector<long long> best(amount + 1, -1);
best[0] = 0;
for (long long total = 1; total <= amount; total++)
    for (long long c : coins)
        if (c <= total && best[total - c] >= 0 &&
            (best[total] < 0 || best[total - c] + 1 < best[total]))
            best[total] = best[total - c] + 1;
return best[amount];
"""


def coins(rng: Random) -> Task:
    """The fewest coins that make an amount."""
    kinds = sorted(rng.sample(range(2, 30), rng.randint(2, 4)))
    listed = ", ".join(map(str, kinds))
    what = rng.choice(("coins", "stamps", "weights", "tokens", "tickets", "chips"))

    def answer(amount: int) -> int:
        reached, count = {0}, 0
        while amount not in reached and reached:
            reached = {r + kind for r in reached for kind in kinds if r + kind <= amount}
            count += 1
        return count if reached else -1

    return Task(
        name=f"fewest_{what}",
        story=(
            f"There are {what} of {listed}, as many of each as one likes. How many does one need "
            f"at least to make `amount` exactly? It is 0 for 0, and -1 where no number of {what} "
            f"makes it. The amount is at most 1000."
        ),
        takes=(("amount", "int"),),
        gives="int",
        python=fill(_COINS_PYTHON, coins=f"({listed})"),
        cpp=fill(_COINS_CPP, listed=listed),
        answer=answer,
        inputs=ones(rng.randint(20, 60), 0, 1, kinds[0], kinds[-1], sum(kinds), 97, 150),
        work="For each total, one more than the best of total minus a kind, from small to large.",
    )


_WAYS_PYTHON = """
ways = [1] + [0] * n
for place in range(1, n + 1):
    ways[place] = sum(ways[place - s] for s in $steps if s <= place) % $m
return ways[n] % $m
"""

_WAYS_CPP = """
vector<long long> steps = {$listed};
vector<long long> ways(n + 1, 0);
ways[0] = 1;
for (long long place = 1; place <= n; place++)
    for (long long s : steps)
        if (s <= place) ways[place] = (ways[place] + ways[place - s]) % $m;
return ways[n] % $m;
"""


def ways(rng: Random) -> Task:
    """In how many ways steps add up."""
    steps = sorted(rng.sample(range(1, 9), rng.randint(2, 4)))
    listed = ", ".join(map(str, steps))
    m = rng.choice((1000, 9973, 1_000_003))
    who = rng.choice(("A frog crosses", "A robot walks", "A child climbs", "A pawn goes along"))

    def answer(n: int) -> int:
        counts = {0: 1}
        for place in range(n):
            for step in steps:
                counts[place + step] = counts.get(place + step, 0) + counts.get(place, 0)
        return counts.get(n, 0) % m

    return Task(
        name="count_ways",
        story=(
            f"{who} a row of `n` fields, from before the first onto the last, always forward and "
            f"by {listed} fields at a time. In how many orders of steps can that be done, modulo "
            f"{m}? For n = 0 there is one way. n is at most 2000."
        ),
        takes=(("n", "int"),),
        gives="int",
        python=fill(_WAYS_PYTHON, steps=f"({listed})", m=m),
        cpp=fill(_WAYS_CPP, listed=listed, m=m),
        answer=answer,
        inputs=ones(rng.randint(4, 9), 0, 1, 2, steps[-1], 20, rng.randint(40, 90), 300),
        work="The ways to a field are the sum of the ways to the fields one step before it.",
    )


def clock(rng: Random) -> Task:
    """The time on a clock of another world, some minutes later."""
    hours, minutes = rng.randint(5, 40), rng.randint(20, 100)
    world = rng.choice(("Arvo", "Belka", "Corin", "Dela", "Esmi", "Farro", "Gant", "Hilo"))

    def answer(time: list[int], later: int) -> list[int]:
        whole, minute = divmod(time[0] * minutes + time[1] + later, minutes)
        return [whole % hours, minute]

    cases = [(0, 0, 0), (hours - 1, minutes - 1, 1), (0, 0, hours * minutes), (1, 2, minutes)]
    cases += [
        (rng.randrange(hours), rng.randrange(minutes), rng.randint(0, 9 * minutes))
        for _ in range(6)
    ]
    return Task(
        name="time_later",
        story=(
            f"A day on {world} has {hours} hours of {minutes} minutes. A clock shows `time`, a "
            "list of the hour and the minute, both from 0. What does it show `later` minutes later?"
        ),
        takes=(("time", "ints"), ("later", "int")),
        gives="ints",
        python=(
            f"total = (time[0] * {minutes} + time[1] + later) % {hours * minutes}\n"
            f"return [total // {minutes}, total % {minutes}]"
        ),
        cpp=(
            f"long long total = (time[0] * {minutes} + time[1] + later) % {hours * minutes};\n"
            f"return {{total / {minutes}, total % {minutes}}};"
        ),
        answer=answer,
        inputs=tuple(([hour, minute], later) for hour, minute, later in (cases[-1], *cases[:-1])),
        work=f"Count all in minutes, modulo {hours} * {minutes}, and divide by {minutes} again.",
    )
