"""The words that the chat page's own prompts are made of; written for this project."""

SUBJECTS = (
    "keeping bees", "baking bread", "night trains", "learning to swim", "houseplants", "chess",
    "composting", "the tides", "reading maps", "public libraries", "repairing a bicycle",
    "volcanoes", "knitting", "jazz", "migrating birds", "lighthouses", "keeping a budget",
    "first aid", "taking photographs", "growing herbs on a balcony", "moving house",
    "job interviews", "a good night's sleep", "brewing tea", "hiking in the hills", "board games",
    "recycling", "school gardens", "the phases of the moon", "ferries", "singing in a choir",
    "flea markets", "making soap", "clouds", "sign language", "old bridges", "sharpening knives",
    "earthquakes", "writing letters by hand", "street food", "solar panels", "raising chickens",
    "crossword puzzles", "coral reefs", "second-hand clothes", "public speaking", "snow",
    "picking mushrooms", "wooden toys", "the history of paper",
)  # fmt: skip
"""What one can say something about: each stands after `about`."""

AUDIENCES = (
    "a ten-year-old", "a new neighbour", "somebody in a hurry", "a class of beginners",
    "a friend who has never tried it", "the readers of a village newsletter", "a grandparent",
    "a team at work",
)  # fmt: skip

NAMES = (
    "Amara", "Bo", "Chiara", "Dmitri", "Esme", "Farid", "Greta", "Hiro", "Ines", "Jonas", "Kavya",
    "Lars", "Mei", "Nadia", "Omar", "Paula", "Quentin", "Rosa", "Samir", "Tilda", "Uma", "Viktor",
)  # fmt: skip

TOWNS = (
    "Lindby", "Port Ansel", "Greyfield", "Marrow Hill", "San Telmo", "Oakhaven", "Dunmere",
    "Kestrel Bay", "Alderby", "Nyholm", "Vale End", "Brightwater",
)  # fmt: skip

SHOPS = ("bakery", "bookshop", "bicycle workshop", "tea room", "hardware shop", "flower shop")
HOURS = ("seven", "half past seven", "eight", "nine", "half past nine", "ten")
MONTHS = ("January", "March", "April", "June", "August", "October", "November")
GOODS = (
    "jam", "bread", "honey", "soup", "cheese", "apple juice", "candles", "woollen socks",
    "wooden spoons", "pottery", "seeds", "old maps",
)  # fmt: skip

IDEAS = {
    "a rainy afternoon with two children": (
        "a treasure hunt in the flat", "a puppet show", "baking biscuits", "a paper-boat race",
        "drawing a map of the neighbourhood", "a memory game with spoons",
    ),
    "a picnic for six people": (
        "lentil salad", "lemonade", "flat bread with herbs", "cold roast vegetables",
        "oat biscuits", "a bowl of cherries",
    ),
    "a farewell party at work": (
        "a book of notes from everybody", "a quiz about the past years", "a walk along the river",
        "a cake in the shape of a desk", "a group photograph", "a song with new words",
    ),
    "a small garden in the shade": (
        "ferns", "hostas", "a bench", "wild garlic", "a bird bath", "a path of flat stones",
    ),
    "learning thirty words of a new language": (
        "cards on the fridge", "a song a day", "labels on the furniture", "a pen friend",
        "a recipe in that language", "counting stairs aloud",
    ),
    "a long train journey": (
        "a thick novel", "a travel chess set", "knitting", "a podcast about bridges",
        "a notebook for sketches", "sandwiches that do not crumble",
    ),
}  # fmt: skip
"""Occasions, and what one could think of for each."""
