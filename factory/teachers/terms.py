"""What every `[teachers.<name>]` table may hold, whatever its kind: prices and rate limits."""

from typing import ClassVar

from factory.config import settings


@settings
class Price:
    """US dollars per million tokens."""

    prompt: float = 0.0
    completion: float = 0.0

    def __post_init__(self) -> None:
        for name in ("prompt", "completion"):
            if not 0 <= getattr(self, name) < float("inf"):
                raise ValueError(f"{name} must be >= 0, got {getattr(self, name)}")

    def cost(self, prompt_tokens: int, completion_tokens: int) -> float:
        """What so many tokens cost, in US dollars."""
        return (prompt_tokens * self.prompt + completion_tokens * self.completion) / 1e6


@settings
class Terms:
    """The fields that all kinds of teachers share; none of them changes the data."""

    price: Price | None = None
    """None costs nothing; a served teacher needs one, be it zero, where a run has a cap on cost."""
    requests_per_minute: int = 0
    """For the whole run, over all workers; 0 is no limit."""
    tokens_per_minute: int = 0
    """Prompt and completion tokens, for the whole run, over all workers; 0 is no limit."""

    limits: ClassVar[frozenset[str]] = frozenset(
        {"price", "requests_per_minute", "tokens_per_minute"}
    )
    """Fields that change no data and stay outside a recipe's hash; a kind adds its own."""

    def __post_init__(self) -> None:
        for name in ("requests_per_minute", "tokens_per_minute"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} must be >= 0, got {getattr(self, name)}")

    def priced(self) -> Price:
        """The price, zero where there is none."""
        return self.price or Price()
