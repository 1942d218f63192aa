"""The client's connections: with time limits, counted bytes, and waits that are told."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx
from huggingface_hub.utils import (
    are_progress_bars_disabled,
    disable_progress_bars,
    enable_progress_bars,
    logging,
    set_client_factory,
)
from huggingface_hub.utils._http import default_client_factory  # nowhere else; to go back to it

from factory.errors import RunError
from factory.progress import Progress
from factory.publishing.patience import asked_wait

_TIMEOUT_S = {"connect": 30.0, "read": 120.0, "write": 120.0, "pool": 300.0}
"""The client itself would wait for ever."""
_LONGEST_WAIT_S = 900.0
"""Who is told to come back later than this comes back by the same command."""


class _Counted(httpx.SyncByteStream):
    """What an upload sends, and how much of it has gone."""

    def __init__(self, stream: httpx.SyncByteStream, progress: Progress) -> None:
        self._stream = stream
        self._progress = progress

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._stream:
            yield chunk
            self._progress.add({"bytes": len(chunk)})


@contextmanager
def watched_session(progress: Progress) -> Iterator[None]:
    """While it lasts, the client's requests end in time and tell the progress what happens."""

    def before(request: httpx.Request) -> None:
        request.extensions["timeout"] = dict(_TIMEOUT_S)
        body = request.stream
        if isinstance(body, httpx.SyncByteStream) and not isinstance(body, httpx.ByteStream):
            request.stream = _Counted(body, progress)  # a file's

    def after(response: httpx.Response) -> None:
        wait = asked_wait(response)
        if wait > _LONGEST_WAIT_S:
            raise RunError(
                f"the Hub says {response.status_code} and asks to wait {wait:,.0f} s; run the "
                "same command again after that to go on"
            )
        if wait:
            progress.say(f"the Hub says {response.status_code} and asks to wait {wait:,.0f} s")

    def client() -> httpx.Client:
        made = default_client_factory()
        hooks = made.event_hooks
        made.event_hooks = {
            "request": [*hooks["request"], before],
            "response": [*hooks["response"], after],
        }
        return made

    bars, level = not are_progress_bars_disabled(), logging.get_verbosity()
    disable_progress_bars()
    logging.set_verbosity(logging.ERROR)  # its lines would name signed addresses
    set_client_factory(client)
    try:
        yield
    finally:
        set_client_factory(default_client_factory)
        logging.set_verbosity(level)
        if bars:
            enable_progress_bars()
