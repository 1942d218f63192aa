"""Files of data for the audit's page: scripts that call one function with plain data.

A page that is opened from a folder may not read files, but it may load scripts. Whatever a model
wrote goes through `literal`: it is ASCII, ends no script and opens no comment, whichever way a
browser reads it.
"""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

MAX_TEXT = 60_000
"""Characters of one text in the page; of a longer one the middle is left out, with its length."""
ROWS_PER_INDEX = 5_000
BYTES_PER_CHUNK = 1 << 20
_HEAD = 2 / 3
"""Share of a cut text that is its beginning."""
_ENCODER = json.JSONEncoder(ensure_ascii=True, allow_nan=False, separators=(",", ":"))


def literal(value: Any) -> str:
    """A value as a JavaScript literal in ASCII, without `<`, `>` and `&`.

    Lone surrogates stay what they are, as escapes. Numbers must be finite (see `number`).
    """
    text = _ENCODER.encode(value)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def number(value: float | None) -> float | str | None:
    """A score for `literal`: what is not finite as a word, the others to nine digits."""
    if value is None:
        return None
    return float(f"{value:.9g}") if math.isfinite(value) else str(value)


def cut(text: str | None) -> str | list[Any] | None:
    """A text, or of one that is too long `[beginning, end, characters left out]`."""
    if text is None or len(text) <= MAX_TEXT:
        return text
    head = int(MAX_TEXT * _HEAD)
    tail = MAX_TEXT - head
    return [text[:head], text[-tail:], len(text) - MAX_TEXT]


def write_script(folder: Path, kind: str, number: int, first: int, body: str) -> None:
    """One chunk; `first` is the place of its first row in the run."""
    text = f"Audit.receive({literal(kind)},{number},{first},{body});\n"
    (folder / f"{kind}-{number:06d}.js").write_text(text, encoding="ascii")


class IndexWriter:
    """Short fields of every row, in columns, `ROWS_PER_INDEX` a file."""

    COLUMNS = (
        "prompt", "mode", "sample", "domain", "decision", "filter", "reason", "score", "tokens",
        "mask", "chunk", "said",
    )  # fmt: skip

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.num_files = self.num_rows = 0
        self._start()

    def _start(self) -> None:
        self._prompts: dict[str, int] = {}
        self._columns: dict[str, list[Any]] = {name: [] for name in self.COLUMNS}

    def add(self, prompt_id: str, **fields: Any) -> None:
        """The next row."""
        fields["prompt"] = self._prompts.setdefault(prompt_id, len(self._prompts))
        for name, column in self._columns.items():
            column.append(fields[name])
        self.num_rows += 1
        if len(self._columns["prompt"]) == ROWS_PER_INDEX:
            self.flush()

    def flush(self) -> None:
        """Write what is waiting."""
        waiting = len(self._columns["prompt"])
        if not waiting:
            return
        body = literal({"prompts": list(self._prompts), **self._columns})
        write_script(self._folder, "rows", self.num_files, self.num_rows - waiting, body)
        self.num_files += 1
        self._start()


class TextWriter:
    """Prompts, outputs, verdicts and grades, about `BYTES_PER_CHUNK` a file."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.num_files = self.num_rows = 0
        self._start()

    def _start(self) -> None:
        self._places: dict[str, int] = {}
        self._prompts: list[str] = []
        self._rows: list[str] = []
        self._size = 0

    def add(self, prompt_id: str, prompt: Callable[[], Any], row: dict[str, Any]) -> int:
        """The next row; returns the number of the file that it goes into.

        Args:
            prompt_id: of its prompt.
            prompt: makes what a file holds of the prompt, which is once.
            row: what it holds of the row.
        """
        if self._size >= BYTES_PER_CHUNK:
            self.flush()
        if prompt_id not in self._places:
            self._places[prompt_id] = len(self._prompts)
            self._push(self._prompts, prompt())
        self._push(self._rows, {"prompt": self._places[prompt_id], **row})
        self.num_rows += 1
        return self.num_files

    def _push(self, items: list[str], item: dict[str, Any]) -> None:
        items.append(literal(item))
        self._size += len(items[-1])

    def flush(self) -> None:
        """Write what is waiting."""
        if not self._rows:
            return
        body = f'{{"prompts":[{",".join(self._prompts)}],"rows":[{",".join(self._rows)}]}}'
        write_script(self._folder, "text", self.num_files, self.num_rows - len(self._rows), body)
        self.num_files += 1
        self._start()
