"""The requests of one `generate` on their way: an event loop that runs between two completions.

The loop belongs to the thread that takes the completions, and runs only while that thread waits for
one. Nothing that aiohttp raises leaves this module: its exceptions hold the request's headers, and
with them the key.
"""

import asyncio
import os
import random
import sys
import time
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import replace

import aiohttp
from yarl import URL

from factory.errors import TeacherError
from factory.records import Completion, Request
from factory.teachers.http import HttpConfig
from factory.teachers.http_replies import (
    Failure,
    bad_reply,
    encode,
    one_line,
    read_error,
    read_reply,
    unreachable,
)
from factory.teachers.pacing import Server, Servers
from factory.teachers.paused_loop import PausedLoop

MAX_REPLY_BYTES = 64 * 2**20
_FEW = 3
_LOOK_AGAIN_S = 0.005
# Less than the 5 s after which uvicorn, and so vLLM, closes an idle connection.
_KEEP_ALIVE_S = 4.0
_CONNECT_S = 20.0


class Exchange:
    """Keeps as many requests in flight as the servers bear; to be closed."""

    def __init__(self, config: HttpConfig, key: str) -> None:
        self._config = config
        self._key = key
        self._loop = PausedLoop()
        self._servers = Servers(
            [url.rstrip("/") for url in config.base_urls],
            max_in_flight=config.max_in_flight,
            loop=self._loop,
        )
        self._urls = {
            (server.url, task): URL(route)
            for server in self._servers.all
            for task, route in (
                ("chat", f"{server.url}/chat/completions"),
                ("score", f"{server.url.removesuffix('/v1')}/pooling"),
            )
        }
        self._tasks: set[asyncio.Task[None]] = set()
        self._done: deque[tuple[int, Completion]] = deque()
        self._fatal: BaseException | None = None
        self._awaited = False
        self._session = self._loop.run_until_complete(self._open())

    async def _open(self) -> aiohttp.ClientSession:
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        timeout_s = self._config.timeout_s
        return aiohttp.ClientSession(
            headers=headers,
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_S),
            timeout=aiohttp.ClientTimeout(total=timeout_s, sock_connect=min(timeout_s, _CONNECT_S)),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    def answer(self, requests: Iterator[Request | None]) -> Iterator[tuple[int, Completion]]:
        """See `Teacher.generate`."""
        num_taken, more = 0, True
        while more or self._tasks:
            wait_s = None
            while more and len(self._tasks) < self._servers.capacity():
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
            if self._fatal is not None:
                raise self._fatal

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
        await self._session.close()
        await self._loop.shutdown_default_executor()  # it looks names up

    def _start(self, index: int, request: Request) -> None:
        task = self._loop.create_task(self._answer(index, request))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._fatal = self._fatal or error
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
        while True:
            server = await self._servers.place()
            try:
                sent = self._loop.time()
                outcome = await self._attempt(request, server, body)
                self._note(server, sent, outcome)
            finally:
                self._servers.release(server)
            if isinstance(outcome, Completion):
                self._done.append((index, self._without_key(outcome)))
                return
            failures[outcome.retry] += 1
            if failures[outcome.retry] >= self._attempts(outcome):
                self._done.append((index, self._without_key(outcome.completion())))
                return
            await asyncio.sleep(self._wait_s(outcome, failures[outcome.retry]))

    def _attempts(self, failure: Failure) -> int:
        most = self._config.max_attempts
        match failure.retry:
            case "often":
                return most
            case "few":
                return min(_FEW, most)
            case "elsewhere":
                return (
                    sys.maxsize
                )  # another server may take it; where none can, `_note` ends it all
        return 1

    def _wait_s(self, failure: Failure, num_failures: int) -> float:
        if failure.retry == "elsewhere" or failure.retry_after_s:
            return 0.0  # the server rests, and the request waits for a place
        longest = self._config.backoff_s * 2 ** min(num_failures - 1, 30)
        return random.uniform(0, min(longest, self._config.max_backoff_s))

    async def _attempt(self, request: Request, server: Server, body: bytes) -> Completion | Failure:
        try:
            async with self._session.post(
                self._urls[server.url, request.task], data=body, allow_redirects=False
            ) as response:
                data = await self._read(response)
                headers = response.headers
                if data is None:
                    detail = f"it is longer than {MAX_REPLY_BYTES >> 20} MiB"
                    return Failure(slug="bad_reply", detail=detail, healthy=True)
                if response.status != 200:
                    wait = headers.get("Retry-After", "")
                    return read_error(response.status, data, wait, time.time())
                content_type = headers.get("Content-Type", "")
                if "json" not in content_type.lower():
                    return bad_reply(f"its content type is {one_line(content_type)!r}, not JSON")
                return read_reply(request, data)
        # From the most specific to the least; the texts of these may hold addresses and headers.
        except aiohttp.ClientConnectorDNSError:
            return unreachable("its name cannot be resolved")
        except aiohttp.ClientConnectorError as error:
            return unreachable(os.strerror(error.errno) if error.errno else "no connection")
        except aiohttp.ClientSSLError:
            return unreachable("no TLS connection; is its certificate valid?")
        except aiohttp.ConnectionTimeoutError:
            return unreachable("no connection in time")
        except TimeoutError:
            detail = f"no answer in {self._config.timeout_s:g} s"
            return Failure(slug="timeout", detail=detail, retry="few", overload=True)
        except aiohttp.ClientPayloadError:
            return bad_reply("it was cut off")
        except aiohttp.ClientConnectionError:
            return Failure(slug="unreachable", detail="the connection was lost", retry="often")
        except aiohttp.ClientError as error:
            return bad_reply(f"it is not HTTP ({type(error).__name__})")

    async def _read(self, response: aiohttp.ClientResponse) -> bytes | None:
        """The body without the key, should the server repeat it; None where it is too long."""
        chunks, size = [], 0
        while chunk := await response.content.readany():
            chunks.append(chunk)
            size += len(chunk)
            if size > MAX_REPLY_BYTES:
                response.close()
                return None
        data = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        if self._key and (key := self._key.encode()) in data:
            data = data.replace(key, b"[key]")
        return data

    def _without_key(self, completion: Completion) -> Completion:
        # Once more, for a key that was written with escapes.
        if self._key and any(self._key in text for text in (completion.text, completion.error)):
            return replace(
                completion,
                text=completion.text.replace(self._key, "[key]"),
                error=completion.error.replace(self._key, "[key]"),
            )
        return completion

    def _note(self, server: Server, sent: float, outcome: Completion | Failure) -> None:
        """Draw the conclusions for the server and the others of one attempt."""
        now, config = self._loop.time(), self._config
        if isinstance(outcome, Completion) or outcome.healthy:
            server.answered(config.max_in_flight)
        elif outcome.fatal:
            self._stop(f"{server.url} answers {outcome.detail}; {self._way_out(outcome)}")
        elif outcome.overload:
            server.overloaded(sent, now)
        else:
            rest_s = server.next_rest(config.backoff_s, config.max_backoff_s)
            server.failed(sent, now, rest_s, reached=outcome.retry != "elsewhere")
            if all(one.unreachable >= config.max_attempts for one in self._servers.all):
                addresses = ", ".join(one.url for one in self._servers.all)
                self._stop(
                    f"{addresses} cannot be reached: {outcome.detail}; start a server with: "
                    f"vllm serve {config.model}"
                )
        if isinstance(outcome, Failure) and outcome.retry_after_s:
            server.rest(now + outcome.retry_after_s)
            if all(one.rests_until - now > config.timeout_s for one in self._servers.all):
                self._stop(
                    f"{server.url} asks to wait {outcome.retry_after_s:.0f} s, longer than "
                    f"teacher.timeout_s = {config.timeout_s:g}; run the same command again later"
                )

    def _way_out(self, failure: Failure) -> str:
        name = self._config.api_key_env
        if failure.detail.startswith(("HTTP 401", "HTTP 403")):
            if name:
                return f"check the key in the environment variable {name}"
            return "name the environment variable that holds the key in teacher.api_key_env"
        return (
            f"check teacher.model = {self._config.model!r} and teacher.base_urls, which end in /v1 "
            "with most servers"
        )

    def _stop(self, message: str) -> None:
        if self._key:
            message = message.replace(self._key, "[key]")
        self._fatal = self._fatal or TeacherError(message)
        self._wake()
