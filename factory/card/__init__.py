"""A dataset's card, its README.md on the Hub: made of blocks that come from the manifest alone."""

from factory.card.header import card_metadata, languages_of, metadata, yaml_header
from factory.card.pictures import LENGTHS, PICTURE, draw_lengths, draw_pass_rates, draw_pictures
from factory.card.rendering import about, header_block, read_template, render_card
from factory.card.writing import current_card, decided_license, put_card, read_card, write_card

__all__ = [
    "LENGTHS",
    "PICTURE",
    "about",
    "card_metadata",
    "current_card",
    "decided_license",
    "draw_lengths",
    "draw_pass_rates",
    "draw_pictures",
    "header_block",
    "languages_of",
    "metadata",
    "put_card",
    "read_card",
    "read_template",
    "render_card",
    "write_card",
    "yaml_header",
]
