"""The native passes of decontamination: the tokens that count, and where n-grams of items are.

An n-gram's hash is a polynomial of the hashes of its tokens, so that a text is walked once whatever
n is. What the hashes say is checked token by token before it is believed. Work space is that of
`factory.shingles.kernel`: of the largest row up to a megabyte, and its own for a longer one.
"""

import numpy as np

from factory.shingles.hashing import U64, Array, Int, token_hash
from factory.shingles.kernel import grown, largest, work_space
from factory.shingles.lanes import inlined, native, part
from factory.shingles.scanning import decode, find_tokens

BASE = U64(0x9E3779B97F4A7C15)
_MIX = U64(0xD6E8FEB86659FD93)
SHARED = 1 << 20
"""Bytes of the longest row whose work space others share."""
SHARE, WHOLE, TEXT, NONE = 0, 1, 2, 3
"""How an item is found: by a share of its n-grams, as one run, as a whole text, or not at all."""


_WORD, _IDLE, _SIGN, _WIDE = 0, 1, 2, 3
_RECKON = b"+-*/=<>^%"


def _kind(byte: int) -> int:
    if byte >= 0x80:
        return _WIDE
    letter = chr(byte).isalnum() or byte == ord("_")
    return _WORD if letter else _SIGN if byte in _RECKON else _IDLE


_KINDS = np.array([_kind(byte) for byte in range(256)], np.uint8)
"""What the first byte of a token says of it."""


@part
def is_idle(code: Int) -> Int:
    """Whether a character is punctuation, a symbol or an emoji: of blocks that hold no letters."""
    if code < 0xC0:
        return code not in (0xAA, 0xB2, 0xB3, 0xB5, 0xB9, 0xBA, 0xBC, 0xBD, 0xBE)
    if 0x3400 <= code < 0xD800:
        return False
    return (
        code in (0xD7, 0xF7, 0x60C, 0x61B, 0x61F, 0x6D4, 0x964, 0x965, 0x30FB, 0x30A0)
        or 0x2000 <= code < 0x2070
        or 0x20A0 <= code < 0x20D0
        or 0x2190 <= code < 0x2460
        or 0x2500 <= code < 0x2776
        or 0x2794 <= code < 0x2C00
        or 0x2E00 <= code < 0x2E80
        or 0x3000 <= code < 0x3005
        or 0x3008 <= code < 0x3021
        or 0xFE10 <= code < 0xFE70
        or 0xFF00 <= code < 0xFF10
        or 0xFF1A <= code < 0xFF21
        or 0xFF3B <= code < 0xFF41
        or 0xFF5B <= code < 0xFF66
        or 0xFFE0 <= code < 0x10000
        or 0x1F000 <= code < 0x20000
    )


@part
def wide_kind(text: Array, first: Int, stop: Int) -> Int:
    """What a token is whose first character is not ASCII; a malformed byte is idle."""
    code, size = decode(text, first, stop)
    if first + size < stop or not (code < 0 or is_idle(code)):
        return _WORD
    return _SIGN if code in (0xB1, 0xD7, 0xF7) or 0x2200 <= code < 0x2300 else _IDLE


@inlined
def is_digit(byte: Int) -> Int:
    """Whether a byte is 0 to 9."""
    return 48 <= byte < 58


@part
def row_words(
    data: Array, start: Int, stop: Int, characters: Array,
    text: Array, state: Array, starts: Array, stops: Array,
    tokens: Array, firsts: Array, ends: Array,
) -> Int:  # fmt: skip
    """Write the hashes of a text's tokens without idle signs to `tokens`; returns how many.

    `firsts` and `ends` receive their first bytes, counted from `start`, and the bytes after them,
    where there is room at all. The others are the work space of `find_tokens`.
    """
    state[0], state[1], state[2], state[3] = start, 0, 0, 0
    spanned = firsts.size > 0
    total = before = 0  # `before`: the byte after the last token
    pending = digit = False  # whether the next token decides on the sign at tokens[total]
    sign = np.uint8(0)
    while state[0] < stop:
        count = find_tokens(data, start, stop, characters, False, text, state, starts, stops)
        for i in range(count):
            first, end = starts[U64(i)], stops[U64(i)]
            lead = text[U64(first)]
            if pending:
                total += (digit or is_digit(lead)) and (lead != sign or lead >= 0x80)
                pending = False
            tokens[U64(total)] = token_hash(text, first, end - first)
            if spanned:
                firsts[U64(total)], ends[U64(total)] = first, end
            kind = _KINDS[lead]
            if kind == _WIDE:
                kind = wide_kind(text, first, end)
            if kind == _SIGN:
                last = text[max(before - 1, 0)]
                sign, digit = lead, before > 0 and is_digit(last)
                pending = before == 0 or last != lead or lead >= 0x80
            else:
                total += kind == _WORD
            before = end
        starts[0] = starts[count]
    return total + (pending and digit)


@part
def long_words(
    data: Array, start: Int, stop: Int, characters: Array, spanned: bool
) -> tuple[Int, Array, Array, Array]:
    """As `row_words`, in work space of its own: how many tokens, their hashes, and their spans."""
    text, _, state, starts, stops, tokens, _ = work_space(stop - start)
    firsts, ends = spans(stop - start if spanned else 0)
    count = row_words(
        data, start, stop, characters, text, state, starts, stops, tokens, firsts, ends
    )
    return count, tokens, firsts, ends


