"""Where the tokens of a text lie, 64 bytes at a time, and the text folded.

A block of ASCII is classified by vectors into masks, a bit a byte; other characters are looked up
one by one and their bits put into the same masks. Where tokens begin and end follows from the masks
by shifts, and the places are read off the bits. Places in the folded text are places in the text.
"""

import numpy as np

from factory.shingles.hashing import U64, Array, Int, signed, token_hash
from factory.shingles.lanes import (
    AT_ONCE,
    BLOCK,
    classify,
    copy64,
    count_bits,
    first_bit,
    first_bits,
    inlined,
    load64,
    part,
)
from factory.shingles.unicode import SPACE, WORD

WINDOW = 4096
"""Bytes after which the tokens found so far are hashed, while the text is still in the cache."""
ROOM = WINDOW + 2 * BLOCK
_ONE = U64(1)
_ALL = U64(2**64 - 1)


@inlined
def ones(count: Int) -> Int:
    """A mask of the lowest `count` bits, 1 to 64."""
    return _ALL >> U64(BLOCK - count)


@inlined
def decode_wide(text: Array, place: Int, room: Int) -> tuple[Int, Int]:
    """The character at `place` that is not ASCII, and its bytes; 7 bytes after it are read too.

    Returns:
        (code point, 2 to 4); (-1, 1) for a byte that begins no well-formed character within `room`
        bytes.
    """
    word = signed(load64(text, place) & U64(0xFFFFFFFF))
    if word & 0xC0E0 == 0x80C0 and room >= 2:
        code = (word & 0x1F) << 6 | word >> 8 & 0x3F
        return (code, 2) if code >= 0x80 else (-1, 1)
    if word & 0xC0C0F0 == 0x8080E0 and room >= 3:
        code = (word & 0xF) << 12 | (word >> 8 & 0x3F) << 6 | word >> 16 & 0x3F
        return (code, 3) if code >= 0x800 and code & 0xF800 != 0xD800 else (-1, 1)
    if word & 0xC0C0C0F8 == 0x808080F0 and room >= 4:
        code = (word & 7) << 18 | (word >> 8 & 0x3F) << 12 | (word >> 16 & 0x3F) << 6
        code |= word >> 24 & 0x3F
        return (code, 4) if 0x10000 <= code <= 0x10FFFF else (-1, 1)
    return -1, 1


@part
def decode(data: Array, place: Int, stop: Int) -> tuple[Int, Int]:
    """As `decode_wide` for any character and with nothing read at or after `stop`.

    Returns:
        (code point, 1 to 4), or (-1, 1).
    """
    lead = signed(data[place])
    if lead < 0x80:
        return lead, 1
    size = 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
    if lead < 0xC2 or lead > 0xF4 or place + size > stop:
        return -1, 1
    code = lead & (0x7F >> size)
    for i in range(1, size):
        byte = signed(data[place + i])
        if byte & 0xC0 != 0x80:
            return -1, 1
        code = code << 6 | byte & 0x3F
    least = 0x80 if size == 2 else 0x800 if size == 3 else 0x10000
    if code < least or code > 0x10FFFF or 0xD800 <= code <= 0xDFFF:
        return -1, 1
    return code, size


@inlined
def encode(code: Int, size: Int, text: Array, place: Int) -> None:
    """Write a code point of `size` bytes, 2 to 4."""
    for i in range(size - 1, 0, -1):
        text[place + i] = np.uint8(0x80 | code & 0x3F)
        code >>= 6
    text[place] = np.uint8(0xF00 >> size & 0xFF | code)


@inlined
def places(mask: Int, base: Int, out: Array, count: Int) -> Int:
    """Append the places of the set bits to `out[count:]`; a few more places may be overwritten."""
    total = count_bits(mask)
    for done in range(0, max(total, 1), AT_ONCE):
        mask = first_bits(mask, base, out, count + done)
    return count + total


@inlined
def wide_characters(
    text: Array, place: Int, room: Int, characters: Array, wide: Int
) -> tuple[Int, Int, Int, Int, Int]:
    """Look up the characters of a block that are not ASCII, and fold them in place.

    Args:
        text: the block's bytes begin at `place`.
        place: likewise.
        room: bytes of the row from there on.
        characters: the table of `unicode.characters`.
        wide: mask of the bytes that are not ASCII.

    Returns:
        How many bytes of the block end with a character, and the masks of its words, of its white
        space, and of the first and of the last byte of what is a token of its own.
    """
    word = space = firsts = lasts = U64(0)
    while wide:
        i = first_bit(wide)
        if i > BLOCK - 4 and room > BLOCK:
            # The rest of the character may lie in the next block; let that begin with it.
            return i, word, space, firsts, lasts
        code, size = decode_wide(text, place + i, room - i)
        entry = signed(characters[code]) if code >= 0 else 0
        bits = ones(size) << U64(i)
        wide &= ~bits
        if entry & 3 == WORD:
            word |= bits
        elif entry & 3 == SPACE:
            space |= bits
        else:
            firsts |= _ONE << U64(i)
            lasts |= _ONE << U64(i + size - 1)
        if code >= 0 and entry >> 2 != code:
            encode(entry >> 2, size, text, place + i)
    return BLOCK, word, space, firsts, lasts


