"""Table `[assume]` of a recipe: lengths and keep rates for an estimate without teachers.

    [assume]
    problem_tokens = 120
    asked = 0.9                      # of the positions, those that come to be asked
    on_tokens = 6000
    on_kept = 0.64
    off_tokens = 600
    off_kept = 0.3
    tokens_per_gpu_second = {r1 = 400, qwen = 5000}
    dollars_per_gpu_hour = 2.5

It changes nothing that is produced. `factory.assumed_estimate` works with it.
"""

from dataclasses import field

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
    graded: float = 1.0
    """Share in [0, 1] of the answers that judges and reward models are asked about."""
    tokens_per_gpu_second: dict[str, float] = field(default_factory=dict)
    """By teacher, the tokens that it writes in a second on each of its GPUs, with many requests at
    once."""
    dollars_per_gpu_hour: float = 0.0
    """What a GPU costs, beside what teachers ask for tokens; 0 where nobody knows."""

    def __post_init__(self) -> None:
        for name in ("on_kept", "off_kept", "asked", "graded"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in [0, 1], got {getattr(self, name)}")
        for name in ("problem_tokens", "on_tokens", "off_tokens", "writer_tokens", "grade_tokens"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be >= 0, got {getattr(self, name)}")
        for teacher, rate in self.tokens_per_gpu_second.items():
            if not rate > 0:
                raise ValueError(f"tokens_per_gpu_second.{teacher} must be > 0, got {rate}")
        if self.dollars_per_gpu_hour < 0:
            price = self.dollars_per_gpu_hour
            raise ValueError(f"dollars_per_gpu_hour must be >= 0, got {price}")
