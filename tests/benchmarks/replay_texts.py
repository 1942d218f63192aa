r"""Replies like those of teachers, of the length of theirs, made from a seed.

A trace has some hundred to two thousand tokens, an answer with reasoning off some dozen to three
hundred. Math answers come in the forms of `tests.benchmarks.math_mix`: integers, fractions, LaTeX,
half of them wrong. Elsewhere the right answer is what the domain's own check shows for one, and a
wrong one is that of another prompt. Of all replies 3% are cut, 2% lack their tags, and 4% repeat
the first sample of their prompt.
"""

import json
import random
from collections.abc import Sequence
from pathlib import Path

from factory.recipe import Job
from factory.records import Completion, Mode, Prompt, Request
from factory.sources import as_draft
from tests.benchmarks.math_mix import SHARES, Pair

SENTENCES = """Let us write down what is known: the {a} {n} and the {b} {m} are given.
Wait, that uses {a} twice, so the {n} has to be taken out again.
If the {n} is {v}, then {a} times {b} gives {c}, which fits the {m}.
So far we have {c} = {a} * {b}, and the {n} is still open.
Now substitute ${a}x + {b}$ for the {n} and collect the terms.
Hmm, I should check the {m} once more, because {a} and {b} are close.
That is \\frac{{{a}}}{{{b}}} of the {n}, a little {v} than the {m}.
Another way to see it: the {m} does not depend on the {n} at all.
In the case of {a} it is {v}, and in the case of {b} the {n} decides.
Therefore the {n} must be {v} whenever the {m} is.
Adding {a} on both sides leaves the {m} as it was.
The question asks for the {n}, not for the {m}, so be careful here.
Alternatively one could count the {n} by hand: {a}, {b}, {c}, and so on.
This is where the {m} comes in, since {v} means that nothing else is left.
Let me try a small example, say {a}: then the {n} becomes {c}.
The units agree: {a} of the {n} against {b} of the {m}.
It follows that {c} - {a} is what remains of the {n}.
First the {n}, then the {m}; the order is {v} for what we want.
Both the {n} and the {m} are {v}, which is what was to be expected.
Okay, the remaining {b} cases are like the first, with the {m} in place of the {n}.""".splitlines()
NOUNS = [
    "sum",
    "product",
    "triangle",
    "remainder",
    "figure",
    "table",
    "sentence",
    "reader",
    "route",
    "clause",
    "bridge",
    "garden",
    "engine",
    "lesson",
    "market",
    "letter",
    "river",
    "method",
    "symbol",
    "circle",
    "budget",
    "season",
    "vector",
    "border",
    "painting",
    "village",
    "schedule",
    "recipe",
    "machine",
    "question",
    "witness",
    "harbour",
    "orchard",
    "library",
    "furnace",
    "compass",
    "pattern",
]
VALUES = [
    "larger",
    "smaller",
    "simple",
    "likely",
    "open",
    "equal",
    "useful",
    "fair",
    "short",
    "plain",
    "even",
    "known",
    "rare",
]


def prose(draw: random.Random, tokens: int) -> str:
    """Sentences of about so many tokens, three to eight in a paragraph."""
    paragraphs, length = [], 0
    while length < tokens:
        sentences = []
        for _ in range(draw.randint(3, 8)):
            a, b = draw.randrange(2, 900), draw.randrange(2, 900)
            names = draw.choice(NOUNS), draw.choice(NOUNS), draw.choice(VALUES)
            text = draw.choice(SENTENCES)
            sentences.append(text.format(a=a, b=b, c=a * b, n=names[0], m=names[1], v=names[2]))
        paragraphs.append(" ".join(sentences))
        length += len(paragraphs[-1]) // 4
    return "\n\n".join(paragraphs)


