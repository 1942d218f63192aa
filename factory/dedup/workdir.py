"""A work directory belongs to one comparison of one corpus."""

import dataclasses
from typing import Any

from factory import store
from factory.config import differences
from factory.corpus import Corpus, check_columns
from factory.dedup.comparison import Comparison, write_parts
from factory.dedup.keep import NAMED
from factory.errors import ConfigError

_BEGUN = "dedup.json"


def begin(comparison: Comparison, corpus: Corpus, *, leaves_out: bool) -> None:
    """Begin a comparison in its work directory, or go on with it.

    Raises:
        ConfigError: the directory holds another one; or the data lacks a column.
    """
    path = comparison.work / _BEGUN
    store.remove_temporaries(each for each in comparison.work.iterdir() if each.is_dir())
    now = _settings(comparison, corpus, leaves_out)
    if path.exists():
        begun = store.read_json(path, keys=[], advice=f"delete {comparison.work} and begin anew")
        if begun != now:
            raise ConfigError(
                f"{comparison.work}: holds another comparison ({_difference(begun, now)}); choose "
                "another work directory, or delete this one"
            )
        return
    _check_columns(comparison, corpus)
    write_parts(comparison.work, corpus.parts)
    store.write_json(path, now)


def _settings(comparison: Comparison, corpus: Corpus, leaves_out: bool) -> dict[str, Any]:
    method = comparison.method
    return {
        "data": corpus.data,
        "fingerprint": corpus.fingerprint,
        "parts": len(corpus.parts),
        "method": {"name": method.name, **dataclasses.asdict(method)},
        "columns": list(comparison.columns.column),
        "keep": comparison.keep.text,
        "within": comparison.within,
        "id_column": comparison.id_column,
        "slice_bytes": comparison.slice_bytes,
        "leaves_out": leaves_out,
    }


def _difference(begun: dict[str, Any], now: dict[str, Any]) -> str:
    told = differences(begun, now)
    if told.keys() == {"fingerprint"}:
        return "other data: names, sizes or times of its files differ"
    told.pop("fingerprint", None)
    return told.get("method.name") or next(iter(told.values()))


def _check_columns(comparison: Comparison, corpus: Corpus) -> None:
    """Look for the columns before anything is worked out."""
    keep = comparison.keep
    extra = [name for name in (comparison.within, comparison.id_column) if name]
    check_columns(corpus, comparison.columns, extra=extra)
    try:
        check_columns(corpus, comparison.columns, extra=keep.columns())
    except ConfigError as error:
        order = f" is {NAMED[keep.text]!r}" if keep.text in NAMED else ""
        raise ConfigError(
            f"keep {keep.text!r}{order}: {error}; an order of other columns will do as well, such "
            "as 'quality desc, length(text)'"
        ) from error
