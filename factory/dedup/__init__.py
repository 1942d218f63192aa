"""Duplicates: exact ones by the hash of the normalised text, near ones by MinHash.

Whatever is dropped names a kept twin that it repeats. `method.duplicates(texts)` takes texts in
memory, in the order of preference, and keeps the first of those that repeat each other; `dedup`
takes a whole corpus, stage by stage through files, and keeps by a policy.

What compiles is imported with the first text that is compared.
"""

from typing import TYPE_CHECKING, Any

from factory.dedup.exact import Duplicate, Exact
from factory.dedup.keep import KeepPolicy, parse_keep
from factory.dedup.minhash import MinHash

if TYPE_CHECKING:
    from factory.dedup.result import DedupResult
    from factory.dedup.stages import dedup

__all__ = ["DedupResult", "Duplicate", "Exact", "KeepPolicy", "MinHash", "dedup", "parse_keep"]


def __getattr__(name: str) -> Any:
    if name == "dedup":
        from factory.dedup.stages import dedup

        return dedup
    if name == "DedupResult":
        from factory.dedup.result import DedupResult

        return DedupResult
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
