"""The other columns that were asked for, as a polars frame."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import polars as pl
import pyarrow as pa

from factory.corpus.arrays import decoded, is_list, is_string, plain, plain_type

_STRANGE = (
    pa.types.is_decimal256,
    pa.types.is_list_view,
    pa.types.is_large_list_view,
    pa.types.is_run_end_encoded,
    pa.types.is_interval,
    pa.types.is_union,
)

_BYTES = (
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_binary_view,
    pa.types.is_fixed_size_binary,
)


def fits_frame(kind: pa.DataType, *, inside: bool = False) -> bool:
    """Whether polars has the values of a type, and writes those inside of others as JSON."""
    kind = plain_type(kind)
    if pa.types.is_struct(kind):
        return all(fits_frame(kind.field(i).type, inside=True) for i in range(kind.num_fields))
    if any(test(kind) for test in (*_STRANGE, *(_BYTES if inside else ()))):
        return False
    return fits_frame(kind.value_type, inside=True) if is_list(kind) else True


def arrow_frame(columns: Mapping[str, pa.Array]) -> pl.DataFrame:
    """Columns of Arrow as a frame; what is no UTF-8 in a text becomes U+FFFD."""
    return pl.DataFrame({name: _series(name, plain(array)) for name, array in columns.items()})


def _series(name: str, array: pa.Array) -> pl.Series:
    try:
        array.validate(full=True)  # polars would take the bytes as they are, and fall over them
    except pa.ArrowInvalid:
        array = decoded(array) if is_string(array.type) else _readable(array)
    series = pl.from_arrow(array)
    assert isinstance(series, pl.Series)
    return series.alias(name)


def _readable(array: pa.Array) -> pa.Array:
    """Nested values, with null for a row that holds a text which is no UTF-8."""
    values = []
    for value in array:
        try:
            values.append(value.as_py())
        except UnicodeDecodeError:
            values.append(None)
    return pa.array(values, array.type)


def json_frame(columns: Mapping[str, Sequence[Any]]) -> pl.DataFrame:
    """Values of JSON as a frame, of types as polars infers them; null where one does not fit."""
    return pl.DataFrame({name: _inferred(name, values) for name, values in columns.items()})


def _inferred(name: str, values: Sequence[Any]) -> pl.Series:
    for take in _whole(values):
        with contextlib.suppress(TypeError, ValueError, OverflowError, pl.exceptions.PolarsError):
            series = pl.Series(name, take, strict=False)
            if series.dtype != pl.Object:
                return series
    texts = [_storable(value) if isinstance(value, str) else None for value in values]
    return pl.Series(name, texts, pl.String)


def _whole(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    yield values
    yield [_storable(value) for value in values]


def _storable(value: Any) -> Any:
    """The same with halves of surrogate pairs replaced, which no frame takes."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_storable(name): _storable(each) for name, each in value.items()}
    return [_storable(each) for each in value] if isinstance(value, list) else value
