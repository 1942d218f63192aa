"""The science page, from a recipe to what is published, and every reason to drop on the way."""

import json
import zlib
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from factory.assumed_estimate import assumed
from factory.engine import run
from factory.errors import ConfigError
from factory.recipe import load_recipe
from factory.records import Completion
from factory.teachers.scripted import ScriptedTeacher
from pipelines import make_job, science
from pipelines.science_reading import REASONS

RECIPES = Path("pipelines/recipes")
RECIPE = """
pipeline = "science"
seed = 7
[science]
num_prompts = {num_prompts}
{science}
[teacher]
kind = "scripted"
replies = ["unused"]
[limits]
part_size = {part_size}
"""
WRITTEN = """
writer = "teacher"
augment = "teacher"
checker = "teacher"
num_subtopics = 3
difficulties = ["intermediate", "brutal"]
samples_on = 4
samples_off = 2
off_share = 0.5
"""
ROWS = """
samples_on = 8
samples_off = 1
off_share = 1.0
[science.rows]
data = "{path}"
license = "cc-by-4.0"
attribution = "A school"
columns = {{ problem = "question", choices = "options", expected_answer = "answer" }}
"""
THREADS = """
extract = "teacher"
samples_on = 3
samples_off = 1
off_share = 1.0
[science.rows]
data = "{path}"
name = "HuggingFaceH4/stack-exchange-preferences"
license = "cc-by-sa-4.0"
attribution = "Stack Exchange"
columns = {{ problem = "question", url = "metadata.0", author = "metadata.2" }}
"""


def job_of(folder, table, *, num_prompts=12, part_size=6):
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "science.toml"
    path.write_text(RECIPE.format(science=table, num_prompts=num_prompts, part_size=part_size))
    return make_job(load_recipe(path))


def made(out):
    return pl.read_parquet(out / "prompts" / "*.parquet").sort("index")


def responses(out):
    return pl.read_parquet(out / "responses" / "*.parquet")


def published(out):
    return pl.read_parquet(out / "dataset" / "SFT" / "science" / "*.parquet")


def dropped(manifest):
    return {
        reason for each in manifest["funnel"]["responses"] for reason in each["reasons"] if reason
    }


def number_of(text, most):
    return zlib.crc32(text.encode()) % most


# --- a teacher that makes every mistake ---

NUMBER = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
STORY = (
    "A closed vessel of case {key} holds a gas whose pressure rises while it is warmed at a "
    "constant volume; which of the numbers that the {key} readings give is the right one?"
)


def written(text):
    """A question in the form that is asked for, or one of the ways to get it wrong."""
    key = f"{number_of(text, 10**6)}-{number_of(text + 'x', 10**6)}"
    options = 4 if "four options" in text else 10 if "ten options" in text else 0
    stem = STORY.format(key=key)
    lines = [f"{'ABCDEFGHIJ'[i]}) {NUMBER[i]} of {key}" for i in range(options)]
    answer = "B" if options else "42 K"
    seed = text.partition("in ")[2].partition("\n\n")[2].partition("\n\nWrite")[0]
    match number_of(text, 23):
        case 0:
            return "I would rather not."
        case 1:
            return f"Question: {stem}\nQuestion: {stem}\nAnswer: 5"
        case 2 if options:
            lines.pop()
        case 3 if options:
            lines[1] = lines[0].replace("A)", "B)")
        case 4 if options:
            lines[-1] = lines[-1][:3] + "All of the above"
        case 5 if options:
            answer = "none"
        case 6 if options:
            answer = "A and C"
        case 5 | 6:
            answer = "it depends on how one looks at it and on many other things as well"
        case 11:
            stem = f"{stem}\nSolution: it is the first one."
        case 7:
            stem = f"What does the diagram below show of {key}?"
        case 8:
            stem = (
                f"Welche der folgenden Zahlen gehoert zu dem Versuch {key}, bei dem ein Gas in "
                "einem geschlossenen Kessel langsam erhitzt wird und der Druck stetig steigt?"
            )
        case 9 | 10 if seed.startswith("A closed"):
            stem = seed.partition("\n\nA) ")[0].upper()
    return "\n".join([f"**Question:** {stem}", *lines, f"**Answer:** {answer}"])


