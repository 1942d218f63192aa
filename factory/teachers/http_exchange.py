"""The requests of one `generate` on their way: an event loop that runs between two completions.

The loop belongs to the thread that takes the completions, and runs only while that thread waits for
one. A request is in flight, waits for a place at a server, or sleeps after a failure; what sleeps
holds up nothing. When the work has to end, only what is in flight goes on: it is being paid for.
"""

import asyncio
import random
import sys
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import replace

from factory.errors import TeacherError
from factory.records import Completion, Request
from factory.teachers.http import HttpConfig
from factory.teachers.http_connections import Connections
from factory.teachers.http_failures import Failure
from factory.teachers.http_replies import encode
from factory.teachers.pacing import Server, Servers
from factory.teachers.paused_loop import PausedLoop

_FEW = 3
_LONGER = 10  # times max_attempts, for what is no fault of the request
_HELD = 4  # times max_in_flight, with those asleep
_LOOK_AGAIN_S = 0.005


class Exchange:
    """Keeps as many requests in flight as the servers bear; to be closed."""

    def __init__(self, config: HttpConfig, key: str) -> None:
        self._config = config
        self._key = key
        self._loop = PausedLoop()
        urls = [url.rstrip("/") for url in config.base_urls]
        self._servers = Servers(urls, max_in_flight=config.max_in_flight, loop=self._loop)
        self._tasks: set[asyncio.Task[None]] = set()
        self._in_flight: set[asyncio.Task[None] | None] = set()
        self._num_asleep = 0
        self._done: deque[tuple[int, Completion]] = deque()
        self._fatal: BaseException | None = None
        self._awaited = False
        self._answered = False
        self._last_answer = self._loop.time()
        self._connections = self._loop.run_until_complete(self._open(urls))

    async def _open(self, urls: list[str]) -> Connections:
        return Connections(self._config, self._key, urls)

    def answer(self, requests: Iterator[Request | None]) -> Iterator[tuple[int, Completion]]:
        """See `Teacher.generate`."""
        num_taken, more = 0, True
        while more or self._tasks:
            wait_s = None
            while more and self._has_room():
                try:
                    request = next(requests)
                except StopIteration:
                    more = False
                    break
                if request is None:
                    wait_s = _LOOK_AGAIN_S
                    break
                self._start(num_taken, request)
                num_taken += 1
            if self._tasks:
                self._run(wait_s)
            while self._done:
                yield self._done.popleft()
            more = more and self._fatal is None
        if self._fatal is not None:
            raise self._fatal

    def _has_room(self) -> bool:
        num_awake = len(self._tasks) - self._num_asleep
        most = _HELD * self._config.max_in_flight
        return num_awake < self._servers.capacity() and len(self._tasks) < most

    def close(self) -> None:
        """Give up what is in flight; the connections are closed."""
        self._awaited = False
        for task in self._tasks:
            task.cancel()
        try:
            self._loop.run_until_complete(self._shut())
        finally:
            self._loop.close()

    async def _shut(self) -> None:
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._connections.close()
        await self._loop.shutdown_default_executor()  # it looks names up

    def _start(self, index: int, request: Request) -> None:
        task = self._loop.create_task(self._answer(index, request))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._end(error)
        self._wake()

    def _wake(self) -> None:
        if self._awaited:
            self._loop.stop()

    def _run(self, wait_s: float | None) -> None:
        """Drive what is in flight until something is done, or for a time."""
        alarm = None if wait_s is None else self._loop.call_later(wait_s, self._loop.stop)
        self._awaited = True
        self._loop.run_forever()
        self._awaited = False
        if alarm is not None:
            alarm.cancel()

    async def _answer(self, index: int, request: Request) -> None:
        try:
            body = encode(self._config, request)
        except UnicodeEncodeError:
            failure = Failure(slug="bad_request", detail="the prompt is not valid Unicode")
            self._done.append((index, failure.completion()))
            return
        failures: Counter[str] = Counter()
        num_sent, clipped = 0, False
        while True:
            outcome = await self._attempt(request, body)
            if isinstance(outcome, Completion):
                num_sent += 1
                break
            num_sent += outcome.retry != "elsewhere"
            if self._fatal is not None and (outcome.room or not outcome.healthy):
                return  # the next start asks again
            if outcome.room and not clipped:
                body, clipped = encode(self._config, request, outcome.room), True
                continue
            failures[outcome.retry] += 1
            if failures[outcome.retry] >= self._attempts(outcome):
                outcome = outcome.completion()
                break
            await self._sleep(outcome, failures[outcome.retry])
        completion = replace(self._connections.without_key(outcome), attempts=max(1, num_sent))
        self._done.append((index, completion))

    async def _attempt(self, request: Request, body: bytes) -> Completion | Failure:
        server, task = await self._servers.place(), asyncio.current_task()
        self._in_flight.add(task)
        try:
            sent = self._loop.time()
            outcome = await self._connections.send(request, server.url, body)
            self._note(server, sent, outcome)
        finally:
            self._in_flight.discard(task)
            self._servers.release(server)
        return outcome

    def _attempts(self, failure: Failure) -> int:
        most = self._config.max_attempts
        match failure.retry:
            case "often":
                return most
            case "later":
                return _LONGER * most
            case "few":
                return min(_FEW, most)
            case "elsewhere":  # another server may take it; where none can, patience ends it all
                return sys.maxsize
        return 1

    async def _sleep(self, failure: Failure, num_failures: int) -> None:
        if failure.retry == "elsewhere":
            return  # the server rests, and the request waits for a place
        longest = self._config.backoff_s * 2 ** min(num_failures - 1, 30)
        self._num_asleep += 1
        self._wake()  # there is room for another
        try:
            await asyncio.sleep(random.uniform(0, min(longest, self._config.max_backoff_s)))
        finally:
            self._num_asleep -= 1

    def _note(self, server: Server, sent: float, outcome: Completion | Failure) -> None:
        """Draw the conclusions for the server and the others of one attempt."""
        now, config = self._loop.time(), self._config
        if isinstance(outcome, Completion) or outcome.healthy:
            self._answered = self._answered or isinstance(outcome, Completion)
            self._last_answer = now
            server.answered(config.max_in_flight)
            return
        if outcome.fatal == "always" or (outcome.fatal and not self._answered):
            self._stop(f"{server.url} answers {outcome.detail}; {self._way_out(outcome)}")
            return
        rest_s = server.next_rest(config.backoff_s, config.max_backoff_s)
        if outcome.slug == "timeout":
            server.timed_out(sent, now, rest_s)
        elif outcome.overload:
            server.overloaded(sent, now, rest_s)
        else:
            refused = outcome.refuses or outcome.retry == "elsewhere"
            server.failed(sent, now, rest_s, reached=not refused)
        if outcome.retry_after_s:
            server.rest(now + outcome.retry_after_s)
        self._judge_silence(server, outcome)

    def _judge_silence(self, server: Server, failure: Failure) -> None:
        now, config = self._loop.time(), self._config
        patience_s = max(config.patience_s, config.timeout_s)
        if all(one.rests_until - now > patience_s for one in self._servers.all):
            self._stop(
                f"{server.url} asks to wait {failure.retry_after_s:.0f} s, longer than the "
                f"{patience_s:g} s of teacher.patience_s; run the same command again later"
            )
        elif now - self._last_answer >= patience_s:
            addresses = ", ".join(one.url for one in self._servers.all)
            if failure.retry == "elsewhere":
                self._stop(
                    f"{addresses} cannot be reached: {failure.detail}; start a server with: "
                    f"vllm serve {config.model}"
                )
                return
            name = "patience_s" if patience_s > config.timeout_s else "timeout_s"
            self._stop(
                f"{addresses} answered nothing for teacher.{name} = {patience_s:g} s; the last "
                f"failure: {failure.detail}; {self._way_out(failure)}"
            )

    def _way_out(self, failure: Failure) -> str:
        name, detail = self._config.api_key_env, failure.detail
        if failure.slug == "no_money":
            return "top up the account and run the same command again; nothing is paid twice"
        if detail.startswith(("HTTP 401", "HTTP 403")):
            if name:
                return f"check the key in the environment variable {name}"
            return "name the environment variable that holds the key in teacher.api_key_env"
        if failure.fatal:
            return (
                f"check teacher.model = {self._config.model!r} and teacher.base_urls, which end in "
                "/v1 with most servers"
            )
        return "see the server's log, and run the same command again once it answers"

    def _stop(self, message: str) -> None:
        self._end(TeacherError(message.replace(self._key, "[key]") if self._key else message))

    def _end(self, error: BaseException) -> None:
        """Take nothing more, and wait only for what is in flight."""
        self._fatal = self._fatal or error
        for task in self._tasks - self._in_flight:
            task.cancel()
        self._wake()
