"""The audit as a page: `audit/index.html`, opened from its folder, without a server or a network.

index.html, *.css, *.js    as they lie in factory/audit/site
katex.min.js               where the package sphinxcontrib-katex is installed; else TeX stays text
data/summary.js            counts, histograms, overlap, examples, and what there is to load
data/rows-000000.js        short fields of every response, in columns
data/text-000000.js        prompts, outputs, drafts, verdicts and grades, loaded when looked at
"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from factory.audit.chunks import ROWS_PER_INDEX, IndexWriter, TextWriter, cut, literal, number
from factory.audit.counting import COUNTED, FilterCounts
from factory.audit.examples import Example, Examples
from factory.audit.overlap import Overlap
from factory.audit.thresholds import Threshold
from factory.errors import RunError
from factory.records import MODES
from factory.store import way_out

_DECISIONS = ("keep", "drop", "unjudged")
_KATEX = "sphinxcontrib/katex.min.js"
_NONE: dict[str, Any] = {"decision": "keep", "score": None}
SAID = 72
"""Characters of an answer's end that a table shows."""


class Codes:
    """Numbers for words that repeat, in the order in which they come."""

    def __init__(self, *first: str) -> None:
        self._codes = {word: code for code, word in enumerate(first)}

    def __getitem__(self, word: str) -> int:
        return self._codes.setdefault(word, len(self._codes))

    def words(self) -> list[str]:
        """By number."""
        return list(self._codes)