def answers(text, request):
    """Votes of all kinds: agreed on, split, too few; and outputs of all the wrong shapes."""
    problem = text.partition("\n\n")[2]
    options = "A) " in problem
    right, wrong = ("B", "C") if options else ("42 K", "43 K")
    sample, case = request.sample, number_of(problem, 9)
    said = right
    if case == 1:
        said = f"{'ACDB'[sample]}" if options else f"{10 * (sample + 1)} K"
    if case == 2:
        said = right if sample % 2 else wrong
    if case == 3 and sample == 0:
        said = wrong
    if case == 8:
        said = ""
    box = f"It is \\boxed{{{said}}}." if case != 4 else f"It may be {said}, who knows"
    if request.mode == "off":
        return f"<think>\n</think>{box}" if case == 5 else f"{box} {problem[:40]}"
    if case == 5 and sample == 0:
        return box
    if case == 6 and sample == 0:
        return Completion(text="<think>\nI go on", finish_reason="length")
    if case == 6 and sample == 1:
        return f"<think>\n{'so it goes ' * 40}\n</think>\n\n{box}"
    words = {0: "same", 7: "same" if sample < 2 else "one word more"}.get(case, f"no {sample}")
    thought = f"Thinking {words}." if case != 7 else _long(sample)
    return f"<think>\n{thought}\n</think>\n\n{box}"


def _long(sample):
    """Traces that are nearly, not exactly, the same."""
    return (
        " ".join(f"step {i} follows from what was said of {i * i}" for i in range(40))
        + f" {sample}"
    )


def teacher(request):
    text = request.messages[-1].content
    if text.startswith("You plan"):
        key = number_of(text, 1000)
        return "Nothing comes to mind" if key % 3 == 0 else "1. laws\n2. *uses*\n3. limits\n- Laws"
    if text.startswith("Read this exam question"):
        return "Fine.\nVerdict: no" if number_of(text, 9) == 0 else "Fine.\n\nVerdict: yes"
    if text.startswith(("Write an exam", "Here is a question")):
        return written(text)
    return answers(text, request)


def test_questions_about_topics_are_written_varied_checked_and_answered(client, tmp_path):
    job = job_of(tmp_path / "r", WRITTEN, num_prompts=3, part_size=54)
    manifest = run(job, tmp_path / "out", client=client, teacher=ScriptedTeacher(teacher))
    prompts = made(tmp_path / "out")
    reasons = Counter(prompts["reason"])
    assert set(REASONS) | {"no_subtopics"} <= set(reasons), set(REASONS) - set(reasons)
    asked = prompts.filter(pl.col("reason") == "")
    assert set(asked["choices"].list.len()) == {0, 4, 10}
    assert asked["expected_answer"].null_count() == len(asked), "no writer's answer is taken"
    assert asked["topic"].n_unique() > 1
    assert "context" not in prompts.columns
    kept = published(tmp_path / "out")
    assert set(kept["reasoning"]) == {"on", "off"}
    assert set(kept["answer_source"]) == {"majority"}
    assert set(kept["expected_answer"]) == {"B", "42 K"}
    assert set(kept["verifier"]) == {"science_answer.v1"}
    assert dropped(manifest) >= {
        "cut_at_max_tokens", "no_block", "tag_with_reasoning_off", "loop", "box_missing",
        "no_votes", "too_few_votes", "small_margin", "wrong_answer", "exact_duplicate",
        "near_duplicate",
    }  # fmt: skip
    answered = responses(tmp_path / "out")
    share = answered.filter(pl.col("mode") == "off")["prompt_id"].n_unique() / len(asked)
    assert 0.25 < share < 0.75


def test_what_is_written_is_the_same_for_every_division_into_parts(client, tmp_path):
    table = WRITTEN.replace("num_subtopics = 3", "num_subtopics = 1")
    shards = []
    for size in (1, 1000):
        out = tmp_path / f"out{size}"
        job = job_of(tmp_path / f"r{size}", table, num_prompts=3, part_size=size)
        run(job, out, client=client, teacher=ScriptedTeacher(teacher))
        shards.append([p.read_bytes() for p in sorted(out.glob("dataset/SFT/science/*"))])
    assert shards[0]
    assert shards[0] == shards[1]


def test_a_writer_that_is_trusted_gives_the_gold_answer(client, tmp_path):
    table = WRITTEN.replace("num_subtopics = 3", "num_subtopics = 1") + "trust_writers = true\n"
    job = job_of(tmp_path / "r", table, num_prompts=2, part_size=200)
    run(job, tmp_path / "out", client=client, teacher=ScriptedTeacher(teacher))
    asked = made(tmp_path / "out").filter(pl.col("reason") == "")
    assert set(asked["expected_answer"]) == {"B", "42 K"}
    assert set(published(tmp_path / "out")["answer_source"]) == {"gold"}


