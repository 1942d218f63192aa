"""Texts as Arrow may hold them, well-formed or not."""

import random

import pyarrow as pa

_ALPHABETS = (
    "abcdefghijklmnopqrstuvwxyzABCXYZ_0189",
    " \t\n\r\v\f\x1c\x1f\x85\xa0\u1680\u2003\u2028\u3000\u200b",
    ".,;:!?()[]{}<>@#$%^&*-+=/\\|`'\"~\x00\x01\x1b\x7f",
    "äöüßÀÉÑŒſİıǅΣσςЖжЪъ",
    "漢字かなカナ々〆ー한국어",
    "ไทยລາວខ្មែរမြန်မာ",
    "عربىهןשלוםनमस्ते",
    "\u0301\u0308\u20e3\ufe0f\u200d\u200c\ufeff\u00ad",
    "😀👩‍👩‍👧‍👦🇩🇪🏳️‍🌈𝔘𝕟𐐀𐐨𞤀𠀀",
    "ẞKÅΩȺȾⱢᲀꞪ",
    "\U0010ffff\uffff\ufffd\ud7ff\ue000",
)
_BYTES = (
    b"\x80", b"\xbf", b"\xc0\x80", b"\xc1\xbf", b"\xc2", b"\xe0\x80\x80", b"\xe0\xa0",
    b"\xed\xa0\x80", b"\xed\xbf\xbf",
    b"\xef\xbf\xbf", b"\xf0\x80\x80\x80", b"\xf0\x90\x80", b"\xf4\x8f\xbf\xbf",
    b"\xf4\x90\x80\x80", b"\xf5\x80\x80\x80", b"\xfe", b"\xff",
)  # fmt: skip


def written(rng: random.Random) -> bytes:
    """A text of a few alphabets, of 0 to 300 characters, with a bad byte here and there."""
    alphabets = rng.sample(_ALPHABETS, rng.randint(1, 4)) + [_ALPHABETS[0]] * rng.randint(0, 4)
    pieces = []
    for _ in range(rng.choice((0, 1, 2, 5, 20, 60))):
        alphabet = rng.choice(alphabets)
        pieces.append("".join(rng.choices(alphabet, k=rng.randint(1, 9))).encode())
        pieces.append(rng.choice((b" ", b" ", b"", b"\n", b"  ")))
        if rng.random() < 0.02:
            pieces.append(rng.choice(_BYTES))
    return b"".join(pieces)


def noise(rng: random.Random) -> bytes:
    """Random bytes, or random characters cut off anywhere."""
    if rng.random() < 0.5:
        return rng.randbytes(rng.randint(0, 200))
    chars = "".join(rng.choices("".join(_ALPHABETS), k=rng.randint(1, 100))).encode()
    return chars[rng.randint(0, 3) : len(chars) - rng.randint(0, 3)]


def fixed() -> list[bytes]:
    """Edges: nothing, blanks, one token less and more than an n-gram, blocks, long tokens."""
    texts = [b"", b" ", b"\n\n\t ", b"\xe3\x80\x80" * 30, b"\0", b"\0" * 100, b"\r", b"a\rb\r\nc"]
    texts += [b"a " * count for count in range(1, 12)]
    for length in (1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 62, 63, 64, 65, 127, 128, 129, 4095, 4097):
        word = b"x" * length
        texts += [word, b" " + word + b" ", word + b"." + word, word + "é".encode() + word]
        texts += [word + "漢".encode(), word + "😀".encode(), word + b"\xe6\xbc", word + b"\xf0"]
        texts += [word + "\u3000".encode() + word, b"." * length, b" " * length + b"y"]
    return texts


def texts(seed: int, count: int) -> list[bytes]:
    """Raw texts of every kind."""
    rng = random.Random(seed)
    made = [written(rng) if rng.random() < 0.7 else noise(rng) for _ in range(count)]
    return [*fixed(), *made]


def array(raw: list[bytes]) -> pa.LargeStringArray:
    """An Arrow array of strings with these bytes, which nothing has checked."""
    return pa.array(raw, pa.large_binary()).view(pa.large_string())
