"""A desk leads conversations with one teacher, through the ledger.

    conversations -> request -> in the ledger? -> recalled
                             -> within budget? -> asked -> appended -> on the disk -> handed on

What the ledger holds is never asked again, equal requests are asked once, and no completion is
handed on before it is on the disk. A desk belongs to one part of a run; `factory.shared` lets one
teacher serve the desks of several parts at the same time.
"""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from factory.errors import Superseded
from factory.ledger import LedgerReader, LedgerWriter
from factory.records import Completion, Request

Report = Callable[[dict[str, int]], None]
"""Takes counts that have come on top since the last call."""
_BATCH = 32
"""Requests that are put before the budget together."""
_LOOK_S = 0.2
"""How often a desk looks whether its start of the run still goes on."""
_RECALL_S = 0.003
"""How long a desk may read the ledger before the teacher gets its turn."""


@dataclass(slots=True)
class Talk:
    """A conversation to lead, and the account that pays for it: teacher/domain/mode."""

    conversation: Generator[Request, Completion, Any]
    account: str


class Clearing(Protocol):
    """What a desk needs of a budget; `factory.budget.Purse` is one."""

    @property
    def stopped(self) -> bool:
        """Whether nothing further may be asked."""
        ...

    @property
    def wait_s(self) -> float:
        """Seconds to wait before anything can be cleared."""
        ...

    def clear(self, requests: list[Request]) -> int:
        """How many of these, from the first, may be asked now."""
        ...

    def settle(self, request: Request, completion: Completion) -> None:
        """Note what a cleared request took in the end."""
        ...


class Unlimited:
    """The clearing of a run without caps and rate limits."""

    stopped = False
    wait_s = 0.0

    def clear(self, requests: list[Request]) -> int:
        """All of them."""
        return len(requests)

    def settle(self, request: Request, completion: Completion) -> None:
        """Nothing to note."""


class Desk:
    """Leads conversations to their end.

    Args:
        talks: the conversations, in the order in which they are started.
        reader: looked into first.
        writer: takes what was asked.
        purse: holds back what is beyond the budget.
        report: told of `completions`, those that were `recalled` included, `tokens`, `errors`, and
            what each account paid.
        failed: errors of requests that are not to be asked again.
        is_current: whether the start of the run that this desk belongs to still goes on.
    """

    def __init__(
        self,
        talks: Iterable[Talk],
        reader: LedgerReader,
        writer: LedgerWriter,
        purse: Clearing | None = None,
        report: Report | None = None,
        failed: Mapping[str, str] | None = None,
        is_current: Callable[[], bool] = lambda: True,
    ) -> None:
        self.errors: dict[str, str] = dict(failed or {})
        """The errors of requests that failed, by request key."""
        self.ended = threading.Event()
        self.failure: BaseException | None = None
        self._talks = iter(talks)
        self._exhausted = False
        self._reader = reader
        self._writer = writer
        self._purse: Clearing = purse or Unlimited()
        self._report = report or _ignore
        self._ready: deque[tuple[Talk, Request]] = deque()
        self._outbox: deque[Request] = deque()
        self._cleared: deque[Request] = deque()
        self._askers: dict[str, list[Talk]] = {}
        self._not_durable: deque[tuple[int, str, Completion]] = deque()
        self._written: set[str] = set()
        self._in_flight = 0
        self._is_current = is_current
        self._looked = time.monotonic()

    @property
    def done(self) -> bool:
        """Whether no more requests will come and none is in flight."""
        if self._in_flight:
            return False
        if self.failure:
            return True
        if self._cleared or self._not_durable:
            return False
        return self._purse.stopped or (self._exhausted and not self._ready and not self._outbox)

    @property
    def wait_s(self) -> float:
        """Seconds after which it makes sense to ask this desk again."""
        return self._purse.wait_s

    def next(self, *, idle: bool = False) -> Request | None:
        """The next request for the teacher, None where none is ready.

        Args:
            idle: nothing is in flight at all, so that there is time to flush the ledger.
        """
        if self.failure:
            return None
        if time.monotonic() - self._looked > _LOOK_S:
            self._looked = time.monotonic()
            if not self._is_current():
                raise Superseded("another start of the run has taken over")
        self._hand_on(self._writer.durable)
        if not self._cleared:
            self._fill()
            self._clear()
        if self._cleared:
            self._in_flight += 1
            return self._cleared.popleft()
        if idle and self._not_durable:
            self._hand_on(self._writer.flush())
        return None

    def receive(self, request: Request, answer: Completion) -> None:
        """Take the completion of a request that `next` gave out."""
        self._in_flight -= 1
        self._purse.settle(request, answer)
        completion = replace(answer, text=_storable(answer.text), error=_storable(answer.error))
        account = self._askers[request.key][0].account
        if completion.error:
            number, self.errors[request.key] = 0, completion.error
        else:
            number = self._writer.append(request.key, completion, account)
            self._written.add(request.key)
        self._tell(completion, account)
        self._not_durable.append((number, request.key, completion))

    def _fill(self) -> None:
        """Bring up to a batch of requests that are not in the ledger into the outbox."""
        until = time.monotonic() + _RECALL_S
        while not self._purse.stopped and len(self._outbox) < _BATCH:
            if not self._ready and not self._start():
                return
            talk, request = self._ready.popleft()
            known = self._reader.get(request.key)
            if known is None and request.key in self._written:
                self._reader.refresh()
                known = self._reader.get(request.key)
            if known is None and request.key in self.errors:
                known = Completion(finish_reason="error", error=self.errors[request.key])
            if known is not None:
                self._report({"completions": 1, "recalled": 1, "tokens": 0, "errors": 0})
                self._send(talk, known)
            elif request.key in self._askers:
                self._askers[request.key].append(talk)
            else:
                self._askers[request.key] = [talk]
                self._outbox.append(request)
            if time.monotonic() > until:
                return

    def _start(self) -> bool:
        """Begin the next conversation; False where there is none."""
        talk = next(self._talks, None)
        if talk is None:
            self._exhausted = True
            return False
        self._ready.append((talk, next(talk.conversation)))
        return True

    def _clear(self) -> None:
        if self._outbox and not self._purse.stopped:
            for _ in range(self._purse.clear(list(self._outbox))):
                self._cleared.append(self._outbox.popleft())

    def _hand_on(self, durable: int) -> None:
        while self._not_durable and self._not_durable[0][0] <= durable:
            _, key, completion = self._not_durable.popleft()
            for talk in self._askers.pop(key):
                self._send(talk, completion)

    def _send(self, talk: Talk, completion: Completion) -> None:
        with contextlib.suppress(StopIteration):
            self._ready.append((talk, talk.conversation.send(completion)))

    def _tell(self, completion: Completion, account: str) -> None:
        read, written = completion.prompt_tokens, completion.completion_tokens
        self._report(
            {
                "completions": 1,
                "recalled": 0,
                "tokens": written,
                "errors": int(bool(completion.error)),
                f"{account}:completions": 1,
                f"{account}:prompt_tokens": read,
                f"{account}:completion_tokens": written,
            }
        )


def _ignore(counts: dict[str, int]) -> None:
    pass


def _storable(text: str) -> str:
    """The text with lone surrogates, which neither parquet nor a tokenizer takes, replaced."""
    return text.encode("utf-8", "replace").decode()
