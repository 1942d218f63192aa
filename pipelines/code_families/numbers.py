"""Families of tasks on one number: prices, digits, sequences, and who is left in a circle."""

from random import Random

from pipelines.code_forms import Task, fill, ones

_SHOPS = (
    (
        "order_total",
        "A print shop takes $fee cents for an order and $price for each page.",
        "pages",
    ),
    ("taxi_fare", "A taxi costs $fee euros to get in and $price for each kilometre.", "kilometres"),
    ("hall_rent", "A hall costs $fee euros to book and $price for each hour.", "hours"),
    ("phone_bill", "A phone costs $fee cents a month and $price for each minute.", "minutes"),
    ("bike_hire", "Hiring a bike costs $fee euros and $price for each day.", "days"),
    ("parcel_cost", "Sending a parcel costs $fee cents and $price for each gram.", "grams"),
    ("water_bill", "Water costs $fee euros a month and $price for each bucket.", "buckets"),
    ("tour_price", "A tour costs $fee euros for the guide and $price for each guest.", "guests"),
)


def order(rng: Random) -> Task:
    """A fee and a price for each."""
    name, intro, units = rng.choice(_SHOPS)
    fee, price = rng.randint(2, 60), rng.randint(2, 40)
    return Task(
        name=name,
        story=f"{fill(intro, fee=fee, price=price)} What do `n` {units} cost?",
        takes=(("n", "int"),),
        gives="int",
        python=f"return {fee} + {price} * n",
        cpp=f"return {fee} + {price} * n;",
        answer=lambda n: sum([price] * n, fee),
        inputs=tuple((n,) for n in (rng.randint(2, 9), 0, 1, 10, rng.randint(11, 99), 500)),
        work=f"The fee is {fee}. Each one costs {price}, so n cost {price} * n. Add the two.",
    )


_TIERS_PYTHON = """
if n <= $limit:
    return $price * n
return $price * $limit + $less * (n - $limit)
"""

_TIERS_CPP = """
if (n <= $limit) return $price * n;
return $price * $limit + $less * (n - $limit);
"""

_UNITS = ("ticket", "brick", "bottle", "page", "seat", "stamp", "tile", "loaf", "cable", "lamp")


def tiers(rng: Random) -> Task:
    """A price that falls from some number on."""
    unit, limit, price = rng.choice(_UNITS), rng.randint(2, 20), rng.randint(10, 90)
    less = price - rng.randint(1, 9)
    values = {"limit": limit, "price": price, "less": less, "unit": unit}
    story = fill(
        "One $unit costs $price cents. Whoever buys more than $limit pays $less cents for each one "
        "beyond the first $limit. What do `n` cost together?",
        **values,
    )
    return Task(
        name=f"{unit}_cost",
        story=story,
        takes=(("n", "int"),),
        gives="int",
        python=fill(_TIERS_PYTHON, **values),
        cpp=fill(_TIERS_CPP, **values),
        answer=lambda n: sum(price if i < limit else less for i in range(n)),
        inputs=tuple((n,) for n in (limit + 2, 0, 1, limit - 1, limit, limit + 1, 3 * limit, 200)),
        work=fill(
            "Up to $limit all cost $price. Beyond, the first $limit cost $price each, and the "
            "n - $limit others $less each.",
            **values,
        ),
    )


_DIGITS_PYTHON = """
total = 0
while n > 0:
    digit = n % $base
    if $python:
        total += $what
    n //= $base
return total
"""

_DIGITS_CPP = """
long long total = 0;
while (n > 0) {
    long long digit = n % $base;
    if ($python) total += $what;
    n /= $base;
}
return total;
"""


