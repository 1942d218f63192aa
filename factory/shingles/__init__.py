"""Text to hashes, natively: tokens, shingles, sets, MinHash signatures, exact hashes.

`reference` says in plain Python what everything here computes; `sketches` computes it over Arrow
arrays in one native pass, with no Python object for a shingle. The same text gives the same hashes
on every machine and Python.
"""

from factory.shingles.datasketch_form import to_datasketch, to_lean
from factory.shingles.reference import (
    shingle_hash,
    shingle_hash32,
    shingles,
    token_hash,
    token_spans,
    tokens,
)
from factory.shingles.shingling import Shingling
from factory.shingles.sketches import (
    Sketch,
    Tokens,
    as_texts,
    band_keys,
    shingle_sets,
    sketch,
    text_hashes,
    token_hashes,
)

__all__ = [
    "Shingling",
    "Sketch",
    "Tokens",
    "as_texts",
    "band_keys",
    "shingle_hash",
    "shingle_hash32",
    "shingle_sets",
    "shingles",
    "sketch",
    "text_hashes",
    "to_datasketch",
    "to_lean",
    "token_hash",
    "token_hashes",
    "token_spans",
    "tokens",
]
