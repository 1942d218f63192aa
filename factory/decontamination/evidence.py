"""Why each row went, and what became of each item, from the files of a finished search."""

import heapq
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from factory.corpus import TextColumns
from factory.decontamination.findings import Example, Findings, Tally, Touched, Unfindable
from factory.decontamination.ngrams import Ngrams
from factory.dedup.columns import read_batches
from factory.reportfile import json_report
from factory.rownames import Numbers, RowName, RowNames, Skipped
from factory.rowtexts import read_some
from factory.versions import versions

if TYPE_CHECKING:
    from factory.decontamination import DecontaminationResult

_UNFINDABLE = 3
"""Items that are shown for each reason why n-grams cannot find them."""
_UNASKED = ("", "exact")
Match = dict[str, Any]
"""A row of `merging.MATCHES`, and its `part`."""


class Evidence:
    """What a decontamination found, row by row.

    Args:
        result: the decontamination.
        names: of its rows.
    """

    def __init__(self, result: "DecontaminationResult", names: RowNames) -> None:
        self._result, self._names = result, names
        self._parts = range(len(result.corpus.parts))

    def batches(self) -> Iterator[tuple[int, list[Match]]]:
        """(part, matches), some thousands at a time, in the order of the rows."""
        for part in self._parts:
            for batch in read_batches(self._result.matches_path(part)):
                yield part, batch.to_pylist()

    def involved(self) -> Iterator[tuple[int, Numbers]]:
        """(part, rows in it) of all rows that a report may name."""
        for part in self._parts:
            paths = (self._result.matches_path(part), self._result.skipped_path(part))
            rows = [b.column("local").to_numpy() for path in paths for b in read_batches(path)]
            yield part, np.unique(np.concatenate([np.empty(0, np.int64), *rows]))

    def skipped(self) -> Iterator[Skipped]:
        """All rows that were not compared, in order."""
        for part in self._parts:
            for batch in read_batches(self._result.skipped_path(part)):
                local = batch.column("local").to_numpy()
                rows = self._names.described(self._names.numbers(np.full(len(local), part), local))
                for row, reason in zip(rows, batch.column("reason").to_pylist(), strict=True):
                    yield Skipped(row=RowName(**row), reason=reason)

    def tallies(self, methods: Sequence[str]) -> list[Tally]:
        """What each method finds of each benchmark, nothing as well."""
        items = self._result.items
        matches: Counter[tuple[str, str]] = Counter()
        touched: dict[tuple[str, str], set[int]] = {}
        for _, some in self.batches():
            for match in some:
                key = (items[match["item"]].benchmark, match["method"])
                matches[key] += 1
                if match["removed"]:
                    touched.setdefault(key, set()).add(match["item"])
        benchmarks = dict.fromkeys(item.benchmark for item in items)
        return [
            Tally(
                benchmark=key[0], method=key[1], num_matches=matches[key],
                num_removed=self._result.rows_by.get(key, 0), num_touched=len(touched.get(key, ())),
            )
            for key in ((benchmark, method) for benchmark in benchmarks for method in methods)
        ]  # fmt: skip

    def judged(self) -> dict[str, int]:
        """Pairs by what the judges say of them."""
        said: Counter[str] = Counter()
        for _, some in self.batches():
            said.update(each["judgement"] for each in some if each["judgement"] not in _UNASKED)
        return dict(sorted(said.items()))

    def touched(self, number: int) -> list[Touched]:
        """The items in the most rows."""
        most = heapq.nlargest(number, self._result.touched, key=lambda each: each.rows)
        items = [self._result.items[each.item] for each in most]
        return [
            Touched(benchmark=item.benchmark, item=item.id, num_rows=each.rows, text=item.text)
            for each, item in zip(most, items, strict=True)
        ]

    def unfindable(self) -> list[Unfindable]:
        """A few items of each benchmark and reason that no n-gram finds."""
        shown: Counter[tuple[str, str]] = Counter()
        found = []
        for number, reason in self._result.unfindable.items():
            item = self._result.items[number]
            shown[item.benchmark, reason] += 1
            if shown[item.benchmark, reason] <= _UNFINDABLE:
                found.append(
                    Unfindable(
                        benchmark=item.benchmark, item=item.id, reason=reason, text=item.text
                    )
                )
        return found

    def num_unfindable(self) -> dict[tuple[str, str], int]:
        """How many of each benchmark no n-gram finds, by reason."""
        unfindable = self._result.unfindable.items()
        items = self._result.items
        return dict(Counter((items[number].benchmark, reason) for number, reason in unfindable))

    def examples(self, number: int, columns: TextColumns) -> list[Example]:
        """Rows with what was found in them, of every method in turn, the least certain first."""
        least: dict[str, list[tuple[float, int, int, int, Match]]] = {}
        for part, some in self.batches() if number else ():
            for match in some:
                kept = least.setdefault(match["method"], [])
                kept.append((match["score"], part, match["local"], match["item"], match))
            for method, kept in least.items():
                least[method] = _one_an_item(sorted(kept, key=lambda each: each[:4]))[:number]
        chosen = _in_turn([least[method] for method in sorted(least)])[:number]
        places = [(part, local) for _, part, local, _, _ in chosen]
        texts = read_some(self._result.corpus.parts, columns, places)
        return [
            self._example(part, match, texts.get((part, local), match["span"]))
            for _, part, local, _, match in chosen
        ]

    def _example(self, part: int, match: Match, text: str) -> Example:
        item = self._result.items[match["item"]]
        (name,) = self._names.described(self._names.numbers([part], [match["local"]]))
        return Example(
            row=RowName(**name), benchmark=item.benchmark, item=item.id, method=match["method"],
            score=match["score"], removed=match["removed"], text=text, start=match["start"],
            stop=match["stop"], item_text=item.text, decision=match["judgement"],
            reply=match["reply"],
        )  # fmt: skip

    def match_objects(self) -> Iterator[dict[str, Any]]:
        """For each match the row, the item and what the two have in common."""
        for part, some in self.batches():
            local = np.array([match["local"] for match in some], np.int64)
            rows = self._names.described(self._names.numbers(np.full(len(local), part), local))
            for row, match in zip(rows, some, strict=True):
                item = self._result.items[match["item"]]
                score = "overlap" if match["method"] == Ngrams.name else "similarity"
                judged = {
                    name: match[name] for name in ("judgement", "reply") if match["judgement"]
                }
                yield {
                    **row,
                    "benchmark": item.benchmark,
                    "item": item.id,
                    "method": match["method"],
                    score: round(match["score"], 6),
                    "removed": match["removed"],
                    "span": [match["start"], match["stop"]],
                    "item_span": [match["item_start"], match["item_stop"]],
                    "text": match["span"],
                    **judged,
                }

    def item_objects(self) -> Iterator[dict[str, Any]]:
        """For each item that rows go for: how many, and the first of them."""
        for each in self._result.touched:
            item = self._result.items[each.item]
            (first,) = self._names.described(self._names.numbers([each.part], [each.local]))
            same = self._result.same_as.get(each.item)
            repeated = {} if same is None else {"same_as": self._result.items[same].id}
            yield {
                "benchmark": item.benchmark, "item": item.id, "rows": each.rows, "first": first,
                **repeated,
            }  # fmt: skip

    def unfindable_objects(self) -> Iterator[dict[str, Any]]:
        """For each item that no n-gram finds: why."""
        for number, reason in self._result.unfindable.items():
            item = self._result.items[number]
            yield {"benchmark": item.benchmark, "item": item.id, "reason": reason}

    def common_objects(self) -> Iterator[dict[str, Any]]:
        """For each short item that is a turn of phrase in this dataset: in how many rows."""
        for number, rows in self._result.common.items():
            item = self._result.items[number]
            yield {"benchmark": item.benchmark, "item": item.id, "rows": rows, "text": item.text}


