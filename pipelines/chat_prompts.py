"""Chat prompts from templates and word lists: seven kinds, drawn in turn.

    open_question    What should a beginner know about keeping bees?
    closed_question  a short text, and a question that it answers
    extraction       a short text, and what is to be listed of it
    brainstorming    Give me five ideas for ...
    writing          Write a note about ...
    rewriting        a short text, and how it is to read instead
    multi_turn       a question, an answer, and what the user says to that

They are harmless by construction, so that their policy is `comply`.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from factory.records import Message, Prompt
from factory.seeds import seeded
from pipelines.chat_words import (
    AUDIENCES,
    GOODS,
    HOURS,
    IDEAS,
    MONTHS,
    NAMES,
    SHOPS,
    SUBJECTS,
    TOWNS,
)

DOMAIN = "chat"
SOURCE, LICENSE = "chat-templates", "apache-2.0"
USER, ASSISTANT = "user", "assistant"

OPEN = (
    "What should a beginner know about {subject}?",
    "Why do some people care so much about {subject}?",
    "Tell me something surprising about {subject}.",
    "What goes wrong most often when people first try to learn about {subject}?",
    "Explain the basics about {subject} as you would to {audience}.",
    "What are the pros and cons of spending a weekend on learning more about {subject}?",
)
WRITING = (
    "Write a short note about {subject} for {audience}.",
    "Write a poem of four lines about {subject}.",
    "Write the first paragraph of a story about {subject}. It should begin in {town}.",
    "Write a friendly invitation to an evening about {subject} in {town}, in {month}.",
    "Write a short speech about {subject} for {audience}.",
    "Write three sentences about {subject} for a poster.",
)
BRAINSTORMING = (
    "Give me {number} ideas for {occasion}.",
    "I need {number} suggestions for {occasion}, and they should cost almost nothing.",
    "Think of {number} unusual ideas for {occasion} and say in a few words why each could work.",
    "Suggest {number} names for a club whose members talk about {subject}.",
)
TEXTS = (
    "{name} runs a {shop} in {town}. On weekdays it opens at {hour}, on Saturdays at {later}. In "
    "{month} it is closed for two weeks.",
    "{name} and {friend} share a stall at the market in {town}. {name} sells {good} and {friend} "
    "sells {other}. They started in {month}.",
    "The council of {town} wants to turn the old {shop} into a place for everybody. {name} is "
    "against it, because there would be no more {good} to buy. {friend} is in favour. The vote is "
    "in {month}.",
    "In {month}, {name} walked from {town} to {place} with a rucksack full of {good}. {friend} "
    "came by bicycle and brought {other}.",
)
CLOSED = (
    ("Who is mentioned first?", "What happens in {month}?", "Which place is the text about?"),
    ("What does {friend} sell?", "When did they start?", "Who sells {good}?"),
    ("Who is in favour of the plan?", "When is the vote?", "Why is {name} against it?"),
    ("Where did {name} walk to?", "What did {friend} bring?", "How did {friend} travel?"),
)
"""Questions that each of the texts answers."""
EXTRACTION = (
    "List the names of all people in this text, one a line.",
    "Which people and places does this text name? Give two lists.",
    "Take from this text every word for a person, a place or a time, one a line, with its kind.",
)
REWRITING = (
    "Rewrite this text so that it is half as long.",
    "Put this text into a more formal tone.",
    "Rewrite this text as a list of points.",
    "Tell this again in the words of somebody who was there.",
    "Rewrite this text for a child of eight.",
)
FOLLOW_UPS = (
    "Say a little more about the second one.",
    "Which of the three would you choose, and why?",
    "Put that into one friendly sentence that I can send to {name}.",
    "The first one will not work for us. What else?",
    "Sort them by what they cost, the cheapest first, and explain your order.",
)


@dataclass(frozen=True, slots=True)
class Words:
    """The words of one prompt, each drawn once."""

    fields: dict[str, str]
    occasion: str

    @classmethod
    def draw(cls, draw: Random) -> "Words":
        """From all the lists."""
        name, friend = draw.sample(NAMES, 2)
        town, place = draw.sample(TOWNS, 2)
        good, other = draw.sample(GOODS, 2)
        hour, later = sorted(draw.sample(range(len(HOURS)), 2))
        occasion = draw.choice(list(IDEAS))
        fields = {
            "subject": draw.choice(SUBJECTS), "audience": draw.choice(AUDIENCES),
            "name": name, "friend": friend, "town": town, "place": place, "good": good,
            "other": other, "hour": HOURS[hour], "later": HOURS[later],
            "shop": draw.choice(SHOPS), "month": draw.choice(MONTHS), "occasion": occasion,
            "number": draw.choice(("three", "four", "five", "six")),
        }  # fmt: skip
        return cls(fields, occasion)

    def fill(self, template: str) -> str:
        """The template with these words."""
        return template.format(**self.fields)


def _about(templates: tuple[str, ...]) -> Callable[[Random, Words], list[str]]:
    def turns(draw: Random, words: Words) -> list[str]:
        return [words.fill(draw.choice(templates))]

    return turns


def _on_a_text(wishes: tuple[str, ...]) -> Callable[[Random, Words], list[str]]:
    def turns(draw: Random, words: Words) -> list[str]:
        return [f"{words.fill(draw.choice(wishes))}\n\n{words.fill(draw.choice(TEXTS))}"]

    return turns


def _closed(draw: Random, words: Words) -> list[str]:
    place = draw.randrange(len(TEXTS))
    question = words.fill(draw.choice(CLOSED[place]))
    wish = "Answer from the text alone, in one sentence."
    return [f"{words.fill(TEXTS[place])}\n\n{question} {wish}"]


def _multi_turn(draw: Random, words: Words) -> list[str]:
    ideas = draw.sample(IDEAS[words.occasion], 3)
    listed = "\n".join(f"{number}. {idea}" for number, idea in enumerate(ideas, 1))
    first = words.fill("Give me three ideas for {occasion}.")
    return [first, listed, words.fill(draw.choice(FOLLOW_UPS))]


KINDS: dict[str, Callable[[Random, Words], list[str]]] = {
    "open_question": _about(OPEN),
    "closed_question": _closed,
    "extraction": _on_a_text(EXTRACTION),
    "brainstorming": _about(BRAINSTORMING),
    "writing": _about(WRITING),
    "rewriting": _on_a_text(REWRITING),
    "multi_turn": _multi_turn,
}
"""How the turns of each kind are drawn, the user's and the assistant's by turns."""


@dataclass(frozen=True, kw_only=True)
class Templates:
    """Prompts from the templates; see `factory.sources.Source`."""

    num_prompts: int
    seed: int

    def prompts(self, start: int, stop: int) -> Iterator[Prompt]:
        """The kinds in turn, each prompt drawn with a seed of its own."""
        kinds = list(KINDS)
        for index in range(start, stop):
            kind = kinds[index % len(kinds)]
            draw = seeded(self.seed, "chat.prompts", index)
            words = Words.draw(draw)
            said = conversation(KINDS[kind](draw, words))
            yield Prompt(
                id=Prompt.make_id(DOMAIN, said),
                index=index,
                domain=DOMAIN,
                input=said,
                problem=as_text(said),
                expected_answer=None,
                source=f"{SOURCE}/{kind}",
                license=LICENSE,
                policy="comply",
                topic=kind,
            )


def conversation(said: list[str]) -> tuple[Message, ...]:
    """Turns of the user and the assistant, the user first."""
    roles = (USER, ASSISTANT)
    return tuple(Message(role=roles[n % 2], content=text) for n, text in enumerate(said))


def as_text(turns: tuple[Message, ...]) -> str:
    """A conversation as one text; a single turn is itself."""
    if len(turns) == 1:
        return turns[0].content
    return "\n\n".join(f"{turn.role.capitalize()}: {turn.content}" for turn in turns)
