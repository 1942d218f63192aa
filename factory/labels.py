"""`factory audit RUN --label FILTER`: a person says whether the filter is right, one by one.

Labels lie beside the run, in `audit/labels/<filter>.jsonl`, a line each, on the disk before the
next response is shown; of several for one response the last counts. The filter's verdict is not
shown, so that it cannot persuade.
"""

import datetime
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType
from rich.panel import Panel
from rich.table import Table

from factory import store
from factory.errors import RunError
from factory.flips import said
from factory.naming import bare
from factory.recipe import Job
from factory.records import Response
from factory.rightness import LEVEL, Labelled, precision, recall
from factory.rundir import RunDirectory
from factory.schemas import RESPONSES, response_from_row
from factory.seeds import digest
from factory.strata import Candidate, Strata, Stratum, allocate, filter_seen, stratify
from factory.tasks import kept_prompts
from factory.terminal import plain

_ANSWERS = {"y": "yes", "n": "no", "u": "unsure"}
_KEYS = "y(es), n(o), u(nsure), b(ack), m(ore of the text), q(uit)"
_LIMIT = 3_000
Ask = Callable[[str], str | None]
"""Puts a question; returns the line that was typed, None at the end of the input."""


class LabelFile:
    """The labels of one filter, durable one by one.

    Args:
        run: beside which they lie.
        filter: its name; labels are about the response, so all its versions share them.
    """

    def __init__(self, run: RunDirectory, filter: str) -> None:
        self.path = run.root / "audit" / "labels" / f"{bare(filter)}.jsonl"
        self.labels: dict[str, str] = {}
        """`yes`, `no` or `unsure` by response id."""
        if self.path.exists():
            self.labels = _read(self.path)

    def add(self, id: str, label: str, **more: Any) -> None:
        """Write a label and bring it to the disk.

        Raises:
            RunError: it cannot be written.
        """
        at = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
        line = json.dumps({"id": id, "label": label, "at": at, **more}).encode() + b"\n"
        try:
            is_new = not self.path.exists()
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab") as file:
                # A line that a kill cut short is left behind, and the next one begins anew.
                file.write(line if is_new or _ends_whole(self.path) else b"\n" + line)
                file.flush()
                os.fsync(file.fileno())
            if is_new:
                store.sync_directory(self.path.parent)
        except OSError as error:
            raise RunError(f"{self.path}: cannot be written: {store.way_out(error)}") from error
        self.labels[id] = label


def _read(path: Path) -> dict[str, str]:
    """Labels by id; lines that are no labels are passed over."""
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise RunError(f"{path}: cannot be read: {error.strerror}") from error
    labels = {}
    for line in lines:
        try:
            said = json.loads(line)
            if said["label"] in _ANSWERS.values():
                labels[str(said["id"])] = said["label"]
        except (ValueError, TypeError, KeyError):
            continue
    return labels


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        if not file.seek(0, os.SEEK_END):
            return True
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def label(
    job: Job,
    run: RunDirectory,
    filter: str,
    ask: Ask,
    console: Console,
    *,
    number: int = 50,
    show_verdict: bool = False,
) -> None:
    """Ask a person about a sample of what a filter saw, and print how right the filter is.

    Args:
        job: the run's.
        run: any run, finished or not.
        filter: its name, with or without version.
        ask: how the person is asked.
        console: where the responses are shown.
        number: how many responses the sample has, those that have labels included.
        show_verdict: show what the filter said; the label is then no longer blind.

    Raises:
        ConfigError: no such filter in the run.
    """
    name = filter_seen(run, filter)
    strata = stratify(job, run, name)
    file = LabelFile(run, name)
    sample = sampled(strata, number)
    done = sum(each.id in file.labels for _, each in sample)
    console.print(plain(f"{name}: {len(sample)} responses, {done} of them have a label."))
    _ask_all(run, name, sample, file, ask, console, show_verdict)
    for piece in report(name, strata, file):
        console.print(piece)


def sampled(strata: Strata, number: int) -> list[tuple[Stratum, Candidate]]:
    """A sample, the most telling groups first.

    Within these it goes by hashes, so that what comes next does not tell what the filter said.
    """
    taken = allocate({stratum: len(each) for stratum, each in strata.items()}, number)
    groups: dict[int, list[tuple[Stratum, Candidate]]] = {}
    for stratum, candidates in strata.items():
        own = [(stratum, each) for each in candidates[: taken[stratum]]]
        groups.setdefault(stratum.order[0], []).extend(own)
    return [
        pair
        for group in sorted(groups)
        for pair in sorted(groups[group], key=lambda pair: digest(pair[1].id))
    ]


