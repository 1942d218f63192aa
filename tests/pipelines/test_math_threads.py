"""Problems, and their answers, out of a forum's threads."""

import json
import re
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from factory.engine import run
from factory.errors import ConfigError
from factory.recipe import load_recipe
from factory.records import Completion
from factory.teachers.scripted import ScriptedTeacher
from pipelines import make_job
from pipelines.math_threads import (
    CONVERTED,
    IS_BINARY,
    IS_CHOICE,
    IS_INVALID,
    IS_PROOF,
)

THREADS = Path(__file__).parent / "forum_threads.jsonl"
RECIPE = """
pipeline = "math"
seed = 7
[math]
num_prompts = 100
samples_on = 4
samples_off = 3
rows_hold = "threads"
skip_forums = ["Middle School Math"]
max_problems = 2
writer = "teacher"
judge = "teacher"
judge_decides = "undecided"
{math}
[math.rows]
data = "{data}"
name = "forum"
license = "cc-by-4.0"
attribution = "The people of the forum"
columns = {{ post = "posts.0.text", replies = "posts", forum = "board" }}
[teacher]
kind = "scripted"
replies = ["-"]
[decontaminate]
against = ["{bench}"]
[filters.agreement]
min_votes = 2
[filters.pass_rate]
low = 0.51
[limits]
part_size = {part_size}
"""
BENCHMARK = (
    "Let S be the set of benchmark numbers from 1 to 2017 that leave no remainder when divided by "
    "nine. Find how many members S has."
)
PROBLEMS = {
    "2024": "Problem 1: Find the sum of the digits of 2024.\n\nProblem 2: $\\gcd(84, 36)$ is what?",
    "Saturday": "No problem.",
    "wobbling": "The post is about a table.",
    "3 + 4": "Problem 1: What is 3 + 4? \nAnswer: 7",
    "How many?": "Problem 1: ?",
    "From my notebook": "Problem 1: A bag holds 7 red and 5 green marbles. How many marbles are "
    "in the bag?",
}
"""What the teacher lists for a post with these words; for others, the post."""
ANSWERS = {
    "marbles": "They add up.\n**Answer:** $12$.",
    "digits": "Answer: \\boxed{8}",
    "gcd": "The second one is 12.\nAnswer: 12",
    "octagon": "There are hints only.\nAnswer: not given",
    "product": "Answer: 12",
    "primes p": "Answer: all odd primes",
    "empty sum": "Answer: ...",
    "tulips": "Answer: not given",
    "ordered sum": "<think>Answer: 5?</think>Answer: 8",
    "benchmark": "Answer: 224",
}
SOLUTIONS = {
    "marbles": ["12", "12.0", "13", "12"],
    "digits": ["8"] * 4,
    "gcd": ["12"] * 4,
    "7^{10}": ["1", "1", "\\frac{2}{2}", "5"],
    "octagon": ["20", "20", "20", "8"],
    "product": ["15", "15", "15", "14"],
    "primes p": [
        *("every odd prime", "every odd prime", "all odd primes", "odd ones"),
        *("all primes", "all odd primes", "all odd primes"),
    ],
    "tulips": ["111", "112", "113", "114", "115", "116", "117"],
    "squares": ["204", "64", "204", "64", "7", "8", "9"],
}
"""The boxed answers of a problem with these words by sample, of both modes or first those of on."""
DECISIONS = {"every odd prime": "Judgement: yes", "all primes": "Judgement: no"}


def found(table: dict, text: str):
    return next((value for words, value in table.items() if words in text), None)


def asked_problem(text: str) -> str:
    """The problem that a question is about."""
    tail = re.split(r"\n(?:Problem|Post):\n", text)[1]
    return re.split(
        r"\n\n(?:Write the|Say why|Thread:|Known answer:)|\nWrite the", tail, maxsplit=1
    )[0]


def verdict(yes: bool) -> str:
    return f"Verdict: no, at first sight.\nThen again:\n**Verdict: {'yes' if yes else 'no'}**"


