import importlib.util
import pickle
import subprocess
import sys

import pytest

from factory.apply import apply_filter
from factory.config import build
from factory.errors import ConfigError, PrerequisiteError
from filters import quality
from filters.quality import CuratorFilter
from tests.toys import response

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("nemo_curator") is None, reason="the extra [curator] is not installed"
)
NEEDED = {"SubstringFilter": {"substring": "x", "position": "any"}}
ALL = [
    *("BoilerPlateStringFilter", "BulletsFilter", "CommonEnglishWordsFilter", "EllipsisFilter"),
    *("LongWordFilter", "MeanWordLengthFilter", "NonAlphaNumericFilter", "NumbersFilter"),
    *("ParenthesesFilter", "PornographicUrlsFilter", "PunctuationFilter", "SubstringFilter"),
    *("SymbolsToWordsFilter", "UrlsFilter", "WhiteSpaceFilter", "WordCountFilter"),
    *("WordsWithoutAlphabetsFilter", "RepeatedLinesFilter", "RepeatedParagraphsFilter"),
    *("RepeatedLinesByCharFilter", "RepeatedParagraphsByCharFilter", "RepeatingTopNGramsFilter"),
    "RepeatingDuplicateNGramsFilter",
]


def curator(filter, label="", **arguments):
    return CuratorFilter(filter=filter, label=label, arguments=arguments)


@pytest.mark.parametrize(
    ("filter", "answer", "score", "reason"),
    [
        (curator("WordCountFilter", min_words=3), "one two three", 3, ""),
        (curator("WordCountFilter", min_words=3), "one two", 2, "word_count"),
        (curator("WordCountFilter", min_words=1, max_words=2), "a b c", 3, "word_count"),
        (curator("NumbersFilter"), "12ab", 0.5, "numbers"),
        (curator("NumbersFilter", max_number_to_text_ratio=0.5), "12ab", 0.5, ""),
        (curator("NumbersFilter", max_number_to_text_ratio=1), "12", 1, ""),
        (curator("RepeatedLinesFilter"), "a\na\na\nb", 0.5, "repeated_lines"),
        (
            curator("RepeatingTopNGramsFilter", n=2, label="top_2grams"),
            "a b " * 4,
            None,
            "top_2grams",
        ),
        (curator("SubstringFilter", substring="x", position="any"), "axb", 1, ""),
        (curator("SubstringFilter", substring="x", position="prefix"), "axb", 0, "substring"),
        (curator("WordCountFilter"), "", None, "empty_text"),
        (curator("WordCountFilter"), " \n\t", None, "empty_text"),
        (curator("WordCountFilter"), "x " * 100_001, None, "text_too_long"),
    ],
)
def test_a_heuristic_of_nemo_curator_keeps_or_drops(filter, answer, score, reason):
    verdict = apply_filter(filter, response(answer))
    assert verdict.reason == reason
    assert verdict.score == score or (score is None and verdict.reason)


def test_every_heuristic_is_known_and_named_after_its_class():
    names = [CuratorFilter(filter=name, arguments=NEEDED.get(name, {})).name for name in ALL]
    assert len(set(names)) == len(ALL) == 23
    assert "curator_repeating_top_ngrams.v1" in names
    assert "curator_words_without_alphabets.v1" in names
    with pytest.raises(ValueError, match=str(sorted(ALL))[1:-1].replace("'", "")):
        curator("qqq")


HOSTILE = [
    *("\x00", "\ud800", "\u202e", "\u200b", "\u2028", "\u00a0", "(", "{", "9**", "a", "a "),
    *("...\n", "- \n", "x\n\n", "<think>", "[red]", "http://"),
]


@pytest.mark.parametrize("name", ALL)
def test_hostile_answers_get_a_verdict_of_every_heuristic(name):
    filter = CuratorFilter(filter=name, arguments=NEEDED.get(name, {}))
    for unit in HOSTILE:
        for text in (unit, unit * (20_000 // len(unit))):
            verdict = apply_filter(filter, response(text))
            assert verdict.decision in ("keep", "drop", "unjudged")
            assert verdict.reason or verdict.decision == "keep"


def test_the_part_that_is_looked_at_can_be_chosen():
    output = "<think>\none two three\n</think>\n\nfour"
    scores = [
        apply_filter(
            CuratorFilter(filter="WordCountFilter", part=part), response(output, mode="on")
        ).score
        for part in ("answer", "reasoning", "output")
    ]
    assert scores == [1, 3, 6]


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"filter": "WordCount"}, "filter is 'WordCount'; did you mean WordCountFilter?"),
        ({"filter": "FastTextQualityFilter"}, "keeps at random"),
        ({"filter": "FastTextLangId"}, "needs a model file"),
        ({"filter": "TokenCountFilter"}, "downloads a tokenizer"),
        ({"filter": "HistogramFilter"}, "downloads its tables"),
        (
            {"filter": "WordCountFilter", "arguments": {"min_word": 3}},
            "arguments has 'min_word'; did you mean min_words?",
        ),
        (
            {"filter": "WordCountFilter", "arguments": {"min_words": "3"}},
            "arguments.min_words must be of type int, got '3'",
        ),
        ({"filter": "WordCountFilter", "arguments": {"min_words": True}}, "must be of type int"),
        (
            {"filter": "CommonEnglishWordsFilter", "arguments": {"stop_at_false": 1}},
            "must be of type bool",
        ),
        ({"filter": "SubstringFilter", "arguments": {"substring": "x"}}, "position is missing"),
        ({"filter": "WordCountFilter", "label": "No Spaces"}, "label must be"),
        ({"filter": "WordCountFilter", "max_characters": 0}, "max_characters must be > 0"),
        ({"arguments": {}}, "filter is missing"),
    ],
)
def test_a_recipe_that_cannot_work_is_refused_before_anything_is_imported(table, message):
    with pytest.raises(ConfigError) as error:
        build(CuratorFilter, table, where="r.toml", prefix="filters.curator")
    assert message in str(error.value)


def test_a_filter_is_built_from_a_recipe_and_travels_to_workers():
    table = {"filter": "WordCountFilter", "arguments": {"min_words": 2, "max_words": 5}}
    filter = build(CuratorFilter, table, where="r.toml")
    assert pickle.loads(pickle.dumps(filter)) == filter
    assert apply_filter(filter, response("a b")).filter == "curator_word_count.v1"


def test_nothing_is_imported_until_a_text_is_scored():
    code = (
        "import sys; from filters.quality import CuratorFilter\n"
        "filter = CuratorFilter(filter='WordCountFilter')\n"
        "print(filter.name, *[m for m in ('ray', 'nemo_curator') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["curator_word_count.v1"]


def test_without_the_package_the_extra_is_named(monkeypatch):
    quality._heuristics.cache_clear()
    monkeypatch.setattr(quality.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(PrerequisiteError, match=r"reasoning-factory\[curator\]"):
        CuratorFilter(filter="WordCountFilter")
    monkeypatch.undo()
    quality._heuristics.cache_clear()
