"""A vLLM engine inside the worker process, fed one request at a time.

Requests are added and steps taken in the one thread that asks: no request waits for a batch to end,
and the engine always has more of them than it runs at once. What touches vLLM itself is
`factory.teachers.vllm_engine`.
"""

import dataclasses
import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any, ClassVar, Literal, Protocol

from factory.config import settings
from factory.errors import FactoryError, TeacherError
from factory.licenses import require_known
from factory.records import Completion, Request
from factory.teachers import models
from factory.teachers.chat import ChatTokens
from factory.teachers.flights import Flight, Flights
from factory.teachers.terms import Terms


@settings
class VllmConfig(Terms):
    """Table `[teacher]` with `kind = "vllm"`."""

    kind: Literal["vllm"] = "vllm"
    model: str
    """An id of the Hub, a directory, or `bundled`."""
    revision: str = ""
    """Of a model of the Hub, where it must be stated; computed for others."""
    license: str
    """Terms of its output."""
    thinks: bool = True
    """Whether the model writes its own `<think>` block when reasoning is on."""
    runner: Literal["generate", "pooling"] = "generate"
    """`pooling` loads a reward model, which answers requests for a score."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    max_model_len: int = 0
    """Tokens of a prompt and its answer together; 0 is what the model allows."""
    tensor_parallel_size: int = 1
    max_num_seqs: int = 256
    """Sequences decoded together."""
    gpu_memory_utilization: float = 0.0
    """Share of the device's memory, in (0, 1]; 0 is vLLM's own share, and 4 GiB of cache on CPU."""
    engine_args: dict[str, Any] = dataclasses.field(default_factory=dict, hash=False)
    """Any other argument of vLLM's engine, under the name that vLLM gives it."""

    limits: ClassVar[frozenset[str]] = Terms.limits | {
        "tensor_parallel_size",
        "max_num_seqs",
        "gpu_memory_utilization",
    }
    holds_model: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        require_known(self.license)
        models.check(self.model, self.revision)
        for name, low in (("max_model_len", 0), ("tensor_parallel_size", 1), ("max_num_seqs", 1)):
            if getattr(self, name) < low:
                raise ValueError(f"{name} must be >= {low}, got {getattr(self, name)}")
        if not 0 <= self.gpu_memory_utilization <= 1:
            raise ValueError(
                f"gpu_memory_utilization must be in [0, 1], got {self.gpu_memory_utilization}"
            )
        if "hf_token" in self.engine_args:
            raise ValueError("engine_args.hf_token is a secret: log in, or set HF_TOKEN, instead")
        if twice := sorted(self.engine_args.keys() & self.__dataclass_fields__.keys()):
            raise ValueError(f"engine_args.{twice[0]} is a key of the teacher itself: move it up")

    def identity(self) -> tuple[str, str]:
        """(model, revision) for requests and records."""
        return models.identity(self.model, self.revision)


class Engine(Protocol):
    """What the teacher needs of an engine; `factory.teachers.vllm_engine` has the real one."""

    tokenizer: Any
    max_length: int
    """Tokens of a prompt and its answer together."""
    name: str
    """For `Completion.engine`."""

    def add(self, name: str, tokens: Sequence[int], request: Request, max_tokens: int) -> None:
        """Take a request in.

        Raises:
            ValueError: this one cannot be answered; any other exception: the engine has failed.
        """
        ...

    def step(self) -> list[tuple[str, Completion]]:
        """Compute the next token of all that run; return those that ended."""
        ...

    def is_empty(self) -> bool:
        """Whether no request is left."""
        ...

    def abort(self, names: list[str]) -> None:
        """Forget requests."""
        ...

    def close(self) -> None:
        """Free what the engine holds; it may have failed before."""
        ...