@part
def find_tokens(
    data: Array, start: Int, stop: Int, characters: Array, whole: bool,
    text: Array, state: Array, starts: Array, stops: Array,
) -> Int:  # fmt: skip
    """Fold some 4096 bytes more of `data[start:stop]` and find the tokens that end in them.

    Args:
        data: the bytes of all texts.
        start: first byte of the text.
        stop: the byte after its last.
        characters: the table of `unicode.characters`.
        whole: take all between white space as one token.
        text: receives the folded text from place 0.
        state: four numbers, at first (start, 0, 0, 0): where to go on in `data`, whether a word, or
            a sign, ends at that place or goes on, and whether `starts[0]` is that of such a token.
        starts: receives the first byte of each token, counted from `start`.
        stops: receives the byte after each token's last.

    Returns:
        How many tokens.
    """
    position, open_word, open_sign = state[0], U64(state[1]), U64(state[2])
    num_starts, num_stops = state[3], 0
    limit = min(position + WINDOW, stop)
    while position < limit:
        place = position - start
        size = min(BLOCK, stop - position)
        if position + BLOCK <= data.size:
            word, space, wide = classify(data, position, text, place)
        else:
            for i in range(size):
                text[place + i] = data[position + i]
            word, space, wide = classify(text, place, text, place)
        valid = ones(size)
        wide &= valid
        firsts = lasts = ~(word | space | wide)
        if wide:
            size_wide, word_wide, space_wide, firsts_wide, lasts_wide = wide_characters(
                text, place, stop - position, characters, wide
            )
            size = min(size, size_wide)
            valid = ones(size)
            word |= word_wide
            space |= space_wide
            firsts |= firsts_wide
            lasts |= lasts_wide
        if whole:
            word = ~space
            firsts = lasts = U64(0)
        word &= valid
        firsts &= valid
        lasts &= valid
        before = word << _ONE | open_word
        begins = word & ~before | firsts
        ends = (~word & before | lasts << _ONE | open_sign) & valid
        open_word = word >> U64(size - 1)
        open_sign = lasts >> U64(size - 1)
        num_starts = places(begins, place, starts, num_starts)
        num_stops = places(ends, place, stops, num_stops)
        position += size
    if position == stop and num_starts > num_stops:
        stops[num_stops] = stop - start
        num_stops += 1
        open_word = open_sign = U64(0)
    state[0], state[1], state[2] = position, open_word, open_sign
    state[3] = num_starts - num_stops
    return num_stops


@part
def hash_tokens(
    data: Array, start: Int, stop: Int, characters: Array,
    text: Array, state: Array, starts: Array, stops: Array, tokens: Array,
) -> Int:  # fmt: skip
    """Write the hashes of the tokens of a text to `tokens`; returns how many."""
    state[0], state[1], state[2], state[3] = start, 0, 0, 0
    total = 0
    while state[0] < stop:
        count = find_tokens(data, start, stop, characters, False, text, state, starts, stops)
        for i in range(count):
            first = starts[i]
            tokens[U64(total + i)] = token_hash(text, first, stops[i] - first)
        starts[0] = starts[count]
        total += count
    return total


@part
def normalise(
    data: Array, start: Int, stop: Int, characters: Array,
    text: Array, state: Array, starts: Array, stops: Array, out: Array,
) -> Int:  # fmt: skip
    """Write a text folded in case and white space to `out`; returns how many bytes."""
    state[0], state[1], state[2], state[3] = start, 0, 0, 0
    total = 0
    while state[0] < stop:
        count = find_tokens(data, start, stop, characters, True, text, state, starts, stops)
        for i in range(count):
            first, length = starts[i], stops[i] - starts[i]
            for done in range(0, length, BLOCK):
                copy64(text, first + done, out, total + done)
            total += length
            out[total] = np.uint8(32)
            total += 1
        starts[0] = starts[count]
    return max(total - 1, 0)


@part
def hash_characters(out: Array, length: Int, tokens: Array) -> Int:
    """Write the hash of each character of normalised text to `tokens`; returns how many."""
    total = 0
    place = 0
    while place < length:
        size = 1
        if out[place] >= 0x80:
            _, size = decode_wide(out, place, length - place)
        tokens[total] = token_hash(out, place, size)
        total += 1
        place += size
    return total
