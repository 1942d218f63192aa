"""Releases: finished runs of several domains in one dataset, as the original was published.

Shards are linked or copied, never written again; a later version adds shards beside those that are
there. Every row can be made again from the recipe of its run, which the release keeps.
"""

from factory.releases.assembling import release
from factory.releases.card import draw_pictures, render_card
from factory.releases.components import components_of

__all__ = ["components_of", "draw_pictures", "release", "render_card"]
