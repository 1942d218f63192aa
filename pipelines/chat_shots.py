"""Worked examples for teachers that do not think: what kind of work precedes an answer."""

from factory.steps import Shot

_OPEN = (
    Shot(
        problem="What should a beginner know about pressing flowers?",
        reasoning="A beginner needs the few things that decide whether it works: dry flowers, flat "
        "pressure and patience. Three short points are enough.",
        answer="Pick the flowers on a dry day, because damp petals turn brown. Lay them between "
        "two sheets of paper under heavy books. Then wait for two weeks without looking.",
    ),
    Shot(
        problem="Why do some people care so much about handwriting?",
        reasoning="The question asks for reasons. I think of memory, of how personal it is, and of "
        "the calm that it brings.",
        answer="Handwriting is personal: nobody else's looks the same. Many people also remember "
        "better what they wrote by hand, and find it calming.",
    ),
)
_TEXT = (
    Shot(
        problem="Who brought the ladder? Answer from the text alone, in one sentence.\n\nOn Monday "
        "Ida painted the fence in Holm. Her brother Tor brought the ladder.",
        reasoning="The text says that her brother Tor brought the ladder. So the answer is Tor.",
        answer="Tor, Ida's brother, brought the ladder.",
    ),
    Shot(
        problem="List the names of all people in this text, one a line.\n\nOn Monday Ida painted "
        "the fence in Holm. Her brother Tor brought the ladder.",
        reasoning="I look for people: Ida painted the fence, Tor brought the ladder. Holm is a "
        "place and does not count.",
        answer="Ida\nTor",
    ),
)
_IDEAS = (
    Shot(
        problem="Give me three ideas for a birthday without presents.",
        reasoning="Ideas without presents are things to do together. A walk, a meal and a game "
        "are easy to arrange.",
        answer="1. A walk to a place that nobody has seen before.\n2. A meal to which everybody "
        "brings one dish.\n3. An evening of games from your childhood.",
    ),
    Shot(
        problem="Suggest two names for a club whose members talk about weather.",
        reasoning="The names should be short and have to do with weather.",
        answer="1. The Cloud Spotters\n2. Rain or Shine",
    ),
)
_WRITING = (
    Shot(
        problem="Write a short note about saving water for a new neighbour.",
        reasoning="A note is short and friendly. I say hello, give one useful hint and sign off.",
        answer="Hello and welcome! The summers here are dry, so most of us water the gardens late "
        "in the evening. There is a rain barrel behind the house that you may use.",
    ),
    Shot(
        problem="Rewrite this text as a list of points.\n\nThe hall opens at six. Please bring a "
        "chair. Tea is free.",
        reasoning="There are three facts, so there are three points.",
        answer="- The hall opens at six.\n- Please bring a chair.\n- Tea is free.",
    ),
)

SHOTS: dict[str, tuple[Shot, ...]] = {
    "open_question": _OPEN,
    "closed_question": _TEXT,
    "extraction": _TEXT,
    "brainstorming": _IDEAS,
    "writing": _WRITING,
    "rewriting": _WRITING,
    "multi_turn": _IDEAS,
}
"""By the kind of the prompt."""