def teacher(request):
    text = request.messages[-1].content
    if text.startswith("This is the first post"):
        post = asked_problem(text)
        return found(PROBLEMS, post) or f"Problem 1: {post}"
    for template, words in (
        (IS_PROOF, "Prove"),
        (IS_CHOICE, "(A)"),
        (IS_BINARY, "Is it possible"),
        (IS_INVALID, "picture"),
    ):
        if text.startswith(template[:60]):
            return verdict(words in asked_problem(text))
    if text.startswith("This mathematics problem asks for a proof"):
        return converted(asked_problem(text))
    if text.startswith("Here is a mathematics problem from a forum"):
        return found(ANSWERS, asked_problem(text)) or "Answer: not given"
    if text.startswith("Here is a math problem, its known answer"):
        student = text.split("Student's solution:")[1]
        return found(DECISIONS, student) or "I cannot say."
    assert text.startswith("Solve the following math problem"), text
    return solution(request, text)


def converted(problem: str) -> str:
    if "odd integers" in problem:
        return "Problem 1: What is the remainder of the sum of two odd integers divided by 2?"
    return "No problem." if "nothing" in problem else f"Problem 1: {problem}"


def solution(request, text):
    sample, on = request.sample, request.mode == "on"
    if "ordered sum" in text:
        return troubled(sample, on)
    if "lattice" in text:
        return repeating(sample, on)
    answers = found(SOLUTIONS, text)
    place = sample if on or not answers or len(answers) < 7 else sample + 4
    said = f"\\boxed{{{answers[place]}}}" if answers else "I do not know."
    work = f"I tried way number {sample} of doing it, {'thinking' if on else 'at once'}."
    return f"<think>\n{work}\n</think>\n\n{said}" if on else f"{work} {said}"


def troubled(sample: int, on: bool):
    """Answers to one problem, each with another fault; two are right in each mode."""
    if not on:
        return ["\\boxed{8}", "So: \\boxed{8}", "<think>x</think>\\boxed{8}"][sample]
    return [
        Completion(text="<think>\nOn and on", finish_reason="length"),
        "\\boxed{8}",
        "<think>\nI count.\n</think>\n\n\\boxed{8}",
        "<think>\nThere are eight of them.\n</think>\n\nIt is \\boxed{8}",
    ][sample]


def repeating(sample: int, on: bool) -> str:
    """Answers to one problem that repeat themselves or each other; one is none."""
    if not on:
        return ["\\boxed{20}", "I do not know.", "It has to be \\boxed{20}"][sample]
    steps = " ".join(f"Corner {n} is reached in {n * n} ways, which I add." for n in range(30))
    loop = "Up and right and up and right again. " * 80
    work = [loop, steps, steps, steps + " Done."][sample]
    return f"<think>\n{work}\n</think>\n\n\\boxed{{20}}"


def make(folder: Path, *, part_size: int = 20, math: str = "", data: Path = THREADS):
    folder.mkdir(parents=True, exist_ok=True)
    bench = folder / "bench.jsonl"
    bench.write_text(json.dumps({"id": "b1", "problem": BENCHMARK}) + "\n")
    path = folder / "math.toml"
    fields = {"math": math, "data": data, "bench": bench, "part_size": part_size}
    path.write_text(RECIPE.format(**fields))
    return make_job(load_recipe(path))


@pytest.fixture(scope="module")
def done(client, tmp_path_factory):
    folder = tmp_path_factory.mktemp("threads")
    job = make(folder, math="replace_unreached = true")
    manifest = run(job, folder / "run", client=client, teacher=ScriptedTeacher(teacher))
    return folder / "run", manifest


@pytest.fixture(scope="module")
def prompts(done):
    return pl.read_parquet(done[0] / "prompts" / "*.parquet").sort("index")


@pytest.fixture(scope="module")
def responses(done):
    return pl.read_parquet(done[0] / "responses" / "*.parquet")


def of(frame: pl.DataFrame, prompts: pl.DataFrame, words: str) -> pl.DataFrame:
    (prompt,) = prompts.filter(pl.col("problem").str.contains(words, literal=True))["id"].unique()
    return frame.filter(pl.col("prompt_id") == prompt)


