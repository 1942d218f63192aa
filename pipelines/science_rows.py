"""Science questions from rows: ready questions, or threads that a teacher takes questions out of.

A thread has the columns of `HuggingFaceH4/stack-exchange-preferences`: the question as HTML, and
answers with votes. Stack Exchange's licence is CC BY-SA 4.0 and wants the authors named and the
page linked: both travel in a record's `attribution`.
"""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from factory.records import Message, Prompt
from factory.row_source import BadRow, Fields
from filters.multiple_choice import LETTERS
from pipelines.science_questions import Templates, with_options

QUESTION_FIELDS = ("choices", "expected_answer", "topic")
THREAD_FIELDS = ("title", "answers", "url", "author", "topic")
_HTML = re.compile(
    r"</?(?:p|a|em|strong|code|pre|ul|ol|li|br|hr|blockquote|h\d|img|sup|sub)\b[^>]*>"
)
_BREAK = re.compile(r"</(?:p|li|pre|blockquote|h\d)>|<br\s*/?>")
_MAX_CHARACTERS = 8_000
"""Of a question or an answer in a thread."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadQuestion:
    """Rows that hold a question, with options or without."""

    templates: Templates

    def __call__(self, fields: Fields) -> Prompt:
        """See `factory.row_source.RowSource`."""
        choices = fields.texts("choices")
        if len(choices) == 1 or len(choices) > len(LETTERS):
            raise BadRow("wrong_number_of_options")
        if not all(map(str.strip, choices)):
            raise BadRow("empty_option")
        if len(set(map(str.strip, choices))) < len(choices):
            raise BadRow("options_repeat")
        template = self.templates.of(choices)
        problem = with_options(fields.text("problem"), choices)
        return fields.prompt(
            (Message(role="user", content=template.format(problem=problem)),),
            problem=problem,
            choices=choices,
            expected_answer=_gold(fields, choices),
            topic=fields.text("topic", ""),
        )


def _gold(fields: Fields, choices: tuple[str, ...]) -> str | None:
    """A letter, a text, or the place of an option, from 0."""
    value = fields["expected_answer"]
    if isinstance(value, int) and not isinstance(value, bool) and choices:
        if value not in range(len(choices)):
            raise BadRow("no_right_option")
        return LETTERS[value]
    return fields.scalar("expected_answer") or None


def read_thread(fields: Fields) -> Prompt:
    """A thread: what was asked as the problem, the best answer as its context."""
    said = text_of(fields.text("problem"))
    title = text_of(fields.text("title", ""))
    problem = "\n\n".join(filter(None, (title, said)))
    if not said:
        raise BadRow("no_problem")
    raw = fields["answers"]
    bare = isinstance(raw, str) and not raw.lstrip().startswith(("[", "{"))
    answer = _best(raw if bare else fields.decoded("answers"))
    context = text_of(str(answer.get("text") or ""))
    if not context:
        raise BadRow("no_answers")
    names = (fields.text("author", ""), str(answer.get("author") or ""))
    prompt = fields.prompt(
        (Message(role="user", content=problem),),
        problem=problem[:_MAX_CHARACTERS],
        context=context[:_MAX_CHARACTERS],
        topic=fields.text("topic", ""),
    )
    return _credited(prompt, fields.text("url", ""), *names)


def _credited(prompt: Prompt, url: str, asker: str, answerer: str) -> Prompt:
    """With the thread's address and authors added to whom the rows credit."""
    people = [f"asked by {asker}" if asker else "", f"answered by {answerer}" if answerer else ""]
    parts = [part for part in (prompt.attribution, url, *people) if part]
    return replace(prompt, attribution=", ".join(parts))


def _best(answers: Any) -> Mapping[str, Any]:
    """The answer that the asker chose, else the one with most votes, the first of equals."""
    if isinstance(answers, str):
        return {"text": answers}
    if not isinstance(answers, list):
        return {}
    found = [{"text": each} if isinstance(each, str) else each for each in answers]
    known = [each for each in found if isinstance(each, Mapping)]
    return max(known, key=_votes, default={})


def _votes(answer: Mapping[str, Any]) -> tuple[bool, float]:
    score = answer.get("pm_score", answer.get("score"))
    return bool(answer.get("selected")), score if isinstance(score, int | float) else 0.0


def text_of(text: str) -> str:
    """HTML as plain text; any other text as it is."""
    if not _HTML.search(text):
        return text.strip()
    bare = _HTML.sub("", _BREAK.sub("\n", text))
    return re.sub(r"\n\s*\n\s*", "\n\n", html.unescape(bare)).strip()