def digits(rng: Random) -> Task:
    """The sum, or the number, of the digits that meet a condition."""
    base, k = rng.choice((10, 10, 10, 2, 3, 4, 5, 6, 7, 8, 9)), rng.randint(0, 5)
    words, test, holds = rng.choice(
        (
            ("even", "digit % 2 == 0", lambda d: d in (0, 2, 4, 6, 8)),
            ("odd", "digit % 2 == 1", lambda d: d in (1, 3, 5, 7, 9)),
            (f"greater than {k}", f"digit > {k}", lambda d: d > k),
            (f"not {k}", f"digit != {k}", lambda d: d != k),
        )
    )
    name, asked, what = rng.choice(
        (("sum", "the sum of", "digit"), ("count", "the number of", "1"))
    )
    thing = rng.choice(("serial number", "house number", "code", "receipt number", "year"))

    def answer(n: int) -> int:
        kept = [d for d in _in_base(n, base) if holds(d)]
        return sum(kept) if what == "digit" else len(kept)

    drawn = [rng.randint(10**e, 10 ** (e + 1)) for e in (1, 3, 5, 8, 11)]
    return Task(
        name=f"digit_{name}",
        story=(
            f"A {thing} `n`, at least 1, is written in base {base} without zeros in front. Find "
            f"{asked} its digits that are {words}."
        ),
        takes=(("n", "int"),),
        gives="int",
        python=fill(_DIGITS_PYTHON, base=base, python=test, what=what),
        cpp=fill(_DIGITS_CPP, base=base, python=test, what=what),
        answer=answer,
        inputs=ones(rng.randint(100, 9999), 1, base, base - 1, base**5 - 1, base**5, *drawn),
        work=f"Take the last digit with n % {base}, count it if {test}, and cut it off with //.",
    )


def _in_base(n: int, base: int) -> list[int]:
    return [*_in_base(n // base, base), n % base] if n else []


_RECURRENCE_PYTHON = """
old, new = $first, $second
for _ in range(n):
    old, new = new, ($a * new + $b * old + $c) % $m
return old
"""

_RECURRENCE_CPP = """
long long older = $first, newer = $second;
for (long long i = 0; i < n; i++) {
    long long next = ($a * newer + $b * older + $c) % $m;
    older = newer;
    newer = next;
}
return older;
"""


def recurrence(rng: Random) -> Task:
    """A term of a sequence in which each is made of the two before."""
    m = rng.choice((97, 100, 1000, 1009, 10007))
    a, b, c = rng.randint(1, 9), rng.randint(1, 9), rng.randint(0, 9)
    first, second = rng.randint(0, 9), rng.randint(0, 9)
    place = rng.choice(("game", "puzzle", "machine", "light show", "shuffle"))

    def answer(n: int) -> int:
        terms = [first, second]
        while len(terms) <= n:
            terms.append((terms[-1] * a + terms[-2] * b + c) % m)
        return terms[n]

    values = {"a": a, "b": b, "c": c, "m": m, "first": first, "second": second}
    return Task(
        name="term",
        story=fill(
            f"A {place} shows a sequence of numbers. Number 0 is $first, number 1 is $second, and "
            "every later one is $a times the one before, plus $b times the one before that, plus "
            "$c, all modulo $m. Which is number `n`?",
            **values,
        ),
        takes=(("n", "int"),),
        gives="int",
        python=fill(_RECURRENCE_PYTHON, **values),
        cpp=fill(_RECURRENCE_CPP, **values),
        answer=answer,
        inputs=ones(rng.randint(2, 5), 0, 1, 2, 3, 10, rng.randint(20, 90), 1000),
        work="Keep the last two numbers and make the next one of them, n times.",
    )


_LEFT_PYTHON = """
left = $first
for size in range(2, n + 1):
    left = (left + $k) % size
return left + 1
"""

_LEFT_CPP = """
long long left = 0;
for (long long size = 2; size <= n; size++) left = (left + $k) % size;
return left + 1;
"""


def elimination(rng: Random) -> Task:
    """Who is left when every k-th in a circle goes."""
    k = rng.randint(2, 40)
    who = rng.choice(("children", "players", "pirates", "singers", "dancers", "candidates"))

    def answer(n: int) -> int:
        circle = list(range(1, n + 1))
        while len(circle) > 1:
            cut = (k - 1) % len(circle)
            circle = circle[cut + 1 :] + circle[:cut]
        return circle[0]

    return Task(
        name="last_left",
        story=(
            f"`n` {who} with the numbers 1 to n stand in a circle. Counting starts at number 1; "
            f"every {k}{_ordinal(k)} leaves the circle, and counting goes on with the next. Which "
            "number is left at the end? n is at least 1."
        ),
        takes=(("n", "int"),),
        gives="int",
        python=fill(_LEFT_PYTHON, first=0, k=k),
        cpp=fill(_LEFT_CPP, k=k),
        answer=answer,
        inputs=ones(rng.randint(4, 9), 1, 2, 3, k, k + 1, 100, rng.randint(200, 900)),
        work=f"In a circle of one, place 0 is left. In one of size s, shift that by {k} modulo s.",
    )


def _ordinal(k: int) -> str:
    last = 0 if k % 100 in (11, 12, 13) else k % 10
    return {1: "st", 2: "nd", 3: "rd"}.get(last, "th")
