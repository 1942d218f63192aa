"""Checks of responses: pure objects without network, model or Dask.

The same object filters data and rewards reinforcement learning. Each is a frozen dataclass with a
versioned name, a score, a rule that keeps or drops by the score alone, and its reasons.
"""

from filters.agreement import Agreement, PassRate
from filters.final_answer import FinalAnswer
from filters.format import ThinkTags, Truncated
from filters.grades import JudgeVerdict, RewardScore
from filters.repetition import RepetitionLoops

__all__ = [
    "Agreement",
    "FinalAnswer",
    "JudgeVerdict",
    "PassRate",
    "RepetitionLoops",
    "RewardScore",
    "ThinkTags",
    "Truncated",
]
