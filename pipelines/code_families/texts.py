"""Families of tasks on a text: counting letters, changing, walking, cancelling."""

from collections import Counter
from collections.abc import Callable
from functools import reduce
from random import Random

from pipelines.code_forms import Task, Value, fill

LETTERS = "abcdefghijklmnopqrstuvwxyz"

_TEXTS = (
    ("message", "A radio operator receives a message in lower-case letters and spaces."),
    ("label", "A machine prints a label in lower-case letters and spaces."),
    ("title", "A librarian notes a title in lower-case letters and spaces."),
    ("sign", "A painter gets the text of a sign in lower-case letters and spaces."),
    ("note", "Somebody leaves a note in lower-case letters and spaces."),
    ("verse", "An actor learns a verse in lower-case letters and spaces."),
    ("motto", "A club has a motto in lower-case letters and spaces."),
)


def word(rng: Random) -> str:
    """Two to seven letters."""
    return "".join(rng.choice("aabcdeefghiklmnoorstu") for _ in range(rng.randint(2, 7)))


def _texts(rng: Random) -> tuple[tuple[Value, ...], ...]:
    """Texts to test with: one to show, then edge cases, then drawn ones."""
    drawn = [" ".join(word(rng) for _ in range(rng.randint(1, 5))) for _ in range(5)]
    letter = rng.choice(LETTERS)
    edges = ["", letter, letter * 4, "aeiou", "abcdefghijklmnopqrstuvwxyz", "bcd fgh"]
    return tuple((text,) for text in (drawn[0], *edges, *drawn[1:]))


def letters(rng: Random) -> Task:
    """How many letters of a text are of some kind."""
    name, intro = rng.choice(_TEXTS)
    chosen = "".join(sorted(rng.sample(LETTERS, rng.randint(1, 4))))
    listed = ", ".join(f"`{letter}`" for letter in chosen)
    return Task(
        name=f"count_in_{name}",
        story=f"{intro} How many of its letters are one of {listed}?",
        takes=((name, "text"),),
        gives="int",
        python=f'return sum(1 for c in {name} if c in "{chosen}")',
        cpp=(
            f'string wanted = "{chosen}";\nlong long count = 0;\nfor (char c : {name})\n'
            "    if (wanted.find(c) != string::npos) count++;\nreturn count;"
        ),
        answer=lambda text: sum(text.count(letter) for letter in chosen),
        inputs=_texts(rng),
        work=f'Go through the {name} and count 1 for each c in "{chosen}".',
    )


Change = tuple[str, str, str, Callable[[str], str]]


def _changes(rng: Random) -> list[Change]:
    """(words, Python, C++, the truth) of changes of a text s."""
    k = rng.randint(2, 4)
    old, new = rng.sample(LETTERS, 2)
    shift = rng.randint(1, 12)
    return [
        (
            "turn it around",
            "s = s[::-1]",
            "reverse(s.begin(), s.end());",
            lambda s: "".join(s[i] for i in range(len(s) - 1, -1, -1)),
        ),
        (
            "leave out all vowels (a, e, i, o, u)",
            's = "".join(c for c in s if c not in "aeiou")',
            's.erase(remove_if(s.begin(), s.end(), [](char c) { return string("aeiou").find(c) != '
            "string::npos; }), s.end());",
            lambda s: s.translate(str.maketrans("", "", "aeiou")),
        ),
        (
            f"turn every `{old}` into `{new}`",
            f's = s.replace("{old}", "{new}")',
            f"replace(s.begin(), s.end(), '{old}', '{new}');",
            lambda s: "".join(new if c == old else c for c in s),
        ),
        (
            f"write every character {k} times",
            f's = "".join(c * {k} for c in s)',
            f"string t{k};\nfor (char c : s) t{k} += string({k}, c);\ns = t{k};",
            lambda s: "".join(c for c in s for _ in range(k)),
        ),
        (
            f"keep only every {k}{'nd' if k == 2 else 'rd' if k == 3 else 'th'} character, from "
            "the first on",
            f"s = s[::{k}]",
            f"string u;\nfor (size_t i = 0; i < s.size(); i += {k}) u += s[i];\ns = u;",
            lambda s: "".join(c for i, c in enumerate(s) if not i % k),
        ),
        (
            "replace spaces by underscores",
            's = s.replace(" ", "_")',
            "replace(s.begin(), s.end(), ' ', '_');",
            lambda s: "_".join(s.split(" ")),
        ),
        (
            f"move every letter {shift} places on in the alphabet, with a after z",
            f's = "".join(chr((ord(c) - 97 + {shift}) % 26 + 97) if c.isalpha() else c for c in s)',
            f"for (char& c : s)\n    if (isalpha(c)) c = (c - 'a' + {shift}) % 26 + 'a';",
            lambda s: s.translate(str.maketrans(LETTERS, LETTERS[shift:] + LETTERS[:shift])),
        ),
    ]


def change(rng: Random) -> Task:
    """A text, changed in one to three steps."""
    name, intro = rng.choice(_TEXTS)
    steps = rng.sample(_changes(rng), rng.choice((1, 1, 2, 3)))
    said = ", then ".join(words for words, *_ in steps)
    python = "\n".join(step for _, step, _, _ in steps)
    cpp = "\n".join(step for _, _, step, _ in steps)
    return Task(
        name=f"change_{name}",
        story=f"{intro} Change it: {said}.",
        takes=((name, "text"),),
        gives="text",
        python=f"s = {name}\n{python}\nreturn s",
        cpp=f"string s = {name};\n{cpp}\nreturn s;",
        answer=lambda text: reduce(lambda s, step: step[3](s), steps, text),
        inputs=_texts(rng),
        work=f"Start with s = {name}. Then {said}. Each is one line.",
    )


