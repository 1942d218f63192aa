"""Families of tasks on a list of words: sorting, and adding up what entries say."""

from collections import Counter
from collections.abc import Callable
from random import Random

from pipelines.code_families.texts import LETTERS, word
from pipelines.code_forms import Task, fill, ones

_WORDS = (
    ("guests", "A host has a list of guests, one lower-case word each."),
    ("towns", "A driver has a list of towns, one lower-case word each."),
    ("plants", "A gardener has a list of plants, one lower-case word each."),
    ("files", "A program has a list of files, one lower-case word each."),
    ("dishes", "A cook has a list of dishes, one lower-case word each."),
    ("horses", "A stable has a list of horses, one lower-case word each."),
)

_KEYS: tuple[tuple[str, str, str, Callable[[str], int]], ...] = (
    ("the shorter one first", "len(w)", "(long long)$w.size()", lambda w: len(list(w))),
    ("the longer one first", "-len(w)", "-(long long)$w.size()", lambda w: 9 - len(w)),
    (
        "the one with fewer different letters first",
        "len(set(w))",
        "(long long)set<char>($w.begin(), $w.end()).size()",
        lambda w: len(Counter(w)),
    ),
    (
        "the one with fewer vowels (a, e, i, o, u) first",
        'sum(c in "aeiou" for c in w)',
        '(long long)count_if($w.begin(), $w.end(), [](char c) { return string("aeiou").find(c) != '
        "string::npos; })",
        lambda w: sum(w.count(v) for v in "aeiou"),
    ),
    (
        "the one whose last letter comes first in the alphabet first",
        "ord(w[-1])",
        "(long long)$w.back()",
        lambda w: LETTERS.index(w[-1]),
    ),
)

_SORT_CPP = """
auto key = [](const string& w) { return $key; };
stable_sort($xs.begin(), $xs.end(), [&](const string& a, const string& b) {
    if (key(a) != key(b)) return key(a) < key(b);
    return $tie;
});
$last
return $xs;
"""


def sort_words(rng: Random) -> Task:
    """Words in an order of their own, or the first few of them."""
    xs, intro = rng.choice(_WORDS)
    words, python, cpp, key = rng.choice(_KEYS)
    alphabetical, first = rng.choice((True, False)), rng.choice((0, 0, 2, 3, 4))
    tie = "in the order of the alphabet" if alphabetical else "in the order given"
    python_key = f"({python}, w)" if alphabetical else python
    cut = f"[:{first}]" if first else ""

    def answer(words: list[str]) -> list[str]:
        ordered = sorted(words) if alphabetical else list(words)
        return sorted(ordered, key=key)[: first or None]

    drawn = [[word(rng) for _ in range(rng.randint(3, 8))] for _ in range(5)]
    lists = [drawn[0], [], ["one"], ["bb", "aa", "ab", "ba"], ["abc", "cba", "abc"], *drawn[1:]]
    return Task(
        name=f"sort_{xs}",
        story=(
            f"{intro} Sort them: {words}, and those that do not differ in this {tie}."
            + (f" Give the first {first} only, or all where there are fewer." if first else "")
        ),
        takes=((xs, "words"),),
        gives="words",
        python=f"return sorted({xs}, key=lambda w: {python_key}){cut}",
        cpp=fill(
            _SORT_CPP,
            key=cpp.replace("$w", "w"),
            xs=xs,
            tie="a < b" if alphabetical else "false",
            last=f"if ({xs}.size() > {first}) {xs}.resize({first});" if first else "",
        ),
        answer=answer,
        inputs=ones(*lists),
        work=f"Sort the {xs} by the key {python_key}.",
    )


_LEDGER_PYTHON = """
totals = {}
for entry in entries:
    name, _, amount = entry.partition("$sep")
    totals[name] = totals.get(name, 0) + int(amount)
return $python
"""

_LEDGER_CPP = """
map<string, long long> totals;
for (const string& entry : entries) {
    size_t place = entry.find("$sep");
    totals[entry.substr(0, place)] += stoll(entry.substr(place + 1));
}
$cpp
"""


def ledger(rng: Random) -> Task:
    """Sums by name, over entries of a name and a number."""
    sep = rng.choice(":=/#@")
    what, limit = rng.choice(("points", "litres", "kilometres", "pages")), rng.randint(5, 60)
    asked, python, cpp, wanted = rng.choice(
        (
            (f"How many names have more than {limit} {what} in all?",
             f"sum(1 for total in totals.values() if total > {limit})",
             f"long long count = 0;\nfor (auto& [name, total] : totals) count += total > {limit};\n"
             "return count;",
             lambda totals: len([t for t in totals if t > limit])),
            (f"What is the largest sum of {what} that a name has? It is 0 for no entries.",
             "max(totals.values(), default=0)",
             "long long best = 0;\nfor (auto& [name, total] : totals) best = max(best, total);\n"
             "return best;",
             lambda totals: sorted([0, *totals])[-1]),
        )
    )  # fmt: skip

    def answer(entries: list[str]) -> int:
        pairs = [entry.split(sep) for entry in entries]
        return wanted([sum(int(n) for name, n in pairs if name == each) for each in dict(pairs)])

    def drawn(number: int) -> list[str]:
        names = [word(rng) for _ in range(3)]
        return [f"{rng.choice(names)}{sep}{rng.randint(1, 40)}" for _ in range(number)]

    lists = [drawn(4), [], [f"ada{sep}{limit}"], [f"ada{sep}{limit + 1}", f"bo{sep}1"]]
    lists += [[f"al{sep}{limit}", f"al{sep}1"], *(drawn(rng.randint(3, 9)) for _ in range(5))]
    return Task(
        name="read_ledger",
        story=(
            f"A club keeps entries such as `ada{sep}12`: a name, the sign `{sep}`, and a number of "
            f"{what}, at least 1. A name may have several entries, which add up. {asked}"
        ),
        takes=(("entries", "words"),),
        gives="int",
        python=fill(_LEDGER_PYTHON, sep=sep, python=python),
        cpp=fill(_LEDGER_CPP, sep=sep, cpp=cpp),
        answer=answer,
        inputs=ones(*lists),
        work=f'Cut each entry at "{sep}", add up the numbers by name, and look at the sums.',
    )
