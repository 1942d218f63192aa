"""Which of several rows that repeat each other is kept: an order of the rows, best first.

    first                              the order of the data
    longest, shortest                  by characters of the text that is compared
    shortest_correct                   correct desc, length(text)
    best                               score desc
    newest                             created desc
    score desc, length(text)           any list of SQL expressions over the row's own columns

`text` is always what is compared. Numbers are compared as 64-bit floats, true comes after false,
text must be an ISO date or time. Rows without a value, and those whose value is not a number or not
a date, come last whichever way the order goes; ties are broken by the order of the data.
"""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from factory.config import settings
from factory.errors import ConfigError

if TYPE_CHECKING:
    import numpy as np
    import polars as pl

NAMED = {
    "first": "",
    "longest": "length(text) desc",
    "shortest": "length(text)",
    "shortest_correct": "correct desc, length(text)",
    "best": "score desc",
    "newest": "created desc",
}
TEXT = "text"
_DIRECTION = re.compile(r"(?is)(.*?)(?:\s+(asc|desc))?(?:\s+nulls\s+last)?")
_LAST = (1 << 64) - 1
_HIGHEST_BIT = 1 << 63


@settings
class Term:
    """One expression of an order."""

    expression: str
    descending: bool = False


@settings
class KeepPolicy:
    """An order of rows, best first; made by `parse_keep`."""

    text: str = "first"
    """As it was given."""
    terms: tuple[Term, ...] = ()

    def columns(self) -> tuple[str, ...]:
        """The columns that it reads, `text` not among them."""
        found = [name for term in self.terms for name in _parse(term).meta.root_names()]
        return tuple(dict.fromkeys(name for name in found if name != TEXT))

    def reads_text(self) -> bool:
        """Whether the compared text itself decides."""
        return any(TEXT in _parse(term).meta.root_names() for term in self.terms)

    def encode(self, frame: "pl.DataFrame") -> "tuple[list[np.ndarray], list[tuple[int, int]]]":
        """Keys by which rows are kept, and how many values there were.

        Args:
            frame: `columns()`, and `text` where `reads_text()`.

        Returns:
            For each term a key, uint64, shape (rows,), the smaller, the better; and (rows with a
            value, those of them that cannot be ordered).

        Raises:
            ConfigError: an expression does not fit the columns; the message names them.
        """
        keys, counts = [], []
        for term in self.terms:
            values = self._values(term, frame)
            numbers = _numbers(values, term)
            keys.append(_keys(numbers, term.descending))
            known = len(values) - values.null_count()
            counts.append((known, known - (len(numbers) - numbers.null_count())))
        return keys, counts

    def _values(self, term: Term, frame: "pl.DataFrame") -> "pl.Series":
        import polars as pl

        try:
            return frame.select(_parse(term).alias("value"))["value"]
        except pl.exceptions.PolarsError as error:
            raise ConfigError(
                f"keep {self.text!r}: {term.expression!r} does not fit the data "
                f"({_line(error)}); columns: {', '.join(frame.columns)}"
            ) from error


def parse_keep(text: str) -> KeepPolicy:
    """The policy of a name or of an order.

    Raises:
        ConfigError: neither; the message says what is wrong with it.
    """
    stripped = text.strip()
    order = NAMED.get(stripped, stripped)
    if not order and stripped not in NAMED:
        raise ConfigError(f"keep must be one of {', '.join(NAMED)}, or an order; got nothing")
    terms = tuple(_term(each, stripped) for each in _split(order)) if order else ()
    return KeepPolicy(text=stripped, terms=terms)


def check_orderable(policy: KeepPolicy, counts: Sequence[Sequence[Sequence[int]]]) -> None:
    """Refuse a policy none of whose values could be ordered.

    Args:
        policy: the policy.
        counts: what `encode` counted, for each part.

    Raises:
        ConfigError: naming the expression.
    """
    for place, term in enumerate(policy.terms):
        known, unknown = (sum(each[place][i] for each in counts) for i in (0, 1))
        if unknown and unknown == known:
            raise ConfigError(
                f"keep {policy.text!r}: no value of {term.expression!r} is a number, true or false "
                "or an ISO date; give an expression that is, such as 'score::double desc'"
            )


def _split(order: str) -> list[str]:
    """The parts between commas that stand in no parentheses and no quotes."""
    parts, depth, quote = [""], 0, ""
    for sign in order:
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign in "([":
            depth += 1
        elif sign in ")]":
            depth -= 1
        elif sign == "," and depth == 0:
            parts.append("")
            continue
        parts[-1] += sign
    return parts


