"""From responses to what a teacher is asked about them, and from its reply to grades."""

import math
import re
from collections.abc import Generator, Sequence
from dataclasses import replace

from factory.asking import Answerer
from factory.questions import (
    AskEdit,
    AskFeedback,
    AskJudge,
    AskReward,
    AskSelect,
    Editing,
    Graded,
    verdict_name,
)
from factory.records import (
    Completion,
    Grade,
    Message,
    Request,
    Response,
    Sampling,
    Verdict,
    join_output,
)
from factory.seeds import derive_seed, digest

Grading = Generator[Request, Completion, tuple[Grade, ...]]
NO_COLUMN = "no_column"
"""Begins a grade's error where nobody was asked for it."""
_REWARDED = Sampling(temperature=0.0, max_tokens=1)
_CHOICE = re.compile(r"(?i)\W*choice\W+(?:(?:answer|number|no)\W+)?(\d{1,4})\W*")
_WORDS: dict[type[Editing], str] = {AskFeedback: "feedback", AskEdit: "edit", AskSelect: "select"}
"""What reasons begin with."""


def grading(step: Graded, who: Answerer, responses: Sequence[Response], seed: int) -> Grading:
    """The one request about responses; returns a grade for each.

    Args:
        step: what is asked.
        who: the teacher that is asked.
        responses: what is asked about; a single one, but for `AskSelect`.
        seed: the run's.
    """
    request = Request(
        task="score" if isinstance(step, AskReward) else "chat",
        messages=_messages(step, responses),
        mode=responses[0].mode,
        model=who.model,
        revision=who.revision,
        sampling=_REWARDED if isinstance(step, AskReward) else step.sampling,
        settings=who.settings,
        sample=0,
        seed=derive_seed(seed, "grade", step.column),  # equal answers are graded once
    )
    completion = yield request
    grade = Grade(
        column=step.column,
        score=None,
        text=completion.text,
        finish_reason=completion.finish_reason,
        error=completion.error,
        prompt_tokens=completion.prompt_tokens,
        completion_tokens=completion.completion_tokens,
        teacher_name=who.name,
        teacher=who.model,
        teacher_revision=who.revision,
        request_key=request.key,
    )
    scores = _scores(step, completion, len(responses))
    return tuple(replace(grade, score=score) for score in scores)


def _messages(step: Graded, responses: Sequence[Response]) -> tuple[Message, ...]:
    first = responses[0]
    if isinstance(step, AskReward):
        return (*first.prompt.input, Message(role="assistant", content=first.answer))
    feedback = first.grade(step.feedback) if isinstance(step, AskEdit) else None
    text = step.template.format(
        problem=first.prompt.problem,
        expected=first.expected or "",
        answer=first.answer,
        answers=_numbered([each.answer for each in responses]),
        feedback=spoken(feedback.text) if feedback else "",
    )
    return (Message(role="user", content=text),)


def _numbered(answers: Sequence[str]) -> str:
    """Answers under their numbers, between lines that none of them can hold."""
    mark = digest(answers, size=4)
    return "\n\n".join(
        f"--- answer {number} ({mark}) ---\n{answer}\n--- end of answer {number} ({mark}) ---"
        for number, answer in enumerate(answers, 1)
    )


def _scores(step: Graded, completion: Completion, number: int) -> list[float | None]:
    """One score for each response; None where the reply gives none."""
    if completion.error or completion.finish_reason == "length":
        return [None] * number
    match step:
        case AskReward():
            score = completion.score
        case AskJudge():
            score = read_verdict(step, completion.text)
        case AskSelect():
            choice = read_choice(completion.text, number)
            return [None if choice is None else float(choice == n) for n in range(1, number + 1)]
        case AskFeedback() | AskEdit():
            score = None
    return [score if score is not None and math.isfinite(score) else None] * number


def spoken(reply: str) -> str:
    """What a teacher says in a reply, without what it thought; empty where it never came to it."""
    if "<think>" in reply and "</think>" not in reply:
        return ""
    said = reply.rpartition("</think>")[2]
    return "" if "<think>" in said else said.strip()


def read_verdict(step: AskJudge, reply: str) -> float | None:
    """The score of the last verdict in a judge's reply, None where there is none that is known."""
    verdicts = re.findall(step.verdict, spoken(reply))
    if not verdicts:
        return None
    verdict = verdicts[-1].lower()
    if step.scores:
        return step.scores.get(verdict)
    try:
        return float(verdict)
    except ValueError:
        return None


def read_choice(reply: str, number: int) -> int | None:
    """The number in the last line of a reply, in [1, number]; None where there is no such line."""
    lines = spoken(reply).splitlines()
    found = _CHOICE.fullmatch(lines[-1]) if lines else None
    return int(found[1]) if found and 1 <= int(found[1]) <= number else None


def heard(step: Editing, grade: Grade) -> Verdict:
    """Whether a reply can be used, and for `AskSelect` whether the response is the one named."""
    verdict = Verdict.keep()
    if reason := _obstacle(step, grade):
        verdict = Verdict(decision="unjudged", reason=reason)
    elif isinstance(step, AskSelect) and not grade.score:
        verdict = Verdict.drop("not_selected")
    return replace(verdict, score=grade.score, filter=verdict_name(step))


def _obstacle(step: Editing, grade: Grade) -> str:
    """Why a reply cannot be used; empty where it can."""
    what = _WORDS[type(step)]
    if grade.error.partition(":")[0] == NO_COLUMN:
        return NO_COLUMN
    if grade.error:
        return f"{what}_failed"
    if grade.finish_reason == "length":
        return f"{what}_truncated"
    if isinstance(step, AskSelect):
        return "select_without_choice" if grade.score is None else ""
    return "" if spoken(grade.text) else f"{what}_empty"


def edited(response: Response, grade: Grade) -> Response:
    """The response with what an editor wrote in its answer's place, and its first draft known."""
    answer, reasoning = spoken(grade.text), response.reasoning
    draft = response.output if response.draft is None else response.draft
    return replace(
        response, output=join_output(reasoning, answer) if reasoning else answer, draft=draft
    )
