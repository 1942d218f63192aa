"""A teacher that says what it is told to: for tests and rehearsals."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import ClassVar, Literal

from factory.config import settings
from factory.licenses import require_known
from factory.records import Completion, Request
from factory.seeds import digest
from factory.teachers.terms import Terms

Reply = Callable[[Request], str | Completion]


@settings
class ScriptedConfig(Terms):
    """Table `[teacher]` with `kind = "scripted"`."""

    kind: Literal["scripted"] = "scripted"
    replies: tuple[str, ...]
    """Which one a request gets depends on the request alone."""
    thinks: bool = True
    """Whether the replies hold their own `<think>` block when reasoning is on."""
    license: str = "cc0-1.0"
    """Terms of its output."""

    holds_model: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        require_known(self.license)
        if not self.replies:
            raise ValueError("replies must hold at least one reply, got []")

    def identity(self) -> tuple[str, str]:
        """(model, revision) for requests and records."""
        return "scripted", digest(list(self.replies), size=6)


class ScriptedTeacher:
    """Answers from a list, chosen by the request's key, or from a function of the request."""

    def __init__(self, replies: Sequence[str] | Reply) -> None:
        self.replies = replies

    def generate(self, requests: Iterable[Request | None]) -> Iterator[tuple[int, Completion]]:
        """See `Teacher.generate`. A token is a word."""
        for index, request in enumerate(filter(None, requests)):
            if callable(self.replies):
                reply = self.replies(request)
            else:
                reply = self.replies[int(request.key, 16) % len(self.replies)]
            yield index, reply if isinstance(reply, Completion) else _complete(request, reply)


def _complete(request: Request, reply: str) -> Completion:
    text = reply
    for stop in request.stop:
        text = text.split(stop, 1)[0]
    words = sum(len(turn.content.split()) for turn in request.messages)
    return Completion(
        text=text,
        prompt_tokens=words + len(request.prefix.split()),
        completion_tokens=len(text.split()),
        engine="scripted",
    )
