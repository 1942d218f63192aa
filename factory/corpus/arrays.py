"""Columns of Arrow as texts, with no Python object a row in the plain case.

Turns are joined by moving offsets: each turn gets its separator, and a row's text runs from its
first turn to its last.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from factory.corpus.turns import SAID, turns_in_json

_LISTS = (
    pa.types.is_list,
    pa.types.is_large_list,
    pa.types.is_fixed_size_list,
    pa.types.is_list_view,
    pa.types.is_large_list_view,
)
_STRINGS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
_BINARIES = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view)
_PART = "text"
"""The field that holds the text of a part of a turn."""
_TURNS_IN_JSON = r"^\s*\[\s*\{"

Problems = dict[int, str]
"""By row of a batch, from 0, the slug of why it is not compared."""


def is_text(kind: pa.DataType) -> bool:
    """Whether values of a type are text, turns, or a list of texts."""
    kind = plain_type(kind)
    if is_list(kind):
        return is_text(kind.value_type)
    if pa.types.is_struct(kind):
        said = said_field(kind)
        return bool(said) and is_text(kind.field(said).type)
    return pa.types.is_null(kind) or _is(kind, _STRINGS) or _is(kind, _BINARIES)


def is_list(kind: pa.DataType) -> bool:
    """Whether a type is one of Arrow's kinds of lists."""
    return _is(kind, _LISTS)


def is_string(kind: pa.DataType) -> bool:
    """Whether a type is one of Arrow's kinds of strings."""
    return _is(kind, _STRINGS)


def said_field(kind: pa.StructType) -> str:
    """The field of a turn, or of a part of one, that holds its text; empty if it has none."""
    return next((name for name in (*SAID, _PART) if kind.get_field_index(name) >= 0), "")


def plain_type(kind: pa.DataType) -> pa.DataType:
    """The type of the values that an extension or a dictionary stands for."""
    if isinstance(kind, pa.BaseExtensionType):
        kind = kind.storage_type
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def plain(array: pa.Array) -> pa.Array:
    """The values that an extension or a dictionary stands for."""
    if isinstance(array.type, pa.BaseExtensionType):
        array = array.storage
    return array.dictionary_decode() if pa.types.is_dictionary(array.type) else array


def texts_in(array: pa.Array) -> tuple[pa.LargeStringArray, Problems]:
    """The texts of a column, null where a row has none, and why."""
    texts, problems = _valid(_texts(array))
    if not is_list(plain_type(array.type)):
        texts = _with_turns(texts)
    nulls = _rows(texts.is_null()) if texts.null_count else []
    return texts, dict.fromkeys(nulls, "null_text") | problems


def join_columns(
    columns: Sequence[tuple[pa.LargeStringArray, Problems]],
) -> tuple[pa.LargeStringArray, Problems]:
    """Several columns as one text a row, joined by a line break; nulls among them are left out."""
    if len(columns) == 1:
        return columns[0]
    arrays = [texts for texts, _ in columns]
    problems: Problems = {}
    some = pa.array(np.zeros(len(arrays[0]), bool))
    for texts, found in columns:
        some = pc.or_(some, texts.is_valid())
        problems |= {row: why for row, why in found.items() if why != "null_text"}
    problems = dict.fromkeys(_rows(pc.invert(some)), "null_text") | problems
    # pyarrow 26 leaves out a row of nothing but nulls here, and all behind it move up.
    arrays[0] = pc.if_else(some, arrays[0], _large(""))
    joined = pc.binary_join_element_wise(*arrays, _large("\n"), null_handling="skip")
    return without(joined, problems), problems


def without(texts: pa.Array, rows: Mapping[int, str]) -> pa.Array:
    """The same with null in some rows."""
    if not rows:
        return texts
    keep = np.ones(len(texts), bool)
    keep[list(rows)] = False
    return pc.if_else(pa.array(keep), texts, pa.scalar(None, texts.type))


