"""An event loop whose clock stands still while it does not run.

A generator runs its loop only while its consumer waits for the next item. Were the clock to go on,
a request would time out because its answer was fetched late.
"""

import asyncio


class PausedLoop(asyncio.SelectorEventLoop):
    """Time-outs count only the time in which it ran."""

    def __init__(self) -> None:
        self._stood_still = 0.0
        self._stopped_at: float | None = None
        super().__init__()

    def time(self) -> float:
        """Seconds that the loop ran, from some origin."""
        now = super().time() if self._stopped_at is None else self._stopped_at
        return now - self._stood_still

    def run_forever(self) -> None:
        """Run until stopped."""
        if self._stopped_at is not None:
            self._stood_still += super().time() - self._stopped_at
            self._stopped_at = None
        try:
            super().run_forever()
        finally:
            self._stopped_at = super().time()
