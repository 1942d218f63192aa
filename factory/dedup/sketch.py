"""The first stage: the texts of a part to hashes, sorted for those who look for equal ones.

A text without tokens is white space and nothing else, whose set is that of the empty text: such
texts repeat each other and no others, here as for exact dedup.
"""

import contextlib
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from factory.dedup.bandfile import BANDS, CHUNK, mix_groups, order_bits, write_chunk
from factory.dedup.columns import I64, U32, U64, column_file
from factory.dedup.comparison import Comparison
from factory.dedup.minhash import MinHash
from factory.dedup.pieces import Piece, Skip, hash_words, read_pieces
from factory.dedup.sorting import key_order
from factory.shingles import sketch, text_hashes

HASHES = {"high": pa.uint64(), "low": pa.uint64(), "local": pa.uint32()}
ID_HASHES = {"key": pa.uint64(), "local": pa.uint32()}
SKIPPED = {"local": pa.int64(), "reason": pa.string()}
IDS = {"id": pa.large_string()}
_EXAMPLES = 5


def sketch_part(comparison: Comparison, skip: Skip | None, number: int) -> dict[str, Any]:
    """Write what the later stages need of a part's rows; returns what is known of them."""
    tally = _Tally(len(comparison.keep.terms))
    with _Files(comparison, number) as files:
        for piece in read_pieces(comparison, number, skip):
            tally.add(piece)
            files.add(piece)
    return tally.result()


class _Tally:
    """What is known of the rows of a part."""

    def __init__(self, num_terms: int) -> None:
        self._rows = 0
        self._reasons: Counter[str] = Counter()
        self._examples: list[tuple[int, str]] = []
        self._unordered = [(0, 0)] * num_terms

    def add(self, piece: Piece) -> None:
        self._rows += len(piece.texts)
        for local, reason in piece.skipped.items():
            if self._reasons[reason] < _EXAMPLES:
                self._examples.append((local, reason))
            self._reasons[reason] += 1
        pairs = zip(self._unordered, piece.unordered, strict=True)
        self._unordered = [(a + c, b + d) for (a, b), (c, d) in pairs]

    def result(self) -> dict[str, Any]:
        return {
            "rows": self._rows,
            "compared": self._rows - self._reasons.total(),
            "skipped": dict(sorted(self._reasons.items())),
            "examples": self._examples,
            "unordered": self._unordered,
        }


class _Files(contextlib.ExitStack):
    """The files of a part, written piece by piece."""

    def __init__(self, comparison: Comparison, number: int) -> None:
        super().__init__()
        self._method = comparison.method
        near = isinstance(self._method, MinHash)
        kinds = {f"keep{term}": pa.uint64() for term in range(len(comparison.keep.terms))}
        if near:
            kinds["size"] = pa.uint32()

        def opened(kind: str, kinds: dict[str, pa.DataType]) -> Callable[..., None]:
            return self.enter_context(column_file(comparison.path(kind, number), kinds))

        self._hashes, self._skipped = opened("hashes", HASHES), opened("skipped", SKIPPED)
        self._rows = opened("rows", kinds) if kinds else None
        self._ids = opened("ids", IDS) if comparison.id_column else None
        self._id_hashes = opened("idhashes", ID_HASHES) if comparison.id_column else None
        self._bands = opened("bands", BANDS) if near else None
        self._chunk: list[tuple[U64, U32, U32]] = []

    def __exit__(self, *details: Any) -> bool:
        if details[0] is None:
            self._write_bands()
        return bool(super().__exit__(*details))

    def add(self, piece: Piece) -> None:
        """Hash the rows of a piece."""
        sizes = np.empty(0, np.uint32)
        if isinstance(self._method, MinHash):
            sizes, hashes = self._sketch(self._method, piece)
        else:
            hashes = text_hashes(piece.texts)
        mix_groups(hashes, piece.groups)
        self._write_hashes(piece, hashes)
        if self._rows:
            keys = {f"keep{term}": each for term, each in enumerate(piece.keys)}
            self._rows({**keys, "size": sizes})
        if piece.ids is not None:
            self._write_ids(piece, piece.ids)
        skipped = np.array(list(piece.skipped), np.int64)
        self._skipped({"local": skipped, "reason": list(piece.skipped.values())})

    def _write_hashes(self, piece: Piece, hashes: U64) -> None:
        compared = np.flatnonzero(pc.is_valid(piece.texts).to_numpy(zero_copy_only=False))
        order = compared[key_order(hashes[compared, 0])]
        self._hashes(
            {"high": hashes[order, 0], "low": hashes[order, 1], "local": _locals(piece, order)}
        )

    def _write_ids(self, piece: Piece, ids: pl.Series) -> None:
        assert self._ids
        assert self._id_hashes
        self._ids({"id": ids.to_arrow(compat_level=pl.CompatLevel.oldest())})
        keys = hash_words(ids)
        known = np.flatnonzero(ids.is_not_null().to_numpy())
        order = known[key_order(keys[known])]
        self._id_hashes({"key": keys[order], "local": _locals(piece, order)})

    def _sketch(self, method: MinHash, piece: Piece) -> tuple[U32, U64]:
        """(shingles of each row, hashes of their sets); gathers the bands."""
        bands, rows = method.cut
        found = sketch(
            piece.texts, method.shingling(), method.num_perm, method.seed, bands=bands, rows=rows
        )
        orders = np.empty((len(piece.texts), bands), np.uint32)
        order_bits(found.signature, bands, rows, orders)
        mix_groups(found.band_keys, piece.groups)
        keys, chosen = found.band_keys, np.flatnonzero(found.num_shingles)
        if len(chosen) < len(keys):
            keys, orders = keys[chosen], orders[chosen]
        self._chunk.append((keys, _locals(piece, chosen), orders))
        if sum(len(each) for each, _, _ in self._chunk) >= CHUNK:
            self._write_bands()
        return found.num_shingles, found.set_hash

    def _write_bands(self) -> None:
        if self._bands and self._chunk:
            keys, locals, orders = map(np.concatenate, zip(*self._chunk, strict=True))
            write_chunk(self._bands, keys, locals, orders)
        self._chunk = []


def _locals(piece: Piece, places: I64) -> U32:
    """The numbers in the part of some rows of a piece."""
    return (places + piece.start).astype(np.uint32)
