"""Mixtures: rows of several datasets, weighted, capped, upsampled and put in an order.

    recipe -> count every row once -> choose -> lay out by place -> shards, card, manifest

`pipelines.mixture` is the page to read first. Data is read twice, a batch at a time; what stays in
memory is 40 bytes for each row that may be taken.
"""

from factory.mixing.mixture import mix
from factory.mixing.recipe import MixRecipe

__all__ = ["MixRecipe", "mix"]
