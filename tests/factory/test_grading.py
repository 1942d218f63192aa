import pytest

from factory.asking import Answerer
from factory.grading import grading, read_verdict
from factory.records import Completion
from factory.steps import AskJudge, AskReward
from tests.toys import response

JUDGE = AskJudge(teacher="j", template="{problem} | {expected} | {answer}")
RATING = AskJudge(teacher="j", template="{answer}", verdict=r"Rating: ([\d.]+|nan|inf)", scores={})
WHO = Answerer(name="j", model="m", revision="r", thinks=True, settings="s")


@pytest.mark.parametrize(
    ("reply", "score"),
    [
        ("It fits.\nJudgement: yes", 1.0),
        ("**Judgment: No**", 0.0),
        ("judgement:  YES.", 1.0),
        ("Judgement: yes\nNo, wait.\nJudgement: no", 0.0),
        ("Judgement: perhaps", None),
        ("Yes", None),
        ("", None),
        ("<think>\nJudgement: yes\n</think>\nJudgement: no", 0.0),
        ("<think>\nIf I wrote\nJudgement: yes\nthat would be wrong", None),
        ("The student says Judgement: yes", None),
    ],
)
def test_the_last_verdict_of_the_judges_own_words_counts(reply, score):
    assert read_verdict(JUDGE, reply) == score


def graded(step, completion, **fields):
    talk = grading(step, WHO, [response("<think>w</think>\n{answer} \\boxed{5}", **fields)], 1)
    request = next(talk)
    with pytest.raises(StopIteration) as end:
        talk.send(completion)
    (grade,) = end.value.value
    return request, grade


def test_a_judge_sees_problem_gold_and_answer_and_braces_mean_nothing():
    request, grade = graded(JUDGE, Completion(text="Judgement: yes", prompt_tokens=3))
    text = "What is 2 + 3? | 5 | {answer} \\boxed{5}"
    assert request.messages[0].content == text
    assert (request.task, request.settings, request.sampling.temperature) == ("chat", "s", 0.0)
    assert (grade.column, grade.score, grade.prompt_tokens) == ("judge", 1.0, 3)
    assert grade.request_key == request.key


def test_equal_answers_are_the_same_question():
    first, _ = graded(JUDGE, Completion(), sample=0)
    second, _ = graded(JUDGE, Completion(), sample=1)
    assert first.key == second.key


@pytest.mark.parametrize(
    ("completion", "score"),
    [
        (Completion(text="Rating: 0.5"), 0.5),
        (Completion(text="Rating: nan"), None),
        (Completion(text="Rating: inf"), None),
        (Completion(text="Rating: 0.5.5"), None),
        (Completion(text="Rating: 0.5", finish_reason="length"), None),
        (Completion(error="timeout: 60 s"), None),
    ],
)
def test_a_rating_is_a_number_or_nothing(completion, score):
    assert graded(RATING, completion)[1].score == score


@pytest.mark.parametrize(("said", "score"), [(0.5, 0.5), (None, None), (float("nan"), None)])
def test_a_reward_is_a_finite_number_or_nothing(said, score):
    request, grade = graded(AskReward(teacher="rm"), Completion(score=said))
    assert request.task == "score"
    assert [turn.role for turn in request.messages] == ["user", "assistant"]
    assert grade.score == score
