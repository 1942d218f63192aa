"""How teachers take part in writing science questions: what they are told, and what is made of it.

topic -> subtopics x difficulty x form -> a question each -> variants of it -> can it be answered?
thread -> a question with the answer that was found there
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from factory.records import Draft, Message, Prompt
from filters.multiple_choice import LETTERS
from pipelines.science_questions import Templates, with_options
from pipelines.science_reading import Written, read_question, refusal
from pipelines.writers import Classify, posed

_ITEM = re.compile(r"(?m)^\s*(?:\d+\s*[.):]|[-*•])\s*(\S.*)$")
_MAX_SUBTOPIC_WORDS = 12


def _draft(
    templates: Templates, prompt: Prompt, question: Written, reason: str, gold: str
) -> Draft:
    """The draft of a question that was made of a prompt."""
    if not question.stem:
        return Draft(prompt=prompt, reason=reason)
    problem = with_options(question.stem, question.choices)
    new = posed(
        prompt,
        problem,
        templates.of(question.choices),
        choices=question.choices,
        expected_answer=gold or None,
        context="",
    )
    return Draft(prompt=new, reason=reason)


@dataclass(frozen=True, kw_only=True, slots=True)
class Subtopics:
    """Splits a topic, and says of each subtopic what questions are to be written on it."""

    name: ClassVar[str] = "science_subtopics.v1"

    template: str
    """Around `{field}`, `{topic}` and `{number}`."""
    number: int
    """Subtopics of each topic, at most."""
    difficulties: tuple[str, ...]
    options: tuple[int, ...]

    @property
    def most(self) -> int:
        """See `factory.records.Writer`."""
        return self.number * len(self.difficulties) * len(self.options)

    def question(self, prompt: Prompt, sample: int) -> str | None:
        """See `factory.records.Writer`."""
        return self.template.format(field=prompt.topic, topic=prompt.problem, number=self.number)

    def read(self, prompt: Prompt, reply: str) -> list[Draft]:
        """See `factory.records.Writer`. What repeats, or is no name of a subtopic, is left out."""
        found = dict.fromkeys(
            text.strip(" .*_")
            for text in _ITEM.findall(reply)
            if len(text.split()) <= _MAX_SUBTOPIC_WORDS
        )
        subtopics = [each for each in found if each.casefold() != prompt.problem.casefold()]
        if not subtopics:
            return [Draft(prompt=prompt, reason="no_subtopics")]
        return [draft for each in subtopics[: self.number] for draft in self._wished(prompt, each)]

    def _wished(self, prompt: Prompt, subtopic: str) -> Iterator[Draft]:
        for difficulty in self.difficulties:
            for options in self.options:
                wish = {
                    "topic": prompt.problem,
                    "subtopic": subtopic,
                    "difficulty": difficulty,
                    "options": options,
                }
                text = json.dumps(wish, ensure_ascii=False)
                turns = (Message(role="user", content=text),)
                yield Draft(prompt=prompt.rewritten(turns, problem=subtopic, context=text))


@dataclass(frozen=True, kw_only=True, slots=True)
class Questions:
    """Writes a question on a subtopic, as hard and in the form that is wished."""

    name: ClassVar[str] = "science_questions.v1"

    template: str
    """Around `{field}`, `{topic}`, `{subtopic}`, `{difficulty}` and `{form}`."""
    forms: Mapping[int, str]
    """What is said of a question with so many options."""
    difficulties: Mapping[str, str]
    """What is said of each."""
    templates: Templates
    trust: bool
    """Whether the writer's own answer is the gold answer."""
    language: str = "en"
    most: int = 1

    def question(self, prompt: Prompt, sample: int) -> str | None:
        """See `factory.records.Writer`."""
        wish = json.loads(prompt.context)
        return self.template.format(
            field=prompt.topic,
            topic=wish["topic"],
            subtopic=wish["subtopic"],
            difficulty=self.difficulties[wish["difficulty"]],
            form=self.forms[wish["options"]],
        )

    def read(self, prompt: Prompt, reply: str) -> list[Draft]:
        """See `factory.records.Writer`."""
        question = read_question(reply, json.loads(prompt.context)["options"])
        reason = refusal(question, prompt, self.language)
        gold = question.answer if self.trust else ""
        return [_draft(self.templates, prompt, question, reason, gold)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Augment:
    """Writes variants of a question: each kind of variant in turn, in the question's own form."""

    name: ClassVar[str] = "science_augment.v1"

    kinds: tuple[str, ...]
    """What is told for each kind, around `{problem}`, `{field}` and `{form}`."""
    forms: Mapping[int, str]
    templates: Templates
    trust: bool
    language: str = "en"
    most: int = 1

    def question(self, prompt: Prompt, sample: int) -> str | None:
        """See `factory.records.Writer`."""
        kind = self.kinds[sample % len(self.kinds)]
        number = len(prompt.choices)
        form = self.forms.get(number) or _form_of(number, self.forms[4])
        return kind.format(problem=prompt.problem, field=prompt.topic or "science", form=form)

    def read(self, prompt: Prompt, reply: str) -> list[Draft]:
        """See `factory.records.Writer`."""
        question = read_question(reply, len(prompt.choices))
        reason = refusal(question, prompt, self.language)
        gold = question.answer if self.trust else ""
        return [_draft(self.templates, prompt, question, reason, gold)]


def _form_of(number: int, of_four: str) -> str:
    """What is said of a question with so many options, after what is said of one with four."""
    return of_four.replace("four", str(number)).replace("to D", f"to {LETTERS[number - 1]}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Extract:
    """Takes a question out of a thread, with the short answer that the thread gives, if it does."""

    name: ClassVar[str] = "science_extract.v1"

    template: str
    """Around `{problem}` and `{context}`, the thread's question and its best answer."""
    templates: Templates
    language: str = "en"
    most: int = 1

    def question(self, prompt: Prompt, sample: int) -> str | None:
        """See `factory.records.Writer`."""
        return self.template.format(problem=prompt.problem, context=prompt.context)

    def read(self, prompt: Prompt, reply: str) -> list[Draft]:
        """See `factory.records.Writer`."""
        question = read_question(reply, 0, needs_answer=False)
        unlike = replace(prompt, problem="")  # it may well be what the thread asks
        reason = refusal(question, unlike, self.language)
        return [_draft(self.templates, prompt, question, reason, question.answer)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Answerable:
    """Asks of every question that a teacher wrote whether it has one right answer."""

    name: ClassVar[str] = "science_answerable.v1"

    template: str
    """Around `{problem}`; it asks for a last line `Verdict: yes` or `Verdict: no`."""
    most: int = 1

    def question(self, prompt: Prompt, sample: int) -> str | None:
        """See `factory.records.Writer`."""
        return self._classify().question(prompt, sample) if prompt.writers else None

    def read(self, prompt: Prompt, reply: str) -> list[Draft]:
        """See `factory.records.Writer`."""
        return self._classify().read(prompt, reply)

    def _classify(self) -> Classify:
        return Classify(
            name=self.name,
            template=self.template,
            reason="unanswerable",
            drops="no",
            otherwise="unanswerable",
        )
