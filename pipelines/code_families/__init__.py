"""Families of programming tasks, by what they are about.

A family is a function that draws one task. What tells the right results (`answer`) goes another way
than the references do, so that a reference with a mistake fails its own tests.
"""

from collections.abc import Callable
from random import Random

from pipelines.code_families import lists, neighbours, numbers, search, texts, words
from pipelines.code_forms import Task

FAMILIES: dict[str, Callable[[Random], Task]] = {
    "order": numbers.order,
    "tiers": numbers.tiers,
    "count_if": lists.count_if,
    "keep_if": lists.keep_if,
    "letters": texts.letters,
    "change": texts.change,
    "keep_take_fold": lists.keep_take_fold,
    "sort_words": words.sort_words,
    "longest_run": neighbours.longest_run,
    "best_window": neighbours.best_window,
    "digits": numbers.digits,
    "clock": search.clock,
    "pairs": neighbours.pairs,
    "ledger": words.ledger,
    "walk": texts.walk,
    "recurrence": numbers.recurrence,
    "stretches": neighbours.stretches,
    "elimination": numbers.elimination,
    "cancelling": texts.cancelling,
    "covered": neighbours.covered,
    "coins": search.coins,
    "ways": search.ways,
}
"""The families by name, from one formula to searches and simulations."""
