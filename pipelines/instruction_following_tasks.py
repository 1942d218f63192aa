"""Requests without any instruction, composed of templates: who asks what about which topic."""

import random
from dataclasses import dataclass

_TOPICS = """
beekeeping: hive honey swarm
bread baking: dough flour crust
chess openings: pawn centre opponent
night trains: sleeper carriage platform
community libraries: shelf reader loan
rooftop gardens: soil tomato sunlight
bicycle repair: chain wheel brake
tidal power: turbine coast current
street photography: camera shadow passer
learning the piano: scale rhythm practice
keeping a diary: page memory habit
public swimming pools: lane lifeguard towel
composting at home: worm scrap heap
board games: dice rule player
medieval castles: moat tower siege
volcanoes: lava crater eruption
urban foxes: den night dustbin
working from home: desk routine silence
sourdough starters: jar bubble feeding
coral reefs: fish algae diver
paper maps: scale legend compass
weather balloons: sensor altitude helium
school canteens: lunch tray vegetable
hiking in the mountains: trail summit boots
second-hand clothes: wardrobe fabric bargain
lighthouses: beam keeper storm
migrating birds: flock feather wetland
home insulation: wall draught heating
choir singing: alto breath conductor
electric buses: battery depot charger
stargazing: telescope planet constellation
the history of printing: type press pamphlet
ferry crossings: deck captain gull
tea ceremonies: kettle bowl guest
road cycling: climb sprint saddle
village fairs: stall carousel prize
rain barrels: gutter drought leak
crossword puzzles: clue square pencil
kite flying: string breeze tail
pottery: clay glaze kiln
cold water swimming: lake shiver wetsuit
radio plays: voice script listener
glaciers: ice valley meltwater
markets in old towns: stall cobble vendor
job interviews: candidate handshake salary
saving money: budget account expense
first aid courses: bandage rescue instructor
knitting: wool needle pattern
desert plants: cactus thorn drought
growing mushrooms: spore log humidity
museum visits: exhibit guide painting
learning a language: grammar accent vocabulary
moving house: box van neighbour
the water cycle: cloud vapour rainfall
sleep: dream pillow alarm
open source software: licence patch maintainer
train timetables: delay connection minute
vegetable soups: carrot broth ladle
solar panels: roof inverter cable
campfires: spark kindling marshmallow
public speaking: audience gesture nerves
dog training: leash treat patience
bridges: arch pillar span
the invention of zero: digit merchant symbol
"""

_OPEN = (
    "Explain {topic} to {reader}.",
    "Write a short introduction to {topic} for {reader}.",
    "What should {reader} know about {topic}?",
    "Write a letter to {reader} about {topic}.",
    "Give {reader} some advice on {topic}.",
    "Draft a notice about {topic} that {reader} would read to the end.",
    "Tell {reader} a short story that has to do with {topic}.",
    "Write the opening of a talk on {topic}; the audience is {reader}.",
    "Describe a typical mistake people make with {topic}, so that {reader} can avoid it.",
    "Compare two ways to get started with {topic} for {reader}.",
    "What is surprising about {topic}? Write for {reader}.",
    "Write an email that invites {reader} to an evening about {topic}.",
    "What has changed about {topic} over the years? Keep {reader} in mind.",
    "Sum up the most useful facts about {topic} for {reader}.",
    "Write a dialogue in which {reader} asks about {topic}.",
    "Make a plan for a weekend course on {topic} meant for {reader}.",
    "Write a review of an imaginary book on {topic} for {reader}.",
    "Write a poem about {topic} for {reader}.",
    "Which questions about {topic} would {reader} ask first? Answer them.",
    "Write a speech for {reader} to hold at a festival on {topic}.",
)
_YES_NO = (
    "Is it worth while for {reader} to find out more about {topic}?",
    "Would you recommend {topic} as a subject for a talk before {reader}?",
    "Can {reader} learn the basics of {topic} in one afternoon?",
    "Do you think that {reader} would enjoy a film about {topic}?",
    "Would {topic} make a good subject for a school project if {reader} judges it?",
)
_READERS = (
    "a ten-year-old", "a busy parent", "a group of tourists", "a retired engineer", "my neighbour",
    "a new colleague", "a curious student", "the mayor of a small town", "somebody in a hurry",
    "a class of beginners", "my grandmother", "a journalist", "a sceptical friend",
    "a member of the club",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Task:
    """A request to which instructions are added."""

    text: str
    topic: str
    words: tuple[str, ...]
    """Words that an answer may well use."""
    yes_no: bool
    """Whether it can be answered by yes or no."""


TOPICS: dict[str, tuple[str, ...]] = {
    topic: tuple(words.split())
    for topic, words in (line.split(": ") for line in _TOPICS.strip().splitlines())
}
NUM_TASKS = len(TOPICS) * len(_READERS) * (len(_OPEN) + len(_YES_NO))
"""How many different ones there are."""


def draw_task(draw: random.Random) -> Task:
    """One of the requests."""
    template = draw.choice(_OPEN + _YES_NO)
    topic = draw.choice(sorted(TOPICS))
    return Task(
        text=template.format(topic=topic, reader=draw.choice(_READERS)),
        topic=topic,
        words=TOPICS[topic],
        yes_no=template in _YES_NO,
    )
