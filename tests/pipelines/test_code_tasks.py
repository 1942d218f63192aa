"""The offline tasks: different ones, whose references pass their own tests."""

import json
import shutil
from random import Random

import pytest

from factory.apply import check_gold
from factory.errors import ConfigError
from filters import UnitTests
from filters.program import fences
from filters.syntax import is_valid, parse
from pipelines.code import TEMPLATES
from pipelines.code_families import FAMILIES
from pipelines.code_tasks import CodeTasks, draw, shots

NEEDS_GPP = pytest.mark.skipif(not shutil.which("g++", path="/usr/bin"), reason="needs g++")


def tasks(number, seed=1, *, families=tuple(FAMILIES), languages=None, functions=0.5):
    return CodeTasks(
        num_prompts=number,
        seed=seed,
        families=families,
        languages=languages or {"python": 2.0, "cpp": 1.0},
        functions=functions,
        templates=TEMPLATES,
    )


def prompts(number, **fields):
    return list(tasks(number, **fields).prompts(0, number))


def test_prompts_do_not_depend_on_how_they_are_divided():
    source = tasks(50)
    whole = list(source.prompts(0, 50))
    assert whole == [
        p for start in range(0, 50, 7) for p in source.prompts(start, min(start + 7, 50))
    ]
    assert [p.index for p in whole] == list(range(50))
    assert not {p.problem for p in whole} & {p.problem for p in prompts(50, seed=2)}


def test_thousands_of_prompts_differ_and_take_every_form():
    made = prompts(3000)
    assert len({p.problem for p in made}) > 2950
    assert len({p.topic for p in made}) == len(FAMILIES) >= 12
    forms = [(p.language, p.tests[0].kind) for p in made]
    assert {form: round(forms.count(form) / 3000, 1) for form in set(forms)} == {
        ("python", "call"): 0.3,
        ("python", "stdio"): 0.3,
        ("cpp", "stdio"): 0.3,
    }


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_has_many_tasks_that_differ_in_what_they_ask(family):
    drawn = [FAMILIES[family](Random(i)) for i in range(100)]
    assert len({task.story for task in drawn}) > 50
    assert len({task.python for task in drawn}) > 20


@pytest.mark.parametrize("family", FAMILIES)
def test_the_reference_of_a_family_gives_the_right_results(family):
    for number in range(8):
        task = draw(1, family, "call", number, set())
        names: dict = {}
        exec(task.reference("call", "python"), names)
        for test in task.tests("call"):
            assert names[task.name](*json.loads(test.input)) == json.loads(test.expected), test
        assert len({test.expected for test in task.tests("call")}) > 1, "a constant would pass"
        for language in ("python", "cpp"):
            program = task.reference("stdio", language)
            assert is_valid(parse(program, language), language), program


@pytest.mark.parametrize("family", FAMILIES)
def test_the_example_comes_first_and_edge_cases_after_it(family):
    task = FAMILIES[family](Random(1))
    first, values = task.tests("stdio")[0], {_hashable(v) for each in task.inputs for v in each}
    problem = task.problem("stdio")
    assert problem.endswith(f"{first.input}\nExample output:\n{first.expected.strip()}")
    assert values & {0, 1, "", (), (0, 0)}
    assert ("may be empty" in problem) == bool(values & {"", ()})


def _hashable(value):
    return tuple(value) if isinstance(value, list) else value


@pytest.mark.parametrize("number", range(len(FAMILIES)))
def test_a_function_passes_its_own_tests_in_the_sandbox(number):
    source = tasks(len(FAMILIES), languages={"python": 1.0}, functions=1.0)
    (prompt,) = source.prompts(number, number + 1)
    assert check_gold(UnitTests(), prompt).decision == "keep", prompt


@NEEDS_GPP
@pytest.mark.parametrize("language", ["python", "cpp"])
def test_a_program_passes_its_own_tests_in_the_sandbox(language):
    (prompt,) = prompts(1, families=("sort_words",), languages={language: 1.0}, functions=0.0)
    assert prompt.language == language
    assert check_gold(UnitTests(), prompt).decision == "keep", prompt
    broken = prompt.rewritten(prompt.input, expected_answer="print(1)")
    assert check_gold(UnitTests(), broken).reason == "bad_gold"


@NEEDS_GPP
@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("language", ["python", "cpp"])
def test_programs_of_every_family_pass_their_own_tests(family, language):
    for prompt in prompts(4, families=(family,), languages={language: 1.0}, functions=0.0):
        assert check_gold(UnitTests(), prompt).decision == "keep", prompt


def test_a_reference_with_a_mistake_fails_its_own_tests():
    (prompt,) = prompts(1, families=("count_if",), languages={"python": 1.0}, functions=1.0)
    assert "sum(1 for" in prompt.expected_answer
    wrong = prompt.expected_answer.replace("sum(1 for", "sum(2 for")
    bad = prompt.rewritten(prompt.input, expected_answer=wrong)
    assert check_gold(UnitTests(), bad).reason == "bad_gold"


def test_worked_examples_are_different_have_no_fence_and_are_no_prompts():
    source = tasks(200)
    every = source.all_shots()
    assert len(every) == 3 * len(FAMILIES)
    for name, found in every.items():
        language = name.rpartition("/")[2].partition("-")[0]
        assert len({shot.problem for shot in found}) == 8
        for shot in found:
            assert shot.reasoning
            assert not list(fences(shot.reasoning))
            tag, _, program = shot.answer.partition("\n")
            assert tag == language
            assert is_valid(parse(program, language), language)
    shown = {shot.problem for found in every.values() for shot in found}
    assert not shown & {prompt.problem for prompt in source.prompts(0, 200)}
    assert {prompt.source for prompt in source.prompts(0, 200)} <= set(every)


def test_forms_that_are_not_posed_have_no_examples():
    only = tasks(1, languages={"python": 1.0, "cpp": 0.0}, functions=1.0).all_shots()
    assert {name.rpartition("/")[2] for name in only} == {"python-function"}


def test_a_family_with_too_few_tasks_says_so(monkeypatch):
    one = FAMILIES["order"](Random(1))
    monkeypatch.setitem(FAMILIES, "order", lambda rng: one)
    shots.cache_clear()
    with pytest.raises(ConfigError, match="too few different tasks of order"):
        draw(1, "order", "call", 0, {one.problem("call")})


def test_what_is_published_holds_the_problem_and_asks_for_one_block():
    for prompt in prompts(30):
        (turn,) = prompt.input
        assert turn.content.endswith(prompt.problem)
        assert f"```{prompt.language}" in turn.content
        assert prompt.license == "apache-2.0"