# --- rows ---

GOLD = [
    {"question": "Which unit has force?", "options": ["N", "J", "W", "Pa"], "answer": 0},
    {"question": "How far is it?", "options": None, "answer": "500 m"},
    {"question": "Which organ makes insulin?", "options": [], "answer": "pancreas"},
    {"question": "Which gas burns?", "options": ["He", "H2"], "answer": "B"},
    {"question": "Which gas burns?", "options": ["He", "H2"], "answer": "B"},
    {"question": "What is unknown?", "options": ["a", "b"], "answer": None},
    {"question": " ", "options": None, "answer": "5"},
    {"question": "One option?", "options": ["a"], "answer": "A"},
    {"question": "No such option?", "options": ["a", "b"], "answer": 7},
    {"question": "No such letter?", "options": ["a", "b"], "answer": "Q"},
    {"question": "Twice the same?", "options": ["a", "b", "a "], "answer": "A"},
    {"question": "An empty one?", "options": ["a", ""], "answer": "A"},
    {"question": "Several answers?", "options": None, "answer": ["5 m", "6 m"]},
]
SAID = {
    "Which unit has force?": ["A", "(A) N", "B", "E", "A or B", "A) J", "N", ""],
    "How far is it?": ["500 m", "0.5 km", "600 m", "500", "5 s", "far", "501 m", "502 m"],
    "Which organ makes insulin?": ["Pancreas", "liver", "the pancreas"] * 3,
    "Which gas burns?": ["B"] * 8,
    "What is unknown?": ["A"] * 5 + ["B"] * 3,
}


def knows(request):
    text = request.messages[-1].content
    said = next(each for problem, each in SAID.items() if problem in text)[request.sample]
    thought = f"<think>\nthought {request.sample}\n</think>\n\n" if request.mode == "on" else ""
    return f"{thought}So: \\boxed{{{said}}}"


def lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def test_ready_questions_are_checked_each_by_its_kind(client, tmp_path):
    table = ROWS.format(path=lines(tmp_path / "questions.jsonl", GOLD))
    job = job_of(tmp_path / "r", table, num_prompts=20)
    manifest = run(job, tmp_path / "out", client=client, teacher=ScriptedTeacher(knows))
    assert manifest["funnel"]["prompts"]["dropped"] == {
        "no_problem": 1,
        "wrong_number_of_options": 1,
        "no_right_option": 1,
        "options_repeat": 1,
        "empty_option": 1,
        "expected_answer_not_scalar": 1,
        "bad_gold": 1,
        "exact_duplicate": 1,
    }
    assert dropped(manifest) >= {
        "wrong_answer", "no_such_option", "ambiguous_answer", "contradicting_answer", "no_answer",
        "wrong_value", "missing_unit", "wrong_unit", "not_a_quantity",
    }  # fmt: skip
    rows = published(tmp_path / "out")
    assert Counter(rows.filter(pl.col("reasoning") == "on")["expected_answer"]) == {
        "A": 8, "500 m": 4, "pancreas": 5, "B": 8,
    }  # fmt: skip
    assert set(rows["attribution"]) == {"A school"}
    assert set(rows["reasoning"]) == {"on", "off"}


THREAD = {
    "question": "<p>How long does light take from the Sun?</p><p>I wondered &amp; asked.</p>",
    "answers": [
        {"text": "<p>A day.</p>", "pm_score": 1, "selected": False, "author": "Al"},
        {"text": "<p>About <b>499 s</b>.</p>", "pm_score": 3, "selected": False, "author": "Bo"},
    ],
    "metadata": ["https://astronomy.stackexchange.com/q/1", "site", "https://x.org/users/5"],
}


def forum(request):
    text = request.messages[-1].content
    if not text.startswith("Below is"):
        thought = f"<think>\n{request.sample}\n</think>\n\n" if request.mode == "on" else ""
        return f"{thought}\\boxed{{{'500 s' if 'Sun' in text else 'iron'}}}"
    if "Sun" in text:
        assert "499 s" in text
        assert "A day" not in text
        assert "<p>" not in text
        assert "wondered & asked" in text
        return "Question: How long does light take from the Sun to the Earth?\nAnswer: 499 s"
    return "No question" if "opinion" in text else "Question: Which metal rusts?\nAnswer: none"


