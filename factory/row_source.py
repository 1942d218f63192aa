"""Prompts from rows: local files or a dataset of the Hub, with a column for each field of a page.

    [tool_calling.rows]                        # the table of a recipe; without data: the page's own
    data = "nvidia/When2Call"                  # a file, a directory, a pattern, or an id of the Hub
    config = "train_sft"
    license = "cc-by-4.0"
    columns = { problem = "messages.0.content", tools = "tools" }

A page says how a row is read:

    def read(fields: Fields) -> Prompt:
        problem = fields.text("problem")       # an empty one is dropped as no_problem
        return fields.prompt(turns(problem), problem=problem, choices=fields.texts("choices"))

    RowSource(rows=config.rows, domain="science", read=read, fields=("choices",))

Rows are read by position on any worker, some at a time. What makes no prompt stays as a draft with
its reason. The hash of a job takes the content, never the path.
"""

import dataclasses
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from factory.config import nearest
from factory.corpus.columns import look
from factory.errors import ConfigError
from factory.foreign_rows import BadRow
from factory.licenses import require_known
from factory.records import Draft, Message, Prompt
from factory.rows import Rows

__all__ = ["BadRow", "Fields", "RowSource", "Rows"]


class Fields(Mapping[str, Any]):
    """The fields of one row, by the page's names for them; None where the row has no such value.

    Args:
        source: whose row it is.
        index: its position.
        values: by field.
    """

    def __init__(self, source: "RowSource", index: int, values: Mapping[str, Any]) -> None:
        self._source = source
        self._values = values
        self.index = index

    def __getitem__(self, field: str) -> Any:
        """The value of a field."""
        return self._values[field]

    def __iter__(self) -> Iterator[str]:
        """The names of the fields."""
        return iter(self._values)

    def __len__(self) -> int:
        """How many there are."""
        return len(self._values)

    def text(self, field: str, default: str | None = None) -> str:
        """A text; where it is missing or blank the default, or the row is dropped.

        Raises:
            BadRow: `no_FIELD` or `FIELD_not_text`.
        """
        value = self._values[field]
        if value is None or (isinstance(value, str) and not value.strip()):
            if default is None:
                raise BadRow(f"no_{field}")
            return default
        if not isinstance(value, str):
            raise BadRow(f"{field}_not_text")
        return value.strip()

    def scalar(self, field: str) -> str:
        """A text, or a number as it is written; empty where it is missing.

        Raises:
            BadRow: `FIELD_not_scalar`; a column such as `answers.0` names the first of a list.
        """
        value = self._values[field]
        if isinstance(value, list | dict):
            raise BadRow(f"{field}_not_scalar")
        return "" if value is None else str(value).strip()

    def texts(self, field: str) -> tuple[str, ...]:
        """A list of texts, or such a list as JSON text; empty where there is none.

        Raises:
            BadRow: `FIELD_not_texts`, or `FIELD_not_json`.
        """
        value = self.decoded(field)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise BadRow(f"{field}_not_texts")
        return tuple(value)

    def decoded(self, field: str) -> Any:
        """A value that may be written as JSON text.

        Raises:
            BadRow: `FIELD_not_json`.
        """
        value = self._values[field]
        if not isinstance(value, str):
            return value
        if not value.strip():
            return None
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            raise BadRow(f"{field}_not_json") from None

    def prompt(self, turns: Sequence[Message], *, problem: str, **fields: Any) -> Prompt:
        """The row's prompt, with its position, source, licence and attribution.

        Args:
            turns: what is published.
            problem: bare.
            fields: what else a prompt has.
        """
        domain, rows = self._source.domain, self._source.rows
        return Prompt(
            **{
                "id": Prompt.make_id(domain, turns),
                "index": self.index,
                "domain": domain,
                "input": tuple(turns),
                "problem": problem,
                "expected_answer": None,
                "source": rows.source,
                "license": self._license(),
                "attribution": rows.attribution,
                **fields,
            }
        )

    def _license(self) -> str:
        said = self._values.get("license")
        try:
            require_known(said := said or self._source.rows.license)
        except (ValueError, TypeError):
            raise BadRow("license_unknown") from None
        return str(said)


