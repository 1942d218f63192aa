"""The language of a text, as the official checker tells it: by langdetect.

langdetect draws at random unless it is seeded, and the official checker does not seed it: short or
mixed texts may get another verdict each time. Here the seed is always 0, in a factory of our own,
so that nobody else's setting counts and none is changed.
"""

import functools
from pathlib import Path
from typing import Any

_SEED = 0


def is_language(text: str, code: str) -> bool:
    """Whether a text is in a language; True where it holds nothing to tell it by.

    Of a long text the first 10,000 characters count.
    """
    from langdetect import LangDetectException

    detector = _factory().create()
    try:
        detector.append(text)
        return bool(detector.detect() == code)
    except LangDetectException:
        return True


@functools.cache
def _factory() -> Any:
    """The profiles, in the order of their names, because that of a folder differs by machine."""
    from langdetect import PROFILES_DIRECTORY, DetectorFactory

    factory = DetectorFactory()
    paths = sorted(path for path in Path(PROFILES_DIRECTORY).iterdir() if path.is_file())
    factory.load_json_profile([path.read_text(encoding="utf-8") for path in paths])
    factory.set_seed(_SEED)
    return factory
