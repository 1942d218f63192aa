"""Requests and tokens per minute: when the next request may go out."""

import time
from dataclasses import dataclass, field


@dataclass
class Rate:
    """A rate limit as a level that refills: asking lowers it, below zero nothing may be asked.

    In any minute at most `per_minute`, a sixth of a second's worth of it, one request, and what was
    given back go out.
    """

    per_minute: float
    level: float = 0.0
    at: float = field(default_factory=time.monotonic)

    def wait_s(self, now: float) -> float:
        """Seconds until something may be asked again; 0 where it may be now."""
        per_second = self.per_minute / 60
        if self.level < per_second / 6:  # what was given back may lie above, and is not lost
            self.level = min(self.level + (now - self.at) * per_second, per_second / 6)
        self.at = now
        return max(0.0, -self.level / per_second)

    def take(self, amount: float) -> None:
        """Count what goes out; a negative amount gives back what was not needed."""
        self.level += -amount


@dataclass
class Pace:
    """A teacher's two rate limits.

    A cap needs the worst case; a rate that did would stand nearly still. So tokens are charged as
    the share of the worst case that requests have taken so far, and corrected when they end.
    """

    requests: Rate | None
    tokens: Rate | None
    share: float = 1.0
    """What requests take of their worst case, a moving mean."""
    reserved: int = 0
    charged: float = 0.0
    """For the requests in flight."""

    def wait_s(self, now: float) -> float:
        """Seconds until something may be asked again."""
        return max((rate.wait_s(now) for rate in (self.requests, self.tokens) if rate), default=0.0)

    def send(self, reserved: int) -> None:
        """Charge a request of so many tokens at most."""
        if self.requests:
            self.requests.take(1)
        if self.tokens:
            self.tokens.take(self.share * reserved)
            self.reserved += reserved
            self.charged += self.share * reserved

    def end(self, reserved: int, took: int, again: int, again_tokens: int) -> None:
        """Correct the charge of a request that has ended, and was sent again so often."""
        if self.requests:
            self.requests.take(again)
        if self.tokens and self.reserved:
            charge = self.charged * min(1.0, reserved / self.reserved)
            self.reserved -= reserved
            self.charged -= charge
            self.tokens.take(took + again_tokens - charge)
            self.share += 0.05 * (took / max(reserved, 1) - self.share)