def _ask_all(
    run: RunDirectory,
    name: str,
    sample: Sequence[tuple[Stratum, Candidate]],
    file: LabelFile,
    ask: Ask,
    console: Console,
    show_verdict: bool,
) -> None:
    place = _next(sample, file, 0)
    limit: int | None = _LIMIT
    while place < len(sample):
        stratum, candidate = sample[place]
        response = _response(run, candidate)
        console.print(_shown(response, limit, f"{place + 1} of {len(sample)}"))
        if show_verdict:
            words = said(stratum.decision, stratum.reason)
            console.print(plain(f"{name} says: {words}, score {candidate.score}"))
        typed = ask(f"Is {bare(name)} to keep it? {_KEYS}: ")
        key = _key(typed)
        limit = _LIMIT
        match key:
            case "q":
                return
            case "b":
                place = max(place - 1, 0)
            case "m":
                limit = None
            case "y" | "n" | "u":
                more = {"filter": name, "decision": stratum.decision, "reason": stratum.reason}
                file.add(candidate.id, _ANSWERS[key], blind=not show_verdict, **more)
                place = _next(sample, file, place + 1)
            case _:
                console.print(plain(f"{typed!r} is none of {_KEYS}"))


def _key(typed: str | None) -> str:
    """The letter of a key that was typed whole or by its letter; empty for anything else."""
    word = "quit" if typed is None else typed.strip().lower()
    known = (*_ANSWERS.values(), "back", "more", "quit")
    return next((each[0] for each in known if word in (each, each[0])), "")


def _next(sample: Sequence[tuple[Stratum, Candidate]], file: LabelFile, place: int) -> int:
    """The first place from here whose response has no label."""
    while place < len(sample) and sample[place][1].id in file.labels:
        place += 1
    return place


def _response(run: RunDirectory, candidate: Candidate) -> Response:
    rows = store.read_part(run.responses(candidate.part), RESPONSES)
    row = next(row for row in rows if row["id"] == candidate.id)
    prompts = {prompt.index: prompt for prompt in kept_prompts(run, candidate.part)}
    response = response_from_row(row, prompts[row["prompt_index"]])
    return replace(response, reference=row["reference"])


def _shown(response: Response, limit: int | None, title: str) -> Panel:
    expected = "nothing is known" if response.expected is None else response.expected
    text = "\n\n".join(
        [
            f"PROMPT\n{_middle(response.prompt.input[-1].content, limit)}",
            f"EXPECTED\n{_middle(expected, limit)}",
            f"OUTPUT, reasoning {response.mode}\n{_middle(response.output, limit)}",
        ]
    )
    return Panel(plain(text), title=plain(f"{title}: {response.id}"), title_align="left")


def _middle(text: str, limit: int | None) -> str:
    """The text without its middle where it is long: answers stand at the end."""
    if limit is None or len(text) <= limit:
        return text
    left_out = len(text) - limit
    return f"{text[: limit // 3]}\n[... {left_out:,} characters ...]\n{text[-limit * 2 // 3 :]}"


def report(name: str, strata: Strata, file: LabelFile) -> Iterator[RenderableType]:
    """Strata, labels, precision and recall, for a rich console."""
    counted = {stratum: _counted(stratum, each, file.labels) for stratum, each in strata.items()}
    yield _strata_table(name, counted)
    told = list(counted.values())
    shares = {
        "precision, of what is kept the right share": precision(told),
        "recall, of what is right the kept share": recall(told),
    }
    for words, interval in shares.items():
        yield plain(f"{words}: {interval or 'too few labels to tell'}")
    unsure = sum(each.unsure for each in told)
    yield plain(
        f"Each stratum counts by its size; {LEVEL:.0%} intervals of a hierarchical beta-binomial "
        f"model; unsure ({unsure}) counts as no label; what could not be judged is not kept. "
        f"Labels: {file.path}"
    )


def _counted(
    stratum: Stratum, candidates: Sequence[Candidate], labels: Mapping[str, str]
) -> Labelled:
    counts = Counter(labels[each.id] for each in candidates if each.id in labels)
    return Labelled(
        kept=stratum.decision == "keep",
        size=len(candidates),
        yes=counts["yes"],
        no=counts["no"],
        unsure=counts["unsure"],
    )


def _strata_table(name: str, counted: Mapping[Stratum, Labelled]) -> Table:
    table = Table(title=plain(f"{name}: what was labelled"), title_justify="left")
    for heading in ("group", "verdict", "mode"):
        table.add_column(heading)
    for heading in ("responses", "yes", "no", "unsure"):
        table.add_column(heading, justify="right")
    for stratum, each in counted.items():
        words = (stratum.group, said(stratum.decision, stratum.reason), stratum.mode)
        numbers = (each.size, each.yes, each.no, each.unsure)
        table.add_row(*map(plain, words), *(f"{number:,}" for number in numbers))
    return table


def labels_report(job: Job, run: RunDirectory, filter: str) -> Iterator[RenderableType]:
    """What the labels so far say, without asking.

    Raises:
        ConfigError: no such filter in the run.
    """
    name = filter_seen(run, filter)
    yield from report(name, stratify(job, run, name), LabelFile(run, name))
