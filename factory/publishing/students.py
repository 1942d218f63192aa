"""A student's directory: whole, with weights that end where their headers say."""

import json
from pathlib import Path

from factory.datasetdir import CARD
from factory.errors import ConfigError, RunError

_INDEX = "model.safetensors.index.json"
_LONGEST_HEADER = 100_000_000
"""Bytes; the safetensors format allows no longer one."""


def check_student(root: Path) -> list[str]:
    """The names of a student's files of weights, in order.

    Raises:
        ConfigError: the card or the weights are missing.
        RunError: a file of weights is damaged, or the index names one that is not there.
    """
    if not (root / CARD).is_file():
        raise ConfigError(f"{root}: a model is published with its card; write {root / CARD}")
    weights = sorted(path.name for path in root.glob("*.safetensors"))
    if not weights:
        raise ConfigError(
            f"{root}: no *.safetensors beside config.json; save the student with save_pretrained"
        )
    for name in sorted(_indexed(root)):
        if name not in weights:
            raise RunError(f"{root / _INDEX}: names {name}, which is missing; save the model again")
    for name in weights:
        if problem := _problem(root / name):
            raise RunError(f"{root / name}: {problem}; save the model again")
    return weights


def _indexed(root: Path) -> set[str]:
    path = root / _INDEX
    if not path.is_file():
        return set()
    try:
        return set(json.loads(path.read_text())["weight_map"].values())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise RunError(f"{path}: damaged ({error}); save the model again") from error


def _problem(path: Path) -> str:
    """What is wrong with a file of weights: its header says how long it is."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > min(size - 8, _LONGEST_HEADER):
            return f"cut off after {size:,} bytes, within its header"
        try:
            header = json.loads(file.read(length))
            tensors = [each for name, each in header.items() if name != "__metadata__"]
            wanted = 8 + length + max((each["data_offsets"][1] for each in tensors), default=0)
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            return f"its header is damaged ({error})"
    return "" if size == wanted else f"{size:,} bytes, its header says {wanted:,}"
