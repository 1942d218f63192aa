r"""The things that flow through the factory, and how they lie on disk.

    Prompt -> Request -> Completion -> Response -> Verdict -> record (a row of the dataset)

A published row looks like this (schema `SFT`):

    {"input": [{"role": "user", "content": "Solve ... 3 + 4"}], "output": "<think>\\n...",
     "category": "math", "reasoning": "on", "system_prompt": "detailed thinking on", ...}

The first nine columns are those of `nvidia/Llama-Nemotron-Post-Training-Dataset`, so that its
readers read ours; the others follow them. Every shard of every domain has one of the two schemas
below, `SFT` or `RL`.
"""

import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

import pyarrow as pa

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
    source: str
    license: str

    @staticmethod
    def make_id(domain: str, input: Sequence[Message]) -> str:
        """The id of a prompt: its domain and the hash of what is published."""
        return f"{domain}-{digest([asdict(turn) for turn in input], size=8)}"


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


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One question to one teacher. Its `key` names its completion in the ledger."""

    messages: tuple[Message, ...]
    prefix: str = ""
    """What the assistant has already said; the completion continues it and does not repeat it."""
    stop: tuple[str, ...] = ()
    """The completion ends before the first of these."""
    mode: Mode
    model: str
    revision: str
    sampling: Sampling
    sample: int
    seed: int

    @property
    def key(self) -> str:
        """The hash of every field, 32 hexadecimal digits."""
        return digest(asdict(self))


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


_BLOCK = re.compile(r"\A\s*<think>(.*?)</think>(.*)\Z", re.DOTALL)


def split_output(output: str) -> tuple[str, str]:
    """(reasoning, answer) of an output, both stripped; (`""`, output) without a leading block."""
    match = _BLOCK.match(output)
    if not match:
        return "", output.strip()
    return match[1].strip(), match[2].strip()


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

    name: ClassVar[str]
    """With its version, `final_answer.v1`, because the name is in the data."""

    def score(self, response: Response) -> float:
        """May raise `Unjudged`; any other exception is a bug and fails the part."""
        ...

    def judge(self, score: float) -> Verdict:
        """Keep or drop."""
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
        return all(verdict.decision == "keep" for verdict in self.verdicts)


@runtime_checkable
class GroupFilter(Protocol):
    """A check of each response beside all the others to the same prompt in the same mode."""

    name: ClassVar[str]

    def scores(self, group: Sequence[Judged]) -> list[float]:
        """One score for each response of the group, in its order, dropped ones included."""
        ...

    def judge(self, score: float) -> Verdict:
        """Keep or drop."""
        ...


# --- on disk -----------------------------------------------------------------------------------

_MESSAGES = pa.list_(pa.struct([("role", pa.string()), ("content", pa.string())]))

PROMPTS = pa.schema(
    [
        ("id", pa.string()),
        ("index", pa.int64()),
        ("domain", pa.string()),
        ("input", _MESSAGES),
        ("problem", pa.string()),
        ("expected_answer", pa.string()),
        ("source", pa.string()),
        ("license", pa.string()),
        ("decision", pa.string()),
        ("reason", pa.string()),
    ]
)
"""A part of prompts; `decision` and `reason` are the gold check's."""

DUPLICATES = pa.schema(
    [
        ("index", pa.int64()),
        ("id", pa.string()),
        ("filter", pa.string()),
        ("reason", pa.string()),
        ("twin", pa.string()),
        ("similarity", pa.float64()),
    ]
)
"""The prompts that dedup removed, each with the kept one that it repeats."""

_VERDICTS = pa.list_(
    pa.struct(
        [
            ("filter", pa.string()),
            ("decision", pa.string()),
            ("score", pa.float64()),
            ("reason", pa.string()),
        ]
    )
)