def write_report(path: Path, found: Findings, evidence: Evidence) -> None:
    """Every match with its evidence, and what became of the items, as JSON."""
    with json_report(path) as report:
        report.field("command", "decontaminate")
        for name in ("data", "out", "settings"):
            report.field(name, getattr(found, name))
        report.field("versions", versions())
        report.field("counts", found.counts())
        report.field("benchmarks", [asdict(each) for each in found.tallies])
        report.field("items_of", found.num_items)
        report.field("judged", found.judged)
        report.field("paid", found.paid)
        report.field("not_compared", found.problems)
        report.field("repeated_ids", asdict(found.repeated))
        report.rows("skipped", ({**asdict(e.row), "reason": e.reason} for e in evidence.skipped()))
        report.rows("items", evidence.item_objects())
        report.rows("unfindable", evidence.unfindable_objects())
        report.rows("common", evidence.common_objects())
        report.rows("matches", evidence.match_objects())


def _one_an_item(found: list[Any]) -> list[Any]:
    """The first match of each item."""
    first: dict[int, Any] = {}
    for each in found:
        first.setdefault(each[3], each)
    return list(first.values())


def _in_turn(lists: list[list[Any]]) -> list[Any]:
    longest = max(map(len, lists), default=0)
    return [each[place] for place in range(longest) for each in lists if place < len(each)]
