"""Small corpora and benchmark sets for tests of nearness, and how they are searched."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from distributed import Client

from factory.corpus import Corpus, TextColumns, open_corpus
from factory.decontamination.embedding import Embedding, ScriptedEmbedding
from factory.decontamination.hearing import Court
from factory.decontamination.items import Item
from factory.decontamination.merging import FOUND
from factory.decontamination.nearest import find_near
from factory.decontamination.search import Search, begin
from factory.dedup.columns import read_batches, write_columns
from factory.progress import Progress

SCRIPTED = ScriptedEmbedding(dimensions=512)


def items(*texts: str) -> list[Item]:
    return [Item(benchmark="bench", id=str(n), text=text) for n, text in enumerate(texts)]


def corpus(folder: Path, *files: Sequence[str | None]) -> Corpus:
    """One part a file."""
    (folder / "data").mkdir(exist_ok=True)
    for number, rows in enumerate(files):
        lines = [json.dumps({"text": text}) + "\n" for text in rows]
        (folder / "data" / f"{number:03d}.jsonl").write_text("".join(lines))
    return open_corpus(str(folder / "data"))


def search_for(
    client: Client,
    found: Corpus,
    wanted: Sequence[Item],
    work: Path,
    *,
    embedding: Embedding = SCRIPTED,
    courts: Sequence[Court] = (),
    removed: Sequence[int] = (),
    **fields: Any,
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """(what is near, of all parts with the part's number, counts).

    `removed` are rows of every part that go for their n-grams, of which there are no others.
    """
    search = Search(work=work, method=None, columns=TextColumns(), **fields)
    begin(search, {}, found.parts, wanted)
    for part in found.parts:
        by_ngrams(search, part.number, removed)
    counts = find_near(
        search, embedding, courts, len(found.parts), client=client, progress=Progress(quiet=True)
    )
    return rows_of(search, len(found.parts)), dict(counts)


def by_ngrams(search: Search, number: int, removed: Sequence[int]) -> None:
    """What the stage before writes."""
    if not search.path("ngrams", number).exists():
        columns = {name: pa.array([None] * len(removed), kind) for name, kind in FOUND.items()}
        columns["local"] = pa.array(removed, pa.int64())
        columns["item"] = pa.array([0] * len(removed), pa.int32())
        columns["certain"] = pa.array([True] * len(removed))
        write_columns(search.path("ngrams", number), [columns], FOUND)
    (search.work / "common.json").write_text("{}")


def rows_of(search: Search, num_parts: int) -> list[dict[str, Any]]:
    return [
        {"part": part, **row}
        for part in range(num_parts)
        for batch in read_batches(search.path("near", part))
        for row in batch.to_pylist()
    ]