def decoded(array: pa.Array) -> pa.Array:
    """Strings with U+FFFD for what is no UTF-8 in them."""
    whole = _texts(array)
    values = [value.as_buffer() for value in whole.view(pa.large_binary())]
    texts = [None if each is None else str(each, "utf-8", "replace") for each in values]
    return pa.array(texts, pa.large_string())


def _is(kind: pa.DataType, tests: Sequence[object]) -> bool:
    return any(test(kind) for test in tests)  # type: ignore[operator]  # of pyarrow, which has no types


def _large(text: str) -> pa.LargeStringScalar:
    return pa.scalar(text, pa.large_string())


def _rows(mask: pa.BooleanArray) -> list[int]:
    found: list[int] = np.flatnonzero(mask.to_numpy(zero_copy_only=False)).tolist()
    return found


def _texts(array: pa.Array) -> pa.LargeStringArray:
    """Whatever it holds as large strings; their bytes may be no UTF-8."""
    array = plain(array)
    kind = array.type
    if _is(kind, _BINARIES):
        return array.cast(pa.large_binary()).view(pa.large_string())
    if pa.types.is_struct(kind):
        return _texts(pc.struct_field(array, said_field(kind)))
    if is_list(kind):
        inner = kind.value_type
        parts = pa.types.is_struct(inner) and said_field(inner) == _PART
        return _joined(array, "" if parts else "\n")
    return array.cast(pa.large_string())


def _joined(lists: pa.Array, separator: str) -> pa.LargeStringArray:
    """The texts in each list as one; a null among them is empty."""
    pieces = _texts(pc.list_flatten(lists)).fill_null("")
    lengths = pc.list_value_length(lists).fill_null(0).to_numpy(zero_copy_only=False)
    bounds = np.concatenate(([0], np.cumsum(lengths, dtype=np.int64)))
    if separator:
        behind = np.ones(len(pieces), bool)
        behind[bounds[1:][lengths > 0] - 1] = False
        ends = pc.if_else(pa.array(behind), _large(separator), _large(""))
        pieces = pc.binary_join_element_wise(pieces, ends, _large(""))
    offsets = np.frombuffer(pieces.buffers()[1], np.int64)
    places = offsets[pieces.offset :][bounds]
    joined = pa.LargeStringArray.from_buffers(len(lists), pa.py_buffer(places), pieces.buffers()[2])
    return without(joined, dict.fromkeys(_rows(lists.is_null()), ""))


def _valid(texts: pa.LargeStringArray) -> tuple[pa.LargeStringArray, Problems]:
    """The same with null for what is no UTF-8."""
    try:
        texts.validate(full=True)
    except pa.ArrowInvalid:
        raw = texts.view(pa.large_binary())
        bad = {row: "not_utf8" for row, value in enumerate(raw) if not _is_utf8(value)}
        return without(texts, bad), bad
    return texts, {}


def _is_utf8(value: pa.LargeBinaryScalar) -> bool:
    try:
        str(value.as_buffer() or b"", "utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _with_turns(texts: pa.LargeStringArray) -> pa.LargeStringArray:
    """With lists of turns that are written as JSON joined like other turns."""
    mask = pc.match_substring_regex(texts, _TURNS_IN_JSON).fill_null(False)
    rows = _rows(mask)
    if not rows:
        return texts
    said = [turns_in_json(texts[row].as_py()) for row in rows]
    return pc.replace_with_mask(texts, mask, large_strings(said))


def large_strings(texts: Sequence[str | None]) -> pa.LargeStringArray:
    """Texts as Arrow has them; halves of surrogate pairs, which UTF-8 lacks, become `?`."""
    try:
        return pa.array(texts, pa.large_string())
    except UnicodeEncodeError:
        whole = [None if t is None else t.encode("utf-8", "replace").decode() for t in texts]
        return pa.array(whole, pa.large_string())
