"""What a shingle is."""

from typing import Literal

from factory.config import settings

MOST_TOKENS = 256


@settings
class Shingling:
    """Which pieces of a text make up the set that is compared."""

    unit: Literal["word", "char"] = "word"
    """`word`: a token is a word or a single sign; `char`: a token is one character, a run of white
    space being one space."""
    ngram: int = 5
    """Tokens in a shingle, 1 to 256; a shorter text is one shingle."""

    def __post_init__(self) -> None:
        if self.unit not in ("word", "char"):
            raise ValueError(f"unit must be word or char, got {self.unit!r}")
        if not 1 <= self.ngram <= MOST_TOKENS:
            raise ValueError(f"ngram must be in [1, {MOST_TOKENS}], got {self.ngram}")
