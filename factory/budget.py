"""What a run may spend: caps on cost and tokens, and rate limits, over all workers.

The `Budget` is kept in one place, beside the Dask scheduler. A worker's `Purse` asks it before a
request goes out and reserves the worst case: every byte of the prompt a token, and as many new
tokens as the request allows. What it really took is settled when the completion comes. So the caps
hold whatever is in flight, and near a cap fewer requests fly.
"""

import math
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from factory.rates import Pace, Rate
from factory.records import Completion, Request
from factory.teachers.terms import Price, Terms

Settled = tuple[int, int, int, int, int]
"""Reserved prompt and completion tokens, those that it took, and how often it was sent."""
_MESSAGE_TOKENS = 16
"""Tokens that a chat template may put around a turn."""
_TIGHT_S = 0.05
"""How often a purse asks again while others' reservations fill the budget."""


def worst_case(request: Request) -> tuple[int, int]:
    """(prompt tokens, completion tokens) of a request at most: no token is shorter than a byte."""
    texts = [request.prefix, *(turn.content for turn in request.messages)]
    read = sum(len(text.encode("utf-8", "replace")) + _MESSAGE_TOKENS for text in texts)
    return read, request.sampling.max_tokens if request.task == "chat" else 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Caps:
    """What a run may pay for in all; None is no cap."""

    max_cost: float | None = None
    """US dollars."""
    max_tokens: int | None = None
    """Prompt and completion tokens."""


@dataclass(kw_only=True)
class _Reserved:
    tokens: int = 0
    cost: float = 0.0


