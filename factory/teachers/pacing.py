"""How many requests each server has at once, and when it is left alone.

The window of a server grows by one for each answer up to where overload was last seen, from there
by a tenth for each round of answers, and well above it, where that is no longer true, by one again;
overload halves it. All the requests that were on their way when it was halved say the same thing
again, so that they do not halve it again. A server that
cannot be reached, that fails several times running or that has too much to do with one request
rests, longer each time, and then gets one request to show that it is back.
"""

import asyncio
import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

FIRST_WINDOW = 16.0
_STEP = 0.1  # of the window, for a whole round of answers
_WELL_ABOVE = 1.5
_STRIKES = 4  # failures running
_TIMEOUTS = 3  # running; a single one may be an answer that is too long


@dataclass(slots=True, eq=False)
class Server:
    """One address and what is known of it; times are those of the event loop."""

    url: str
    window: float
    in_flight: int = 0
    rests_until: float = 0.0
    _known_at: float = 0.0
    _ceiling: float = math.inf
    """The window at which overload was last seen."""
    _bore: bool = True
    """Whether it answered since then."""
    _timeouts: int = 0
    _strikes: int = 0
    _rests: int = 0

    def answered(self, max_window: int) -> None:
        """It gave an answer, be that a refusal."""
        self._strikes = self._rests = self._timeouts = 0
        self._bore = True
        if 2 * self.in_flight >= self.window:  # else nothing shows that it bears more
            slow = self._ceiling <= self.window < _WELL_ABOVE * self._ceiling
            step = _STEP if slow else 1.0
            self.window = min(self.window + step, max_window)

    def overloaded(self, sent: float, now: float, rest_s: float) -> None:
        """It said that it has too much to do with a request sent at `sent`, or took too long."""
        if sent < self._known_at:
            return
        if self._bore:  # else it is down, and its window says nothing
            self._ceiling, self._bore = self.window, False
        if self.window < 2:
            self.failed(sent, now, rest_s, reached=True)
            return
        self.window /= 2
        self._known_at = now

    def timed_out(self, sent: float, now: float, rest_s: float) -> None:
        """It did not answer a request sent at `sent` in time."""
        self._timeouts += 1
        if self._timeouts >= _TIMEOUTS:
            self.overloaded(sent, now, rest_s)

    def failed(self, sent: float, now: float, rest_s: float, *, reached: bool) -> None:
        """It failed at a request sent at `sent`; `rest_s` is its rest now."""
        if sent < self._known_at:
            return
        self._strikes += 1
        if reached and not self._rests and self._strikes < _STRIKES:
            return
        self.window = 1.0
        self.rest(now + rest_s)
        self._strikes, self._known_at = 0, now
        self._rests += 1

    def next_rest(self, first_s: float, longest_s: float) -> float:
        """How long it should rest when it fails now."""
        return float(min(longest_s, first_s * 2 ** min(self._rests, 30)))

    def rest(self, until: float) -> None:
        """Give it nothing until then."""
        self.rests_until = max(self.rests_until, until)


class Servers:
    """Hands out places at the server that has least to do; first come, first served."""

    def __init__(
        self, urls: Sequence[str], *, max_in_flight: int, loop: asyncio.AbstractEventLoop
    ) -> None:
        window = min(FIRST_WINDOW, max_in_flight)
        self.all = [Server(url, window) for url in urls]
        self._max_in_flight = max_in_flight
        self._loop = loop
        self._waiting: deque[asyncio.Future[Server]] = deque()
        self._alarm: asyncio.TimerHandle | None = None

    def capacity(self) -> int:
        """How many requests may be on their way, or waiting for a place, now."""
        now = self._loop.time()
        total = sum(int(server.window) for server in self.all if server.rests_until <= now)
        return max(1, min(total, self._max_in_flight))

    async def place(self) -> Server:
        """A server with room, its `in_flight` counted up; `release` gives the place back."""
        server = None if self._waiting else self._choose()
        if server is None:
            waiter: asyncio.Future[Server] = self._loop.create_future()
            self._waiting.append(waiter)
            self._admit()
            return await waiter
        server.in_flight += 1
        return server

    def release(self, server: Server) -> None:
        """Give a place back, after what was learnt of the server was noted."""
        server.in_flight -= 1
        if self._waiting:
            self._admit()

    def _choose(self) -> Server | None:
        now = self._loop.time()
        best = None
        for server in self.all:
            if server.rests_until > now or server.in_flight >= int(server.window):
                continue
            if best is None or server.in_flight < best.in_flight:
                best = server
        return best

    def _admit(self) -> None:
        while self._waiting:
            if self._waiting[0].done():  # cancelled
                self._waiting.popleft()
                continue
            server = self._choose()
            if server is None:
                break
            server.in_flight += 1
            self._waiting.popleft().set_result(server)
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        now = self._loop.time()
        ends = [server.rests_until for server in self.all if server.rests_until > now]
        if self._waiting and ends:
            self._alarm = self._loop.call_at(min(ends), self._admit)
