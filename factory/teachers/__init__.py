"""Teachers: what answers requests. One method, one module a backend, chosen by `kind`.

A teacher is named by its config; it is built inside the worker process that uses it, and loads what
it needs at its first request, so that a run whose completions are all in the ledger loads nothing.
"""

from collections.abc import Iterable, Iterator
from typing import Annotated, Protocol

import pydantic

from factory.records import Completion, Request
from factory.teachers.bundled import BundledConfig, BundledTeacher
from factory.teachers.scripted import ScriptedConfig, ScriptedTeacher

TeacherConfig = Annotated[BundledConfig | ScriptedConfig, pydantic.Field(discriminator="kind")]


class Teacher(Protocol):
    """Anything that answers requests."""

    def generate(self, requests: Iterable[Request]) -> Iterator[tuple[int, Completion]]:
        """Yield (index of the request, completion) as each finishes.

        Every index comes exactly once, in any order; a request that failed comes as a completion
        with an `error`.

        Raises:
            TeacherError: no further request can be answered.
        """
        ...


def make_teacher(config: BundledConfig | ScriptedConfig, *, num_threads: int) -> Teacher:
    """The teacher that a config describes.

    Args:
        config: a `[teacher]` table.
        num_threads: processor threads that a model in this process may use.
    """
    match config:
        case BundledConfig():
            return BundledTeacher(config, num_threads=num_threads)
        case ScriptedConfig():
            return ScriptedTeacher(config.replies)
