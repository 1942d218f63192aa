"""What teachers are asked about responses: each is a step of a pipeline, after its Ask.

    AskJudge     a verdict        a column that a filter reads
    AskReward    a reward         a column that a filter reads
    AskFeedback  what is amiss    a column that an editor is shown
    AskEdit      a better answer  takes the answer's place
    AskSelect    the best of all  the others go

A judge and a reward model decide nothing: a filter does, by their column. The other three say in a
verdict of their own, under the column's name, whether their reply can be used; a response whose
reply cannot is unjudged. Only the teacher's own reply is ever read: nothing that stands in a
response can pass for it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from factory.records import MODES, Filter, Mode, Sampling


def _greedy() -> Sampling:
    return Sampling(temperature=0.0)


@dataclass(frozen=True, kw_only=True, slots=True)
class AskJudge:
    """Show every response that is kept so far to a judge; its verdict becomes a column.

    Nothing in a response can pass for a verdict: only the judge's own reply is read, and what a
    thinking judge thought is left out first.
    """

    teacher: str
    """A name in the recipe's `[teachers]`."""
    template: str
    """What the judge is told, around `{problem}`, `{expected}` and `{answer}`."""
    column: str = "judge"
    verdict: str = r"(?im)^\W*judge?ment:?\W*(\w+)"
    """A pattern; the first group of its last match in the reply is the verdict."""
    scores: Mapping[str, float] = field(default_factory=lambda: {"yes": 1.0, "no": 0.0})
    """Scores by lower-case verdict; where empty, the verdict is a number."""
    sampling: Sampling = field(default_factory=_greedy)
    modes: tuple[Mode, ...] = field(default=MODES, repr=False)
    """The modes whose responses are shown."""
    undecided_by: Filter | None = field(default=None, repr=False)
    """A filter that stands after it: what it decides alone is not shown; None shows all."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AskReward:
    """Have a reward model score every response that is kept so far; the score becomes a column."""

    teacher: str
    """A name in the recipe's `[teachers]`."""
    column: str = "reward"
    modes: tuple[Mode, ...] = field(default=MODES, repr=False)
    """The modes whose responses are scored."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AskFeedback:
    """Have a teacher say what could be better about a response; what it says becomes a column."""

    teacher: str
    """A name in the recipe's `[teachers]`."""
    template: str
    """What the teacher is told, around `{problem}`, `{expected}` and `{answer}`."""
    column: str = "feedback"
    sampling: Sampling = field(default_factory=_greedy)
    modes: tuple[Mode, ...] = MODES
    """The modes whose responses are shown."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AskEdit:
    """Have a teacher write an answer anew in the light of the feedback on it.

    What it writes takes the answer's place, a reasoning trace stays; the first draft is kept as
    the response's `draft`. How the draft ended (`finish_reason`) stays too: what was cut has to go
    before.
    """

    teacher: str
    """A name in the recipe's `[teachers]`."""
    template: str
    """What the teacher is told, around `{problem}`, `{expected}`, `{answer}` and `{feedback}`."""
    column: str = "edit"
    feedback: str = "feedback"
    """The column that holds the feedback; empty where none is shown."""
    sampling: Sampling = field(default_factory=_greedy)
    modes: tuple[Mode, ...] = MODES
    """The modes whose responses are edited."""


@dataclass(frozen=True, kw_only=True, slots=True)
class AskSelect:
    """Show a teacher all that is left of one prompt and mode; the answer that it names stays.

    It names one by its number, in the last line of its reply: `Choice: 2`. The others are dropped,
    `not_selected`. Where its reply ends in another way all are unjudged. A single answer is not
    shown: it has nobody to beat, and stays.
    """

    teacher: str
    """A name in the recipe's `[teachers]`."""
    template: str
    """What the teacher is told, around `{problem}` and `{answers}`, which are numbered from 1; it
    has to ask for the last line."""
    column: str = "select"
    sampling: Sampling = field(default_factory=_greedy)
    modes: tuple[Mode, ...] = MODES
    """The modes whose responses are selected from."""


Editing = AskFeedback | AskEdit | AskSelect
"""What gives a verdict of its own."""
Graded = AskJudge | AskReward | Editing


def verdict_name(step: Editing) -> str:
    """The filter name under which a step's own verdicts stand, with the version of how it reads."""
    return f"{step.column}.v1"