def test_questions_are_taken_out_of_threads_with_their_authors_named(client, tmp_path):
    others = [
        {**THREAD, "question": f"<p>{text}</p>", "metadata": None}
        for text in ("In my opinion ...", "Which metal is it that rusts, and why, I ask?")
    ]
    rows = [THREAD, *others, {**THREAD, "answers": []}]
    table = THREADS.format(path=lines(tmp_path / "threads.jsonl", rows))
    job = job_of(tmp_path / "r", table)
    manifest = run(job, tmp_path / "out", client=client, teacher=ScriptedTeacher(forum))
    assert manifest["funnel"]["prompts"]["dropped"] == {"no_question": 1, "no_answers": 1}
    kept = published(tmp_path / "out")
    assert set(kept["license"]) == {"cc-by-sa-4.0"}
    by_answer = {row["expected_answer"]: row for row in kept.to_dicts()}
    assert by_answer["499 s"]["answer_source"] == "gold"
    assert by_answer["iron"]["answer_source"] == "majority"
    assert by_answer["499 s"]["attribution"] == (
        "Stack Exchange, https://astronomy.stackexchange.com/q/1, asked by https://x.org/users/5, "
        "answered by Bo"
    )
    assert "Sun to the Earth" in by_answer["499 s"]["input"][0]["content"]


# --- recipes ---


@pytest.mark.parametrize("size", ["tiny", "small", "paper"])
def test_recipes_load_without_a_network(size):
    job = make_job(load_recipe(RECIPES / f"science-{size}.toml"))
    assert job.pipeline.name == "science"
    assert job.pipeline.ask.samples_on > 1


def test_the_paper_recipe_has_the_rows_of_the_release():
    totals = assumed(make_job(load_recipe(RECIPES / "science-paper.toml"))).totals
    assert totals["kept_on"].expected == pytest.approx(708_920, rel=0.1)
    assert totals["kept_off"].expected == 0


def test_a_run_without_off_answers_publishes_on_rows_alone(client, tmp_path):
    table = ROWS.format(path=lines(tmp_path / "questions.jsonl", GOLD[:3]))
    job = job_of(tmp_path / "r", table.replace("samples_off = 1", "samples_off = 0"))
    manifest = run(job, tmp_path / "out", client=client, teacher=ScriptedTeacher(knows))
    assert set(published(tmp_path / "out")["reasoning"]) == {"on"}
    assert {row["mode"] for row in manifest["usage"]} == {"on"}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ('families = ["forces"]', "families: 'forces' is not known here; did you mean force?"),
        ('difficulties = ["brutel"]', "did you mean brutal?"),
        ("weights = {chemisty = 2.0}", "did you mean chemistry?"),
        ("weights = {chemistry = 0.0}", "weights.chemistry must be > 0, got 0.0"),
        ("options = [5]", "options must be among 0, 4 and 10, got 5"),
        ("options = []", "options must name one at least"),
        ("difficulties = []", "difficulties must name one at least"),
        ('subtopics = "teacher"', "writer must name the teacher that writes about the subtopics"),
        ('language = "xx"', "science.language: languages has 'xx'"),
        (
            'augment = "teacher"\nwriting = {temperature = 0.0}',
            "science.writing.temperature must be > 0 for 2 variants",
        ),
        ("samples_on = 0", "samples_on must be > 0, got 0"),
        ("samples_off = -1", "samples_off must be >= 0, got -1"),
        ("off_share = 1.5", "off_share must be in .0, 1., got 1.5"),
        ('extract = "teacher"', "leave out extract, or name rows.data"),
        ('writer = "nobody"', "science.writer names no teacher: 'nobody'"),
        ('augment = "nobody"', "science.augment names no teacher: 'nobody'"),
    ],
)
def test_what_a_recipe_gets_wrong_is_said(tmp_path, table, message):
    with pytest.raises(ConfigError, match=message):
        job_of(tmp_path, table)


def test_the_notes_say_where_answers_come_from():
    procedural = science.pipeline(science.Config(), 1).notes
    assert "known thereby" in procedural[0]
    notes = science.pipeline(science.Config(writer="w"), 1).notes
    assert any("a wrong majority makes wrong rows" in note for note in notes)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_bundled_teacher_goes_the_whole_way(tmp_path):
    job = make_job(load_recipe(RECIPES / "science-tiny.toml"), limit=6)
    manifest = run(job, tmp_path / "out")
    assert manifest["funnel"]["entered"]["on"] > 0
    assert manifest["funnel"]["entered"]["off"] > 0
