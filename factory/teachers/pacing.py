"""How many requests each server has at once, and when it is left alone.

The window of a server grows by one for each answer until the first sign of overload, and from then
on by a few for each round of answers; overload halves it. All the requests that were on their way
when it was halved say the same thing again, so that they do not halve it again. A server that
cannot be reached, or that fails several times running, rests, longer each time, and then gets one
request to show that it is back.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

FIRST_WINDOW = 16.0
_STEP = 4.0  # for a whole round of answers, once overload was seen
_STRIKES = 4  # failures running


@dataclass(slots=True, eq=False)
class Server:
    """One address and what is known of it; times are those of the event loop."""

    url: str
    window: float
    in_flight: int = 0
    rests_until: float = 0.0
    unreachable: int = 0
    """Times running that it could not be reached."""
    _known_at: float = 0.0
    _overloaded: bool = False
    _strikes: int = 0
    _rests: int = 0

    def answered(self, max_window: int) -> None:
        """It gave an answer, be that a refusal."""
        self.unreachable = self._strikes = self._rests = 0
        if 2 * self.in_flight >= self.window:  # else nothing shows that it bears more
            step = min(0.5, _STEP / self.window) if self._overloaded else 1.0
            self.window = min(self.window + step, max_window)

    def overloaded(self, sent: float, now: float) -> None:
        """It said that it has too much to do with a request sent at `sent`, or took too long."""
        if sent >= self._known_at:
            self.window = max(1.0, self.window / 2)
            self._overloaded, self._known_at = True, now

    def failed(self, sent: float, now: float, rest_s: float, *, reached: bool) -> None:
        """It failed at a request sent at `sent`; `rest_s` is its first rest."""
        if sent < self._known_at:
            return
        self.unreachable = 0 if reached else self.unreachable + 1
        self._strikes += 1
        if reached and self._strikes < _STRIKES:
            return
        self.window = 1.0
        self.rest(now + rest_s)
        self._strikes, self._known_at, self._overloaded = 0, now, False
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
        """How many requests, those waiting to be tried again included, may be held now."""
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