_WALK_PYTHON = """
x, y, seen = 0, 0, {(0, 0)}
for c in $xs:
    dx, dy = $moves[c]
    x, y = x + dx, y + dy
    seen.add((x, y))
return $result
"""

_WALK_CPP = """
map<char, pair<long long, long long>> jumps = {$listed};
long long x = 0, y = 0;
set<pair<long long, long long>> seen;
seen.insert({0, 0});
for (char c : $xs) {
    x += jumps[c].first;
    y += jumps[c].second;
    seen.insert({x, y});
}
return $result;
"""


def walk(rng: Random) -> Task:
    """Where a row of commands leads on a grid, or how many fields it visits."""
    who, xs = rng.choice((("robot", "orders"), ("crane", "moves"), ("snail", "path")))
    commands = rng.sample(LETTERS, 4)
    size = rng.randint(1, 3)
    ends = dict(zip(commands, ((0, size), (0, -size), (1, 0), (-1, 0)), strict=True))
    asked, python, cpp = rng.choice(
        (
            ("How many different fields has it been on, its first included?",
             "len(seen)", "seen.size()"),
            ("How many steps of 1 is the end away from the start, along the grid?",
             "abs(x) + abs(y)", "abs(x) + abs(y)"),
        )
    )  # fmt: skip

    def answer(path: str) -> int:
        places = [0j]
        for c in path:
            places.append(places[-1] + complex(*ends[c]))
        if cpp == "seen.size()":
            return len(Counter(places))
        return round(abs(places[-1].real) + abs(places[-1].imag))

    def drawn(length: int) -> str:
        return "".join(rng.choice(commands) for _ in range(length))

    a, b, c, d = commands
    paths = [drawn(6), "", a, a + b, (a + c + b + d) * 2, a * 5, *(drawn(n) for n in (9, 15, 30))]
    return Task(
        name=f"follow_{xs}",
        story=(
            f"A {who} stands on a field of an endless grid. `{a}` jumps {size} up and `{b}` {size} "
            f"down, without a stop between; `{c}` goes 1 to the right and `{d}` 1 to the left. It "
            f"follows `{xs}`, one letter after the other. {asked}"
        ),
        takes=((xs, "text"),),
        gives="int",
        python=fill(_WALK_PYTHON, xs=xs, moves=ends, result=python),
        cpp=fill(
            _WALK_CPP,
            xs=xs,
            listed=", ".join(f"{{'{k}', {{{v[0]}, {v[1]}}}}}" for k, v in ends.items()),
            result=cpp,
        ),
        answer=answer,
        inputs=tuple((path,) for path in paths),
        work="Keep x and y, add the move of each letter, and keep the set of places.",
    )


_CANCEL_PYTHON = """
kept = []
for c in $xs:
    if kept and kept[-1] + c in $pairs:
        kept.pop()
    else:
        kept.append(c)
return "".join(kept)
"""

_CANCEL_CPP = """
set<string> pairs = {$listed};
string kept;
for (char c : $xs) {
    if (!kept.empty() && pairs.count(string(1, kept.back()) + c)) kept.pop_back();
    else kept += c;
}
return kept;
"""


def cancelling(rng: Random) -> Task:
    """What is left of a row in which certain neighbours take each other away."""
    what, xs = rng.choice((("beads", "chain"), ("tiles", "row"), ("cells", "strip")))
    kinds = rng.sample(LETTERS, 4)
    pairs = [kinds[0] + kinds[1], kinds[2] + kinds[3], kinds[rng.randrange(4)] * 2]
    pairs = sorted(set(pairs[: rng.randint(1, 3)]))
    listed = " or ".join(f"`{pair}`" for pair in pairs)

    def answer(row: str) -> str:
        shorter = row
        while True:
            places = [p for p in range(len(shorter) - 1) if shorter[p : p + 2] in pairs]
            if not places:
                return shorter
            shorter = shorter[: places[0]] + shorter[places[0] + 2 :]

    def drawn(length: int) -> str:
        return "".join(rng.choice(kinds) for _ in range(length))

    p = pairs[0]
    rows = [p[0] + p + p[1] + kinds[2], "", p, p[::-1], p[0] * 3, p[0] * 3 + p[1] * 3]
    return Task(
        name=f"what_is_left_of_{xs}",
        story=(
            f"A {xs} of {what} is written as letters. Where two neighbours read {listed}, they "
            "vanish and the rest moves together; the leftmost such two always go first. This is "
            "done again until there is none. What is left?"
        ),
        takes=((xs, "text"),),
        gives="text",
        python=fill(_CANCEL_PYTHON, xs=xs, pairs=f"{{{', '.join(map(repr, pairs))}}}"),
        cpp=fill(_CANCEL_CPP, xs=xs, listed=", ".join(f'"{pair}"' for pair in pairs)),
        answer=answer,
        inputs=tuple((row,) for row in (*rows, *(drawn(n) for n in (8, 12, 20, 30)))),
        work="Keep what is left so far. A letter that pairs with its end takes that away.",
    )
