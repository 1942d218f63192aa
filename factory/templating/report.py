"""A template lint as one table: rules, then lengths, with reasoning on and off side by side."""

import numpy as np
from rich.table import Table

from factory.records import MODES
from factory.templating.lint import Finding, Lint
from factory.terminal import plain

_QUANTILES = (("half of the rows", 0.5), ("90%", 0.9), ("99%", 0.99), ("the longest", 1.0))


def lint_table(found: Lint) -> Table:
    """What a template does to a dataset, for a terminal."""
    table = Table(title=f"Chat template of {found.tokenizer}", title_justify="left")
    table.add_column("")
    for mode in MODES:
        table.add_column(mode, justify="right")
    table.add_column("first broken row, and what to do", ratio=1)
    for rule in found.rules:
        both = [found.findings.get((rule.name, mode), Finding()) for mode in MODES]
        first = next((each for each in both if each.broken), None)
        note = ""
        if first:
            advice = rule.advice.format(template=found.template)
            note = f"{first.row_id}: {first.problem}; {advice}"
        table.add_row(plain(rule.says), *(_cell(each) for each in both), plain(note))
    table.add_section()
    for name, share in _QUANTILES:
        cells = [
            f"{length:,}" if (length := quantile(found, mode, share)) else "-" for mode in MODES
        ]
        table.add_row(f"tokens: {name}", *cells, "")
    if found.max_length is not None:
        cells = [_share(found.num_over(mode), found.lengths[mode].total()) for mode in MODES]
        table.add_row(
            f"cut at {found.max_length:,} tokens",
            *cells,
            "such a row loses the end of its answer; leave it out, or raise the length"
            if any(found.num_over(mode) for mode in MODES)
            else "",
        )
    return table


def quantile(found: Lint, mode: str, share: float) -> int | None:
    """The number of tokens that a share of the rows does not exceed; None without rows."""
    counts = sorted(found.lengths[mode].items())
    if not counts:
        return None
    reached = np.cumsum([number for _, number in counts])
    return counts[int(np.searchsorted(reached, share * reached[-1]))][0]


def _cell(found: Finding) -> str:
    if not found.checked:
        return "-"
    return f"{found.broken:,} of {found.checked:,} broken" if found.broken else "ok"


def _share(number: int, total: int) -> str:
    return f"{number:,} ({number / total:.1%})" if total else "-"
