"""Personal data: what must not be learned from a dataset because it belongs to somebody."""

from typing import ClassVar, Literal

from factory.config import settings
from factory.records import Response, Verdict
from filters.personal_kinds import FINDERS, without_code_and_math

Kind = Literal["email", "phone", "card", "iban", "ip_address", "ssn", "secret"]
KINDS: tuple[Kind, ...] = ("email", "phone", "card", "iban", "ip_address", "ssn", "secret")


@settings
class PersonalData:
    """Drop outputs that hold personal data or secrets, in the reasoning or the answer.

    Found by form and check digits, so that names, addresses of streets and national formats of
    phone numbers outside North America are not seen. Numbers in code and formulas are nobody's;
    e-mail and IP addresses and secrets count there as well. What is reserved for documentation
    (`example.com`, 192.0.2.0/24, 555-01xx) or printed in every manual does not count.

    False alarms seen: none in 2,100 puzzles and 20,000 lines of arithmetic; in 868 files of
    Python's standard library five beside their authors' addresses
    (`tests/benchmarks/check_throughput.py`). What it misses was not measured.
    """

    name: ClassVar[str] = "personal_data.v1"

    kinds: tuple[Kind, ...] = KINDS
    """What is looked for, and the order in which the reason is chosen."""
    max_found: int = 0
    """How many may stand in an output, of all kinds together."""

    def __post_init__(self) -> None:
        if not self.kinds or len(set(self.kinds)) < len(self.kinds):
            raise ValueError(f"kinds must be different ones, at least one, got {self.kinds}")
        if self.max_found < 0:
            raise ValueError(f"max_found must be >= 0, got {self.max_found}")

    def score(self, response: Response) -> float:
        """How many were found; behind the point, in sixteenths, the first of `kinds` found.

        Two phone numbers (the second of `KINDS`) are 2 + 2/16.

        Raises:
            Unjudged: `too_many_candidates` beyond 10,000 numbers of one kind to look at.
        """
        output = response.output
        prose = without_code_and_math(output)
        found = {}
        for kind in self.kinds:
            finder, everywhere = FINDERS[kind]
            places = list(finder(output if everywhere else prose))
            if places:
                found[kind] = len(places)
        if not found:
            return 0.0
        return sum(found.values()) + (KINDS.index(next(iter(found))) + 1) / 16

    def judge(self, score: float) -> Verdict:
        """Keep what holds no more than allowed; the reason is the kind."""
        if int(score) <= self.max_found:
            return Verdict.keep()
        return Verdict.drop(KINDS[round(score % 1 * 16) - 1])
