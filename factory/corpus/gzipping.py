"""Gzip on several cores: one member whose blocks are compressed side by side.

Each block takes the end of the one before as its dictionary and ends on a byte, so that the blocks
one after another are one deflate stream (RFC 1951), which any reader reads. The bytes depend on
neither the number of threads nor the clock.
"""

import os
import zlib
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import IO, Any

_BLOCK_BYTES = 1 << 20
_WINDOW = 32 << 10
_LEVEL = 6
_FASTEST = 1
_SAYS_FASTEST = 4
"""What byte 8 of a file (RFC 1952, XFL) holds where its writer chose speed."""
_THREADS = min(os.cpu_count() or 1, 4)


class GzipWriter:
    """Compresses what is written into a file; `finish` ends it.

    Args:
        out: takes the compressed bytes; it is not closed.
        level: of zlib, 1 to 9.
    """

    def __init__(self, out: IO[bytes], level: int = _LEVEL) -> None:
        self._out = out
        self._level = level
        self._pool = ThreadPoolExecutor(_THREADS)
        self._blocks: deque[Future[bytes]] = deque()
        self._data = bytearray()
        self._before = b""
        self._crc = self._size = 0
        fastest = _SAYS_FASTEST if level == _FASTEST else 0
        out.write(b"\x1f\x8b\x08\0" + bytes(4) + bytes([fastest, 255]))  # no time, no system

    def write(self, data: Any) -> None:
        """Take bytes."""
        view = memoryview(data)
        self._crc = zlib.crc32(view, self._crc)
        self._size += len(view)
        while len(view):
            room = _BLOCK_BYTES - len(self._data)
            self._data += view[:room]
            view = view[room:]
            if len(self._data) == _BLOCK_BYTES:
                self._submit(zlib.Z_SYNC_FLUSH)

    def finish(self) -> None:
        """Write the rest and the checksum."""
        self._submit(zlib.Z_FINISH)
        self._drain(0)
        end = self._crc.to_bytes(4, "little") + (self._size % (1 << 32)).to_bytes(4, "little")
        self._out.write(end)

    def close(self) -> None:
        """End the threads, whether it is finished or not."""
        self._pool.shutdown(cancel_futures=True)

    def _submit(self, flush: int) -> None:
        block = bytes(self._data)
        self._blocks.append(self._pool.submit(_deflated, block, self._before, self._level, flush))
        self._before = block[-_WINDOW:]
        self._data.clear()
        self._drain(2 * _THREADS)

    def _drain(self, left: int) -> None:
        while len(self._blocks) > left:
            self._out.write(self._blocks.popleft().result())


def _deflated(block: bytes, before: bytes, level: int, flush: int) -> bytes:
    packer = zlib.compressobj(level, wbits=-zlib.MAX_WBITS, zdict=before)
    return packer.compress(block) + packer.flush(flush)


def level_of(start: bytes) -> int:
    """The level for a file like one that begins so: zlib's usual one, or the fastest."""
    return _FASTEST if start[8:9] == bytes([_SAYS_FASTEST]) else _LEVEL
