"""Judges are asked about candidates: through the ledger, within the budget, each pair once.

The pairs of all parts are divided among tasks by a hash of their two texts, so that equal pairs
are one request even where several workers ask at the same time. Every reply is in the ledger before
it counts; a later start pays for nothing that is there.

Several judges are asked in the order given, a later one only about pairs of which no earlier one
said that they are the same problem. That is our rule, after that of both orders in one judge: a yes
of any counts; without one, a pair is unjudged of which any would not say.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from factory import store
from factory.asking import Answerer, replay
from factory.cluster import SHARE
from factory.decontamination.candidates import pair_of, read_candidates
from factory.decontamination.judging import Decision, Judge, Judgement, Judging, judging
from factory.desk import Talk
from factory.errors import PartError
from factory.records import Completion, Request
from factory.seeds import digest
from factory.teachers import TeacherConfig, answer_settings
from factory.worker import Batched, Teachers, open_ledger

_STRONGEST: tuple[Decision, ...] = ("same", "unjudged", "different")


def always() -> bool:
    """True."""
    return True


@dataclass(frozen=True, kw_only=True)
class Court:
    """A judge and the way to it. Picklable: it travels to the workers.

    What its `repr` shows decides what is asked; the rest may differ from start to start.
    """

    judge: Judge
    who: Answerer
    """The teacher that the judge names."""
    seed: int
    config: TeacherConfig = field(repr=False)
    """Of that teacher."""
    ledger: Path = field(repr=False)
    """Where its replies are kept; on storage that all workers see."""
    run_id: str = field(repr=False)
    """Names the segments of the ledger that are paid for now."""
    teachers: Callable[[], Teachers] = field(repr=False)
    """Makes a worker's way to its teachers and the budget."""
    max_error_share: float = field(default=0.1, repr=False)
    """Share of failed requests, in [0, 1], above which the asking counts as incomplete."""

    holds_model: bool | None = field(default=None, repr=False)
    """Whether it needs a worker that may hold a model; None: as the teacher does."""
    is_current: Callable[[], bool] = field(default=always, repr=False)
    """Whether the start of the work that asks still goes on; what is left of an earlier one ends.
    Picklable."""

    @property
    def resources(self) -> dict[str, float] | None:
        """What asking takes of a worker."""
        holds = self.config.holds_model if self.holds_model is None else self.holds_model
        return {"teacher": SHARE} if holds else None

    def judging(self, passage: str, item: str) -> Judging:
        """The conversation about one pair."""
        return judging(self.judge, self.who, passage, item, self.seed)


def make_court(judge: Judge, config: TeacherConfig, *, seed: int, **fields: Any) -> Court:
    """A court of a recipe's teacher; the other fields are those of `Court`.

    Raises:
        PrerequisiteError: a model that the teacher needs is not there.
    """
    model, revision = config.identity()
    who = Answerer(
        name=judge.teacher,
        model=model,
        revision=revision,
        thinks=config.thinks,
        settings=answer_settings(config),
    )
    return Court(judge=judge, who=who, config=config, seed=seed, **fields)


def ask_about(court: Court, pairs: Iterable[tuple[str, str]], path: Path) -> dict[str, int]:
    """Bring the replies about pairs into the ledger, and write down what failed.

    Args:
        court: who is asked.
        pairs: of passage and item.
        path: where the errors are written, when all were asked.
    """
    account = f"{court.judge.teacher}/decontamination/off"
    asked = 0

    def talks() -> Iterator[Talk]:
        nonlocal asked
        for pair in pairs:
            asked += 1
            yield Talk(court.judging(*pair), account)

    teachers = court.teachers()
    try:
        errors = teachers.lead_with(
            court.config,
            court.judge.teacher,
            court.ledger,
            court.run_id,
            talks(),
            {},
            is_current=court.is_current,
        )
    finally:
        if isinstance(teachers.report, Batched):
            teachers.report.flush()
    store.write_json(path, {"pairs": asked, "errors": errors})
    return {"failed": len(errors)}


def share_of(pairs: Iterable[tuple[str, str]], share: int, of: int) -> Iterator[tuple[str, str]]:
    """The pairs of one of several shares, equal ones once."""
    seen: set[str] = set()
    for pair in pairs:
        key = digest(*pair)
        if int(key, 16) % of == share and key not in seen:
            seen.add(key)
            yield pair


def pairs(path: Path, texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """What a judge is to be asked about the candidates of a part: (passage, item)."""
    for row in read_candidates(path):
        if not row["exact"]:
            yield pair_of(row, texts)


def read_errors(paths: Iterable[Path]) -> dict[str, str]:
    """The errors of requests that failed, by request key, from what `ask_about` wrote."""
    return {key: error for path in paths for key, error in _heard(path)["errors"].items()}


def refuse_too_many_errors(court: Court, paths: Sequence[Path]) -> None:
    """Refuse to go on where too many questions failed; the next start asks those again.

    Raises:
        PartError: with the share, and the first of the errors.
    """
    heard = [_heard(path) for path in paths]
    errors = [error for each in heard for error in each["errors"].values()]
    asked = sum(each["pairs"] for each in heard) * (2 if court.judge.both_orders else 1)
    if len(errors) > court.max_error_share * asked:
        for path in paths:
            path.unlink()
        raise PartError(
            f"{len(errors)} of up to {asked} questions to the judge {court.judge.teacher} failed, "
            f"more than limits.max_error_share = {court.max_error_share}; the first: {errors[0]}; "
            "run the same command again, or raise it: rows of failed questions then go as unjudged"
        )


def _heard(path: Path) -> dict[str, Any]:
    advice = "delete it and run the same command again"
    return store.read_json(path, keys=("pairs", "errors"), advice=advice)


Recall = Callable[[Request], Completion]


def recall_from(ledger: Path, errors: Mapping[str, str]) -> Recall:
    """Finds completions in the ledger, and the errors of those that failed."""
    reader = open_ledger(ledger)

    def recall(request: Request) -> Completion:
        completion = reader.get(request.key)
        if completion is None and request.key in errors:
            return Completion(finish_reason="error", error=errors[request.key])
        if completion is None:
            raise PartError(
                f"{ledger}: does not hold completion {request.key} of a judge, {request.model}; "
                "delete the working directory's heard/ and run the same command again"
            )
        return completion

    return recall


def judgements(courts: Sequence[Court], passage: str, item: str, recall: Recall) -> list[Judgement]:
    """What each judge that is asked says of a pair; none is asked after a yes."""
    said: list[Judgement] = []
    for court in courts:
        said.append(replay(court.judging(passage, item), recall))
        if said[-1].decision == "same":
            break
    return said


def decision(said: Sequence[Judgement]) -> Decision:
    """What comes of what the judges said of a pair."""
    decisions = {each.decision for each in said}
    return next(each for each in _STRONGEST if each in decisions)


def words(courts: Sequence[Court], said: Sequence[Judgement]) -> str:
    """What the judges said of a pair, as a report holds it: of several, who said what first."""
    if len(courts) == 1:
        return said[0].shown
    names = [court.judge.teacher for court in courts[: len(said)]]
    by_name = list(zip(names, said, strict=True))
    first = "; ".join(f"{name}: {each.decision}" for name, each in by_name)
    return "\n\n---\n\n".join([first, *(f"{name}: {each.shown}" for name, each in by_name)])
