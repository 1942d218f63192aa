"""Checks of responses: pure objects without network, model or Dask.

The same object filters data and rewards reinforcement learning. Each is a frozen dataclass with a
versioned name, a score, a rule that keeps or drops by the score alone, and its reasons.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from factory.config import build, nearest
from factory.errors import ConfigError
from factory.naming import bare
from factory.records import Filter
from filters.agreement import Agreement, PassRate
from filters.constraints import Constraints
from filters.final_answer import FinalAnswer
from filters.format import ThinkTags, Truncated
from filters.grades import JudgeVerdict, RewardScore
from filters.judged_answer import JudgedAnswer
from filters.language import Language
from filters.majority import Majority
from filters.multiple_choice import MultipleChoice
from filters.personal_data import PersonalData
from filters.preference import BestEdit, BestOfN
from filters.program import CodeSyntax
from filters.quality import CuratorFilter
from filters.quantity import Quantity
from filters.refusal import Refusal
from filters.repetition import RepetitionLoops
from filters.sanity import BoxedWhenAsked, OneBox
from filters.science_answer import ScienceAnswer, ScienceMajority
from filters.short_reference import ShortReference
from filters.token_length import TokenLength
from filters.tool_calls import ToolCalls
from filters.unit_tests import UnitTests

__all__ = [
    "FILTERS",
    "Agreement",
    "BestEdit",
    "BestOfN",
    "BoxedWhenAsked",
    "CodeSyntax",
    "Constraints",
    "CuratorFilter",
    "FinalAnswer",
    "JudgeVerdict",
    "JudgedAnswer",
    "Language",
    "Majority",
    "MultipleChoice",
    "OneBox",
    "PassRate",
    "PersonalData",
    "Quantity",
    "Refusal",
    "RepetitionLoops",
    "RewardScore",
    "ScienceAnswer",
    "ScienceMajority",
    "ShortReference",
    "ThinkTags",
    "TokenLength",
    "ToolCalls",
    "Truncated",
    "UnitTests",
    "make_filter",
    "make_filters",
]

FILTERS: dict[str, Any] = {
    filter.name.rpartition(".")[0]: filter
    for filter in (
        Agreement,
        BestEdit,
        BestOfN,
        BoxedWhenAsked,
        CodeSyntax,
        Constraints,
        FinalAnswer,
        JudgeVerdict,
        JudgedAnswer,
        Language,
        MultipleChoice,
        OneBox,
        PassRate,
        PersonalData,
        Quantity,
        Refusal,
        RepetitionLoops,
        RewardScore,
        ScienceAnswer,
        ShortReference,
        ThinkTags,
        TokenLength,
        ToolCalls,
        Truncated,
        UnitTests,
    )
}
"""Filters by the name that recipes and commands use: without its version."""
_CURATOR = "curator."


def make_filter(name: str) -> Any:
    """A filter with its defaults, by the name that a recipe's `keep` and `factory check` use.

    Args:
        name: one of `FILTERS`; or a heuristic of NeMo Curator, `curator.WordCountFilter`, with a
            label of its own where a class is wanted twice, `curator.WordCountFilter as words`.

    Raises:
        ValueError: there is no such filter; the message says which ones are near.
        PrerequisiteError: NeMo Curator is not installed.
    """
    if name.startswith(_CURATOR):
        heuristic, _, label = name.removeprefix(_CURATOR).partition(" as ")
        return CuratorFilter(filter=heuristic.strip(), label=label.strip())
    if name not in FILTERS:
        raise ValueError(f"no filter is called {name!r}{nearest(name, FILTERS)}")
    return FILTERS[name]()


def make_filters(
    names: Iterable[str], fields: Mapping[str, Mapping[str, Any]], *, keep: str, table: str
) -> list[Filter]:
    """The filters of answers with these names, and with fields set by their names.

    Args:
        names: see `make_filter`.
        fields: by the filter's name without its version.
        keep: where the names were given, for messages.
        table: where the fields were given.

    Raises:
        ConfigError: there is no such filter or field, or it is none of answers one by one.
    """
    found: dict[str, Any] = {}
    for name in dict.fromkeys(names):
        try:
            filter = make_filter(name)
        except ValueError as error:
            raise ConfigError(f"{keep}: {error}") from None
        if not isinstance(filter, Filter):
            text = "compares the answers to one prompt; here rows are judged one by one"
            raise ConfigError(f"{keep} {name}: {text}")
        found[bare(filter.name)] = filter
    for name, own in fields.items():
        if name not in found:
            raise ConfigError(f"{table} {name}: no such filter in {keep}{nearest(name, found)}")
        merged = {**asdict(found[name]), **own}
        found[name] = build(type(found[name]), merged, where=table, prefix=name)
    return list(found.values())
