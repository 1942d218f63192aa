"""The kit of the reasoning factory: records, recipes, teachers, ledger, engine, dedup, cards."""

from importlib.metadata import version

__version__ = version("reasoning-factory")
