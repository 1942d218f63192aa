"""Template lint: what a tokenizer's chat template does to the rows of a dataset.

Rules are looked at on a sample; lengths too, or on every row. Memory holds one batch of rows,
whatever the dataset's size.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from jinja2 import TemplateError

from factory.datasetdir import DatasetDirectory, open_dataset
from factory.errors import RunError
from factory.progress import Progress
from factory.records import MODES
from factory.templating.conversation import answer_turn, prompt_turns
from factory.templating.rendering import written_text
from factory.templating.rows import chosen, rows_of, sample_shards
from factory.templating.rules import PROBE, RENDERS, RULES, Rule, check_row
from factory.templating.tokenizers import load_tokenizer, suggested

NUM_ROWS = 1000
"""Rows of a sample: a rule that one row in 300 breaks is missed once in 28 samples."""
_BATCH = 64


@dataclass
class Finding:
    """What became of one rule with reasoning on or off."""

    checked: int = 0
    broken: int = 0
    row_id: str = ""
    """The first row that breaks it."""
    problem: str = ""
    """What is wrong with that row."""


@dataclass
class Lint:
    """What a chat template does to a dataset."""

    tokenizer: str
    template: str
    """The template that is suggested where this one breaks a rule."""
    max_length: int | None
    rules: tuple[Rule, ...]
    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)
    """By rule and mode."""
    lengths: dict[str, Counter[int]] = field(default_factory=lambda: {m: Counter() for m in MODES})
    """By mode: how many rows have so many tokens."""

    def add(self, row: dict[str, Any], problems: dict[str, str]) -> None:
        """Count what was found in a row."""
        for rule, problem in problems.items():
            found = self.findings.setdefault((rule, row["reasoning"]), Finding())
            found.checked += 1
            if problem:
                if not found.broken:
                    found.row_id, found.problem = str(row.get("id")), problem
                found.broken += 1

    def num_over(self, mode: str) -> int:
        """Rows that have more tokens than the maximum length."""
        if self.max_length is None:
            return 0
        return sum(n for length, n in self.lengths[mode].items() if length > self.max_length)

    @property
    def problems(self) -> list[str]:
        """A line for each rule that is broken: how often, where first, and what to do."""
        lines = []
        for rule in self.rules:
            for mode in MODES:
                found = self.findings.get((rule.name, mode), Finding())
                if found.broken:
                    lines.append(
                        f"{rule.name}, reasoning {mode}: {found.broken:,} of {found.checked:,} "
                        f"rows, first {found.row_id}: {found.problem}; "
                        f"{rule.advice.format(template=self.template)}"
                    )
        return lines

    def require_sound(self) -> None:
        """Refuse to go on where a rule is broken.

        Raises:
            RunError: naming each rule, the first row that breaks it, and what to do.
        """
        if problems := self.problems:
            raise RunError(f"tokenizer {self.tokenizer}: {' | '.join(problems)}")


def lint(
    dataset: DatasetDirectory | Path,
    tokenizer: Any,
    *,
    template: str | None = None,
    config: str = "SFT",
    splits: Sequence[str] = (),
    rules: Iterable[str] | None = None,
    max_length: int | None = None,
    num_rows: int = NUM_ROWS,
    all_lengths: bool = False,
    progress: Progress | None = None,
) -> Lint:
    """Look at what a chat template does to the rows of a dataset.

    Args:
        dataset: a run, a mixture, or a copy.
        tokenizer: one of transformers, or a name, see `load_tokenizer`.
        template: takes the place of the tokenizer's own; goes with a name.
        config: `SFT`, or `RL`, whose rows are prompts alone.
        splits: all by default.
        rules: names of `RULES`; all by default.
        max_length: tokens beyond which a trainer cuts.
        num_rows: of the sample; drawn by hashing, the same each time.
        all_lengths: measure every row, not the sample alone.
        progress: what a person sees.

    Raises:
        ConfigError: there is no such dataset or split, or no chat template.
        RunError: a shard is damaged.
    """
    name = tokenizer if isinstance(tokenizer, str) else tokenizer.name_or_path or "given"
    shards = chosen(open_dataset(dataset) if isinstance(dataset, Path) else dataset, config, splits)
    if isinstance(tokenizer, str):
        tokenizer = load_tokenizer(tokenizer, template)
    elif template is not None:
        raise ValueError("template goes with a tokenizer's name; set its chat_template instead")
    wanted = tuple(rule for rule in RULES if rules is None or rule.name in set(rules))
    found = Lint(
        tokenizer=name,
        template=suggested(tokenizer),
        max_length=max_length,
        rules=(RENDERS, *wanted),
    )
    progress = progress or Progress(quiet=True)
    _probe(found, tokenizer, wanted)
    with progress:
        sample = sample_shards(shards, num_rows)
        progress.stage("template lint", total=len(sample))
        for shard in sample:
            for row in shard.rows():
                problems, seen = check_row(tokenizer, row, wanted)
                found.add(row, problems)
                if seen and not all_lengths:
                    found.lengths[row["reasoning"]][len(seen.token_ids)] += 1
                progress.add({"rows": 1})
            progress.part_done({})
        if all_lengths:
            progress.stage("token lengths", total=len(shards))
            for path, _ in shards:
                for batch in _batches(rows_of(path)):
                    _measure(found, tokenizer, batch)
                    progress.add({"rows": len(batch)})
                progress.part_done({})
    return found


def _probe(found: Lint, tokenizer: Any, rules: tuple[Rule, ...]) -> None:
    """The rule of past turns, on turns that think."""
    past = tuple(rule for rule in rules if rule.name == "past_turns")
    if past:
        problems, _ = check_row(tokenizer, PROBE, past)
        found.add(PROBE, problems)


def _batches(rows: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while batch := list(islice(rows, _BATCH)):
        yield batch


def _measure(found: Lint, tokenizer: Any, batch: list[dict[str, Any]]) -> None:
    texts, modes = [], []
    for row in batch:
        answer = answer_turn(row) if "output" in row else None
        try:
            texts.append(written_text(tokenizer, prompt_turns(row), answer))
        except TemplateError as error:
            found.add(row, {RENDERS.name: f"it is refused: {' '.join(str(error).split())}"})
            continue
        modes.append(row["reasoning"])
    if texts:
        for mode, ids in zip(
            modes, tokenizer(texts, add_special_tokens=False)["input_ids"], strict=True
        ):
            found.lengths[mode][len(ids)] += 1