def test_every_reason_why_a_thread_gives_no_prompt_is_in_the_funnel(done):
    dropped = done[1]["funnel"]["prompts"]["dropped"]
    assert dropped == {
        "forum_left_out": 1,
        "no_post": 1,
        "no_problem": 1,
        "no_list": 1,
        "gives_answer": 1,
        "malformed": 1,
        "wrong_language": 1,
        "proof": 1,
        "multiple_choice": 1,
        "binary": 1,
        "invalid": 1,
        "bad_gold": 1,
        "exact_duplicate": 1,
        "near_duplicate": 1,
        "contaminated": 1,
    }


def test_every_reason_why_a_response_goes_is_reached(responses):
    dropped = responses.filter(~pl.col("kept"))
    reasons = Counter(zip(dropped["dropped_by"], dropped["reason"], strict=True))
    assert set(reasons) == {
        ("truncated.v1", "cut_at_max_tokens"),
        ("think_tags.v1", "no_block"),
        ("think_tags.v1", "tag_with_reasoning_off"),
        ("majority.v1", "no_votes"),
        ("majority.v1", "too_few_votes"),
        ("majority.v1", "small_margin"),
        ("judged_answer.v1", "wrong_answer"),
        ("judged_answer.v1", "judged_wrong"),
        ("judged_answer.v1", "judge_without_verdict"),
        ("judged_answer.v1", "no_answer"),
        ("repetition_loops.v1", "loop"),
        ("agreement.v2", "too_few_votes"),
        ("pass_rate.v2", "too_hard"),
        ("exact.v1", "exact_duplicate"),
        ("minhash.v2", "near_duplicate"),
    }


def test_a_problem_has_the_answer_that_its_thread_gives_or_none(prompts):
    kept = prompts.filter(pl.col("decision") == "keep")
    answers = dict(zip(kept["problem"], kept["expected_answer"], strict=True))
    by_words = {words: found_in(answers, words) for words in ("7 red", "digits", "gcd", "octagon")}
    assert by_words == {"7 red": "12", "digits": "8", "gcd": "12", "octagon": None}
    assert found_in(answers, "7^{10}") is None, "nobody replied"


def found_in(answers, words):
    (answer,) = {answer for problem, answer in answers.items() if words in problem}
    return answer


def test_a_missing_answer_is_what_most_say_in_whatever_form(responses, prompts):
    rows = of(responses, prompts, "7^{10}")
    assert set(rows["reference"]) == {"1"}
    assert rows["reference_share"][0] == pytest.approx(6 / 7)
    assert set(rows.filter(pl.col("kept"))["mode"]) == {"on", "off"}
    assert rows.filter(~pl.col("kept"))["reason"].to_list() == ["wrong_answer"]


def test_an_answer_that_nobody_reaches_gives_way_to_the_majority(done, responses, prompts):
    rows = of(responses, prompts, "product")
    assert set(rows["expected_answer"]) == {"15"}
    published = pl.read_parquet(done[0] / "dataset" / "SFT" / "math" / "*.parquet")
    mine = of(published, prompts, "product")
    assert set(mine["answer_source"]) == {"majority"}
    assert len(mine) == 6
    others = of(published, prompts, "digits")
    assert set(others["answer_source"]) == {"gold"}


def test_unless_it_is_asked_for_such_an_answer_stands(client, tmp_path):
    job = make(tmp_path)
    run(job, tmp_path / "run", client=client, teacher=ScriptedTeacher(teacher))
    responses = pl.read_parquet(tmp_path / "run" / "responses" / "*.parquet")
    prompts = pl.read_parquet(tmp_path / "run" / "prompts" / "*.parquet")
    rows = of(responses, prompts, "product")
    assert set(rows["expected_answer"]) == {"12"}
    assert set(rows["reason"]) == {"wrong_answer"}


def test_the_judge_decides_only_what_the_rule_cannot(responses, prompts):
    asked = responses.filter(pl.col("grades").list.len() > 0)
    assert set(asked["prompt_id"]) == set(of(responses, prompts, "primes p")["prompt_id"])
    rows = of(responses, prompts, "primes p").sort("mode", "sample", descending=[True, False])
    reasons = ["", "", "too_few_votes", "judge_without_verdict", "judged_wrong", "", ""]
    assert rows["reason"].to_list() == reasons
    assert rows["grades"].list.len().to_list() == [1, 1, 0, 1, 1, 0, 0]


