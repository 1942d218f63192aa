"""Decontamination by meaning: the paper's method, on every part of a corpus.

    items -> vectors, some hundred a task                           vectors/part-00000.npy
    part -> texts -> vectors -> nearest items >= threshold          candidates/part-00000.arrow
    candidates of all parts -> judges: "the same problem?"           ledger, heard/
    part -> candidates with what was said of them                   near/part-00000.arrow

(arXiv 2505.00949, section 3.1; NeMo-Skills, docs/pipelines/decontamination.md.) A row that says an
item, but for case and white space, needs neither model nor judge. Without a judge the threshold
alone decides. Verdicts fail closed: a reply that is none, or a request that failed, makes a row go
as `unjudged`.
Every file is written whole, and found again by a later start.
"""

import os
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import chain
from pathlib import Path
from typing import Any

from factory.decontamination import hearing
from factory.decontamination.benchmark_texts import (
    BenchmarkTexts,
    benchmark_texts,
    read_vectors,
    write_vectors,
)
from factory.decontamination.candidates import (
    Counts,
    PartSearch,
    pair_of,
    read_candidates,
    read_counts,
    write_candidates,
)
from factory.decontamination.embedding import Embedder, Embedding, Nearness, make_embedder_once
from factory.decontamination.hearing import Court
from factory.decontamination.merging import MATCHES, append_rows, word_for_word
from factory.decontamination.neighbours import Vectors
from factory.decontamination.reading import batches
from factory.decontamination.search import Search, State, read_items, state_of
from factory.dedup.columns import column_file, read_batches
from factory.partwork import Client, known_workers, on_parts
from factory.progress import Progress

_reading = threading.Lock()
_TOPIC = "factory"
_ITEMS = 256
"""Embedded in one task."""
_COUNTED = ("embedded", "windows", "blank", "near", "exact", "cut", "blind")
_REMOVING = ("exact", "same", "unjudged", "")
"""Judgements that remove a row; nobody was asked where it is empty."""


