"""Duplicates: exact ones by the hash of the normalised text, near ones by MinHash.

Both take texts in the order of preference and keep the first of those that repeat each other, so
that every text that is dropped names a kept twin.
"""

from factory.dedup.exact import Duplicate, Exact
from factory.dedup.minhash import MinHash

__all__ = ["Duplicate", "Exact", "MinHash"]
