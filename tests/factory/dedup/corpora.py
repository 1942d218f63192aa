"""Small corpora on disk, and what a comparison of every row with every other finds in them."""

import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from factory.corpus import Corpus, TextColumns, open_corpus
from factory.dedup import DedupResult, Exact, MinHash, dedup, parse_keep
from factory.dedup.columns import read_batches
from factory.progress import Progress
from factory.shingles import Shingling, shingles


def random_texts(number: int, *, words: int = 30, seed: int = 1) -> list[str]:
    """Texts half of which are an earlier one with some words changed, or none."""
    draw = random.Random(seed)
    vocabulary = [f"w{i}" for i in range(5000)]
    texts: list[list[str]] = []
    for _ in range(number):
        if texts and draw.random() < 0.5:
            text = list(draw.choice(texts))
            for _ in range(draw.choice([0, 1, 1, 2, 3])):
                text[draw.randrange(len(text))] = draw.choice(vocabulary)
        else:
            text = [draw.choice(vocabulary) for _ in range(words)]
        texts.append(text)
    return [" ".join(text) for text in texts]


def write_corpus(
    directory: Path, rows: Sequence[dict[str, Any]], *, files: int = 3, group: int = 7
) -> str:
    """Parquet files of rows; returns the name of their directory."""
    directory.mkdir(parents=True)
    size = -(-len(rows) // files)
    schema = pl.DataFrame(rows, infer_schema_length=None).schema
    for number in range(files):
        frame = pl.DataFrame(rows[number * size : (number + 1) * size], schema=schema)
        frame.write_parquet(directory / f"{number}.parquet", row_group_size=group)
    return str(directory)


def find(
    data: str,
    work: Path,
    client: Any,
    method: MinHash | Exact | None = None,
    *,
    keep: str = "first",
    part_bytes: int = 64 << 20,
    **options: Any,
) -> DedupResult:
    """Dedup of a corpus on disk."""
    corpus: Corpus = open_corpus(data, part_bytes=part_bytes)
    return dedup(
        corpus,
        method or MinHash(),
        columns=TextColumns(),
        keep=parse_keep(keep),
        work=work,
        client=client,
        progress=Progress(quiet=True),
        **options,
    )


def removals(result: DedupResult) -> dict[int, tuple[int, float]]:
    """The twin and the similarity of each row that goes, by numbers in the corpus."""
    found = {}
    for row in table(result, "removed"):
        twin = result.bases[row["twin_part"]] + row["twin_local"]
        found[row["row"]] = twin, row["similarity"]
    return found


def table(result: DedupResult, kind: str) -> list[dict[str, Any]]:
    """All lines of the files of a kind, each with the number in the corpus of its row."""
    found = []
    for part in range(len(result.rows_by_part)):
        for batch in read_batches(result.work / kind / f"part-{part:05d}.arrow"):
            rows = batch.to_pylist()
            found += [{"row": result.bases[part] + row["local"], **row} for row in rows]
    return found


def jaccard(one: str, other: str, shingling: Shingling | None = None) -> float:
    """By Python's sets; texts without tokens are equal only where they are the same."""
    a, b = (shingles(text, shingling or Shingling()) for text in (one, other))
    return len(a & b) / len(a | b)


def greedy(
    texts: Sequence[str], order: Sequence[int], threshold: float = 0.8
) -> dict[int, tuple[int, float]]:
    """Who goes for whose sake when every pair is looked at, the best row first.

    A row whose set an earlier one has goes with that one: for its sake, or for its twin's.
    """
    sets = [shingles(text, Shingling()) for text in texts]
    kept: list[int] = []
    gone: dict[int, tuple[int, float]] = {}
    first: dict[frozenset[str], int] = {}
    for row in order:
        best = first.setdefault(sets[row], row)
        if best != row:
            gone[row] = gone.get(best, (best, 1.0))
            continue
        near = [(len(sets[row] & sets[k]) / len(sets[row] | sets[k]), k) for k in kept]
        similar = [(similarity, -place, k) for place, (similarity, k) in enumerate(near)]
        similarity, _, twin = max(similar, default=(0.0, 0, 0))
        if similarity >= threshold:
            gone[row] = twin, similarity
        else:
            kept.append(row)
    return gone


def clusters(texts: Sequence[str], threshold: float = 0.8) -> dict[int, frozenset[int]]:
    """The rows that hang together by similar pairs, for each of them; single ones are left out."""
    sets = [shingles(text, Shingling()) for text in texts]
    home = list(range(len(texts)))
    for a in range(len(texts)):
        for b in range(a):
            if len(sets[a] & sets[b]) / len(sets[a] | sets[b]) >= threshold:
                old, new = home[a], home[b]
                home = [new if each == old else each for each in home]
    members = {
        each: frozenset(row for row, other in enumerate(home) if other == each) for each in home
    }
    return {row: members[each] for row, each in enumerate(home) if len(members[each]) > 1}