RESPONSES = pa.schema(
    [
        ("id", pa.string()),
        ("prompt_id", pa.string()),
        ("prompt_index", pa.int64()),
        ("domain", pa.string()),
        ("mode", pa.string()),
        ("sample", pa.int32()),
        ("output", pa.string()),
        ("reasoning", pa.string()),
        ("answer", pa.string()),
        ("expected_answer", pa.string()),
        ("finish_reason", pa.string()),
        ("error", pa.string()),
        ("seed", pa.int64()),
        ("prompt_tokens", pa.int64()),
        ("completion_tokens", pa.int64()),
        ("request_keys", pa.list_(pa.string())),
        ("engine", pa.string()),
        ("teacher", pa.string()),
        ("teacher_revision", pa.string()),
        ("verdicts", _VERDICTS),
        ("kept", pa.bool_()),
        ("dropped_by", pa.string()),
        ("reason", pa.string()),
        ("pass_rate", pa.float64()),
    ]
)
"""A part of responses, kept or not, with every verdict."""

_SAMPLING = pa.struct(
    [
        ("temperature", pa.float64()),
        ("top_p", pa.float64()),
        ("max_tokens", pa.int64()),
        ("seed", pa.int64()),
        ("shots", pa.int64()),
    ]
)

SFT = pa.schema(
    [
        ("input", _MESSAGES),
        ("output", pa.string()),
        ("category", pa.string()),
        ("license", pa.string()),
        ("reasoning", pa.string()),
        ("generator", pa.string()),
        ("used_in_training", pa.string()),
        ("version", pa.string()),
        ("system_prompt", pa.string()),
        ("id", pa.string()),
        ("prompt_id", pa.string()),
        ("source", pa.string()),
        ("expected_answer", pa.string()),
        ("pass_rate", pa.float64()),
        ("verifier", pa.string()),
        ("teacher_revision", pa.string()),
        ("sampling", _SAMPLING),
    ]
)
"""A published answer."""

_KWARGS = pa.struct(
    [(name, pa.int64()) for name in (
        "num_sentences", "num_paragraphs", "nth_paragraph", "num_words", "num_placeholders",
        "num_bullets", "num_sections", "num_highlights", "frequency", "capital_frequency",
        "let_frequency",
    )]
    + [(name, pa.string()) for name in (
        "relation", "capital_relation", "let_relation", "keyword", "letter", "language",
        "postscript_marker", "section_spliter", "first_word", "end_phrase", "prompt_to_repeat",
    )]
    + [(name, pa.list_(pa.string())) for name in ("keywords", "forbidden_words")]
)  # fmt: skip

RL = pa.schema(
    [
        ("input", _MESSAGES),
        (
            "args",
            pa.struct(
                [
                    ("task", pa.string()),
                    ("expected_answer", pa.string()),
                    ("instruction_id_list", pa.list_(pa.string())),
                    ("instruction_kwargs", pa.list_(_KWARGS)),
                    ("num_instructions", pa.int64()),
                ]
            ),
        ),
        ("category", pa.string()),
        ("license", pa.string()),
        ("reasoning", pa.string()),
        ("used_in_training", pa.string()),
        ("version", pa.string()),
        ("system_prompt", pa.string()),
        ("id", pa.string()),
        ("prompt_id", pa.string()),
        ("source", pa.string()),
        ("pass_rate", pa.float64()),
        ("verifier", pa.string()),
    ]
)
"""A published prompt for reinforcement learning: no output, `args` says how to check one."""


def prompt_row(prompt: Prompt, verdict: Verdict) -> dict[str, Any]:
    """A prompt as a row of `PROMPTS`."""
    return {**asdict(prompt), "decision": verdict.decision, "reason": verdict.reason}


def prompt_from_row(row: dict[str, Any]) -> Prompt:
    """The prompt in a row of `PROMPTS`."""
    fields = {name: row[name] for name in Prompt.__dataclass_fields__}
    return Prompt(**{**fields, "input": tuple(Message(**turn) for turn in row["input"])})


def response_row(judged: Judged) -> dict[str, Any]:
    """A judged response as a row of `RESPONSES`."""
    response = judged.response
    failed = next((v for v in judged.verdicts if v.decision != "keep"), Verdict.keep())
    row = {name: getattr(response, name, None) for name in RESPONSES.names}
    return {
        **row,
        "prompt_id": response.prompt.id,
        "prompt_index": response.prompt.index,
        "domain": response.prompt.domain,
        "expected_answer": response.prompt.expected_answer,
        "request_keys": list(response.request_keys),
        "verdicts": [asdict(verdict) for verdict in judged.verdicts],
        "kept": judged.kept,
        "dropped_by": failed.filter,
        "reason": failed.reason,
        "pass_rate": judged.pass_rate,
    }