def _term(text: str, whole: str) -> Term:
    match = _DIRECTION.fullmatch(text.strip())
    assert match
    expression, direction = match.groups()
    term = Term(expression=expression, descending=(direction or "").lower() == "desc")
    try:
        parsed = _parse(term)
    except ConfigError as error:
        raise ConfigError(f"keep {whole!r}: {error}") from error
    if not parsed.meta.root_names():
        raise ConfigError(f"keep {whole!r}: {expression!r} reads no column; {_known()}")
    if _looks_around(parsed):
        raise ConfigError(f"keep {whole!r}: {expression!r} looks at other rows than its own")
    return term


def _looks_around(parsed: "pl.Expr") -> bool:
    """Whether any part of an expression depends on other rows."""
    return not parsed.meta.is_row_separable() or any(map(_looks_around, parsed.meta.pop()))


def _parse(term: Term) -> "pl.Expr":
    import polars as pl

    try:
        parsed = pl.sql_expr(term.expression)
    except pl.exceptions.PolarsError as error:
        raise ConfigError(f"cannot read {term.expression!r} ({_line(error)}); {_known()}") from None
    words = parsed.meta.undo_aliases()
    if not words.meta.eq(parsed):
        raise ConfigError(f"cannot read {term.expression!r}; only asc or desc may follow")
    return parsed


def _known() -> str:
    return f"give {', '.join(NAMED)}, or an order such as 'score desc, length(text)'"


def _line(error: Exception) -> str:
    return " ".join(str(error).split("\n")[0].split())[:160]


def _numbers(values: "pl.Series", term: Term) -> "pl.Series":
    """The values as floats, null where they have no place in an order."""
    import polars as pl

    kind = values.dtype
    if kind == pl.Null:
        return values.cast(pl.Float64)
    if kind == pl.String:
        return _times(values).cast(pl.Float64)
    if kind.is_temporal():
        return _micros(values).cast(pl.Float64)
    if kind == pl.Boolean or kind.is_numeric():
        return values.cast(pl.Float64).fill_nan(None)
    raise ConfigError(
        f"keep: {term.expression!r} is {kind}; give an expression that is a number, a date, true "
        "or false, or an ISO date as text"
    )


def _micros(values: "pl.Series") -> "pl.Series":
    import polars as pl

    kind: Any = values.dtype
    if kind == pl.Date:
        values = values.cast(pl.Datetime("us"))
    elif isinstance(kind, pl.Duration | pl.Datetime) and kind.time_unit != "us":
        values = values.dt.cast_time_unit("us")
    return values.to_physical().cast(pl.Int64)


def _times(values: "pl.Series") -> "pl.Series":
    """Microseconds of ISO dates and times, with or without a zone (then UTC)."""
    import polars as pl

    text = values.str.strip_chars()
    zoned = text.str.contains(r"\d[Tt ].*(?:[Zz]|[+-]\d\d:?(?:\d\d)?)$")
    iso = text.str.replace(r"[Tt ]", " ").str.replace(r"[Zz]$", "+00:00")
    iso = iso.str.replace(r"(:\S*[+-]\d\d):?(\d\d)$", "$1:$2")
    iso = iso.str.replace(r"(:\S*[+-]\d\d)$", "$1:00")
    iso = iso.str.replace(r"^(\S+ \d\d:\d\d)($|[+-])", "$1:00$2")
    with_zone = iso.str.to_datetime("%Y-%m-%d %H:%M:%S%.f%:z", strict=False, time_unit="us")
    plain = iso.str.to_datetime("%Y-%m-%d %H:%M:%S%.f", strict=False, time_unit="us")
    days = iso.str.to_date("%Y-%m-%d", strict=False).cast(pl.Datetime("us"))
    naive = plain.to_physical().fill_null(days.to_physical())
    return with_zone.to_physical().zip_with(zoned.fill_null(False), naive)


def _keys(numbers: "pl.Series", descending: bool) -> "np.ndarray":
    """uint64 in the order of the numbers, the best first, nulls last."""
    import numpy as np

    floats = numbers.fill_null(0.0).to_numpy() + 0.0  # -0.0 is 0.0
    bits = floats.view(np.uint64)
    flipped = np.where(bits >> np.uint64(63) == 1, ~bits, bits | np.uint64(_HIGHEST_BIT))
    keys = ~flipped if descending else flipped
    keys[numbers.is_null().to_numpy()] = _LAST
    return np.ascontiguousarray(keys)
