"""Near duplicates: Jaccard similarity of n-grams, candidates by bands of MinHash signatures.

Every candidate pair is checked by the true similarity of its shingle sets, so that nothing is
dropped because two signatures happened to agree.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

from factory.config import settings
from factory.dedup.bands import derive_bands
from factory.dedup.exact import Duplicate

if TYPE_CHECKING:
    import datasketch

    from factory.shingles import Shingling


@settings
class MinHash:
    """Finds texts whose shingles are nearly those of a better, kept text."""

    name: ClassVar[str] = "minhash.v2"
    reason: ClassVar[str] = "near_duplicate"

    threshold: float = 0.8
    """Jaccard similarity in (0, 1] from which a text counts as a repetition."""
    unit: Literal["word", "char"] = "word"
    ngram: int = 5
    """Tokens in a shingle; a shorter text is one shingle."""
    num_perm: int = 128
    """Permutations of a signature."""
    seed: int = 1
    bands: int = 0
    """Bands of a signature; 0: derived, with the rows, from the threshold, so that of the pairs
    exactly at it at most 0.5% are missed."""
    rows: int = 0
    """Values in a band."""
    max_bucket_pairs: int = 496
    """Pairs up to which the texts that share a band are all compared; of more texts, each is
    compared with the first ones and with its neighbours, and the pairs skipped are counted."""

    def __post_init__(self) -> None:
        if not 0 < self.threshold <= 1:
            raise ValueError(f"threshold must be in (0, 1], got {self.threshold}")
        if self.num_perm < 16:
            raise ValueError(f"num_perm must be >= 16, got {self.num_perm}")
        if not 0 <= self.seed < 2**32:
            raise ValueError(f"seed must be in [0, 2**32), got {self.seed}")
        if (self.bands == 0) != (self.rows == 0):
            raise ValueError(f"bands must be given with rows, got {self.bands} and {self.rows}")
        if self.bands < 0 or self.rows < 0 or self.bands * self.rows > self.num_perm:
            most = f"0 to num_perm ({self.num_perm})"
            raise ValueError(f"bands must be such that bands x rows is {most}, got {self.cut}")
        if self.max_bucket_pairs < 1:
            raise ValueError(f"max_bucket_pairs must be > 0, got {self.max_bucket_pairs}")
        self.shingling()

    @property
    def cut(self) -> tuple[int, int]:
        """(bands, rows) of a signature."""
        if self.bands:
            return self.bands, self.rows
        return derive_bands(self.threshold, self.num_perm)

    def shingling(self) -> "Shingling":
        """Which pieces of a text are compared."""
        from factory.shingles.shingling import Shingling

        return Shingling(unit=self.unit, ngram=self.ngram)

    def duplicates(self, texts: Sequence[str]) -> list[Duplicate | None]:
        """For each text, in order, the most similar kept one before it, or None.

        Few texts, such as the answers to one prompt, are compared all with all; more by bands.
        """
        from factory.dedup.few import near_duplicates

        return near_duplicates(self, texts)

    def shingles(self, text: str) -> frozenset[str]:
        """The distinct n-grams of a text, folded in case."""
        from factory.shingles import shingles

        return shingles(text, self.shingling())

    def signature(self, text: str) -> "datasketch.MinHash":
        """The MinHash of a text, which datasketch's indexes take as it is."""
        from factory.dedup.few import datasketch_minhash

        return datasketch_minhash(self, text)
