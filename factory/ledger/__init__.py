"""Every completion that was ever paid for, by the hash of its request.

A ledger is a directory of append-only segments, one writer each:

    ledger/[<run>-]<time>-<host>-<pid>-<random>.jsonl        a line a completion, see `lines`
    ledger/<segment>.idx                                     its index, see `sidecar`

Readers take every segment. A line that is torn (its writer was killed) or damaged is skipped and
counted: its completion is asked for again.
"""

from factory.ledger.reader import LedgerReader
from factory.ledger.writer import LedgerWriter

__all__ = ["LedgerReader", "LedgerWriter"]