@part
def spans(size: Int) -> tuple[Array, Array]:
    """Room for the first and last bytes of the tokens of a row of at most `size` bytes."""
    room = size + 8 if size else 0
    return np.empty(room, np.uint32), np.empty(room, np.uint32)


@native
def word_rows(
    data: Array, offsets: Array, valid: Array, characters: Array, found: Array
) -> tuple[Array, Array, Array]:
    """Hashes and spans of the tokens of each row; row i has `found[i]:found[i + 1]`."""
    size = largest(offsets)
    text, _, state, starts, stops, tokens, _ = work_space(size)
    firsts, ends = spans(size)
    hashes = np.empty(1024, np.uint64)
    begins, closes = np.empty(1024, np.uint32), np.empty(1024, np.uint32)
    total = 0
    found[0] = 0
    for row in range(offsets.size - 1):
        start, stop = offsets[row], offsets[row + 1]
        count = 0
        if valid[row] and stop - start <= SHARED:
            count = row_words(
                data, start, stop, characters, text, state, starts, stops, tokens, firsts, ends
            )
            hashes = appended(hashes, total, tokens, count)
            begins = appended(begins, total, firsts, count)
            closes = appended(closes, total, ends, count)
        elif valid[row]:
            count, many, some, others = long_words(data, start, stop, characters, True)
            hashes = appended(hashes, total, many, count)
            begins = appended(begins, total, some, count)
            closes = appended(closes, total, others, count)
        total += count
        found[row + 1] = total
    return hashes[:total], begins[:total], closes[:total]


@part
def appended(values: Array, total: Int, more: Array, count: Int) -> Array:
    """The first `total` values and then `count` of the others, in the same array if they fit."""
    values = grown(values, total, count)
    for i in range(count):
        values[total + i] = more[i]
    return values


@inlined
def mixed(value: Int, length: Int) -> Int:
    """The hash of an n-gram, never 0, and another for another length; its upper bits are best."""
    value = (value + U64(length) * BASE) * _MIX
    return value | U64(value == U64(0))


@part
def power(length: Int) -> Int:
    """BASE ** length."""
    result, factor = U64(1), BASE
    while length > 0:
        if length & 1:
            result *= factor
        factor *= factor
        length >>= 1
    return result


@native
def gram_hashes(tokens: Array, length: Int) -> Array:
    """The hash of each n-gram of a run of tokens."""
    grams = np.empty(max(tokens.size - length + 1, 0), np.uint64)
    oldest = power(length)
    value = U64(0)
    for place in range(tokens.size):
        value = value * BASE + tokens[place]
        if place >= length:
            value -= tokens[place - length] * oldest
        if place >= length - 1:
            grams[place - length + 1] = mixed(value, length)
    return grams


@native
def item_grams(
    tokens: Array, offsets: Array, items: Array, length: Int
) -> tuple[Array, Array, Array]:
    """The n-grams of some items in their order: hash, item, and first token in the item."""
    total = 0
    for item in items:
        total += max(offsets[item + 1] - offsets[item] - length + 1, 0)
    hashes = np.empty(total, np.uint64)
    owners, places = np.empty(total, np.int32), np.empty(total, np.int32)
    found = 0
    for item in items:
        grams = gram_hashes(tokens[offsets[item] : offsets[item + 1]], length)
        for place in range(grams.size):
            hashes[found], owners[found], places[found] = grams[place], item, place
            found += 1
    return hashes, owners, places


@native
def run_hash(tokens: Array, count: Int) -> Int:
    """The hash of the first `count` tokens as one n-gram."""
    value = U64(0)
    for place in range(count):
        value = value * BASE + tokens[place]
    return mixed(value, count)


@inlined
def slot_of(gram: Int, size: Int) -> Int:
    """Where the search for an n-gram in a table of a power of two of slots begins."""
    return (gram ^ (gram >> U64(32))) * BASE >> U64(32) & U64(size - 1)


@inlined
def bits_of(gram: Int) -> Int:
    """The two bits of an n-gram in its word of the filter."""
    return U64(1) << (gram & U64(63)) | U64(1) << (gram >> U64(6) & U64(63))


@native
def fill(grams: Array, keys: Array, slots: Array, bits: Array, shift: Int) -> None:
    """Put distinct n-grams into the table (open addressing) and into the filter before it."""
    last = U64(keys.size - 1)
    for number in range(grams.size):
        gram = grams[number]
        bits[gram >> U64(shift)] |= bits_of(gram)
        slot = slot_of(gram, keys.size)
        while keys[slot] != U64(0):
            slot = (slot + U64(1)) & last
        keys[slot] = gram
        slots[slot] = number


@part
def find(gram: Int, keys: Array, slots: Array) -> Int:
    """The number of an n-gram, or -1."""
    last = U64(keys.size - 1)
    slot = slot_of(gram, keys.size)
    while keys[slot] != U64(0):
        if keys[slot] == gram:
            return np.int64(slots[slot])
        slot = (slot + U64(1)) & last
    return -1


@part
def equal(a: Array, b: Array, start: Int, at: Int, size: Int) -> Int:
    """Whether `a[start:start + size]` and `b[at:at + size]` are the same tokens."""
    for i in range(size):  # noqa: SIM110  # numba has no generators
        if a[start + i] != b[at + i]:
            return False
    return True
