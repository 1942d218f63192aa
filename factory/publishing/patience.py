"""Waiting for a Hub that is busy, broken or out of reach: with backoff, and not for ever."""

import json
import time
from collections.abc import Callable, Iterator
from typing import TypeVar

import httpx
from huggingface_hub.errors import HfHubHTTPError, OfflineModeIsEnabled
from huggingface_hub.utils import parse_ratelimit_headers

from factory.errors import RunError
from factory.progress import Progress

Result = TypeVar("Result")
PASSING = frozenset({408, 429, 500, 502, 503, 504})
"""What a server says that may do better later."""
_LONGEST_PAUSE_S = 60.0


class Patience:
    """Tries again what failed in passing.

    The client tries an upload five times by itself before one attempt here has failed.

    Args:
        progress: is told what is waited for.
        attempts: of one call, with pauses of 1, 2, 4 ... seconds between them, at most a minute.
    """

    def __init__(self, progress: Progress, attempts: int = 8) -> None:
        self._progress = progress
        self._attempts = attempts

    def call(
        self,
        what: str,
        function: Callable[[], Result],
        *,
        attempts: int | None = None,
        meanwhile: Callable[[], Result | None] = lambda: None,
    ) -> Result:
        """What the function returns, as soon as it returns.

        Args:
            what: for messages.
            function: talks to the Hub.
            attempts: in place of the usual number.
            meanwhile: asked after a failure whether it was done all the same, as where only the
                reply was lost; what it returns counts then.

        Raises:
            RunError: it kept failing.
        """
        number = attempts or self._attempts
        for attempt in range(number):
            try:
                if attempt and (done := meanwhile()) is not None:
                    return done
                return function()
            except Exception as error:  # whatever is not passing is raised again
                reason = passing(error)
                if reason is None:
                    raise
                pause = max(min(2.0**attempt, _LONGEST_PAUSE_S), asked_wait(_response(error)))
                if attempt == number - 1:
                    raise RunError(
                        f"{what}: {reason}; tried {attempt + 1} times; what was sent is kept: "
                        "run the same command again to go on"
                    ) from error
                self._progress.say(f"{what}: {reason}; again in {pause:.0f} s")
                time.sleep(pause)
        raise AssertionError("no attempt")


def causes(error: BaseException) -> Iterator[BaseException]:
    """An error and what it comes from; the client wraps those of its threads."""
    found: BaseException | None = error
    while found is not None:
        yield found
        found = found.__cause__


def passing(error: BaseException) -> str | None:
    """Why a failure may pass, in a few words; None where it will not."""
    for each in causes(error):
        if isinstance(each, OfflineModeIsEnabled | httpx.UnsupportedProtocol):
            return None
        if isinstance(each, HfHubHTTPError):
            status = each.response.status_code
            return f"the Hub says {status}" if status in PASSING else None
        if isinstance(each, httpx.TransportError):
            return f"{each or type(each).__name__}"
        if isinstance(each, json.JSONDecodeError):
            return "the Hub's reply is not JSON"
        if isinstance(each, RuntimeError) and "client has been closed" in str(each):
            return "the connection was closed"  # by another thread, whose own one had failed
    return None


def asked_wait(response: httpx.Response | None) -> float:
    """Seconds that a reply asks to wait; 0 where it does not say."""
    if response is None or response.status_code not in PASSING:
        return 0.0
    limit = parse_ratelimit_headers(response.headers)
    if response.status_code == 429 and limit is not None and limit.remaining == 0:
        return float(limit.reset_in_seconds)
    said = response.headers.get("Retry-After", "").strip()
    return float(said) if said.isdigit() else 0.0


def _response(error: BaseException) -> httpx.Response | None:
    found = [each.response for each in causes(error) if isinstance(each, HfHubHTTPError)]
    return found[0] if found else None
