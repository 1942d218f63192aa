"""Checks of responses: pure objects without network, model or Dask.

The same object filters data and rewards reinforcement learning. Each is a frozen dataclass with a
versioned name, a score, a rule that keeps or drops by the score alone, and its reasons.
"""

from typing import Any

from filters.agreement import Agreement, PassRate
from filters.final_answer import FinalAnswer
from filters.format import ThinkTags, Truncated
from filters.grades import JudgeVerdict, RewardScore
from filters.majority import Majority
from filters.repetition import RepetitionLoops

__all__ = [
    "FILTERS",
    "Agreement",
    "FinalAnswer",
    "JudgeVerdict",
    "Majority",
    "PassRate",
    "RepetitionLoops",
    "RewardScore",
    "ThinkTags",
    "Truncated",
]

FILTERS: dict[str, Any] = {
    filter.name.rpartition(".")[0]: filter
    for filter in (
        Agreement,
        FinalAnswer,
        JudgeVerdict,
        PassRate,
        RepetitionLoops,
        RewardScore,
        ThinkTags,
        Truncated,
    )
}
"""Every filter by the name that recipes and commands use: without its version."""