def num_tokens(draw: random.Random, mode: Mode) -> int:
    """Of a trace, or of the work of an answer without one."""
    if mode == "on":
        return round(min(2000, max(200, draw.lognormvariate(6.6, 0.6))))
    return round(min(300, max(20, draw.lognormvariate(4.4, 0.7))))


def pair(index: int, off: int) -> Pair:
    """(gold, stated) of a math problem; the gold answer is the same whatever `off` is."""
    kinds = random.Random(f"kind {index}").choices(
        [make for _, make in SHARES.values()], [share for share, _ in SHARES.values()]
    )
    return kinds[0](random.Random(f"pair {index}"), off)


def write_problems(path: Path, number: int) -> None:
    """Math problems as rows; `topic` is the number that `pair` takes."""
    with path.open("w") as file:
        for index in range(number):
            text = f"{prose(random.Random(f'problem {index}'), 40)} What is the value of it?"
            row = {"problem": text, "expected_answer": pair(index, 0)[0], "topic": str(index)}
            file.write(json.dumps(row) + "\n")


class Replies:
    """What the scripted teacher says to the prompts of a job, to judges and reward models too."""

    def __init__(self, job: Job) -> None:
        source = job.pipeline.source
        self.prompts = [as_draft(each).prompt for each in source.prompts(0, source.num_prompts)]
        self._place = {p.input[-1].content: i for i, p in enumerate(self.prompts)}
        self._gold = [self._answer(job, each) for each in self.prompts]
        self._first: dict[tuple[int, Mode], str] = {}

    @staticmethod
    def _answer(job: Job, prompt: Prompt) -> str:
        gold = job.pipeline.gold
        return (gold.gold_answer(prompt) if gold else None) or prompt.expected_answer or ""

    def __call__(self, request: Request) -> Completion:
        """The reply to a request; the same for the same request."""
        draw = random.Random(request.seed)
        place = self._place.get(request.messages[-1].content)
        if request.task == "score":
            return Completion(score=draw.random(), engine="scripted")
        if place is None:
            said = "yes" if draw.random() < 0.8 else "no"
            return complete(f"{prose(draw, 30)}\nJudgement: {said}")
        text = self._text(draw, place, request.mode)
        first = self._first.setdefault((place, request.mode), text)
        text = first if draw.random() < 0.04 else text
        return complete(text, "length" if draw.random() < 0.03 else "stop")

    def _text(self, draw: random.Random, place: int, mode: Mode) -> str:
        prompt, work = self.prompts[place], prose(draw, num_tokens(draw, mode))
        right = draw.random() < 0.5
        if prompt.domain == "math":
            stated = pair(int(prompt.topic), 0 if right else draw.randint(1, 2))[1]
            answer = f"The answer is \\boxed{{{stated}}}."
        else:
            gold = self._gold
            answer = gold[place] if right else gold[(place + 1) % len(gold)]
        if prompt.domain in ("chat", "safety"):
            answer = f"{answer} {prose(draw, 40)}".strip()
        bare = prompt.domain in ("tool_calling", "instruction_following")  # nothing else may stand
        if mode == "off":
            return answer if bare else f"{work}\n\n{answer}"
        closing = answer if bare else f"{prose(draw, 40)}\n\n{answer}"
        if draw.random() < 0.02:
            return f"{work}\n\n{closing}"
        return f"<think>\n{work}\n</think>\n\n{closing}"


def complete(text: str, finish_reason: str = "stop") -> Completion:
    """A completion of a text; a token is four characters."""
    return Completion(
        text=text,
        finish_reason=finish_reason,
        prompt_tokens=100,
        completion_tokens=len(text) // 4,
        engine="scripted",
    )


def sizes(replies: Sequence[int]) -> str:
    """Median, and the fifth and ninety-fifth percentile of some lengths."""
    ordered = sorted(replies)
    low, middle, high = (ordered[int(len(ordered) * share)] for share in (0.05, 0.5, 0.95))
    return f"{middle:,} ({low:,} to {high:,})"
