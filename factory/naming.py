"""The filters of a pipeline, and of a run, by the names that people give them."""

import re
from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from factory.config import nearest
from factory.dedup import Exact, MinHash
from factory.errors import ConfigError
from factory.pipeline import Pipeline
from factory.records import Filter, GroupFilter, Referee, Response
from factory.steps import Dedup, Keep, KeepGroup, Refer

Method = Filter | GroupFilter | Referee | Exact | MinHash


def bare(name: str) -> str:
    """A filter's name without its version, as recipes and commands say it."""
    return re.sub(r"\.v\d+$", "", name)


def methods(pipeline: Pipeline) -> list[Method]:
    """What judges the responses of a pipeline, in order."""
    found: list[Method] = []
    for step in pipeline.response_steps:
        match step:
            case Keep(filter):
                found.append(filter)
            case KeepGroup(filter):
                found.append(filter)
            case Refer(filter):
                found.append(filter)
            case Dedup():
                found.append(step.method)
    return found


def resolve(name: str, known: Iterable[str], where: str) -> str:
    """The known name, with its version, that a name with or without one means.

    Raises:
        ConfigError: there is none, or several; the message names the nearest.
    """
    names = list(dict.fromkeys(known))
    matches = [each for each in names if name in (each, bare(each))]
    if len(matches) > 1:
        raise ConfigError(f"{where}: {name} may be {' or '.join(matches)}; say which")
    if not matches:
        raise ConfigError(f"{where}: no filter {name!r}{nearest(name, map(bare, names))}")
    return matches[0]


@runtime_checkable
class Extracts(Protocol):
    """A filter that can say what it took for the answer."""

    def extracted(self, response: Response) -> str | None:
        """The final answer as it stands in the response; None where there is none."""
        ...


def read_by(method: object, response: Response) -> str | None:
    """What a filter took for the answer; None where it found none, or is no filter that can say."""
    return method.extracted(response) if isinstance(method, Extracts) else None