class Page:
    """Writes the page's data while the rows go by.

    Args:
        folder: an empty directory, which becomes RUN/audit's data.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._index, self._text = IndexWriter(folder), TextWriter(folder)
        self._filters, self._reasons, self._domains = Codes(""), Codes(""), Codes()

    def add(self, row: dict[str, Any], prompt: dict[str, Any], mask: int | None) -> None:
        """The next response of the run."""
        verdicts = row["verdicts"]
        last = verdicts[-1] if verdicts else _NONE
        chunk = self._text.add(prompt["id"], partial(_prompt, prompt), self._row(row))
        said = (row["answer"] or row["output"] or row["error"] or "").strip()
        self._index.add(
            row["prompt_id"],
            mode=MODES.index(row["mode"]),
            sample=row["sample"],
            domain=self._domains[row["domain"]],
            decision=_DECISIONS.index("keep" if row["kept"] else last["decision"]),
            filter=self._filters[row["dropped_by"] or ""],
            reason=self._reasons[row["reason"] or ""],
            score=number(last["score"]),
            tokens=row["completion_tokens"],
            mask=mask,
            chunk=chunk,
            said=said if len(said) <= SAID else f"…{said[1 - SAID :]}",
        )

    def _row(self, row: dict[str, Any]) -> dict[str, Any]:
        reasoning = row["reasoning"]
        texts = (
            {"reasoning": cut(reasoning), "answer": cut(row["answer"])}
            if reasoning
            else {"output": cut(row["output"])}
        )
        kept = ("reference", "finish_reason", "error", "seed", "prompt_tokens", "completion_tokens")
        more = ("engine", "teacher", "teacher_revision", "teacher_name")
        fields = {name: _field(row[name]) for name in (*kept, *more)}
        return {
            **texts,
            **fields,
            "draft": cut(row["draft"]),
            "pass_rate": number(row["pass_rate"]),
            "verdicts": [self._verdict(each) for each in row["verdicts"]],
            "grades": [_grade(each) for each in row["grades"] or ()],
        }

    def _verdict(self, verdict: dict[str, Any]) -> list[Any]:
        return [
            self._filters[verdict["filter"]],
            _DECISIONS.index(verdict["decision"]),
            number(verdict["score"]),
            self._reasons[verdict["reason"] or ""],
            number(verdict.get("seconds")),
        ]

    def finish(self, summary: dict[str, Any]) -> None:
        """Write what is waiting, and the summary with what the page needs to read the rest."""
        self._index.flush()
        self._text.flush()
        body = literal(
            {
                **summary,
                "modes": list(MODES),
                "decisions": list(_DECISIONS),
                "filters": self._filters.words(),
                "reasons": self._reasons.words(),
                "domains": self._domains.words(),
                "num_rows": self._index.num_rows,
                "rows_per_index": ROWS_PER_INDEX,
                "num_index_files": self._index.num_files,
                "num_text_files": self._text.num_files,
            }
        )
        (self._folder / "summary.js").write_text(f"Audit.summary={body};\n", encoding="ascii")


def _field(value: Any) -> Any:
    return cut(value) if isinstance(value, str) else value


def _prompt(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": row["id"],
        "input": [[turn["role"], cut(turn["content"])] for turn in row["input"] or ()],
        "expected": cut(row["expected_answer"]),
        "source": row["source"],
        "license": row["license"],
        "choices": [cut(each) for each in row["choices"] or ()],
        "constraints": [[c["instruction_id"], c["kwargs"]] for c in row["constraints"] or ()],
        "num_tests": len(row["tests"] or ()),
        "language": row["language"] or "",
        "policy": row["policy"] or "",
    }


def _grade(grade: dict[str, Any]) -> list[Any]:
    who = grade["teacher_name"] or grade["teacher"]
    return [grade["column"], number(grade["score"]), cut(grade["text"]), grade["error"], who]


def summary_of_filters(
    filters: list[FilterCounts], thresholds: dict[str, tuple[Threshold, ...]], examples: Examples
) -> list[dict[str, Any]]:
    """What the page shows of each filter."""
    return [
        {
            "name": each.name,
            **{name: getattr(each, name) for name in COUNTED},
            "seconds": each.seconds,
            "num_timed": each.num_timed,
            "histogram": each.histogram
            and {
                "edges": each.histogram.edges,
                "keep": each.histogram.keep,
                "drop": each.histogram.drop,
            },
            "thresholds": [[t.field, t.value, t.keeps] for t in thresholds.get(each.name, ())],
            "reasons": [
                {
                    "name": reason.name,
                    "decision": reason.decision,
                    "counts": reason.counts,
                    "seconds": reason.seconds,
                    "examples": [_example(e) for e in examples.of(each.name, reason.name)],
                }
                for reason in each.reasons
            ],
        }
        for each in filters
    ]


def _example(example: Example) -> dict[str, Any]:
    row = example.row
    said = (row["output"] or row["error"] or "").strip()
    return {
        "place": example.place,
        "id": row["id"],
        "mode": row["mode"],
        "score": number(example.score),
        "distance": number(example.distance),
        "expected": (row["expected_answer"] or row["reference"] or "")[:400],
        "said": said if len(said) <= 700 else f"…{said[-700:]}",
    }


def summary_of_overlap(overlap: Overlap) -> dict[str, Any]:
    """What the page shows of it: square matrices by mode, and what only one filter drops."""
    places = range(len(overlap.filters))
    return {
        "filters": overlap.filters,
        "judged": {mode: overlap.judged(mode) for mode in MODES},
        "both": {m: [[overlap.both(m, i, j) for j in places] for i in places] for m in MODES},
        "only": {mode: [overlap.only(mode, i) for i in places] for mode in MODES},
    }


@contextmanager
def new_page(target: Path) -> Iterator[Page]:
    """A page in the making; `target` gets it, files and data, when the block ends well.

    Raises:
        RunError: the disk is full or does not take a file.
    """
    fresh, data = target / "data.tmp", target / "data"
    try:
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        yield Page(fresh)
        shutil.rmtree(data, ignore_errors=True)
        fresh.rename(data)
        _copy_site(target)
    except OSError as error:
        raise RunError(f"{target}: cannot be written: {way_out(error)}") from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _copy_site(target: Path) -> None:
    for file in resources.files("factory.audit").joinpath("site").iterdir():
        (target / file.name).write_bytes(file.read_bytes())
    katex = find_katex()
    (target / "katex.min.js").write_bytes(
        katex.read_bytes() if katex else b"/* sphinxcontrib-katex was not installed */\n"
    )


def find_katex() -> Path | None:
    """KaTeX, as the package sphinxcontrib-katex ships it; the package is not imported."""
    try:
        files = metadata.files("sphinxcontrib-katex") or []
    except metadata.PackageNotFoundError:
        return None
    found = [Path(str(file.locate())) for file in files if file.as_posix() == _KATEX]
    return found[0] if found and found[0].is_file() else None