def test_both_modes_keep_rows_and_they_are_paired(done):
    published = pl.read_parquet(done[0] / "dataset" / "SFT" / "math" / "*.parquet")
    by_mode = {
        m: set(published.filter(pl.col("reasoning") == m)["prompt_id"]) for m in ("on", "off")
    }
    assert len(by_mode["on"] & by_mode["off"]) >= 5
    assert done[1]["prompts_with_both_modes"] == len(by_mode["on"] & by_mode["off"])


def test_rows_carry_the_licence_the_forum_and_whoever_wrote(done):
    published = pl.read_parquet(done[0] / "dataset" / "SFT" / "math" / "*.parquet")
    row = published.filter(pl.col("input").list.last().struct.field("content").str.contains("2024"))
    (first, *_) = row.to_dicts()
    assert first["license"] == "cc-by-4.0"
    assert first["attribution"] == "The people of the forum"
    assert (first["source"], first["topic"]) == ("forum", "Algebra")
    assert "scripted" in first["generator"]
    content = first["input"][-1]["content"]
    assert content.startswith(
        "Solve the following math problem. Put your final answer, and nothing"
    )
    assert "Two from today" not in content


def test_latex_and_braces_come_through_untouched(prompts):
    assert "$\\gcd(84, 36)$ is what?" in prompts["problem"].to_list()
    (one,) = prompts.filter(pl.col("problem").str.contains("ordered sum"))["problem"]
    assert one.endswith("Use {braces} as in $\\binom{n}{k}$.")


def test_the_shards_are_the_same_for_another_division_into_parts(client, done, tmp_path):
    job = make(tmp_path, math="replace_unreached = true", part_size=200)
    again = run(job, tmp_path / "run", client=client, teacher=ScriptedTeacher(teacher))
    assert again["shards"] == done[1]["shards"]
    assert again["funnel"] == done[1]["funnel"]


def test_proofs_become_problems_with_a_result(client, tmp_path):
    posts = [
        "Prove that the sum of two odd integers is even.",
        "Prove that there is nothing to ask about the empty set.",
        "Prove that a square number is never two more than a multiple of three.",
        "Prove something by way of the picture.",
    ]
    data = tmp_path / "proofs.jsonl"
    rows = [{"board": "P", "posts": [{"text": p}, {"text": "Done: 1"}]} for p in posts]
    data.write_text("".join(json.dumps(row) + "\n" for row in rows))
    job = make(tmp_path, data=data, math='proofs = "convert"')
    manifest = run(job, tmp_path / "run", client=client, teacher=ScriptedTeacher(teacher))
    dropped = {"not_convertible": 1, "repeats_seed": 1, "invalid": 1}
    assert manifest["funnel"]["prompts"]["dropped"] == dropped
    made = pl.read_parquet(tmp_path / "run" / "prompts" / "*.parquet")
    (new,) = made.filter(pl.col("decision") == "keep").to_dicts()
    assert new["source"] == f"forum/{CONVERTED}"
    assert new["problem"].startswith("What is the remainder")
    assert new["expected_answer"] is None, "the thread proves it, and names no result"


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('writer = ""', "writer must name the teacher that threads and variants need"),
        ('judge = ""', "judge must name the teacher that decides what is undecided"),
        ("max_problems = 0", "max_problems must be > 0, got 0"),
        ("variants = { similar = 0 }", "variants.similar must be > 0, got 0"),
        ('proofs = "keep"', "proofs"),
        ('writer = "teecher"', "math.writer names no teacher: 'teecher'; did you mean teacher?"),
    ],
)
def test_settings_that_do_not_fit_are_refused(table, message, tmp_path, monkeypatch):
    key = table.split(" ")[0]
    lines = [line for line in RECIPE.split("\n") if not line.startswith(f"{key} =")]
    monkeypatch.setitem(globals(), "RECIPE", "\n".join(lines))
    with pytest.raises(ConfigError, match=re.escape(message)):
        make(tmp_path, math=table)
