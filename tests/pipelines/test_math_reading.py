"""How the rows of a forum, and what a teacher says of them, are read."""

import pytest

from factory.row_source import BadRow, Fields, Rows, RowSource
from pipelines.math_threads import IS_INVALID, ReadThread, said_answer, thread_writers
from pipelines.writers import listed


def read(replies):
    rows = Rows(data="somewhere", name="x", license="mit", num_rows=1)
    source = RowSource(rows=rows, domain="math", read=ReadThread(), needs=("post",))
    return ReadThread()(Fields(source, 0, {"post": "P", "replies": replies, "forum": None}))


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("It is said in post 2.\nAnswer: 5", "5"),
        ("**Answer:** $x^2+1$.", "x^2+1"),
        ("Answer: $$\\frac12$$", "\\frac12"),
        ("Final answer: \\(3\\)", "3"),
        ("Answer: \\boxed{\\frac{1}{2}}", "\\frac{1}{2}"),
        ("Answer: $1$ and $2$", "$1$ and $2$"),
        ("Answer: 4\nNo, they agree later.\nAnswer: 6", "6"),
        ("Answer: not given", None),
        ("Answer: 4\nAnswer: **Not given.**", None),
        ("Answer:", None),
        ("The answer is 5", None),
        ("", None),
        ("Answer: " + "1 + " * 80 + "1", None),
    ],
)
def test_an_answer_is_read_from_the_last_line_that_has_the_form(reply, answer):
    assert said_answer(reply) == answer


@pytest.mark.parametrize(
    ("value", "thread"),
    [
        (None, ""),
        ([], ""),
        ("P", ""),
        ("yes", "Post 1:\nP\n\nPost 2:\nyes"),
        (["a", " ", "b"], "Post 1:\nP\n\nPost 2:\na\n\nPost 3:\nb"),
        ([{"content": "a"}, {"post": "P"}], "Post 1:\nP\n\nPost 2:\na"),
    ],
)
def test_replies_come_in_several_shapes(value, thread, tmp_path):
    assert read(value).context == thread


@pytest.mark.parametrize("value", [7, [7], [{"author": "x"}], [None]])
def test_replies_that_are_no_texts_are_refused(value):
    with pytest.raises(BadRow) as caught:
        read(value)
    assert caught.value.reason == "replies_not_texts"


def test_a_list_of_problems_keeps_what_its_problems_begin_with():
    reply = "Sure!\n**Problem 1:** $x$\nis?\n\nPROBLEM 2. \\(y\\)\n## Problem 3:\n\n(z)"
    assert list(listed(reply)) == ["$x$\nis?", "\\(y\\)", "(z)"]


def test_the_question_about_invalid_problems_leans_to_keeping():
    assert "say no" in IS_INVALID
    (invalid,) = [
        w for w in thread_writers("{problem}", most=1, convert=False) if "invalid" in w.name
    ]
    assert [draft.reason for draft in invalid.read(read(None), "I am not sure.")] == [""]


def test_a_long_reply_of_signs_is_read_in_one_pass():
    for sign in ("\n", "*", "Problem 1", "answer:\n", "verdict "):
        reply = sign * (100_000 // len(sign))
        assert said_answer(reply) is None or len(said_answer(reply)) < 201
        assert all(listed(reply))
        for writer in thread_writers("{problem}", most=4, convert=True):
            assert writer.read(read(None), reply)
