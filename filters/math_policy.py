"""Where public graders disagree: one choice for each point, and every choice an option."""

from typing import Literal

from factory.config import settings


@settings
class Policy:
    """What counts as the same final answer.

    The choices hold for what the fast path reads; what only math-verify can compare follows
    math-verify.
    """

    percent: Literal["either", "value", "number"] = "either"
    """`10%` against 10 and 0.1: `either` accepts both, `value` only 0.1, `number` only 10."""
    lists: Literal["unordered", "ordered"] = "unordered"
    """Whether the order counts in a list without brackets, as in `1, 2`; in `(1, 2)` it always
    does, in `\\{1, 2\\}` never."""
    units: Literal["ignore", "require"] = "ignore"
    """`ignore`: a missing or unknown unit is no fault, but known ones must agree, scaled (`1 m` is
    `100 cm` and is not `1 cm`). `require`: an answer must carry a unit where the gold one does."""
    unreduced: bool = True
    """Whether `2/4` is accepted for 1/2."""
    decimal_places: int = 6
    """Where an answer or the gold one is a decimal, both are rounded to so many places before they
    are compared, and to as many significant digits if they are small: 0.333333 is 1/3, and 0.333 is
    not. An integer is exact: 0.9999999 is not 1. A large number makes decimals exact."""
    case: Literal["ignore", "keep"] = "ignore"
    """Whether `Yes` and `yes` are the same word; single letters always keep their case."""

    def __post_init__(self) -> None:
        if not 0 <= self.decimal_places <= 1000:
            raise ValueError(f"decimal_places must be in [0, 1000], got {self.decimal_places}")

    def policies(self) -> tuple[str, ...]:
        """Each choice in a sentence, for the card."""
        percent = {
            "either": "10% is accepted for 10 and for 0.1",
            "value": "10% is 0.1 and not 10",
            "number": "10% is 10 and not 0.1",
        }
        order = "does not count" if self.lists == "unordered" else "counts"
        units = {
            "ignore": "A missing or unknown unit is no fault; two known ones must agree, converted",
            "require": "A unit must be there where the gold answer has one",
        }
        decimals = f"to {self.decimal_places} places, so that 0.333 is not 1/3"
        return (
            f"{percent[self.percent]}.",
            f"The order in a list without brackets {order}; in (1, 2) it does, in {{1, 2}} never.",
            f"{units[self.units]}.",
            f"2/4 {'counts' if self.unreduced else 'does not count'} for 1/2.",
            f"Decimals are compared {decimals}; everything else exactly.",
            f"Words are compared {'without' if self.case == 'ignore' else 'with'} their case.",
        )


DEFAULT = Policy()
