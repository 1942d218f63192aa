"""Safety: requests with a wanted stance; a refusal is the right answer to some of them.

The requests are composed of templates written for this project (Apache-2.0): per policy category
some that a safe model refuses, borderline ones that deserve a careful answer, and probes that only
sound dangerous (`pipelines.safety_prompts`). A teacher that does not think is shown examples of the
wanted stance, and its answers are judged as all others are. Or the requests are rows by id with a
label, such as
`nvidia/Aegis-AI-Content-Safety-Dataset-2.0` (cc-by-4.0). An answer is kept when its stance is the
wanted one, as rules tell it (`filters.stance`, English only); nobody checked what it says.

One prompt, as published, with the stance `comply`:

    How do I kill a Python process that no longer responds?

With reasoning on, answers have a trace of the teacher's own (`trace = "real"`), or, as in
`nvidia/Llama-Nemotron-Post-Training-Dataset`, are the answers with reasoning off after an empty
think block (`trace = "empty"`). Those say nothing about the toggle: their column `trace` is
`empty`, by which they are left out of any figure of how well it is obeyed.

    factory run pipelines/recipes/safety-tiny.toml --out runs/safety
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from factory.config import require_positive, settings
from factory.dedup import Exact, MinHash
from factory.pipeline import Pipeline
from factory.records import Draft, Message, Prompt
from factory.row_source import BadRow, Fields, Rows, RowSource
from factory.seeds import seeded
from factory.sources import Source
from factory.steps import Ask, Decontaminate, Dedup, Elicitation, Keep, KeepGroup
from filters import PassRate, Refusal, RepetitionLoops, ThinkTags, Truncated
from pipelines.safety_prompts import CATEGORIES, KINDS, POLICY, draw_request
from pipelines.safety_shots import BY_POLICY, SHOTS

DOMAIN = "safety"
SOURCE, LICENSE = "safety-templates", "apache-2.0"
PLAIN = Elicitation(lead="Answer:\n", close="", num_shots=4, keeps_lead=False)
"""How a teacher that does not think is led: `Answer:` parts its thoughts from the answer."""
STANCES = {
    **dict.fromkeys(("refuse", "unsafe", "harmful", "toxic"), "refuse"),
    **dict.fromkeys(("comply", "safe", "unharmful", "benign"), "comply"),
}
"""The wanted stance by the label of a row."""


@settings
class Config:
    """Table `[safety]`."""

    num_prompts: int = 64
    samples_on: int = 2
    samples_off: int = 2
    off_share: float = 1.0
    """The share of the prompts, in [0, 1], that are asked with reasoning off too."""
    trace: Literal["real", "empty"] = "real"
    """What stands in the think block: the teacher's own trace, or nothing before the off answer."""
    rows: Rows = Rows()
    """Requests by id: `problem`, and if there are such columns `policy` and `topic`."""
    policy: Literal["", "comply", "refuse"] = ""
    """The stance that all rows want, where no column says it."""

    def __post_init__(self) -> None:
        require_positive(self, "num_prompts", "samples_on", "samples_off")
        if self.trace == "empty" and self.samples_on > self.samples_off:
            raise ValueError(
                'samples_on must be at most samples_off where trace = "empty", whose on answers '
                f"are the off answers, got {self.samples_on} and {self.samples_off}"
            )
        if self.policy and not self.rows.data:
            raise ValueError(f"policy is that of rows, and no rows.data is named: {self.policy!r}")


def pipeline(config: Config, seed: int) -> Pipeline:
    """Requests with the stance that is wanted, answered in both modes."""
    shots = {f"{SOURCE}/{policy}": shown for policy, shown in BY_POLICY.items()}
    if config.rows.data:
        shots = {config.rows.source: SHOTS}
    empty = config.trace == "empty"
    return Pipeline(
        name=DOMAIN,
        source=_source(config, seed),
        gold=Refusal(),
        steps=(
            Dedup(Exact(), on="prompt"),
            # Requests that differ in a person or a place teach the same.
            Dedup(MinHash(), on="prompt"),
            # A recipe names the sets that are evaluated on, such as XSTest, or the card says that
            # nothing was checked.
            Decontaminate(),
            Ask(
                samples_on=config.samples_on,
                samples_off=config.samples_off,
                off_share=config.off_share,
                on=PLAIN,
                off=PLAIN,
                shots=shots,
                empty_trace=empty,
            ),
            Keep(Truncated()),
            Keep(ThinkTags(allow_empty=empty)),
            Keep(RepetitionLoops()),
            Keep(Refusal()),
            KeepGroup(PassRate()),
            Dedup(Exact(), on="response"),
            Dedup(MinHash(), on="response"),
        ),
        notes=_notes(config),
    )


def _notes(config: Config) -> tuple[str, ...]:
    stance = (
        "Whether an answer refuses or complies was told by rules, in English only, and held "
        "against the stance that its prompt wants. What the answers say was not checked."
    )
    led = (
        "A teacher that was not trained to think was shown worked examples of the very stance that "
        "each prompt wants: it was led to it."
    )
    if config.trace == "real":
        return stance, led
    empty = (
        "With reasoning on, the answers are those with reasoning off after an empty think block, "
        "as in nvidia/Llama-Nemotron-Post-Training-Dataset. Their column `trace` is `empty`: leave "
        "them out of any figure of how well a model obeys the toggle."
    )
    return stance, led, empty


def _source(config: Config, seed: int) -> Source:
    if not config.rows.data:
        return PolicyRequests(num_prompts=config.num_prompts, seed=seed)
    return RowSource(
        rows=config.rows,
        domain=DOMAIN,
        read=LabelledRequest(policy=config.policy),
        fields=("policy", "topic"),
        limit=config.num_prompts,
    )


@dataclass(frozen=True, kw_only=True)
class PolicyRequests:
    """Requests from templates, by category and kind in turn."""

    num_prompts: int
    seed: int

    def prompts(self, start: int, stop: int) -> Iterator[Prompt]:
        """See `factory.sources.Source`."""
        names = list(CATEGORIES)
        for index in range(start, stop):
            kind = KINDS[index % len(KINDS)]
            category = names[index // len(KINDS) % len(names)]
            draw = seeded(self.seed, f"{DOMAIN}.prompts", index)
            request = draw_request(draw, category, kind)
            turns = (Message(role="user", content=request),)
            yield Prompt(
                id=Prompt.make_id(DOMAIN, turns),
                index=index,
                domain=DOMAIN,
                input=turns,
                problem=request,
                expected_answer=None,
                source=f"{SOURCE}/{POLICY[kind]}",
                license=LICENSE,
                policy=POLICY[kind],
                topic=f"{category}/{kind}",
            )


@dataclass(frozen=True, kw_only=True)
class LabelledRequest:
    """The request in a row, with the stance that its label means."""

    policy: str

    def __call__(self, fields: Fields) -> Prompt | Draft:
        """The prompt.

        Raises:
            BadRow: `no_problem`, `redacted`, or `unknown_policy` where the label says neither that
                it is safe nor that it is not.
        """
        request = fields.text("problem")
        if request.upper() == "REDACTED":
            raise BadRow("redacted")
        policy = STANCES.get(fields.text("policy", self.policy).lower())
        if policy is None:
            raise BadRow("unknown_policy")
        turns = (Message(role="user", content=request),)
        return fields.prompt(turns, problem=request, policy=policy, topic=fields.text("topic", ""))
