"""The things that flow through the factory; `factory.schemas` says how they lie on disk.

Prompt -> Request -> Completion -> Response -> Verdict -> record (a row of the dataset)
"""

import dataclasses
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any, Literal, Protocol, runtime_checkable

from factory.seeds import digest

Mode = Literal["on", "off"]
MODES: tuple[Mode, ...] = ("on", "off")
SYSTEM_PROMPTS: dict[Mode, str] = {"on": "detailed thinking on", "off": "detailed thinking off"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: str
    content: str


@dataclass(frozen=True, kw_only=True, slots=True)
class UnitTest:
    """One test of a program."""

    kind: Literal["stdio", "call", "check"]
    """`stdio`: the program reads `input` and prints `expected`. `call`: `entry_point` called with
    `input` returns `expected`. `check`: `input` is source that defines `check(candidate)`, or
    plain assertions."""
    input: str
    """The standard input; a JSON list of arguments; or source."""
    expected: str = ""
    """The standard output; a JSON value; or nothing."""
    entry_point: str = ""
    """The function that is called, or handed to `check`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Constraint:
    """One verifiable instruction, as IFEval names them."""

    instruction_id: str
    """Such as `length_constraints:number_words`."""
    kwargs: str = "{}"
    """Its arguments, a JSON object; nulls are left out."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Prompt:
    """A problem to pose, with what is needed to check an answer, its source and its licence."""

    id: str
    index: int
    """Position in the source; the order of the published rows."""
    domain: str
    input: tuple[Message, ...]
    """What is published: the turns up to the answer, without a system turn."""
    problem: str
    """The bare problem, without instructions: what the teacher's own prompt text is put around,
    and what duplicates are looked for in."""
    expected_answer: str | None
    """The gold answer: a value, an option's letter, or a reference program."""
    source: str
    license: str
    choices: tuple[str, ...] = ()
    """The options of a multiple-choice question, in the order of their letters."""
    tests: tuple[UnitTest, ...] = ()
    """What a program must pass."""
    language: str = ""
    """The programming language that is asked for, `python` or `cpp`; empty where none is."""
    constraints: tuple[Constraint, ...] = ()
    """The instructions that an answer must follow."""
    policy: str = ""
    """What a safe answer does: `comply`, `refuse`, or empty where nobody has said."""
    topic: str = ""
    """What it is about, in the words of its domain; empty where nobody has said."""
    attribution: str = ""
    """Whom its licence wants to be named, and where it comes from."""
    seed_id: str = ""
    """The prompt of the source that a teacher made it from; empty where it is the source's own."""
    writers: tuple[str, ...] = ()
    """The models that took part in writing it, in their order."""
    writing_keys: tuple[str, ...] = ()
    """The requests that it was written with, in their order."""
    context: str = ""
    """What it was taken from, such as the replies in a forum, for those who write on it; it is
    neither asked, stored, nor published."""

    def rewritten(self, input: Sequence[Message], **fields: Any) -> "Prompt":
        """Another prompt made of this one, with its source and licence.

        Args:
            input: what is published.
            fields: what else is its own.
        """
        return dataclasses.replace(
            self,
            id=Prompt.make_id(self.domain, input),
            input=tuple(input),
            seed_id=self.seed_id or self.id,
            **fields,
        )

    @staticmethod
    def make_id(domain: str, input: Sequence[Message]) -> str:
        """The id of a prompt: its domain and the hash of what is published."""
        return f"{domain}-{digest([asdict(turn) for turn in input], size=8)}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Draft:
    """A prompt that a teacher took part in writing, as far as it is."""

    prompt: Prompt
    reason: str = ""
    """Why it goes no further, a snake_case slug; empty where it does."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Sampling:
    """How a teacher draws its tokens."""

    temperature: float = 0.6
    """0 is greedy."""
    top_p: float = 0.95
    max_tokens: int = 1024
    """New tokens at most, for each request of a conversation."""

    def __post_init__(self) -> None:
        if not 0 <= self.temperature <= 10:
            raise ValueError(f"temperature must be in [0, 10], got {self.temperature}")
        if not 0 < self.top_p <= 1:
            raise ValueError(f"top_p must be in (0, 1], got {self.top_p}")
        if self.max_tokens < 1:
            raise ValueError(f"max_tokens must be > 0, got {self.max_tokens}")


@dataclass(frozen=True, kw_only=True)
class Request:
    """One question to one teacher. Its `key` names its completion in the ledger."""

    task: Literal["chat", "score", "embed"] = "chat"
    """`chat` is answered with text, `score` with the reward of the last turn, `embed` with a vector
    for each turn."""

    messages: tuple[Message, ...]
    prefix: str = ""
    """What the assistant has already said; the completion continues it and does not repeat it."""
    stop: tuple[str, ...] = ()
    """The completion ends before the first of these."""
    mode: Mode
    model: str
    revision: str
    sampling: Sampling
    settings: str = ""
    """The hash of what else in the teacher's table shapes its answers; empty for the defaults."""
    sample: int
    seed: int

    @cached_property
    def key(self) -> str:
        """The hash of every field that differs from its default, 32 hexadecimal digits.

        A field that is added later leaves the keys of requests that do not use it as they are.
        """
        said = {
            each.name: value
            for each in dataclasses.fields(self)
            if (value := getattr(self, each.name)) != each.default
        }
        said["messages"] = [[turn.role, turn.content] for turn in self.messages]
        said["sampling"] = asdict(self.sampling)
        return digest(said)


@dataclass(frozen=True, kw_only=True, slots=True)
class Completion:
    """What came back for a request. A failed one has an `error` and no text."""

    text: str = ""
    finish_reason: str = "stop"
    """`stop`, `length` (cut at max_tokens) or `error`."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    engine: str = ""
    """What computed it, such as `transformers 5.17.0, cpu, bfloat16`."""
    error: str = ""
    """`slug: detail`; the slug becomes the reason for which the response is dropped."""
    score: float | None = None
    """What a request with `task = "score"` asked for."""
    attempts: int = 1
    """How often the request was sent."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Grade:
    """What a teacher said of one response; a filter reads it by its column."""

    column: str
    score: float | None
    """None where the reply holds no verdict, where none was asked for, or the request failed."""
    text: str = ""
    """The judge's whole reply."""
    finish_reason: str = "stop"
    """How the reply ended, see `Completion`."""
    error: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    teacher_name: str = ""
    """What the recipe calls the judge or reward model."""
    teacher: str = ""
    teacher_revision: str = ""
    request_key: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Response:
    """One answer of a teacher to one prompt in one mode."""

    prompt: Prompt
    mode: Mode
    sample: int
    output: str
    """As published: with `<think>...</think>` when on, bare when off."""
    finish_reason: str = "stop"
    error: str = ""
    seed: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    request_keys: tuple[str, ...] = ()
    engine: str = ""
    teacher: str = ""
    teacher_revision: str = ""
    teacher_name: str = ""
    """What the recipe calls the teacher."""
    grades: tuple[Grade, ...] = ()
    reference: str | None = None
    """What a majority of the prompt's answers says, where that is asked for: there is no gold
    answer, or none of them is right by it."""
    reference_share: float | None = None
    """The share of the votes that it got, in (0, 1]."""
    draft: str | None = None
    """The output as the teacher wrote it, where an editor rewrote it."""

    @property
    def expected(self) -> str | None:
        """What the answer is checked against: the majority's where there is one, else the gold."""
        return self.prompt.expected_answer if self.reference is None else self.reference

    def grade(self, column: str) -> Grade | None:
        """What stands in a judge's or a reward model's column."""
        return next((grade for grade in self.grades if grade.column == column), None)

    @property
    def id(self) -> str:
        """Prompt id, mode and sample index."""
        return f"{self.prompt.id}-{self.mode}-{self.sample:03d}"

    @property
    def reasoning(self) -> str:
        """The text inside the think tags; empty where there is no well-formed block."""
        return split_output(self.output)[0]

    @property
    def answer(self) -> str:
        """The text after the think tags; the whole output where there is no well-formed block."""
        return split_output(self.output)[1]


_OPEN, _CLOSE = "<think>", "</think>"


def split_output(output: str) -> tuple[str, str]:
    """(reasoning, answer) of an output, both stripped; (`""`, output) without a leading block."""
    begin = output.lstrip()
    reasoning, closed, answer = begin.removeprefix(_OPEN).partition(_CLOSE)
    if not (closed and begin.startswith(_OPEN)):
        return "", output.strip()
    return reasoning.strip(), answer.strip()


def join_output(reasoning: str, answer: str) -> str:
    """The published form of an answer with reasoning on."""
    return f"<think>\n{reasoning.strip()}\n</think>\n\n{answer.strip()}"


Decision = Literal["keep", "drop", "unjudged"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What one filter says of one response. The runner adds filter name and score."""

    decision: Decision
    reason: str = ""
    score: float | None = None
    filter: str = ""
    seconds: float = field(default=0.0, compare=False)
    """Wall-clock time that the score took."""

    @classmethod
    def keep(cls) -> "Verdict":
        """The response passes."""
        return cls(decision="keep")

    @classmethod
    def drop(cls, reason: str) -> "Verdict":
        """The response fails, for a reason given as a snake_case slug."""
        return cls(decision="drop", reason=reason)


@runtime_checkable
class Filter(Protocol):
    """A check of one response: `score` looks at the response, `judge` only at the score."""

    @property
    def name(self) -> str:
        """With its version, `final_answer.v2`, because the name is in the data."""
        ...

    def score(self, response: Response) -> float:
        """May raise `Unjudged`; any other exception is a bug and fails the part."""
        ...

    def judge(self, score: float) -> Verdict:
        """Keep or drop."""
        ...


@runtime_checkable
class Verifier(Filter, Protocol):
    """A filter that knows right from wrong, and can show a gold answer that it must keep."""

    def gold_answer(self, prompt: Prompt) -> str | None:
        """The gold answer as a teacher would write it; None where the prompt has none."""
        ...


@runtime_checkable
class HasPolicies(Protocol):
    """A filter that can say how it decides where graders disagree."""

    def policies(self) -> Sequence[str]:
        """Each choice in a sentence, for the card."""
        ...


@dataclass(slots=True)
class Judged:
    """A response and the verdicts on it so far."""

    response: Response
    verdicts: list[Verdict] = field(default_factory=list)
    pass_rate: float | None = None

    @property
    def kept(self) -> bool:
        """Whether every filter so far keeps it; unjudged counts as not kept."""
        for verdict in self.verdicts:  # noqa: SIM110 - all() takes longer, and filters ask often
            if verdict.decision != "keep":
                return False
        return True


@dataclass(frozen=True, kw_only=True, slots=True)
class Reference:
    """What the answers to a prompt without a gold answer settle on."""

    verdict: Verdict
    """Whether they do."""
    answer: str | None = None
    share: float | None = None
    """The answer's share of the votes, in (0, 1]; the verdict's score."""


@runtime_checkable
class Referee(Protocol):
    """Finds a reference for a prompt that has no gold answer."""

    @property
    def name(self) -> str:
        """With its version."""
        ...

    def reference(self, group: Sequence[Judged]) -> Reference:
        """Of all the responses to one prompt, in both modes, dropped ones included."""
        ...


@runtime_checkable
class Writer(Protocol):
    """Has a teacher take part in writing prompts: asks about one, and reads what is said."""

    @property
    def name(self) -> str:
        """With its version, because what it asks and how it reads the reply is in the data."""
        ...

    @property
    def most(self) -> int:
        """Drafts that one reply is read as, at most."""
        ...

    def question(self, prompt: Prompt, sample: int) -> str | None:
        """What the teacher is told; None where there is nothing to ask, and the prompt stays."""
        ...

    def read(self, prompt: Prompt, reply: str) -> Sequence[Draft]:
        """The drafts in a reply, or the prompt itself with the reason why it goes no further."""
        ...


@runtime_checkable
class GroupFilter(Protocol):
    """A check of each response beside all the others to the same prompt in the same mode."""

    @property
    def name(self) -> str:
        """With its version."""
        ...

    def scores(self, group: Sequence[Judged]) -> list[float]:
        """One score for each response of the group, in its order, dropped ones included."""
        ...

    def judge(self, score: float) -> Verdict:
        """Keep or drop."""
        ...
