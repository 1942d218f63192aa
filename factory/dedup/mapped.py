"""Arrays over every row that lie in a file: mapped where they are read, never read whole."""

import ctypes
import mmap
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from factory import store
from factory.dedup.columns import Array
from factory.errors import PartError, RunError


class Mapped:
    """A file as an array, of which nothing is ever written.

    Raises:
        PartError: the file is missing.
    """

    def __init__(self, path: Path, kind: npt.DTypeLike) -> None:
        self._map: mmap.mmap | None = None
        self.array: Array = np.empty(0, kind)
        try:
            with path.open("rb") as file:
                if os.fstat(file.fileno()).st_size:
                    self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
                    self._map.madvise(mmap.MADV_RANDOM)
                    self.array = _over(self._map, kind)
        except OSError as error:
            raise PartError(f"{path}: {store.way_out(error)}") from error

    def release(self) -> None:
        """Give back the memory of what was read so far; it is read again where it is wanted."""
        if self._map is not None:
            self._map.madvise(mmap.MADV_DONTNEED)


def _over(mapping: mmap.mmap, kind: npt.DTypeLike) -> Array:
    """A mapping as an array that numba takes for any other; it would compile read-only ones anew.

    A writable mapping would count against the memory that the system lends, a shared one does not.
    """
    address = np.frombuffer(mapping, np.uint8).ctypes.data
    room: Any = (ctypes.c_uint8 * len(mapping)).from_address(address)
    room.mapping = mapping  # which lives as long as the array does
    return np.frombuffer(room, kind)


def make_file(path: Path, size: int) -> None:
    """A file of so many bytes, to be filled piece by piece; kept as it is where it has that size.

    Raises:
        RunError: the disk is full or does not take the file.
    """
    try:
        with path.open("ab") as file:
            if os.fstat(file.fileno()).st_size != size:
                file.truncate(size)
    except OSError as error:
        raise RunError(f"{path}: cannot be written: {store.way_out(error)}") from error


def write_at(path: Path, place: int, values: Array) -> None:
    """Write values into a file of such values, from the given place on.

    Raises:
        RunError: the disk is full or does not take them.
    """
    data = np.ascontiguousarray(values).view(np.uint8).data
    offset = place * values.itemsize
    try:
        descriptor = os.open(path, os.O_WRONLY)
        try:
            while data:
                written = os.pwrite(descriptor, data, offset)
                data, offset = data[written:], offset + written
        finally:
            os.close(descriptor)
    except OSError as error:
        raise RunError(f"{path}: cannot be written: {store.way_out(error)}") from error