@dataclass(frozen=True, kw_only=True, repr=False)
class RowSource:
    """The prompts in rows, one each; see `factory.sources.Source`."""

    rows: Rows
    domain: str
    read: Callable[[Fields], Prompt | Draft]
    """Makes a row's prompt, or raises `BadRow` with the reason why it makes none; a function of a
    module, or a frozen dataclass."""
    needs: tuple[str, ...] = ("problem",)
    """The fields that the data must have a column for."""
    fields: tuple[str, ...] = ()
    """Those that it may have."""
    limit: int | None = None
    """Rows at most, as the page says."""
    table: str = "rows"
    """The key of its table in the page's, for messages."""

    def __post_init__(self) -> None:
        known = (*self.needs, *self.fields, "license")
        for name in self.rows.columns:
            if name not in known:
                key = f"{self.domain}.{self.table}.columns.{name}"
                raise ConfigError(f"unknown key {key}{nearest(name, known)}")

    def __repr__(self) -> str:
        """All that changes the prompts but the content of the data, which the job's hash takes."""
        rows = dataclasses.replace(
            self.rows, data="", name=self.rows.source, num_rows=None, fingerprint=""
        )
        return (
            f"RowSource({rows!r}, {self.domain}, {_named(self.read)}, {self.needs}, "
            f"{self.fields}, {self.limit})"
        )

    @property
    def num_prompts(self) -> int:
        """How many rows are used; they are counted where the recipe does not say."""
        return self.rows.num(self.limit)

    def prompts(self, start: int, stop: int) -> Iterator[Prompt | Draft]:
        """See `factory.sources.Source`."""
        columns = self._columns()
        required = [columns[name] for name in columns if name in (*self.needs, *self.rows.columns)]
        optional = [column for column in columns.values() if column not in required]
        found = self.rows.table(self.limit).rows(start, stop, required, optional)
        for index, row in enumerate(self._told(found), start):
            if isinstance(row, str):
                yield self._rejected(index, row)
                continue
            values = {name: _known(look(row, column)) for name, column in columns.items()}
            try:
                yield self.read(Fields(self, index, _checked(values)))
            except BadRow as error:
                yield self._rejected(index, error.reason)

    def _columns(self) -> dict[str, str]:
        """Columns by field."""
        named = {name: self.rows.columns.get(name, name) for name in (*self.needs, *self.fields)}
        return {**named, **self.rows.columns}

    def _told(self, rows: Iterator[dict[str, Any] | str]) -> Iterator[dict[str, Any] | str]:
        """The rows; what is wrong with the columns is told with the way out."""
        try:
            yield from rows
        except ConfigError as error:
            fields = ", ".join((*self.needs, *self.fields))
            table = f"[{self.domain}.{self.table}.columns]"
            raise ConfigError(f"{error}; name the columns of {fields} in {table}") from error

    def _rejected(self, index: int, reason: str) -> Draft:
        """A row that makes no prompt; its id is that of its place."""
        place = (Message(role="user", content=f"{self.rows.source} {index}"),)
        prompt = Prompt(
            id=Prompt.make_id(self.domain, place),
            index=index,
            domain=self.domain,
            input=(Message(role="user", content=""),),
            problem="",
            expected_answer=None,
            source=self.rows.source,
            license=self.rows.license,
            attribution=self.rows.attribution,
        )
        return Draft(prompt=prompt, reason=reason)


def _named(read: Any) -> str:
    """A function by its name; its address is another in each process."""
    return f"{read.__module__}.{read.__qualname__}" if hasattr(read, "__qualname__") else repr(read)


def _known(value: Any) -> Any:
    """A value, None for NaN: what writes rows from frames writes that for a value that is none."""
    return None if isinstance(value, float) and math.isnan(value) else value


def _checked(values: dict[str, Any]) -> dict[str, Any]:
    """The values, all of whose text is text: half a surrogate pair is none, and is not written."""
    try:
        json.dumps(values, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        raise BadRow("not_utf8") from None
    except (ValueError, RecursionError):
        raise BadRow("nested_too_deep") from None
    return values
