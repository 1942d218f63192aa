import pytest

from factory.apply import apply_filter
from factory.errors import PrerequisiteError
from filters import TokenLength
from tests.pipelines.test_mixture_of_foreign_rows import small_tokenizer
from tests.toys import response


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory) -> str:
    return str(small_tokenizer(tmp_path_factory.mktemp("tokenizer")))


@pytest.mark.parametrize(("words", "reason"), [(1, ""), (10, ""), (11, "too_many_tokens"), (0, "")])
def test_an_output_may_have_so_many_tokens(tokenizer, words, reason):
    length = TokenLength(tokenizer=tokenizer, most_completion=10)
    assert apply_filter(length, response("word " * words)).reason == reason


def test_turns_and_output_together_may_have_so_many(tokenizer):
    turns = len(response("").prompt.input[0].content.split())
    length = TokenLength(tokenizer=tokenizer, most=turns + 3)
    assert apply_filter(length, response("a b c")).reason == ""
    assert apply_filter(length, response("a b c d")).reason == "too_many_tokens"


def test_a_tokenizer_that_is_not_there_is_named(tmp_path):
    with pytest.raises(PrerequisiteError, match="nowhere"):
        TokenLength(tokenizer=str(tmp_path / "nowhere")).score(response("a"))
    with pytest.raises(ValueError, match="revision must be stated"):
        TokenLength(tokenizer="org/name")
    with pytest.raises(ValueError, match="most must be > 0, got 0"):
        TokenLength(most=0)


def test_an_output_that_is_no_text_is_unjudged(tokenizer):
    verdict = apply_filter(TokenLength(tokenizer=tokenizer), response("a \ud800 b"))
    assert (verdict.decision, verdict.reason) == ("unjudged", "not_utf8")
