"""What a server's refusals mean: whose fault they are, and whether it is worth asking again."""

import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Literal

import msgspec

from factory.records import Completion

Retry = Literal["never", "few", "often", "later", "elsewhere"]

_OVERFLOW = re.compile(r"context[ _](length|size|window)|max_model_len", re.IGNORECASE)
_FILTERED = re.compile(r"content[ _](filter|policy)|ResponsibleAIPolicyViolation", re.IGNORECASE)
# A bare "quota exceeded" is a limit for each minute with some servers, and passes.
_NO_MONEY = re.compile(
    r"(insufficient|not[ _]enough)[ _](user[ _])?(quota|balance|credits?|funds)"
    r"|(balance|credits?)[ _](is[ _])?(insufficient|exhausted|depleted|too[ _]low)"
    r"|billing[ _](hard[ _]limit|not[ _]active)",
    re.IGNORECASE,
)
_MAXIMUM = re.compile(r"maximum context length (?:is|of) (\d+)", re.IGNORECASE)
_PROMPT = re.compile(
    r"(\d+) (?:input tokens|tokens from the input|in the (?:messages|prompt)|in your prompt)"
)
# vLLM stops counting a prompt where it no longer fits beside max_tokens.
_UNCOUNTED = re.compile(
    r"at least \d+ input tokens|contains \d+ characters|cannot be greater than max_model_len"
)
ROOM_UNKNOWN = -1


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """Why an attempt gave no completion."""

    slug: str
    detail: str
    retry: Retry = "never"
    """`few`: as long as it looks like chance; `often`: `max_attempts`; `later`: it is no fault of
    the request, so many times that; `elsewhere`: nothing was sent, so as often as need be."""
    overload: bool = False
    """The server has too much to do."""
    healthy: bool = False
    """The server works: it is the request that cannot be answered."""
    retry_after_s: float = 0.0
    fatal: Literal["", "at_first", "always"] = ""
    """Every other request would fail in the same way; `at_first`: unless some were answered."""
    refuses: bool = False
    """The server turns away whatever it is sent."""
    room: int = 0
    """New tokens that fit, where `max_tokens` was more; ROOM_UNKNOWN if only the server knows."""

    def completion(self) -> Completion:
        """What the caller gets when it is not tried again."""
        return Completion(finish_reason="error", error=f"{self.slug}: {self.detail}", engine="http")


def bad_reply(detail: str) -> Failure:
    """A reply that says nothing; the next one may."""
    return Failure(slug="bad_reply", detail=detail, retry="few")


def unreachable(detail: str) -> Failure:
    """There was nobody to send the request to."""
    return Failure(slug="unreachable", detail=detail, retry="elsewhere")


def read_error(status: int, data: bytes, retry_after: str, now: float) -> Failure:
    """What a reply with another status means, or one with status 200 whose body is an error.

    Args:
        status: of the reply.
        data: its body.
        retry_after: the header of that name, or an empty string.
        now: seconds since the epoch.
    """
    code, message = _server_message(data)
    # A redirect is not followed: the key is for the address in the recipe.
    message = "a redirect" if 300 <= status < 400 else message
    detail = f"HTTP {status}: {message}" if message else f"HTTP {status}"
    said = f"{code} {message}"
    if status == 200:
        status = _status_within(code, said)
    if 400 <= status < 500 and _FILTERED.search(said):
        return Failure(slug="content_filter", detail=detail, healthy=True)
    if status in (400, 413, 422) and _OVERFLOW.search(said):
        room = _room(message)
        return Failure(slug="context_overflow", detail=detail, healthy=True, room=room)
    # The message of another status may quote the prompt.
    if status == 402 or _NO_MONEY.search(said if status == 429 else code):
        return Failure(slug="no_money", detail=detail, fatal="always")
    if status in (405, 410):
        return Failure(slug="bad_request", detail=detail, fatal="always")
    if status == 403:  # of a firewall, it is meant for one prompt
        return Failure(slug="bad_request", detail=detail, fatal="at_first")
    if status in (401, 404) or status < 400:
        slug = "server_error"
        return Failure(slug=slug, detail=detail, retry="later", fatal="at_first", refuses=True)
    wait = _seconds(retry_after, now)
    if status in (429, 503):
        slug = "rate_limited" if status == 429 else "server_error"
        retry: Retry = "later" if status == 429 and wait else "often"
        return Failure(slug=slug, detail=detail, retry=retry, overload=True, retry_after_s=wait)
    if status == 408:
        return Failure(slug="timeout", detail=detail, retry="few")
    if status in (409, 425) or status >= 500:
        return Failure(slug="server_error", detail=detail, retry="often", retry_after_s=wait)
    return Failure(slug="bad_request", detail=detail, healthy=True)


def _status_within(code: str, said: str) -> int:
    """The status that an error in a reply with status 200 should have had."""
    known = re.search(r"\b[45]\d\d\b", code)
    if known:
        return int(known[0])
    if _NO_MONEY.search(said):
        return 402
    return 400 if _FILTERED.search(said) or _OVERFLOW.search(said) else 500


def _room(message: str) -> int:
    """New tokens that fit after the prompt, from a refusal; 0 where it tells of none."""
    if _UNCOUNTED.search(message):
        return ROOM_UNKNOWN
    maximum, prompt = _MAXIMUM.search(message), _PROMPT.search(message)
    return max(0, int(maximum[1]) - int(prompt[1])) if maximum and prompt else 0


def _server_message(data: bytes) -> tuple[str, str]:
    """(code, message) of an error body, as OpenAI, vLLM, SGLang and FastAPI write them."""
    try:
        body = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "", one_line(data[:2_000].decode("utf-8", "replace"))
    error = body.get("error", body) if isinstance(body, dict) else body
    if not isinstance(error, dict):
        return "", one_line(str(error))
    message = error.get("message", error.get("detail", ""))
    return f"{error.get('code', '')} {error.get('type', '')}", one_line(str(message))


def _seconds(retry_after: str, now: float) -> float:
    """A Retry-After header, seconds or a date, as seconds from now; 0 where it says nothing."""
    if not retry_after:
        return 0.0
    try:
        seconds = float(retry_after)
    except ValueError:
        try:
            seconds = parsedate_to_datetime(retry_after).timestamp() - now
        except ValueError:
            return 0.0
    return seconds if 0 < seconds < float("inf") else 0.0


def one_line(text: str, limit: int = 300) -> str:
    """A server's text, made fit for a message: one line, printable, not long."""
    words = " ".join(text.split())
    printable = "".join(char if char.isprintable() else "?" for char in words)
    return printable if len(printable) <= limit else f"{printable[:limit]}..."
