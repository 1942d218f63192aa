"""Every completion that was ever paid for, by the hash of its request.

A ledger is a directory of append-only segments, one writer each:

    ledger/[<run>-]<time>-<host>-<pid>-<random>.jsonl        a line a completion, see `lines`
    ledger/<segment>.idx                                     its index, see `sidecar`

Several completions may lie under one key: the first that was written counts, by the time that
stands in its line. `compact` merges the segments of a run whose writers have ended.

Readers take every segment. A line that is torn (its writer was killed) or damaged is skipped and
counted: its completion is asked for again.
"""

from factory.ledger.compaction import Compaction, compact
from factory.ledger.export import export
from factory.ledger.lines import Usage
from factory.ledger.reader import LedgerReader
from factory.ledger.stats import LedgerStats, spent, stats
from factory.ledger.tables import stats_table, usage_table
from factory.ledger.writer import LedgerWriter

__all__ = [
    "Compaction",
    "LedgerReader",
    "LedgerStats",
    "LedgerWriter",
    "Usage",
    "compact",
    "export",
    "spent",
    "stats",
    "stats_table",
    "usage_table",
]
