"""One request sent once, to one server: what aiohttp does, says and raises.

Nothing that aiohttp raises leaves this module: its exceptions hold the request's headers, and with
them the key.
"""

import os
import time
from collections.abc import Iterable
from dataclasses import replace

import aiohttp
from yarl import URL

from factory.records import Completion, Request
from factory.teachers.http import HttpConfig
from factory.teachers.http_failures import Failure, bad_reply, one_line, read_error, unreachable
from factory.teachers.http_replies import read_reply

MAX_REPLY_BYTES = 64 * 2**20
# Less than the 5 s after which uvicorn, and so vLLM, closes an idle connection.
_KEEP_ALIVE_S = 4.0
_CONNECT_S = 20.0


class Connections:
    """The open connections to all servers; made inside the event loop, to be closed there."""

    def __init__(self, config: HttpConfig, key: str, servers: Iterable[str]) -> None:
        self._config = config
        self._key = key
        self._urls = {
            (server, task): URL(route)
            for server in servers
            for task, route in (
                ("chat", f"{server}/chat/completions"),
                ("score", f"{server.removesuffix('/v1')}/pooling"),
                ("embed", f"{server}/embeddings"),
            )
        }
        headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if key:
            headers["Authorization"] = f"Bearer {key}"
        timeout_s = config.timeout_s
        self._session = aiohttp.ClientSession(
            headers=headers,
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_S),
            timeout=aiohttp.ClientTimeout(total=timeout_s, sock_connect=min(timeout_s, _CONNECT_S)),
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def close(self) -> None:
        """Close them all."""
        await self._session.close()

    async def send(self, request: Request, server: str, body: bytes) -> Completion | Failure:
        """What became of a request that was sent to a server once, with this body."""
        try:
            async with self._session.post(
                self._urls[server, request.task], data=body, allow_redirects=False
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
        except aiohttp.ClientSSLError:
            return unreachable("no TLS connection; is its certificate valid?")
        except aiohttp.ClientConnectorDNSError:
            return unreachable("its name cannot be resolved")
        except aiohttp.ClientConnectorError as error:
            return unreachable(os.strerror(error.errno) if error.errno else "no connection")
        except aiohttp.ConnectionTimeoutError:
            return unreachable("no connection in time")
        except TimeoutError:
            detail = f"no answer in {self._config.timeout_s:g} s"
            return Failure(slug="timeout", detail=detail, retry="few")
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

    def without_key(self, completion: Completion) -> Completion:
        """The completion, should it hold a key that was written with escapes."""
        if self._key and any(self._key in text for text in (completion.text, completion.error)):
            return replace(
                completion,
                text=completion.text.replace(self._key, "[key]"),
                error=completion.error.replace(self._key, "[key]"),
            )
        return completion
