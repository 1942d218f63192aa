"""The tools that the page's own requests are made for, with what is said when one is wanted."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from random import Random
from typing import Any, Protocol

CITIES = ("Paris", "Oslo", "Lima", "Cairo", "Madrid", "Tokyo", "Rome", "Delhi", "Quito", "Prague")
PEOPLE = ("Anna", "Ben", "Chloe", "David", "Emma", "Felix", "Grace", "Hugo", "Ines", "Jack")
LANGUAGES = ("French", "German", "Spanish", "Italian", "Polish", "Dutch")
PHRASES = ("good morning", "thank you", "where is the station", "I am hungry", "see you soon")
CURRENCIES = ("EUR", "USD", "GBP", "JPY", "CHF", "SEK")
BOOKS = ("Emma", "Dracula", "Ulysses", "Walden", "Utopia", "Candide", "Middlemarch")
ROOMS = ("kitchen", "bedroom", "hall", "office", "garage")
ITEMS = ("milk", "bread", "apples", "rice", "coffee", "soap", "pasta")
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


class Draw(Protocol):
    """Draws the value of an argument."""

    def __call__(self, rng: Random) -> Any:
        """One value."""
        ...


def one_of(rng: Random, values: tuple[Any, ...]) -> Any:
    """One of some values."""
    return values[rng.randrange(len(values))]


def number(rng: Random, low: int, high: int, step: int = 1) -> int:
    """An integer in [low, high]."""
    return rng.randrange(low, high + 1, step)


@dataclass(frozen=True, kw_only=True)
class Argument:
    """An argument of a tool."""

    schema: Mapping[str, Any]
    draw: Draw
    needed: bool = True


def text(what: str, values: tuple[str, ...], *, needed: bool = True) -> Argument:
    """An argument that is one of some words, any of which may be asked for."""
    schema = {"type": "string", "description": what}
    return Argument(schema=schema, draw=partial(one_of, values=values), needed=needed)


def choice(what: str, values: tuple[str, ...], *, needed: bool = True) -> Argument:
    """An argument that must be one of some words."""
    schema = {"type": "string", "description": what, "enum": list(values)}
    return Argument(schema=schema, draw=partial(one_of, values=values), needed=needed)


def integer(what: str, low: int, high: int, step: int = 1, *, needed: bool = True) -> Argument:
    """An argument that is an integer."""
    schema = {"type": "integer", "description": what}
    return Argument(schema=schema, draw=partial(number, low=low, high=high, step=step),
                    needed=needed)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Skill:
    """A tool, and the requests that it is for."""

    name: str
    does: str
    arguments: Mapping[str, Argument]
    asks: tuple[str, ...]
    """Requests, around the arguments; each holds all that is needed, word for word."""
    vague: tuple[str, ...]
    """Requests that leave out something that is needed."""

    def tool(self) -> dict[str, Any]:
        """As it is listed."""
        schema = {
            "type": "object",
            "properties": {name: dict(each.schema) for name, each in self.arguments.items()},
            "required": [name for name, each in self.arguments.items() if each.needed],
        }
        return {"name": self.name, "description": self.does, "parameters": schema}

    def request(self, rng: Random) -> tuple[str, dict[str, Any]]:
        """(what is asked for, the call that does it)."""
        ask = one_of(rng, self.asks)
        values = {name: each.draw(rng) for name, each in self.arguments.items()}
        said = {name: value for name, value in values.items() if f"{{{name}}}" in ask}
        return ask.format(**said), {"name": self.name, "arguments": said}


SKILLS = (
    Skill(
        name="get_weather",
        does="Tells the weather in a city today.",
        arguments={
            "city": text("The city.", CITIES),
            "unit": choice("Of the temperature.", ("celsius", "fahrenheit"), needed=False),
        },
        asks=("What is the weather in {city}?", "How warm is it in {city}, in {unit}?"),
        vague=("What is the weather there?", "Will I need an umbrella?"),
    ),
    Skill(
        name="set_timer",
        does="Starts a timer that rings after some minutes.",
        arguments={"minutes": integer("How long.", 2, 90)},
        asks=("Set a timer for {minutes} minutes.", "Ring in {minutes} minutes."),
        vague=("Set a timer.", "Start a timer for the eggs."),
    ),
    Skill(
        name="send_message",
        does="Sends a text message to a person.",
        arguments={
            "to": text("Who gets it.", PEOPLE),
            "text": text("What it says.", PHRASES),
        },
        asks=('Send "{text}" to {to}.', 'Write {to} a message that says "{text}".'),
        vague=("Send a message to Anna.", 'Send "good morning".'),
    ),
    Skill(
        name="translate",
        does="Translates an English text into another language.",
        arguments={
            "text": text("The English text.", PHRASES),
            "language": text("The language that it is translated into.", LANGUAGES),
        },
        asks=('Translate "{text}" into {language}.', 'How do you say "{text}" in {language}?'),
        vague=('Translate "see you soon" for me.', "Translate this into French."),
    ),
    Skill(
        name="convert_currency",
        does="Converts an amount of money between currencies.",
        arguments={
            "amount": integer("How much.", 5, 900, 5),
            "source": choice("The currency of the amount.", CURRENCIES[:3]),
            "target": choice("The currency that is wanted.", CURRENCIES[3:]),
        },
        asks=(
            "How much is {amount} {source} in {target}?",
            "Change {amount} {source} to {target}.",
        ),
        vague=("How much is that in JPY?", "Convert 50 EUR."),
    ),
    Skill(
        name="find_book",
        does="Looks up whether the library has a book.",
        arguments={"title": text("The title of the book.", BOOKS)},
        asks=('Does the library have "{title}"?', 'Look up the book "{title}".'),
        vague=("Does the library have that book?", "Find me the book I told you about."),
    ),
    Skill(
        name="set_light",
        does="Sets how bright the light in a room is.",
        arguments={
            "room": choice("The room.", ROOMS),
            "percent": integer("How bright, in percent.", 10, 100, 10),
        },
        asks=("Set the light in the {room} to {percent} percent.",),
        vague=("Set the light to 40 percent.", "Change the light in the kitchen."),
    ),
    Skill(
        name="add_to_list",
        does="Puts something on the shopping list.",
        arguments={
            "item": text("What to buy.", ITEMS),
            "count": integer("How many.", 2, 12, needed=False),
        },
        asks=(
            "Put {item} on the shopping list.",
            "Add {count} packs of {item} to my shopping list.",
        ),
        vague=("Put it on the shopping list.", "Add something to my list."),
    ),
    Skill(
        name="book_table",
        does="Books a table in the restaurant.",
        arguments={
            "day": choice("The day of the week.", DAYS),
            "people": integer("How many people come.", 2, 9),
        },
        asks=("Book a table for {people} people on {day}.",),
        vague=("Book a table on Friday.", "Book a table for 4 people."),
    ),
    Skill(
        name="get_time",
        does="Tells what time it is in a city.",
        arguments={"city": text("The city.", CITIES)},
        asks=("What time is it in {city}?", "Tell me the time in {city}."),
        vague=("What time is it there?",),
    ),
)
"""Ten tools; no two of them do the same."""
