"""What the manifest says about the rows of a dataset, counted while they go by."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from factory.quota import AcceptByMode
from factory.records import MODES, Mode
from factory.spend import Usage
from factory.steps import Ask

_RATE_BINS = 10


class Tally:
    """What the manifest says about the rows, counted while they go by.

    Args:
        ask: how they were asked.
    """

    def __init__(self, ask: Ask) -> None:
        self.licenses: Counter[str] = Counter()
        self.sources: Counter[str] = Counter()
        self._topics: dict[str, Counter[str]] = {}
        self.engines: dict[str, set[str]] = {}
        self.usage = Usage(ask)
        self.tokens = {mode: {"prompt": 0, "completion": 0} for mode in MODES}
        self.example: dict[str, str] | None = None
        self._lengths: dict[str, Counter[int]] = {mode: Counter() for mode in MODES}
        """Kept answers by their number of characters."""
        self._rates: dict[str, dict[str, float]] = {mode: {} for mode in MODES}
        self._asked: dict[str, dict[str, str]] = {mode: {} for mode in MODES}
        """Domain by prompt."""
        self._kept: dict[str, Counter[str]] = {mode: Counter() for mode in MODES}
        self._first: dict[str, dict[str, str]] = {}

    def watch(
        self, rows: Iterable[tuple[dict[str, Any], dict[str, Any]]]
    ) -> Iterator[dict[str, Any]]:
        """Hand the kept records on; takes (response, record), the record empty where dropped."""
        for response, record in rows:
            mode = response["mode"]
            if response["engine"]:
                self.engines.setdefault(response["teacher_name"], set()).add(response["engine"])
            self.usage.add(response)
            self._asked[mode][response["prompt_id"]] = response["domain"]
            self.tokens[mode]["prompt"] += response["prompt_tokens"]
            self.tokens[mode]["completion"] += response["completion_tokens"]
            if response["pass_rate"] is not None:
                self._rates[mode][response["prompt_id"]] = response["pass_rate"]
            if not record:
                continue
            self.licenses[record["license"]] += 1
            self.sources[record["source"]] += 1
            self._topics.setdefault(record["topic"], Counter())[mode] += 1
            self._kept[mode][record["prompt_id"]] += 1
            self._lengths[mode][len(record["output"])] += 1
            self._remember_pair(record)
            yield record

    def _remember_pair(self, record: dict[str, Any]) -> None:
        """The first prompt with an answer in both modes becomes the example."""
        if self.example:
            return
        pair = self._first.setdefault(record["prompt_id"], {})
        pair.setdefault(record["reasoning"], record["output"])
        if len(pair) == len(MODES):
            self.example = {"prompt": record["input"][-1]["content"], **pair}
            self._first.clear()

    def topics(self) -> dict[str, dict[str, int]]:
        """Kept rows by topic and mode, the largest topic first; empty where none is named."""
        named = {topic: count for topic, count in self._topics.items() if topic}
        order = sorted(named, key=lambda topic: (-named[topic].total(), topic))
        unnamed = [""] if named and "" in self._topics else []
        return {
            topic: {mode: self._topics[topic][mode] for mode in MODES} for topic in order + unnamed
        }

    def accepted_pass_rates(self, mode: Mode) -> dict[str, Any]:
        """The same over the kept rows, each with its prompt's pass rate: the survivors' bias."""
        rates, kept = self._rates[mode], self._kept[mode]
        return _histogram([rates[prompt] for prompt in kept.elements() if prompt in rates])

    def shortfalls(self, accept: AcceptByMode) -> list[dict[str, Any]]:
        """Where fewer rows were accepted than asked for."""
        found = []
        for mode in MODES:
            wish, kept = accept[mode], self._kept[mode]
            if not wish.rows:
                continue
            groups: dict[str, list[int]] = {}
            for prompt, domain in self._asked[mode].items():
                groups.setdefault(domain if wish.per == "domain" else "", []).append(kept[prompt])
            for domain, numbers in groups.items():
                wanted = wish.rows * (len(numbers) if wish.per == "prompt" else 1)
                if sum(numbers) < wanted:
                    short = {"mode": mode, "per": wish.per, "domain": domain, "wanted": wanted}
                    found.append({**short, "accepted": sum(numbers)})
        return found

    def pass_rates(self, mode: Mode) -> dict[str, Any]:
        """Mean over prompts, and a histogram of `_RATE_BINS` equal bins over [0, 1]."""
        return _histogram(list(self._rates[mode].values()))

    def num_pairs(self) -> int:
        """Prompts with a kept answer in both modes."""
        return self.pairs()["both"]

    def pairs(self) -> dict[str, int]:
        """Prompts with kept answers in both modes, and in one alone."""
        on, off = self._kept["on"].keys(), self._kept["off"].keys()
        return {"both": len(on & off), "on": len(on - off), "off": len(off - on)}

    def lengths(self, mode: Mode) -> dict[str, Any]:
        """Characters of the kept answers, and a histogram: bin k counts those of 2**k and more."""
        lengths = self._lengths[mode]
        bins = Counter[int]()
        for length, number in lengths.items():
            bins[max(length.bit_length() - 1, 0)] += number
        total = sum(length * number for length, number in lengths.items())
        return {
            "number": lengths.total(),
            "mean": round(total / lengths.total()) if lengths else None,
            "shortest": min(lengths, default=None),
            "longest": max(lengths, default=None),
            "histogram": [bins[place] for place in range(max(bins, default=-1) + 1)],
        }


def _histogram(rates: Sequence[float]) -> dict[str, Any]:
    bins = Counter(min(int(rate * _RATE_BINS), _RATE_BINS - 1) for rate in rates)
    return {
        "number": len(rates),
        "mean": round(sum(rates) / len(rates), 4) if rates else None,
        "zero": sum(rate == 0 for rate in rates),
        "one": sum(rate == 1 for rate in rates),
        "histogram": [bins[place] for place in range(_RATE_BINS)],
    }
