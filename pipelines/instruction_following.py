"""Instruction following: requests with 1 to 10 instructions whose following a program can check.

The requests are composed of templates written for this project (Apache-2.0), or are the first turns
of rows by id, such as `allenai/WildChat-1M` (odc-by). The instructions are the 25 of IFEval
(arXiv 2311.07911), in words of our own, drawn so that none contradicts another
(`pipelines.instruction_following_conflicts`, `pipelines.instruction_following_sets`). Before a
teacher is asked, an answer that follows all instructions of a prompt is constructed and checked
(`filters.constraints.witness`): a prompt without one is set aside as `bad_gold`.

One prompt, as published:

    Give somebody in a hurry some advice on kite flying.

    Do not use a single comma. Make use of the words "string" and "breeze".

Config RL holds every prompt that was asked, with `args` that check an answer and no output, as the
release has them; config SFT holds the answers that follow all instructions.

    factory run pipelines/recipes/instruction_following-tiny.toml --out runs/instructions
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from factory.config import require_positive, settings
from factory.dedup import Exact, MinHash
from factory.pipeline import Pipeline
from factory.records import Message, Prompt
from factory.row_source import BadRow, Fields, Rows, RowSource
from factory.seeds import seeded
from factory.sources import Source
from factory.steps import Ask, Decontaminate, Dedup, Elicitation, Keep, KeepGroup
from filters import Constraints, PassRate, RepetitionLoops, ThinkTags, Truncated
from pipelines.instruction_following_sets import constraints, draw_set
from pipelines.instruction_following_shots import SHOTS
from pipelines.instruction_following_tasks import draw_task
from pipelines.instruction_following_wordings import OPENINGS, said

DOMAIN = "instruction_following"
SOURCE, LICENSE = "composed-requests", "apache-2.0"
PLAIN = Elicitation(lead="Answer:\n", close="", num_shots=3, keeps_lead=False)
"""How a teacher that does not think is led: `Answer:` parts its thoughts from the answer."""
_MAX_INSTRUCTIONS = 10
_HAS_A_FORM = re.compile(
    r"\b(?:words?|sentences?|paragraphs?|bullets?|lists?|tables?|json|xml|html|code|program|script|"
    r"letters?|characters|comma|capital|uppercase|lowercase|title|format|language|translat\w+|"
    r"rewrite|rephrase|summari[sz]e)\b",
    re.IGNORECASE,
)
"""A request that has something to say about the form of its answer; it could contradict ours."""


@settings
class Config:
    """Table `[instruction_following]`."""

    num_prompts: int = 64
    samples_on: int = 2
    samples_off: int = 2
    off_share: float = 1.0
    """The share of the prompts, in [0, 1], that are asked with reasoning off too."""
    min_instructions: int = 1
    max_instructions: int = _MAX_INSTRUCTIONS
    """Inclusive; every number between them is as likely."""
    rows: Rows = Rows()
    """Requests by id: `problem`, and if there are such columns `language`, `toxic`, `redacted`."""
    max_request_words: int = 150
    """Of requests in rows."""

    def __post_init__(self) -> None:
        require_positive(self, "num_prompts", "samples_on", "samples_off", "max_request_words")
        low, high = self.min_instructions, self.max_instructions
        if not 1 <= low <= high <= _MAX_INSTRUCTIONS:
            raise ValueError(
                "min_instructions and max_instructions must be in [1, 10], in this order, "
                f"got {low} and {high}"
            )


def pipeline(config: Config, seed: int) -> Pipeline:
    """Requests with instructions that can be checked, answered in both modes."""
    source = _source(config, seed)
    name = config.rows.source if config.rows.data else SOURCE
    return Pipeline(
        name=DOMAIN,
        source=source,
        gold=Constraints(),
        steps=(
            Dedup(Exact(), on="prompt"),
            # The same request with other instructions is another prompt.
            Dedup(MinHash(threshold=0.9), on="prompt"),
            # A recipe names IFEval, which no package ships, or the card says that nothing was
            # checked.
            Decontaminate(),
            Ask(
                samples_on=config.samples_on,
                samples_off=config.samples_off,
                off_share=config.off_share,
                on=PLAIN,
                off=PLAIN,
                shots={name: SHOTS},
            ),
            Keep(Truncated()),
            Keep(ThinkTags()),
            Keep(RepetitionLoops()),
            Keep(Constraints()),
            KeepGroup(PassRate()),
            Dedup(Exact(), on="response"),
            Dedup(MinHash(), on="response"),
        ),
        notes=(
            f"Every prompt has {config.min_instructions} to {config.max_instructions} instructions "
            "that a program checks; for each prompt an answer that follows all of them was "
            "constructed before a teacher was asked. Whether an answer is any good beyond its form "
            "was not checked.",
        ),
    )


def _source(config: Config, seed: int) -> Source:
    low, high = config.min_instructions, config.max_instructions
    if not config.rows.data:
        return ComposedRequests(num_prompts=config.num_prompts, seed=seed, low=low, high=high)
    return RowSource(
        rows=config.rows,
        domain=DOMAIN,
        read=InstructedRequest(seed=seed, low=low, high=high, max_words=config.max_request_words),
        fields=("language", "toxic", "redacted"),
        limit=config.num_prompts,
    )


@dataclass(frozen=True, kw_only=True)
class ComposedRequests:
    """Requests from templates, each with instructions of its own."""

    num_prompts: int
    seed: int
    low: int
    high: int

    def prompts(self, start: int, stop: int) -> Iterator[Prompt]:
        """See `factory.sources.Source`."""
        for index in range(start, stop):
            draw = seeded(self.seed, f"{DOMAIN}.prompts", index)
            task = draw_task(draw)
            number = draw.randint(self.low, self.high)
            fields = _instructed(draw, number, task.text, words=task.words, yes_no=task.yes_no)
            yield Prompt(
                id=Prompt.make_id(DOMAIN, fields["input"]),
                index=index,
                domain=DOMAIN,
                expected_answer=None,
                source=SOURCE,
                license=LICENSE,
                topic=task.topic,
                **fields,
            )


@dataclass(frozen=True, kw_only=True)
class InstructedRequest:
    """The request in a row, with instructions of its own; drawn by its text, not its place."""

    seed: int
    low: int
    high: int
    max_words: int

    def __call__(self, fields: Fields) -> Prompt:
        """The prompt.

        Raises:
            BadRow: `no_problem`, `not_english`, `toxic`, `redacted`, `too_long`, or `has_a_form`.
        """
        request = fields.text("problem")
        if reason := self._reason(request, fields):
            raise BadRow(reason)
        draw = seeded(self.seed, f"{DOMAIN}.rows", request)
        number = draw.randint(self.low, self.high)
        made = _instructed(draw, number, request, words=(), yes_no=False)
        return fields.prompt(made.pop("input"), **made)

    def _reason(self, request: str, fields: Fields) -> str:
        if (fields.text("language", "English")).lower() not in ("english", "en"):
            return "not_english"
        for flag in ("toxic", "redacted"):
            if fields[flag]:
                return flag
        if len(request.split()) > self.max_words:
            return "too_long"
        return "has_a_form" if _HAS_A_FORM.search(request) else ""


def _instructed(
    draw: random.Random, number: int, request: str, *, words: tuple[str, ...], yes_no: bool
) -> dict[str, Any]:
    """The fields of a prompt that come with its instructions."""
    drawn = draw_set(draw, number=number, request=request, words=words, yes_no=yes_no)
    text = _laid_out(draw, request, [said(name, kwargs, draw) for name, kwargs in drawn])
    return {
        "input": (Message(role="user", content=text),),
        "problem": text,
        "constraints": constraints(drawn),
    }


def _laid_out(draw: random.Random, request: str, sentences: list[str]) -> str:
    """A request and its instructions, in one of the ways in which people write them."""
    match draw.choice(("paragraph", "line", "list")):
        case "list" if len(sentences) > 1:
            listed = "\n".join(f"- {each}" for each in sentences)
            return f"{request}\n\n{draw.choice(OPENINGS)}\n{listed}"
        case "line" if "\n" not in request:
            return " ".join([request, *sentences])
        case _:
            return f"{request}\n\n{' '.join(sentences)}"
