import pytest

from factory.apply import check_gold
from factory.errors import ConfigError
from filters import FinalAnswer
from pipelines import math


@pytest.fixture(scope="module")
def pipeline():
    return math.pipeline(math.Config(num_prompts=60), 42)


def test_prompts_do_not_depend_on_how_they_are_divided(pipeline):
    whole = list(pipeline.source.prompts(0, 60))
    assert whole == [
        p for start in range(0, 60, 7) for p in pipeline.source.prompts(start, min(start + 7, 60))
    ]
    assert [p.index for p in whole] == list(range(60))
    assert whole != list(math.pipeline(math.Config(num_prompts=60), 43).source.prompts(0, 60))


def test_neighbouring_seeds_do_not_share_their_problems():
    config = math.Config(num_prompts=60, tasks={"gcd": {"min_value": 1, "max_value": 10_000}})
    sets = [{p.problem for p in math.pipeline(config, s).source.prompts(0, 60)} for s in (1, 2)]
    assert not sets[0] & sets[1]


def test_every_gold_answer_passes_its_own_verifier(pipeline):
    for prompt in pipeline.source.prompts(0, 60):
        assert check_gold(FinalAnswer(), prompt).decision == "keep", prompt


def test_arithmetic_gold_answers_are_right(pipeline):
    checked = 0
    for prompt in pipeline.source.prompts(0, 60):
        words = prompt.problem.rstrip("=. ").split()
        expression = "".join(w for w in words if w.isdigit() or w in "+-*")
        if prompt.source.endswith(("chain_sum", "basic_arithmetic")):
            assert str(eval(expression)) == prompt.expected_answer
            checked += 1
    assert checked == 20


def test_the_work_of_every_example_ends_in_its_answer(pipeline):
    for shots in pipeline.ask.shots.values():
        assert len(shots) == 8
        for shot in shots:
            assert shot.reasoning.rstrip(".").split()[-1] == shot.answer, shot


def test_no_prompt_repeats_an_example(pipeline):
    shown = {shot.problem for shots in pipeline.ask.shots.values() for shot in shots}
    assert not shown & {prompt.problem for prompt in pipeline.source.prompts(0, 60)}


def test_the_published_prompt_holds_the_problem_and_asks_for_a_box(pipeline):
    (prompt,) = pipeline.source.prompts(3, 4)
    (turn,) = prompt.input
    assert turn.role == "user"
    assert turn.content.endswith(prompt.problem)
    assert "\\boxed{}" in turn.content
    assert "Give only" not in turn.content


def test_a_task_with_too_few_problems_says_so():
    config = math.Config(num_prompts=2, tasks={"gcd": {"min_value": 1, "max_value": 2}})
    with pytest.raises(ConfigError, match="math.tasks.gcd: too few different problems"):
        math.pipeline(config, 1)
