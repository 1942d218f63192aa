"""Teachers: what answers requests. One method, one module a backend, chosen by `kind`.

A teacher is named by its config; it is built inside the worker process that uses it, and loads what
it needs at its first request, so that a run whose completions are all in the ledger loads nothing.
"""

import dataclasses
from collections.abc import Iterable, Iterator
from typing import Annotated, Protocol

import pydantic

from factory.records import Completion, Request
from factory.seeds import digest
from factory.teachers.bundled import BundledConfig, BundledTeacher
from factory.teachers.http import HttpConfig, HttpTeacher
from factory.teachers.reward import RewardConfig, RewardTeacher
from factory.teachers.scripted import ScriptedConfig, ScriptedTeacher
from factory.teachers.vllm import VllmConfig, VllmTeacher

TeacherConfig = Annotated[
    BundledConfig | HttpConfig | RewardConfig | ScriptedConfig | VllmConfig,
    pydantic.Field(discriminator="kind"),
]


_NAMED_ELSEWHERE = frozenset({"kind", "model", "revision", "license", "thinks", "replies"})


def answer_settings(config: TeacherConfig) -> str:
    """The hash of the settings, other than model and limits, that differ from their defaults.

    They shape the answers (`extra_body`, `engine_args`), so they are part of every request's key.
    """
    others = {
        field.name: getattr(config, field.name)
        for field in dataclasses.fields(config)
        if field.name not in config.limits | _NAMED_ELSEWHERE
    }
    defaults = {
        field.name: field.default_factory()
        if field.default_factory is not dataclasses.MISSING
        else field.default
        for field in dataclasses.fields(config)
    }
    chosen = {name: value for name, value in others.items() if value != defaults[name]}
    return digest(chosen, size=8) if chosen else ""


class Teacher(Protocol):
    """Anything that answers requests."""

    def generate(self, requests: Iterable[Request | None]) -> Iterator[tuple[int, Completion]]:
        """Yield (index of the request, completion) as each finishes.

        Requests are taken one at a time, when there is room for another, so that those of a second
        round mix with the first. A None in their place says that none is ready yet: go on with what
        is in flight, then take again; it has no index. Taking waits a moment where nothing is in
        flight, so that asking again needs no pause. The end of the requests is the end of the work:
        what is in flight is finished and handed on.

        Every index comes exactly once, in any order; a request that failed comes as a completion
        with an `error`, `slug: detail`.

        Raises:
            TeacherError: no further request can be answered.
        """
        ...


def make_teacher(config: TeacherConfig, *, num_threads: int) -> Teacher:
    """The teacher that a config describes.

    Args:
        config: a `[teacher]` table.
        num_threads: processor threads that a model in this process may use.
    """
    match config:
        case BundledConfig():
            return BundledTeacher(config, num_threads=num_threads)
        case HttpConfig():
            return HttpTeacher(config)
        case RewardConfig():
            return RewardTeacher(config, num_threads=num_threads)
        case ScriptedConfig():
            return ScriptedTeacher(config.replies)
        case VllmConfig():
            return VllmTeacher(config, num_threads=num_threads)
