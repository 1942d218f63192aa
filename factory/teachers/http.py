"""Any server that speaks OpenAI's chat API: vLLM, SGLang, NIM, or a hosted one.

    [teacher]
    kind = "http"
    model = "nvidia/Llama-3_3-Nemotron-Super-49B-v1"
    base_urls = ["http://127.0.0.1:8000/v1"]
    license = "cc-by-4.0"

Several addresses of the same model share the work. The key of a hosted server is in an environment
variable; the recipe holds the variable's name. `factory.teachers.http_exchange` does the asking.
"""

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import field
from itertools import chain
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

from factory.config import settings
from factory.errors import PrerequisiteError, TeacherError
from factory.licenses import require_known
from factory.records import Completion, Request
from factory.teachers.terms import Terms

RESERVED = frozenset(
    {
        "model", "messages", "n", "stream", "temperature", "top_p", "max_tokens", "stop", "seed",
        "continue_final_message", "add_generation_prompt", "echo", "include_stop_str_in_output",
    }
)  # fmt: skip
"""Keys of a body that follow from the request, or that would change how its answer must be read."""


CONNECTION = frozenset({
    "base_urls", "api_key_env", "timeout_s", "max_in_flight", "max_attempts", "patience_s",
    "backoff_s", "max_backoff_s",
})  # fmt: skip
"""Fields that say how a server is reached, which changes nothing of what it says."""


@settings
class HttpConfig(Terms):
    """Table `[teacher]` with `kind = "http"`."""

    kind: Literal["http"] = "http"
    model: str
    """As the server names it."""
    revision: str = ""
    """Which weights they are, where that is known; part of every request's key."""
    base_urls: tuple[str, ...] = ()
    """Such as `http://127.0.0.1:8000/v1`; all serve the same model. A published recipe has none,
    and needs none as long as all is in the ledger."""
    api_key_env: str = ""
    """The environment variable that holds the key; empty where none is needed."""
    license: str
    """Terms of the model's output."""
    thinks: bool = True
    """Whether the model writes its own `<think>` block when told to."""
    send_seed: bool = True
    """Whether the server is given a seed for each request."""
    extra_body: dict[str, Any] = field(default_factory=dict, hash=False)
    """Merged into the JSON of every request: `top_k`, `chat_template_kwargs` and the like."""

    timeout_s: float = 600.0
    """For one attempt at one request, all of its answer included."""
    max_in_flight: int = 256
    """Requests on their way at once, at most, from one worker; how many there are adapts itself."""
    max_attempts: int = 8
    """For one request, where the failure may pass; timeouts and garbled replies get three. What is
    no fault of the request, as no connection, a 429 with Retry-After or a server that turns all
    away, costs it nothing until `patience_s` is over, or ten times as many were sent."""
    patience_s: float = 900.0
    """The work ends once no server answered anything for so long, or for `timeout_s` where that is
    longer. A large model takes minutes to start."""
    backoff_s: float = 0.5
    """Upper end of the first wait after a failure; it doubles with each further one."""
    max_backoff_s: float = 30.0
    """Where that doubling ends. A server's own Retry-After may be longer."""

    limits: ClassVar[frozenset[str]] = Terms.limits | CONNECTION
    holds_model: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        require_known(self.license)
        for name in (
            "timeout_s", "max_in_flight", "max_attempts", "patience_s", "backoff_s",
            "max_backoff_s",
        ):  # fmt: skip
            if not 0 < getattr(self, name) < float("inf"):
                raise ValueError(f"{name} must be > 0, got {getattr(self, name)}")
        if not self.model or self.model.startswith(("/", ".", "~")) or "://" in self.model:
            raise ValueError(
                f"model must be a name, not a path, because it is published, got {self.model!r}; "
                "vllm serve PATH --served-model-name NAME gives it one"
            )
        for url in self.base_urls:
            _check_url(url)
        # The value is not repeated: somebody may have put the key itself here.
        if self.api_key_env and not re.fullmatch(r"[A-Z_][A-Z0-9_]*", self.api_key_env):
            raise ValueError(
                "api_key_env must be the name of an environment variable, in capitals, such as "
                "OPENAI_API_KEY; the key itself belongs into that variable"
            )
        if taken := sorted(RESERVED & self.extra_body.keys()):
            raise ValueError(
                f"extra_body must not hold {taken[0]}, which follows from the recipe "
                "([sampling.on], [sampling.off], send_seed) and the request"
            )

    def identity(self) -> tuple[str, str]:
        """(model, revision) for requests and records."""
        return self.model, self.revision or "unknown"


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        raise ValueError("base_urls must be http or https addresses, got a malformed one") from None
    if parts.username is not None or parts.password is not None or parts.query or parts.fragment:
        raise ValueError(
            "base_urls must hold no user name, password or query; put the key into an environment "
            "variable and name that in api_key_env"
        )
    if not valid:
        raise ValueError(f"base_urls must be http or https addresses, got {url!r}")


class HttpTeacher:
    """Asks one or more servers; many requests at once, as many as the servers bear."""

    def __init__(self, config: HttpConfig) -> None:
        self.config = config

    def generate(self, requests: Iterable[Request | None]) -> Iterator[tuple[int, Completion]]:
        """See `Teacher.generate`. Failures that may pass are tried again before they are told.

        The slugs of errors: `refused`, `content_filter`, `context_overflow`, `bad_request`,
        `timeout`, `rate_limited`, `server_error`, `unreachable`, `bad_reply`.

        Raises:
            PrerequisiteError: the variable named by `api_key_env` is not set.
            TeacherError: there is no address, the key or the model is refused before anything was
                answered, the account is empty, or no server answered anything for `patience_s`.
                What is in flight then is waited for and comes first.
        """
        feed = iter(requests)
        first = next(filter(None, feed), None)
        if first is None:
            return
        if not self.config.base_urls:
            raise TeacherError(
                f"the recipe has no base_urls for {self.config.model}, and the ledger does not "
                "hold all that is asked of it; say where it is served, such as "
                'base_urls = ["http://127.0.0.1:8000/v1"]'
            )
        from factory.teachers.http_exchange import Exchange

        with closing(Exchange(self.config, read_key(self.config.api_key_env))) as exchange:
            yield from exchange.answer(chain([first], feed))


def read_key(name: str) -> str:
    """The key in an environment variable; empty without a name.

    Raises:
        PrerequisiteError: the variable is not set, or no header can hold what it says.
    """
    if not name:
        return ""
    key = os.environ.get(name, "").strip()
    if not key:
        raise PrerequisiteError(
            f"the environment variable {name}, which teacher.api_key_env names, is not set on this "
            f"worker; export {name}=... and run the same command again"
        )
    if not (key.isascii() and key.isprintable() and " " not in key):
        raise PrerequisiteError(
            f"the environment variable {name} holds characters that no key has; set it again"
        )
    return key
