"""Table `[assume]` of a recipe: lengths and keep rates for an estimate without teachers.

    [assume]
    problem_tokens = 120
    asked = 0.9                      # of the positions, those that come to be asked
    on_tokens = 6000
    on_kept = 0.64
    off_tokens = 600
    off_kept = 0.3
    tokens_per_gpu_second = 2500

It changes nothing that is produced. `factory.assumed_estimate` works with it.
"""

from factory.config import settings


@settings
class Assume:
    """Averages over prompts and answers; none of them is measured."""

    problem_tokens: int
    """Of a prompt as the teacher gets it."""
    on_tokens: int
    """Of an answer with reasoning on."""
    off_tokens: int
    on_kept: float
    """Share in [0, 1] of the answers with reasoning on that are kept."""
    off_kept: float
    asked: float = 1.0
    """Share of the positions for prompts that come to be asked: neither free nor dropped before."""
    writer_tokens: int = 0
    """Of a reply of who takes part in writing prompts."""
    grade_tokens: int = 0
    """Of a judge's reply."""
    tokens_per_gpu_second: float = 0.0
    """Tokens that one GPU writes in a second, with many requests at once; 0 where nobody knows."""

    def __post_init__(self) -> None:
        for name in ("on_kept", "off_kept", "asked"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in [0, 1], got {getattr(self, name)}")
        for name in ("problem_tokens", "on_tokens", "off_tokens", "writer_tokens", "grade_tokens"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be >= 0, got {getattr(self, name)}")
        if self.tokens_per_gpu_second < 0:
            rate = self.tokens_per_gpu_second
            raise ValueError(f"tokens_per_gpu_second must be >= 0, got {rate}")
