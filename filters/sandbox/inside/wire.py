"""Messages over a socket: a JSON header, blobs of bytes after it, and descriptors beside it."""

import json
import socket
import struct
from collections.abc import Sequence
from typing import Any

_MOST_DESCRIPTORS = 64


def send(
    channel: socket.socket,
    header: dict[str, Any],
    blobs: Sequence[bytes] = (),
    fds: Sequence[int] = (),
) -> None:
    """Send all of a message; it may block until the other side reads."""
    text = json.dumps(header | {"sizes": [len(blob) for blob in blobs]}).encode()
    head = struct.pack("=I", len(text)) + text
    sent = socket.send_fds(channel, [head], list(fds)) if fds else 0
    channel.sendall(head[sent:] + b"".join(blobs))


def receive(channel: socket.socket) -> tuple[dict[str, Any], list[bytes], list[int]]:
    """The next message: (header, blobs, descriptors).

    Raises:
        EOFError: the other side is gone.
    """
    first, fds, _, _ = socket.recv_fds(channel, 65536, _MOST_DESCRIPTORS)
    data = bytearray(first)
    _fill(channel, data, 4)
    (length,) = struct.unpack_from("=I", data)
    _fill(channel, data, 4 + length)
    header = json.loads(data[4 : 4 + length])
    start = 4 + length
    _fill(channel, data, start + sum(header["sizes"]))
    blobs = []
    for size in header["sizes"]:
        blobs.append(bytes(data[start : start + size]))
        start += size
    return header, blobs, fds


def _fill(channel: socket.socket, data: bytearray, size: int) -> None:
    """Read until there are `size` bytes; never past the message, as the other side waits then."""
    while len(data) < size:
        chunk = channel.recv(min(size - len(data), 1 << 20)) if data else b""
        if not chunk:
            raise EOFError
        data += chunk