@dataclass(frozen=True, kw_only=True)
class Nearest:
    """What every task of this stage is told; small, because it travels with each."""

    search: Search
    embedding: Embedding
    courts: tuple[Court, ...]
    sharing: int
    """Worker processes that share a machine at most."""

    def vectors(self, number: int) -> Path:
        """The vectors of some items."""
        return self.search.path("vectors", number, "npy")

    def candidates(self, part: int) -> Path:
        """The rows of a part that are near to an item."""
        return self.search.path("candidates", part)

    def counts(self, part: int) -> Path:
        """What was counted when they were looked for."""
        return self.search.path("candidates", part, "json")

    def heard(self, place: int, of: int) -> list[Path]:
        """What failed of each share of the questions to a judge; there once all of it was asked."""
        folder = self.search.work / "heard"
        return [folder / f"{place}-{share:05d}-of-{of:05d}.json" for share in range(of)]

    def recall(self, places: int, of: int) -> hearing.Recall:
        """Finds what the first judges said."""
        paths = [path for place in range(places) for path in self.heard(place, of)]
        return hearing.recall_from(self.courts[0].ledger, hearing.read_errors(paths))

    def near(self, part: int) -> Path:
        """The result: `MATCHES`, by row, then item."""
        return self.search.path("near", part)

    def embedder(self) -> Embedder:
        """The process's model."""
        num_threads = max(1, (os.cpu_count() or 1) // self.sharing)
        return make_embedder_once(self.embedding, num_threads=num_threads)


def find_near(
    search: Search,
    embedding: Embedding,
    courts: Sequence[Court],
    num_parts: int,
    *,
    client: Client,
    progress: Progress,
) -> Counter[str]:
    """Find the rows that say the same as a benchmark item in other words.

    Args:
        search: what is looked for where; rows that go for their n-grams are not looked at.
        embedding: the model, and what is near.
        courts: the judges and the way to each; without one all that is near goes.
        num_parts: of the corpus.
        client: of the cluster.
        progress: shows what happens.

    Returns:
        Of all parts: `embedded` texts, their `windows`, `near` rows, `exact` ones, `blank` ones,
        `cut` ones, whose middle was not looked at, `blind` ones, that the model cannot read, and
        `blind_items`; pairs of row and item by judgement, `judged_same`, `judged_different`,
        `judged_unjudged`.

    Raises:
        PrerequisiteError: a package or a key is missing.
        PartError: parts or too many questions failed; the same call goes on with the others.
        TeacherError: the judge or an embedding server is gone.
    """
    stage = Nearest(
        search=search, embedding=embedding, courts=tuple(courts),
        sharing=_most_in_one_machine(client),
    )  # fmt: skip
    on = partial(on_parts, client, progress=progress)
    on(
        partial(_embed_items, stage),
        range(_num_tasks(search.work)),
        stage="embedding the benchmark items",
        is_done=lambda number: stage.vectors(number).exists(),
    )
    on(
        partial(_look, stage),
        range(num_parts),
        stage="looking for near benchmark items",
        is_done=lambda part: stage.candidates(part).exists(),
    )
    of = 0
    if courts and not all(stage.near(part).exists() for part in range(num_parts)):
        of = max(1, len(known_workers(client)))
        for place in range(len(courts)):
            _ask(stage, place, num_parts, of, client, progress)
    on(
        partial(_write_near, stage, of),
        range(num_parts),
        stage="writing down what is near",
        is_done=lambda part: stage.near(part).exists(),
    )
    return _counts(stage, num_parts)


def _most_in_one_machine(client: Client) -> int:
    workers = known_workers(client).values()
    return max(Counter(worker["host"] for worker in workers).values(), default=1)


def _texts(work: Path) -> BenchmarkTexts:
    return _read_texts(work, state_of(work / "items.arrow"))


@lru_cache(maxsize=2)
def _read_texts(work: Path, state: State) -> BenchmarkTexts:
    return benchmark_texts(read_items(work))


def _num_tasks(work: Path) -> int:
    """In how many tasks the items are embedded."""
    return -(-len(_texts(work).texts) // _ITEMS)


def _embed_items(stage: Nearest, number: int) -> dict[str, int]:
    texts = _texts(stage.search.work).texts[number * _ITEMS : (number + 1) * _ITEMS]
    write_vectors(stage.vectors(number), stage.embedder().embed(texts))
    return {"items": len(texts)}


def _vectors(stage: Nearest) -> Vectors:
    """The vectors of all items, one copy a process."""
    paths = tuple(map(stage.vectors, range(_num_tasks(stage.search.work))))
    with _reading:
        return _read_vectors(paths, tuple(map(state_of, paths)))


@lru_cache(maxsize=2)
def _read_vectors(paths: tuple[Path, ...], states: tuple[State, ...]) -> Vectors:
    return read_vectors(paths, [number * _ITEMS for number in range(len(paths))])


def _look(stage: Nearest, part: int) -> dict[str, int]:
    """Write the candidates of a part."""
    search = stage.search
    counts = Counts()
    looking = PartSearch(
        _texts(search.work), _vectors(stage), stage.embedder(), stage.embedding, counts
    )
    rows = looking.rows(batches(search, part), word_for_word(search, part))
    write_candidates(stage.candidates(part), stage.counts(part), rows, counts)
    return {"near": counts.near, "embedded": counts.embedded}


def _ask(
    stage: Nearest, place: int, num_parts: int, of: int, client: Client, progress: Progress
) -> None:
    """Have a judge asked about what no earlier one called the same, in so many shares."""
    court, heard = stage.courts[place], stage.heard(place, of)
    client.subscribe_topic(_TOPIC, partial(_show, progress))
    try:
        on_parts(
            client,
            partial(_ask_share, stage, place, num_parts, of),
            range(of),
            stage=f"asking the judge {court.judge.teacher}",
            progress=progress,
            is_done=lambda share: heard[share].exists(),
            resources=court.resources,
        )
    finally:
        client.unsubscribe_topic(_TOPIC)
    hearing.refuse_too_many_errors(court, heard)


def _show(progress: Progress, event: tuple[float, dict[str, Any]]) -> None:
    # Dask adds the worker's address to what the worker says.
    progress.add({name: count for name, count in event[1].items() if name != "worker"})


def _ask_share(stage: Nearest, place: int, num_parts: int, of: int, share: int) -> dict[str, int]:
    texts = _texts(stage.search.work).texts
    paths = (stage.candidates(part) for part in range(num_parts))
    pairs = chain.from_iterable(hearing.pairs(path, texts) for path in paths)
    earlier, recall = stage.courts[:place], stage.recall(place, of)
    left = (
        pair
        for pair in hearing.share_of(pairs, share, of)
        if not any(s.decision == "same" for s in hearing.judgements(earlier, *pair, recall))
    )
    return hearing.ask_about(stage.courts[place], left, stage.heard(place, of)[share])


def _write_near(stage: Nearest, of: int, part: int) -> dict[str, int]:
    """Write the result of a part: what is near, and what was said of it."""
    rows = sorted(_judged(stage, of, part), key=lambda row: (row["local"], row["item"]))
    with column_file(stage.near(part), MATCHES) as append:
        append_rows(append, MATCHES, rows)
    return {}


def _judged(stage: Nearest, of: int, part: int) -> Iterator[dict[str, Any]]:
    courts, texts = stage.courts, _texts(stage.search.work)
    recall = stage.recall(len(courts), of) if courts else None
    for row in read_candidates(stage.candidates(part)):
        decision, reply = "exact" if row["exact"] else "", ""
        if recall and not row["exact"]:
            said = hearing.judgements(courts, *pair_of(row, texts.texts), recall)
            decision, reply = hearing.decision(said), hearing.words(courts, said)
        found = {name: row[name] for name in MATCHES if name in row}
        for item in texts.items[row["item"]]:
            yield found | {
                "item": item,
                "score": row["similarity"],
                "method": Nearness.name,
                "judgement": decision,
                "reply": reply,
                "removed": decision in _REMOVING,
            }


def _counts(stage: Nearest, num_parts: int) -> Counter[str]:
    total: Counter[str] = Counter(blind_items=_vectors(stage).num_blind)
    for part in range(num_parts):
        counts = read_counts(stage.counts(part))
        total.update({name: counts[name] for name in _COUNTED})
        if stage.courts:
            for batch in read_batches(stage.near(part)):
                for judgement in batch.column("judgement").to_pylist():
                    total[f"judged_{judgement}"] += 1
    return total
