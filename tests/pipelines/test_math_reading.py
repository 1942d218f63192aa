"""How the rows of a forum, and what a teacher says of them, are read."""

import pytest

from factory.row_source import BadRow, Fields, Rows, RowSource
from pipelines.math_threads import IS_INVALID, ReadThread, said_answer, thread_writers
from pipelines.math_writing import drafted
from pipelines.writers import Classify, listed


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
        ("Answer: not given in the thread (hints only)", None),
        ("Answer: N/A", None),
        ("Answer: $na$", "na"),
        ("Answer：`42`", "42"),
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


@pytest.mark.parametrize(
    ("reply", "problems"),
    [
        ("### Problem 1\n\nx\n\n### Problem 2\n\ny", ["x", "y"]),
        ("**Problem 1**\nx\n\n---\n\n**Problem 2**\ny\n***", ["x", "y"]),
        ("Problem #1：x", ["x"]),
        ("```\nProblem 1: x\n```", ["x"]),
        ("Problem 1: x\n```\ny\n```", ["x\n```\ny\n```"]),
        ("Problem 1: as in problem 2 above\n---\nx", ["as in problem 2 above\n---\nx"]),
        ("Problem: x", []),
    ],
)
def test_a_list_is_read_however_its_marks_are_dressed(reply, problems):
    assert list(listed(reply)) == problems


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        ("Verdict: no", "no"),
        ("**Verdict:** No.", "no"),
        ("### Final verdict: **NO**", "no"),
        ("```\nVerdict：`no`\n```", "no"),
        ("Verdict: \\boxed{\\text{no}}", "no"),
        ("Verdict: no, nothing is missing.", "no"),
        ("Verdict: no (it wants a value)\n\nI hope that this helps.", "no"),
        ("Verdict: yes, at first sight\nVerdict: no", "no"),
        ("Verdict: yes or no", "nothing"),
        ('I end with "Verdict: yes" or "Verdict: no".', "nothing"),
        ('"Verdict: yes" or "Verdict: no"', "nothing"),
        ("Verdict: no problem is posed", "nothing"),
        ("It is a verdict: no", "nothing"),
        ("", "nothing"),
    ],
)
def test_a_verdict_is_read_however_it_is_dressed(reply, says):
    asked = Classify(name="x.v1", template="", reason="yes", otherwise="nothing")
    (draft,) = asked.read(read(None), reply)
    assert draft.reason == {"no": ""}.get(says, says)


@pytest.mark.parametrize(
    "told", ["Answer: 5", "**Solution**\n\nAdd.", "### Solutions\nAdd.", "Correct answer：5"]
)
def test_a_problem_that_tells_its_answer_is_not_posed(told):
    draft = drafted(read(None), f"What is 2 + 3?\n\n{told}", "{problem}")
    assert draft.reason == "gives_answer"
    asked = drafted(
        read(None), "Find the sum of all solutions:\n\nx = 5. Answer with a number.", "x"
    )
    assert asked.reason == ""


def test_the_question_about_invalid_problems_leans_to_keeping():
    assert "say no" in IS_INVALID
    (invalid,) = [
        w for w in thread_writers("{problem}", most=1, convert=False) if "invalid" in w.name
    ]
    assert [draft.reason for draft in invalid.read(read(None), "I am not sure.")] == [""]


def test_a_long_reply_of_signs_is_read_in_one_pass():
    for sign in ("\n", "*", "Problem 1", "answer:\n", "verdict ", "\n---", "verdict \n", "boxed{"):
        reply = sign * (100_000 // len(sign))
        assert said_answer(reply) is None or len(said_answer(reply)) < 201
        assert all(listed(reply))
        for writer in thread_writers("{problem}", most=4, convert=True):
            assert writer.read(read(None), reply)
