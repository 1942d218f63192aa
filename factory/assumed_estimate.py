"""What a run will take if its recipe's `[assume]` is right, where no teacher can be asked.

Every number is an assumption times the recipe's sizes. What teachers write prompts with is an upper
bound: as if every question left as many prompts as it may.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from factory.assume import Assume
from factory.config import nearest
from factory.drawing import ACCOUNT
from factory.errors import ConfigError
from factory.estimate import Estimate, Range
from factory.recipe import Job
from factory.records import MODES, Mode
from factory.spend import COUNTS, Prices
from factory.steps import AskEdit, AskReward, AskSelect

_TOKEN_BYTES = 4.0
"""Of text, about."""
_COPIES = 1.7
"""How often a token lies on the disk: in the ledger, and compressed in responses and shards."""
Numbers = tuple[float, float, float]
"""Completions, tokens read, tokens written."""


def assumed(job: Job) -> Estimate:
    """What a job will take; every range is a single number.

    Raises:
        ConfigError: the recipe assumes nothing.
    """
    assume = job.recipe.assume
    if assume is None:
        raise ConfigError("the recipe has no table [assume]; give it one, or ask its teachers")
    accounts: dict[str, Numbers] = defaultdict(lambda: (0.0, 0.0, 0.0))
    for account, numbers in (*_writing(job, assume), *_asking(job, assume), *_grading(job, assume)):
        before = accounts[account]
        accounts[account] = (
            before[0] + numbers[0], before[1] + numbers[1], before[2] + numbers[2],
        )  # fmt: skip
    prices = Prices.of(job)
    ranges = {name: _ranges(name, numbers, prices) for name, numbers in sorted(accounts.items())}
    totals = {
        name: _exactly(sum(each[name].expected for each in ranges.values()))
        for name in (*COUNTS, "cost")
    }
    for mode in MODES:
        totals[f"kept_{mode}"] = _exactly(_answers(job, assume, mode) * _kept(assume, mode))
    written = totals["completion_tokens"].expected
    totals["bytes"] = _exactly(written * _TOKEN_BYTES * _COPIES)
    return Estimate(
        num_prompts=job.num_prompts,
        num_asked=0,
        accounts=ranges,
        totals=totals,
        seconds=None,
        num_responses=0,
        errors={},
        gpu_hours=_gpu_hours(accounts, assume),
        dollars_per_gpu_hour=assume.dollars_per_gpu_hour,
    )


def _gpu_hours(accounts: Mapping[str, Numbers], assume: Assume) -> dict[str, float | None]:
    """Hours by teacher; None for those of which the recipe assumes no speed.

    Raises:
        ConfigError: it assumes one of a teacher that nobody asks.
    """
    written: dict[str, float] = defaultdict(float)
    for account, (_, _, tokens) in accounts.items():
        written[account.split("/")[0]] += tokens
    rates = assume.tokens_per_gpu_second
    for teacher in rates:
        if teacher not in written:
            raise ConfigError(
                f"assume.tokens_per_gpu_second.{teacher}: no teacher that is asked for anything"
                + nearest(teacher, written)
            )
    return {
        teacher: tokens / rates[teacher] / 3600 if teacher in rates else None
        for teacher, tokens in sorted(written.items())
    }


def _writing(job: Job, assume: Assume) -> Iterator[tuple[str, Numbers]]:
    drafts = float(job.pipeline.source.num_prompts)
    for step in job.pipeline.writes:
        number = drafts * step.samples
        yield (
            f"{step.teacher}/{job.pipeline.name}/{ACCOUNT}",
            (number, number * assume.problem_tokens, number * assume.writer_tokens),
        )
        drafts *= step.most


def _asking(job: Job, assume: Assume) -> Iterator[tuple[str, Numbers]]:
    domain = job.pipeline.name
    for mode in MODES:
        asked_as = job.pipeline.ask.asked_as(mode)
        weights = job.recipe.answerers(domain, asked_as)
        for name, weight in weights.items():
            number = _asked(job, assume, mode) * weight / sum(weights.values())
            read, written = number * assume.problem_tokens, number * _tokens(assume, asked_as)
            yield f"{name}/{domain}/{asked_as}", (number, read, written)


def _grading(job: Job, assume: Assume) -> Iterator[tuple[str, Numbers]]:
    for step in job.pipeline.graded:
        for mode in step.modes:
            number = _answers(job, assume, mode) * assume.graded
            shown = assume.off_tokens  # the answer alone, without its trace
            reply = shown if isinstance(step, AskEdit) else assume.grade_tokens
            if isinstance(step, AskSelect):
                together = max(job.first_samples(mode), 1)
                number, shown = number / together, shown * together
            if isinstance(step, AskReward):
                reply = 1
            read = number * (assume.problem_tokens + shown)
            yield f"{step.teacher}/{job.pipeline.name}/{mode}", (number, read, number * reply)


def _answers(job: Job, assume: Assume, mode: Mode) -> float:
    """Answers in a mode."""
    prompts = job.num_prompts * assume.asked * job.pipeline.ask.share(mode)
    return prompts * job.first_samples(mode)


def _asked(job: Job, assume: Assume, mode: Mode) -> float:
    """Answers in a mode that are asked for; with an empty trace, on answers are off answers."""
    ask = job.pipeline.ask
    number = _answers(job, assume, mode)
    if ask.asked_as(mode) == mode or not ask.share(mode):
        return number
    return number * max(ask.share(mode) - ask.share("off"), 0.0) / ask.share(mode)


def _tokens(assume: Assume, mode: Mode) -> int:
    return assume.on_tokens if mode == "on" else assume.off_tokens


def _kept(assume: Assume, mode: Mode) -> float:
    return assume.on_kept if mode == "on" else assume.off_kept


def _ranges(account: str, numbers: Numbers, prices: Prices) -> dict[str, Range]:
    price = prices.by_teacher[account.split("/")[0]]
    _, read, written = numbers
    cost = (read * price.prompt + written * price.completion) / 1e6
    return {name: _exactly(n) for name, n in zip((*COUNTS, "cost"), (*numbers, cost), strict=True)}


def _exactly(number: float) -> Range:
    return Range(low=number, expected=number, high=number)