class Budget:
    """The one place that knows what was spent and what is reserved.

    Args:
        caps: what may be spent in all.
        terms: prices and rate limits by teacher.
        spent_tokens: what earlier starts of the run paid for.
        spent_cost: the same in US dollars.
        clock: seconds, rising.
    """

    def __init__(
        self,
        caps: Caps,
        terms: Mapping[str, Terms],
        *,
        spent_tokens: int = 0,
        spent_cost: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.caps = caps
        self.spent_tokens = spent_tokens
        self.spent_cost = spent_cost
        self.stopped = ""
        """Why nothing further may be asked; empty while it may."""
        self._prices = {name: each.priced() for name, each in terms.items()}
        self._clock = clock
        self._paces = {
            name: Pace(
                Rate(each.requests_per_minute, at=clock()) if each.requests_per_minute else None,
                Rate(each.tokens_per_minute, at=clock()) if each.tokens_per_minute else None,
            )
            for name, each in terms.items()
        }
        self._reserved: dict[str, _Reserved] = {}
        self._gone: set[str] = set()
        self._lock = threading.Lock()

    @staticmethod
    def is_needed(caps: Caps, terms: Mapping[str, Terms]) -> bool:
        """Whether anything is limited at all."""
        return (
            caps.max_cost is not None
            or caps.max_tokens is not None
            or any(each.requests_per_minute or each.tokens_per_minute for each in terms.values())
        )

    def exchange(
        self,
        *,
        holder: str,
        teacher: str,
        settled: Sequence[Settled],
        wanted: Sequence[tuple[int, int]],
    ) -> dict[str, Any]:
        """Settle what came back, and reserve for what is to go out.

        Args:
            holder: the worker.
            teacher: whose prices and rates count.
            settled: what requests that ended had reserved and took.
            wanted: (prompt, completion tokens at most) of requests that are ready, in order.

        Returns:
            `cleared`, how many of the wanted ones may go; `wait_s`, when to ask again where that is
            not all; `stopped`, why nothing further may be asked, or an empty text.
        """
        with self._lock:
            if holder in self._gone:  # what it had in flight is counted as spent already
                return {"cleared": 0, "wait_s": 0.0, "stopped": f"worker {holder} was given up"}
            price = self._prices.get(teacher, Price())
            mine = self._reserved.setdefault(holder, _Reserved())
            for each in settled:
                self._settle(teacher, price, mine, each)
            cleared, wait_s = 0, 0.0
            pace = self._paces[teacher]
            for read, written in wanted:
                wait_s = pace.wait_s(self._clock())
                if wait_s == 0.0 and not self._fits(read + written, price.cost(read, written)):
                    wait_s = _TIGHT_S
                    if not any(r.tokens > 0 for r in self._reserved.values()):
                        self.stopped = self._reason(read + written, price.cost(read, written))
                if wait_s or self.stopped:
                    break
                mine.tokens += read + written
                mine.cost += price.cost(read, written)
                pace.send(read + written)
                cleared += 1
            return {"cleared": cleared, "wait_s": wait_s, "stopped": self.stopped}

    def admit(self, holder: str) -> None:
        """A worker has come, be it at the address of one that is gone."""
        with self._lock:
            self._gone.discard(holder)

    def drop(self, holder: str) -> None:
        """A worker is gone: what it had in flight may have been paid for, and counts as spent."""
        with self._lock:
            self._gone.add(holder)
            lost = self._reserved.pop(holder, _Reserved())
            self.spent_tokens += lost.tokens
            self.spent_cost += lost.cost

    def _settle(self, teacher: str, price: Price, mine: _Reserved, amounts: Settled) -> None:
        reserved_read, reserved_written, read, written, attempts = amounts
        mine.tokens -= reserved_read + reserved_written
        mine.cost -= price.cost(reserved_read, reserved_written)
        self.spent_tokens += read + written
        self.spent_cost += price.cost(read, written)
        again = attempts - 1
        reserved = reserved_read + reserved_written
        self._paces[teacher].end(reserved, read + written, again, again * reserved_read)

    def _fits(self, tokens: int, cost: float) -> bool:
        reserved = self._reserved.values()
        all_tokens = self.spent_tokens + sum(r.tokens for r in reserved) + tokens
        all_cost = self.spent_cost + sum(r.cost for r in reserved) + cost
        caps = self.caps
        return (caps.max_tokens is None or all_tokens <= caps.max_tokens) and (
            caps.max_cost is None or all_cost <= caps.max_cost + 1e-9
        )

    def _reason(self, tokens: int, cost: float) -> str:
        caps = self.caps
        if caps.max_tokens is not None and self.spent_tokens + tokens > caps.max_tokens:
            return (
                f"max_tokens = {caps.max_tokens:,}: {self.spent_tokens:,} tokens are spent, and "
                f"the next request may take {tokens:,}"
            )
        return (
            f"max_cost = {caps.max_cost:g}: {self.spent_cost:.6g} US dollars are spent, and the "
            f"next request may cost {cost:.6g}"
        )


class Purse:
    """A worker's access to the budget; see `factory.desk.Clearing`.

    Args:
        holder: the worker's name.
        teacher: who is asked.
        exchange: reaches `Budget.exchange`.
    """

    def __init__(self, holder: str, teacher: str, exchange: Callable[..., dict[str, Any]]) -> None:
        self.reason = ""
        """Why nothing further may be asked; empty while it may."""
        self._holder = holder
        self._teacher = teacher
        self._exchange = exchange
        self._settled: list[Settled] = []
        self._open: dict[str, tuple[int, int]] = {}
        """The worst case of requests that are on their way, by key."""
        self._not_before = -math.inf

    @property
    def stopped(self) -> bool:
        """Whether a cap is reached."""
        return bool(self.reason)

    @property
    def wait_s(self) -> float:
        """Seconds before anything can be cleared."""
        return max(0.0, min(self._not_before - time.monotonic(), 1.0))

    def clear(self, requests: list[Request]) -> int:
        """How many of these requests may be asked now; their worst case is reserved."""
        if self._not_before > time.monotonic():
            return 0
        reply = self._call([worst_case(request) for request in requests])
        self.reason = reply["stopped"]
        self._not_before = time.monotonic() + reply["wait_s"] if reply["wait_s"] else -math.inf
        for request in requests[: reply["cleared"]]:
            self._open[request.key] = worst_case(request)
        return int(reply["cleared"])

    def settle(self, request: Request, completion: Completion) -> None:
        """Note what a cleared request took; told to the budget at the next call.

        An answer whose server does not say what it took has taken the worst case; so has one that
        was too late or garbled.
        """
        reserved = self._open.pop(request.key)
        took = (completion.prompt_tokens, completion.completion_tokens)
        lost = completion.error.startswith(("timeout", "bad_reply"))
        if not any(took) and (lost or not completion.error):
            took = reserved
        self._settled.append((*reserved, *took, completion.attempts))

    def close(self) -> None:
        """Tell the budget what it does not know yet; what did not come back may have been paid."""
        self._settled += [(*reserved, *reserved, 1) for reserved in self._open.values()]
        self._open.clear()
        if self._settled:
            self._call([])

    def _call(self, wanted: list[tuple[int, int]]) -> dict[str, Any]:
        settled, self._settled = self._settled, []
        return self._exchange(
            holder=self._holder, teacher=self._teacher, settled=settled, wanted=wanted
        )
