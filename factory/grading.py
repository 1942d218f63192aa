"""From a response to what a judge or a reward model is asked, and from its reply to a grade."""

import math
import re
from collections.abc import Generator

from factory.asking import Answerer
from factory.records import Completion, Grade, Message, Request, Response, Sampling
from factory.seeds import derive_seed
from factory.steps import AskJudge, AskReward, Graded

Grading = Generator[Request, Completion, Grade]


def grading(step: Graded, who: Answerer, response: Response, seed: int) -> Grading:
    """The request for one grade; returns the grade.

    Args:
        step: what is asked.
        who: the teacher that is asked.
        response: what is graded.
        seed: the run's.
    """
    match step:
        case AskJudge():
            text = step.template.format(
                problem=response.prompt.problem,
                expected=response.expected or "",
                answer=response.answer,
            )
            messages = [Message(role="user", content=text)]
            sampling = step.sampling
        case AskReward():
            answer = Message(role="assistant", content=response.answer)
            messages = [*response.prompt.input, answer]
            sampling = Sampling(temperature=0.0, max_tokens=1)
    request = Request(
        task="chat" if isinstance(step, AskJudge) else "score",
        messages=tuple(messages),
        mode=response.mode,
        model=who.model,
        revision=who.revision,
        sampling=sampling,
        settings=who.settings,
        sample=0,
        seed=derive_seed(seed, "grade", step.column),  # equal answers are graded once
    )
    completion = yield request
    return Grade(
        column=step.column,
        score=_score(step, completion),
        text=completion.text,
        error=completion.error,
        prompt_tokens=completion.prompt_tokens,
        completion_tokens=completion.completion_tokens,
        teacher_name=who.name,
        teacher=who.model,
        teacher_revision=who.revision,
        request_key=request.key,
    )


def _score(step: Graded, completion: Completion) -> float | None:
    if completion.error or completion.finish_reason == "length":
        return None
    score = completion.score
    if isinstance(step, AskJudge):
        score = read_verdict(step, completion.text)
    return score if score is not None and math.isfinite(score) else None


def read_verdict(step: AskJudge, reply: str) -> float | None:
    """The score of the last verdict in a judge's reply, None where there is none that is known."""
    if "<think>" in reply and "</think>" not in reply:
        return None  # it never came to speak
    said = reply.rpartition("</think>")[2]
    verdicts = re.findall(step.verdict, said)
    if not verdicts:
        return None
    verdict = verdicts[-1].lower()
    if step.scores:
        return step.scores.get(verdict)
    try:
        return float(verdict)
    except ValueError:
        return None
