"""Code: rows of the competition sets become questions, and answers go for every reason there is."""

import json
from collections import Counter
from pathlib import Path

import polars as pl
import pytest
import tomli_w

from factory.apply import check_gold
from factory.config import build
from factory.engine import run
from factory.errors import ConfigError
from factory.recipe import load_recipe
from factory.records import Completion, join_output
from factory.sources import as_draft
from factory.teachers import make_teacher
from factory.teachers.scripted import ScriptedTeacher
from filters import UnitTests
from filters.program import fenced
from pipelines import make_job
from pipelines.code import Config, pipeline
from pipelines.code_rows import KNOWN, solutions
from tests.pipelines.code_sets import ADD, ADD_CPP, SETS, apps, codeforces, contest, taco

RECIPES = Path(__file__).parents[2] / "pipelines" / "recipes"


def config(**fields):
    return build(Config, fields, where="recipe.toml", prefix="code")


def tables(folder, sets=SETS):
    """Files with the rows of the sets, as tables of a recipe."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in sets.items():
        (folder / f"{name}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return {
        name: {"data": str(folder / f"{name}.jsonl"), "license": KNOWN[name].license}
        for name in sets
    }


def drafts(folder, sets=SETS, **fields):
    fields = {"languages": {"python": 1.0}, **fields}
    source = pipeline(config(rows=tables(folder, sets), **fields), 5).source
    return [as_draft(each) for each in source.prompts(0, source.num_prompts)]


def only(folder, name, row, **fields):
    (draft,) = drafts(folder, {name: [row]}, **fields)
    return draft


# --- rows ---


def test_the_four_sets_are_read_with_their_columns_licences_and_names(tmp_path):
    said = drafts(tmp_path)
    assert [draft.reason for draft in said] == [
        "", "no_problem", "", "",
        "", "", "no_tests", "",
        "", "reads_files",
        "", "needs_interaction", "needs_checker",
    ]  # fmt: skip
    kept = [draft.prompt for draft in said if not draft.reason]
    assert {(p.source, p.license) for p in kept} == {
        ("BAAI/TACO", "apache-2.0"),
        ("codeparrot/apps", "mit"),
        ("deepmind/code_contests", "cc-by-4.0"),
        ("open-r1/codeforces", "cc-by-4.0"),
    }
    assert all(prompt.attribution for prompt in kept)
    assert [draft.prompt.index for draft in said] == list(range(13))


def test_solutions_of_rows_must_pass_the_tests_of_their_rows(tmp_path):
    said = [d.prompt for d in drafts(tmp_path) if not d.reason]
    verdicts = {p.problem.splitlines()[0]: check_gold(UnitTests(), p).reason for p in said}
    assert Counter(verdicts.values()) == {"": 7 - 1, "bad_gold": 1}
    assert verdicts["Double the sum of two numbers."] == "bad_gold"


def test_functions_are_called_and_results_come_out_of_their_lists(tmp_path):
    plain, method = (
        only(tmp_path / "t", "taco", SETS["taco"][2]).prompt,
        only(
            tmp_path / "a", "apps", SETS["apps"][1], languages={"cpp": 1.0, "python": 0.001}
        ).prompt,
    )
    assert [(t.kind, t.input, t.expected, t.entry_point) for t in plain.tests] == [
        ("call", "[1, 2]", "3", "add"),
        ("call", "[3, 4]", "7", "add"),
    ]
    assert {test.entry_point for test in method.tests} == {"Solution().add"}
    assert method.language == "python", "no C++ is called"
    assert "class Solution:" in method.problem
    draft = only(tmp_path / "c", "taco", SETS["taco"][2], languages={"cpp": 1.0})
    assert draft.reason == "python_only"


def test_results_that_are_lists_stay_lists(tmp_path):
    tests = {"fn_name": "f", "inputs": [[1], [2]], "outputs": [[1, 2], [3]]}
    prompt = only(tmp_path, "taco", taco("List some.", tests, ["def f(n): return [n]"])).prompt
    assert [test.expected for test in prompt.tests] == ["[1, 2]", "[3]"]


def test_streams_may_be_lists_of_lines(tmp_path):
    row = apps("Add.", {"inputs": [["1 2", "3"]], "outputs": [["6"]]}, ["print(6)"])
    (test,) = only(tmp_path, "apps", row).prompt.tests
    assert (test.input, test.expected) == ("1 2\n3\n", "6\n")


def test_what_is_none_on_a_stream_is_no_test(tmp_path):
    tests = {"inputs": ["1", None, "2"], "outputs": [None, "1", "2"]}
    row = apps("Print it.", tests, ["print(input())"])
    assert [test.input for test in only(tmp_path, "apps", row).prompt.tests] == ["2"]


def test_tests_of_the_text_come_first_each_once_and_long_ones_not_at_all(tmp_path):
    row = contest("Sum up.")
    row["private_tests"]["input"][0] = "9" * 20_001
    prompt = only(tmp_path, "code_contests", row).prompt
    assert [test.input for test in prompt.tests] == ["0 1\n", "1 3\n", "2 5\n", "3 7\n"]
    fewer = only(tmp_path, "code_contests", row, max_tests=2).prompt
    assert [test.input for test in fewer.tests] == ["0 1\n", "1 3\n"]


def test_the_reference_is_in_the_language_that_is_asked_for(tmp_path):
    row = contest("Sum up.")
    for language, program in (("python", ADD), ("cpp", ADD_CPP)):
        prompt = only(tmp_path, "code_contests", row, languages={language: 1.0}).prompt
        assert (prompt.language, prompt.expected_answer) == (language, program)
        assert f"```{language}" in prompt.input[0].content


def test_a_solution_that_does_not_parse_is_passed_over(tmp_path):
    row = taco("Add.", {"inputs": ["1 2"], "outputs": ["3"]}, ["print 3", "print(3)"])
    assert only(tmp_path, "taco", row).prompt.expected_answer == "print(3)"
    assert list(solutions([{"language": 2, "solution": "x"}], "cpp")) == ["x"]
    assert list(solutions(None, "python")) == list(solutions(["x"], "cpp")) == []


def test_a_question_holds_all_that_its_row_says(tmp_path):
    prompt = only(tmp_path, "codeforces", codeforces("Add the two integers.")).prompt
    for part in (
        "Input\n\nTwo integers.",
        "Output\n\nTheir sum.",
        "1 2",
        "Note\n\nMind the signs.",
    ):
        assert part in prompt.problem
    assert prompt.input[0].content.endswith(prompt.problem)


def test_braces_in_a_question_stay_as_they_are(tmp_path):
    row = codeforces("Print {problem} and {x}.")
    assert "Print {problem} and {x}." in only(tmp_path, "codeforces", row).prompt.input[0].content


def test_without_execution_nothing_but_the_question_is_asked_of_a_row(tmp_path):
    said = drafts(tmp_path, run_tests=False)
    assert Counter(draft.reason for draft in said) == {"": 12, "no_problem": 1}
    assert all(d.prompt.expected_answer is None and not d.prompt.tests for d in said)
    page = pipeline(config(rows=tables(tmp_path), run_tests=False), 5)
    assert page.gold is None
    assert any("none was executed" in note for note in page.notes)
    assert "unit_tests" not in page.filter_names


def test_languages_are_drawn_by_weight_and_by_the_question_alone(tmp_path):
    rows = [codeforces(f"Add the two integers, please {i}.") for i in range(300)]
    weights = {"python": 0.7, "cpp": 0.3}
    said = drafts(tmp_path / "a", {"codeforces": rows}, languages=weights, num_prompts=300)
    drawn = {d.prompt.problem: d.prompt.language for d in said}
    assert 0.6 < Counter(drawn.values())["python"] / 300 < 0.8
    turned = drafts(tmp_path / "b", {"codeforces": rows[::-1]}, languages=weights, num_prompts=300)
    assert {d.prompt.problem: d.prompt.language for d in turned} == drawn


def test_the_held_out_splits_are_in_no_known_set():
    held_out = {("deepmind/code_contests", "test"), ("open-r1/codeforces", "test")}
    assert not held_out & {(rows.data, rows.split) for rows in KNOWN.values()}
    assert sum(rows.num_rows for rows in KNOWN.values()) == 59_444
    assert len({rows.data for rows in KNOWN.values()}) == 4


def test_a_known_set_needs_no_key_and_one_of_ones_own_does(tmp_path):
    made = config(rows={"codeforces": {}, "taco": {"limit": 9}})
    assert made.rows["codeforces"] == KNOWN["codeforces"]
    assert (made.rows["taco"].data, made.rows["taco"].limit) == ("BAAI/TACO", 9)
    with pytest.raises(
        ConfigError, match="rows.tacco names no data and is not known; did you mean"
    ):
        config(rows={"tacco": {}})
    path = tmp_path / "mine.jsonl"
    path.write_text(json.dumps({"q": "Add.", "io": {"inputs": ["1 2"], "outputs": ["3"]}}))
    mine = {"data": str(path), "license": "mit", "columns": {"problem": "q", "tests": "io"}}
    page = pipeline(config(rows={"mine": mine}, languages={"python": 1.0}), 1)
    (draft,) = page.source.prompts(0, 1)
    assert (draft.prompt.source, len(draft.prompt.tests)) == ("mine", 1)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"languages": {"pyhton": 1.0}}, "languages.pyhton is not known; did you mean python"),
        ({"languages": {"python": -1.0}}, "languages.python must be >= 0, got -1.0"),
        ({"languages": {"python": 0.0}}, "languages must give one a weight above 0"),
        ({"families": ["oder"]}, "families has 'oder'; did you mean order"),
        ({"families": []}, "families must name at least one"),
        ({"languages": {"python": 1e308, "cpp": 1e308}}, "and a finite sum"),
        ({"functions": 1.5}, "functions must be in"),
        ({"off_share": float("nan")}, "off_share must be in .0, 1., got nan"),
        ({"max_tests": 0}, "max_tests must be > 0, got 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(fields, message):
    with pytest.raises(ConfigError, match=message):
        config(**fields)


# --- the whole way ---

RECIPE = """
pipeline = "code"
seed = 3
used_in_training = ["Nano"]
[code]
num_prompts = 12
samples_on = 10
samples_off = 10
languages = {{ python = 1.0 }}
{more}
[teacher]
kind = "scripted"
replies = ["a"]
thinks = true
[sampling.off]
temperature = 0.5
[limits]
part_size = {part_size}
"""


def job(folder, *, part_size=6, sets=None):
    more = "functions = 1.0"
    if sets:
        made = tables(folder / "rows", sets)
        more = tomli_w.dumps({"code": {"rows": made}}).replace("[code]\n", "")
    (folder / "recipe.toml").parent.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.toml").write_text(RECIPE.format(part_size=part_size, more=more))
    return make_job(load_recipe(folder / "recipe.toml"))


def teacher(job):
    """Right in two samples of each prompt, and with another defect in each of the others."""
    source = job.pipeline.source
    every = [as_draft(each).prompt for each in source.prompts(0, source.num_prompts)]
    programs = {p.input[0].content: p.expected_answer or "" for p in every if p.input}

    def reply(request):
        program = programs[request.messages[-1].content]
        block = fenced(program, "python")

        def whole(answer, reasoning="First this, then that."):
            return join_output(reasoning, answer) if request.mode == "on" else answer

        return [
            whole(block),
            whole(f"Here it is.\n\n{block}"),
            whole(block),
            Completion(text=whole(block), finish_reason="length"),
            block if request.mode == "on" else join_output("x", block),
            whole(block, reasoning=block) if request.mode == "on" else "",
            whole("It cannot be done."),
            whole(f"{block}\n\nOr so:\n\n{block}"),
            whole(fenced("def f(:", "python")),
            whole(fenced("def something_else(*a):\n    return 0", "python")),
        ][request.sample]

    return ScriptedTeacher(reply)


def reasons(out, mode):
    responses = pl.read_parquet(out / "responses" / "*.parquet")
    return Counter(responses.filter(pl.col("mode") == mode)["reason"])


def test_a_run_keeps_programs_that_pass_and_says_why_the_rest_goes(client, tmp_path):
    made = job(tmp_path / "a")
    run(made, tmp_path / "out", client=client, teacher=teacher(made))
    both = {
        "": 24, "exact_duplicate": 12, "cut_at_max_tokens": 12, "no_program": 12,
        "several_programs": 12, "syntax_error": 12, "no_entry_point": 12,
    }  # fmt: skip
    assert reasons(tmp_path / "out", "on") == both | {"no_block": 12, "fence_in_reasoning": 12}
    assert reasons(tmp_path / "out", "off") == both | {
        "tag_with_reasoning_off": 12,
        "empty_answer": 12,
    }
    rows = pl.read_parquet(tmp_path / "out" / "dataset" / "SFT" / "**" / "*.parquet")
    assert Counter(rows["reasoning"]) == {"on": 24, "off": 24}
    assert set(rows["verifier"]) == {"unit_tests.v1"}


def test_rows_go_before_anything_is_paid_and_wrong_programs_after_it(client, tmp_path):
    made = job(tmp_path / "a", sets=SETS)
    manifest = run(made, tmp_path / "out", client=client, teacher=teacher(made))
    dropped = manifest["funnel"]["prompts"]["dropped"]
    assert {k: v for k, v in dropped.items() if v} == {
        "no_problem": 1, "no_tests": 1, "reads_files": 1, "needs_interaction": 1, "bad_gold": 1,
        "exact_duplicate": 1, "contaminated": 1,
    }  # fmt: skip
    assert manifest["funnel"]["prompts"]["asked"] == 5
    assert reasons(tmp_path / "out", "on")["tests_failed"] > 0
    rows = pl.read_parquet(tmp_path / "out" / "dataset" / "SFT" / "**" / "*.parquet")
    assert set(rows["license"]) == {"apache-2.0", "mit", "cc-by-4.0"}


def test_the_dataset_is_the_same_for_another_size_of_parts(client, tmp_path):
    shards = []
    for size in (6, 5):
        made = job(tmp_path / f"r{size}", part_size=size, sets=SETS)
        run(made, tmp_path / f"out{size}", client=client, teacher=teacher(made))
        paths = sorted((tmp_path / f"out{size}" / "dataset").rglob("*.parquet"))
        shards.append([path.read_bytes() for path in paths])
    assert shards[0] == shards[1]
    assert shards[0]


@pytest.mark.parametrize("size", ["tiny", "small", "paper"])
def test_the_recipes_load_without_a_network(size):
    made = make_job(load_recipe(RECIPES / f"code-{size}.toml"))
    assert made.pipeline.name == "code"
    assert made.num_prompts > 0


def test_the_paper_recipe_comes_to_the_rows_of_the_release():
    made = make_job(load_recipe(RECIPES / "code-paper.toml"))
    assume, ask = made.recipe.assume, made.pipeline.ask
    asked = made.num_prompts * assume.asked
    assert made.num_prompts == 59_444
    assert asked == pytest.approx(28_904, rel=0.01)
    assert asked * ask.samples_on * assume.on_kept == pytest.approx(991_706, rel=0.1)
    assert asked * ask.samples_off * assume.off_kept == pytest.approx(9_117_177, rel=0.1)


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_tiny_recipe_keeps_programs_of_the_bundled_teacher_in_both_modes(client, tmp_path):
    made = make_job(load_recipe(RECIPES / "code-tiny.toml"), limit=12)
    # The test's cluster has no worker that may hold a model: it is held here.
    teacher = make_teacher(made.recipe.by_name["teacher"], num_threads=2)
    run(made, tmp_path / "out", client=client, teacher=teacher)
    rows = pl.read_parquet(tmp_path / "out" / "dataset" / "SFT" / "**" / "*.parquet")
    assert set(rows["reasoning"]) == {"on", "off"}