class VllmTeacher:
    """Answers with a vLLM engine, which is built at the first request.

    An engine that fails is built again and gets the requests that it held, see
    `factory.teachers.flights`. One thread at a time may take from `generate`.

    Args:
        config: which model, and how.
        num_threads: processor threads, where the model runs on the processor.
        make_engine: builds the engine.
    """

    def __init__(
        self,
        config: VllmConfig,
        *,
        num_threads: int,
        make_engine: Callable[[VllmConfig, int], Engine] | None = None,
    ) -> None:
        self.config = config
        self.num_threads = num_threads
        self._make_engine = make_engine or _make_engine
        self._engine: Engine | None = None
        self._chat: ChatTokens | None = None
        self._names = map(str, itertools.count())

    def load(self) -> Engine:
        """The engine, ready; kept from the first call on.

        Raises:
            FactoryError: it cannot be built.
        """
        if self._engine is None:
            self._engine = self._make_engine(self.config, self.num_threads)
            self._chat = ChatTokens(self._engine.tokenizer)
        return self._engine

    def generate(self, requests: Iterable[Request | None]) -> Iterator[tuple[int, Completion]]:
        """See `Teacher.generate`."""
        # More than run at once, so that the engine's own queue does not run dry while it steps.
        room = self.config.max_num_seqs + max(8, self.config.max_num_seqs // 4)
        source, index, ended, flights = iter(requests), 0, False, Flights(room)
        try:
            while flights or not ended:
                while flights.has_room() and not ended:
                    try:
                        request = next(source)
                    except StopIteration:
                        ended = True
                        break
                    if request is None:
                        break
                    if refusal := self._admit(index, request, flights):
                        yield index, refusal
                    index += 1
                if flights:
                    yield from self._step(flights)
        finally:
            self._abort(flights.inside())

    def _abort(self, names: list[str]) -> None:
        if names and self._engine is not None:
            try:
                self._engine.abort(names)
            except Exception as error:  # it would hand their answers to whoever asks next
                self._drop(error)

    def _admit(self, index: int, request: Request, flights: Flights) -> Completion | None:
        """Take a request in; return an error's completion if it cannot be answered."""
        engine = self.load()
        assert self._chat is not None
        wanted = "score" if self.config.runner == "pooling" else "chat"
        if request.task != wanted:
            return self._refusal(f"wrong_task: {request.task}; this teacher answers {wanted}")
        try:
            tokens = self._chat(request)
        except ValueError as error:
            return self._refusal(f"bad_request: {one_line(error)}")
        left = engine.max_length - len(tokens)
        if left < (wanted == "chat"):
            return self._refusal(f"context_overflow: {len(tokens)} tokens, {engine.max_length} fit")
        max_tokens = min(request.sampling.max_tokens, left)
        flights.take(next(self._names), Flight(index, request, tokens, max_tokens))
        return None

    def _refusal(self, error: str) -> Completion:
        assert self._engine is not None
        return Completion(finish_reason="error", error=error, engine=self._engine.name)

    def _step(self, flights: Flights) -> list[tuple[int, Completion]]:
        """(index, completion) of requests that ended; an engine that failed goes, and they stay.

        Raises:
            TeacherError: it has failed too often in a row.
        """
        refused, ended = [], list[tuple[str, Completion]]()
        try:
            engine = self.load()
            while item := flights.next_in():
                name, flight = item
                try:
                    engine.add(name, flight.tokens, flight.request, flight.max_tokens)
                except ValueError as error:
                    refusal = self._refusal(f"bad_request: {one_line(error)}")
                    refused.append((flights.refuse(name), refusal))
            if held := flights.inside():
                ended = engine.step()
                if not ended and engine.is_empty():
                    raise RuntimeError(f"the engine lost {len(held)} requests")
        except Exception as error:
            name = self._engine.name if self._engine else ""
            self._drop(error)
            flights.fail(one_line(error), name)
        return refused + flights.end(ended)

    def _drop(self, reason: Exception) -> None:
        """Close an engine that has failed; the next use builds another."""
        _let_go(reason)
        if self._engine is not None:
            with suppress(Exception):  # what has failed may fail at its end, too
                self._engine.close()
            self._engine = None


def _make_engine(config: VllmConfig, num_threads: int) -> Engine:
    from factory.teachers.vllm_engine import make_engine

    try:
        return make_engine(config, num_threads)
    except FactoryError:
        raise
    except Exception as error:
        model, _ = config.identity()
        raise TeacherError(f"vllm cannot load {model}: {one_line(error)}") from error


def _let_go(error: BaseException | None) -> None:
    """Drop the frames of an error, which would keep the failed engine's memory."""
    while error is not None:
        error.__traceback__ = None
        error = error.__cause__ or error.__context__


def one_line(error: Exception) -> str:
    """Kind and message of an exception, without its line breaks."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"
