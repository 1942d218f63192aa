"""`factory dedup` on files as people have them."""

import gzip
import json
import os
import pickle
import random
import re
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from factory import rewriting
from factory.dedup import dedup
from factory.errors import RunError

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(name="factory")
def quick(factory, client, monkeypatch):
    """The program in this process, on the session's cluster where it would start its own."""
    connect = rewriting.connect

    def connected(scheduler, workers, *rest, **options):
        own = scheduler or workers > 1
        return connect(scheduler, workers, *rest, **options) if own else nullcontext(client)

    monkeypatch.setattr(rewriting, "connect", connected)
    return factory


NOUNS = ("train", "speed", "apple", "price", "water", "hour", "tank")


def words(seed: int, number: int = 60) -> str:
    rng = random.Random(seed)
    return " ".join(f"{rng.choice(NOUNS)}{rng.randrange(90)}" for _ in range(number))


NEAR = words(2).replace(words(2).split()[30], "other")
ROWS = [
    {"id": "a", "text": words(1), "score": 1},
    {"id": "b", "text": words(2), "score": 5, "more": {"deep": [1, 2]}},
    {"id": "c", "text": "  " + words(1).upper() + "\n", "score": 3},
    {"id": "d", "text": NEAR, "score": 9},
    {"id": "e", "text": None, "score": 0},
    {"id": "f", "text": words(3), "score": 0},
]
"""c is a but for case and space, d is nearly b, e is not compared."""


def lines(rows=ROWS) -> bytes:
    """JSON as people write it: spaces, escapes, an order of keys of its own, a blank line."""
    written = [
        json.dumps(row, ensure_ascii=index % 2 == 0 or "\\ud83d" in repr(row))
        for index, row in enumerate(rows)
    ]
    return ("\n".join([*written[:2], "", *written[2:]]) + "\n").encode()


def write(path: Path, data: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".gz":
        data = gzip.compress(data)
    if path.suffix == ".zst":
        data = pa.compress(data, codec="zstd", asbytes=True)
    path.write_bytes(data)
    return path


def read(path: Path) -> bytes:
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    if path.suffix == ".zst":
        with pa.input_stream(str(path), compression="zstd") as file:
            return bytes(file.read())
    return path.read_bytes()


def without(data: bytes, *ids: str) -> bytes:
    return b"".join(
        line for line in data.splitlines(keepends=True)
        if not any(f'"id": "{id}"'.encode() in line for id in ids)
    )  # fmt: skip


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".ndjson", ".jsonl.gz", ".jsonl.zst"])
def test_kept_json_lines_are_the_same_bytes_in_the_same_order(suffix, tmp_path, factory):
    data = write(tmp_path / f"in{suffix}", lines())
    out = tmp_path / f"out{suffix}"
    done = factory("dedup", data, out)
    assert done.returncode == 0, done.stderr
    assert read(out) == without(lines(), "c", "d")


def test_kept_rows_of_parquet_have_the_same_schema_and_order(tmp_path, factory):
    table = pa.Table.from_pylist(ROWS).replace_schema_metadata({"mine": "yes"})
    pq.write_table(table, tmp_path / "in.parquet", compression="gzip", row_group_size=2)
    assert factory("dedup", tmp_path / "in.parquet", tmp_path / "out.parquet").returncode == 0
    kept = pq.read_table(tmp_path / "out.parquet")
    assert kept.schema.equals(table.schema, check_metadata=True)
    assert kept.to_pylist() == [row for row in table.to_pylist() if row["id"] not in "cd"]


def test_a_directory_becomes_a_directory_with_the_same_names(tmp_path, factory):
    write(tmp_path / "in" / "a.jsonl", lines())
    write(tmp_path / "in" / "deep" / "b.jsonl.gz", lines())
    (tmp_path / "in" / "README.md").write_text("no data")
    assert factory("dedup", tmp_path / "in", tmp_path / "out").returncode == 0
    out = tmp_path / "out"
    files = sorted(str(path.relative_to(out)) for path in out.rglob("*") if path.is_file())
    assert files == ["a.jsonl", "deep/b.jsonl.gz"]
    assert read(out / "a.jsonl") == without(lines(), "c", "d")
    assert read(out / "deep" / "b.jsonl.gz") == without(lines(), *"abcdf")
    assert left_over(tmp_path) == ["in", "out"]


def left_over(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != "cache")


def test_the_report_names_every_removed_row_with_its_twin(tmp_path, factory):
    data, report = write(tmp_path / "in.jsonl", lines()), tmp_path / "report.json"
    clusters = tmp_path / "clusters.parquet"
    done = factory(
        "dedup", data, tmp_path / "out.jsonl", "--id-column", "id", "--report", report,
        "--clusters", clusters,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(report.read_text())
    assert found["counts"] == {
        "rows": 6, "compared": 5, "not_compared": 1, "removed": 2, "removed_exact": 1,
        "removed_near": 1, "kept": 4, "clusters": 2, "checked_pairs": 1, "skipped_pairs": 0,
    }  # fmt: skip
    first, second = found["removed"]
    assert (first["id"], first["file"], first["row"]) == ("c", "in.jsonl", 2)
    assert first["twin"] == {"id": "a", "file": "in.jsonl", "row": 0}
    assert (first["similarity"], first["cluster_size"]) == (1.0, 2)
    assert (second["id"], second["twin"]["id"]) == ("d", "b")
    assert 0.8 <= second["similarity"] < 1
    assert sorted(second["joined_by"]["ids"]) == ["b", "d"]
    assert found["skipped"] == [{"id": "e", "file": "in.jsonl", "row": 4, "reason": "null_text"}]
    assert found["bands"]["missed_at_threshold"] <= 0.005
    assert len(found["similarities"]) == 100
    assert sum(found["similarities"]) == 1
    members = pl.read_parquet(clusters)
    assert members["id"].to_list() == ["a", "b", "c", "d"]
    assert members["kept"].to_list() == [True, True, False, False]
    assert members["cluster_size"].to_list() == [2] * 4
    assert "--id-column" not in done.stderr


def test_examples_begin_with_the_least_similar_and_hold_one_of_a_cluster(tmp_path, factory):
    def changed(seed: int, *places: int) -> str:
        some = words(seed).split()
        for place in places:
            some[place] = f"other{place}"
        return " ".join(some)

    texts = [words(5), words(5), words(5), words(6), changed(6, 30), words(7), changed(7, 0)]
    rows = [{"id": str(number), "text": text} for number, text in enumerate(texts)]
    data = write(tmp_path / "in.jsonl", lines(rows))
    arguments = ("dedup", data, "--dry-run", "--work", tmp_path / "w", "--id-column", "id")
    out = factory(*arguments).stdout
    shown = re.findall(r"│ +(0\.\d+|1\.000) │ (\d) ", out)
    assert [id for _, id in shown] == ["4", "6", "1"]
    assert shown[0][0] < shown[1][0] < shown[2][0] == "1.000"
    shown = re.findall(r"│ +(0\.\d+|1\.000) │ (\d) ", factory(*arguments, "--examples", 1).stdout)
    assert [id for _, id in shown] == ["4"]


def test_data_that_changed_meanwhile_is_told(tmp_path, factory, monkeypatch):
    data = write(tmp_path / "in.jsonl", lines())

    def changing(*args, **options):
        result = dedup(*args, **options)
        data.write_bytes(lines() + lines()[:-1])
        return result

    monkeypatch.setattr("factory.dedup.files.dedup", changing)
    done = factory("dedup", data, tmp_path / "out.jsonl")
    assert done.returncode == 1
    assert "in.jsonl: has changed since it was read" in done.stderr
    assert not (tmp_path / "out.jsonl").exists()


def test_repeated_ids_are_told_and_no_row_is_lost(tmp_path, factory):
    rows = [{"id": "x", "text": words(number)} for number in range(4)]
    data = write(tmp_path / "in.jsonl", lines(rows))
    done = factory("dedup", data, tmp_path / "out.jsonl", "--id-column", "id")
    assert "1 ids repeat, in 4 rows" in done.stdout
    assert "x (in.jsonl:0, in.jsonl:1)" in done.stdout
    assert read(tmp_path / "out.jsonl") == lines(rows)


def test_a_dry_run_reports_all_and_writes_no_row(tmp_path, factory, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "in.jsonl", lines())
    done = factory("dedup", "in.jsonl", "--dry-run", "--report", "r.json", "--report", "r.html")
    assert done.returncode == 0, done.stderr
    assert left_over(tmp_path) == ["in.jsonl", "r.html", "r.json"]
    assert json.loads(Path("r.json").read_text())["counts"]["removed"] == 2
    done = factory("dedup", "in.jsonl", "out.jsonl", "--dry-run")
    assert (done.returncode, Path("out.jsonl").exists()) == (0, False)
    assert "a dry run" in done.stdout


@pytest.mark.parametrize(
    ("flags", "gone"),
    [
        (("--exact",), "c"),
        (("--threshold", "0.99"), "c"),
        (("--keep", "best"), "ab"),
        (("--keep", "score desc"), "ab"),
        (("--keep", "length(text)"), "bc"),
        (("--within", "score"), ""),
        (("--unit", "char", "--ngram", "9"), "cd"),
        (("--bands", "128", "--rows", "1"), "cd"),
        (("--column", "id"), ""),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else value,
)
def test_flags_decide_what_goes(flags, gone, tmp_path, factory):
    data = write(tmp_path / "in.jsonl", lines())
    done = factory("dedup", data, tmp_path / "out.jsonl", *flags)
    assert done.returncode == 0, done.stderr
    assert read(tmp_path / "out.jsonl") == without(lines(), *gone)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("{in}", "{out}", "--column", "txt"), "no column 'txt'; did you mean text?"),
        (("{in}", "{out}", "--id-column", "key"), "no column 'key'"),
        (("{in}", "{out}", "--within", "key"), "no column 'key'"),
        (("{in}", "{out}", "--threshold", "1.5"), "--threshold must be in (0, 1], got 1.5"),
        (("{in}", "{out}", "--bands", "7"), "--bands must be given with rows"),
        (("{in}", "{out}", "--num-perm", "1"), "--num-perm must be"),
        (("{in}", "{out}", "--keep", "score desc;"), "keep 'score desc;'"),
        (("{in}", "{out}", "--keep", "colour desc"), "no column 'colour'"),
        (("{in}", "{in}"), "is the input"),
        (("{in}", "{there}"), "is there already"),
        (("{folder}", "{folder}/out"), "lies in the input"),
        (("{in}", "{folder}"), "holds the input"),
        (("{in}", "{out}", "--report", "{there}"), "--report"),
        (("{in}", "{out}", "--report", "{out}"), "--report"),
        (("{in}", "{out}", "--report", "{new}/r.txt"), "must be .json or .html, got '.txt'"),
        (("{in}", "{out}", "--clusters", "c.csv"), "--clusters c.csv: the suffix must be .parquet"),
        (("{in}", "{there}/out.jsonl"), "is no directory"),
        (("{new}/none.jsonl", "{out}"), "no such data"),
        (("{in}", "{new}/out.parquet"), "the output has the input's format"),
        (("{in}", "{out}", "--scheduler", "tcp://127.0.0.1:1"), "no Dask scheduler answers"),
        (("{in}", "{out}", "--work", "{folder}/w"), "lies in the input"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_cannot_be_is_told_before_the_work_with_2(arguments, words, tmp_path, factory):
    folder = tmp_path / "folder"
    names = {
        "in": write(folder / "in.jsonl", lines()), "out": tmp_path / "out.jsonl", "folder": folder,
        "there": write(tmp_path / "there.jsonl", b"mine"), "new": tmp_path / "new",
    }  # fmt: skip
    if "{folder}/w" in arguments:
        arguments = ("{folder}", "{new}/out", *arguments[2:])
    done = factory("dedup", *(each.format(**names) for each in arguments))
    assert done.returncode == 2
    assert words in done.stderr
    assert done.stderr.count("\n") == 1
    assert left_over(tmp_path) == ["folder", "there.jsonl"]
    assert (tmp_path / "there.jsonl").read_bytes() == b"mine"


def test_a_flag_that_says_nothing_is_refused(tmp_path, factory):
    data = write(tmp_path / "in.jsonl", lines())
    done = factory("dedup", data, tmp_path / "out.jsonl", "--exact", "--threshold", "0.7")
    assert done.returncode == 2
    assert "--threshold" in done.stderr
    done = factory("dedup", data)
    assert done.returncode == 2
    assert "OUT" in done.stderr


def test_a_damaged_file_among_many_is_named_and_nothing_appears(tmp_path, factory):
    for name in "abc":
        pq.write_table(pa.table({"text": [words(1)]}), folder(tmp_path / "in") / f"{name}.parquet")
    data = (tmp_path / "in" / "b.parquet").read_bytes()
    (tmp_path / "in" / "b.parquet").write_bytes(data[: len(data) // 2])
    done = factory("dedup", tmp_path / "in", tmp_path / "out")
    assert done.returncode == 1
    assert "b.parquet" in done.stderr
    assert left_over(tmp_path) == ["in"]


def folder(path: Path) -> Path:
    path.mkdir(exist_ok=True)
    return path


@pytest.mark.parametrize(
    "data",
    [b"", b"\n\n", b"not json\n", b'{"text": ""}\n{"text": " "}\n', b'"x"\n[1]\n{"text": "a"}'],
)
def test_files_with_next_to_nothing_in_them_lose_nothing(data, tmp_path, factory):
    write(tmp_path / "in.jsonl", data)
    done = factory("dedup", tmp_path / "in.jsonl", tmp_path / "out.jsonl", "--column", "text")
    assert done.returncode == 0, done.stderr
    kept = (tmp_path / "out.jsonl").read_bytes()
    assert kept in (data, data.replace(b'{"text": " "}\n', b""))


def test_parquet_without_rows_stays_a_parquet_file_without_rows(tmp_path, factory):
    pq.write_table(pa.table({"text": pa.array([], pa.string())}), tmp_path / "in.parquet")
    assert factory("dedup", tmp_path / "in.parquet", tmp_path / "out.parquet").returncode == 0
    assert pq.read_table(tmp_path / "out.parquet").num_rows == 0


HOSTILE = "<script>alert(1)</script>\x1b]0;x\x07 [bold]\u202e\ud83d"


def test_hostile_texts_ids_and_names_change_nothing_on_screen_or_page(tmp_path, factory):
    rows = [{"id": f"{HOSTILE}{number}", "text": f"{HOSTILE} {words(1)}"} for number in range(3)]
    name = "odd [red]\x1b[31m 'na\"me' ?*.jsonl"
    data = write(tmp_path / "in" / name, lines(rows))
    done = factory(
        "dedup", tmp_path / "in", tmp_path / "out", "--id-column", "id", "--report",
        tmp_path / "r.html", "--report", tmp_path / "r.json",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "\x1b" not in done.stdout + done.stderr
    page = (tmp_path / "r.html").read_text()
    assert "<script" not in page
    assert "\x1b" not in page
    assert "&lt;script&gt;" in page
    assert json.loads((tmp_path / "r.json").read_text())["removed"][0]["file"] == name
    assert read(tmp_path / "out" / name) == read(data).splitlines(keepends=True)[0] + b"\n"


def test_names_that_are_no_utf8_are_names(tmp_path, factory):
    data = write(tmp_path / "in\udcff.jsonl", lines())
    out, reports = tmp_path / "out\udcff.jsonl", [tmp_path / "r\udcff.json", tmp_path / "r.html"]
    done = factory("dedup", data, out, "--report", reports[0], "--report", reports[1])
    assert done.returncode == 0, done.stderr
    assert read(out) == without(lines(), "c", "d")
    assert json.loads(reports[0].read_text())["removed"][0]["file"] == "in?.jsonl"
    assert reports[1].exists()


def many(tmp_path: Path, files: int = 24, rows: int = 200) -> Path:
    for number in range(files):
        some = [
            {"id": f"{number}-{row}", "text": words((number * rows + row) // 3, 120)}
            for row in range(rows)
        ]
        write(tmp_path / "in" / f"{number:02d}.jsonl", lines(some))
    return tmp_path / "in"


def test_what_a_file_is_written_from_does_not_grow_with_the_files(tmp_path, factory, monkeypatch):
    real, sizes = rewriting.on_parts, []

    def weighed(client, task, numbers, *, arguments, **options):
        sizes.append(len(pickle.dumps((task, arguments(0)))))
        return real(client, task, numbers, arguments=arguments, **options)

    monkeypatch.setattr(rewriting, "on_parts", weighed)
    for files in (2, 20):
        data = many(tmp_path / f"of{files:02d}", files=files, rows=2)
        assert factory("dedup", data, data.parent / "out").returncode == 0
    assert sizes[0] == sizes[1]


def started(*arguments: object) -> "subprocess.Popen[str]":
    command = [sys.executable, "-m", "factory", *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "160"}
    return subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        start_new_session=True,
    )  # fmt: skip


def wait_for_files(folder: Path, number: int, process: "subprocess.Popen[str]") -> None:
    while sum(path.is_file() for path in folder.rglob("*")) < number:
        assert process.poll() is None, process.communicate()
        time.sleep(0.005)


@pytest.mark.timeout(120)  # five processes start
def test_a_command_that_was_killed_goes_on_and_gives_the_same(tmp_path):
    data = many(tmp_path)
    flags = ("--id-column", "id", "--report")
    whole = started("dedup", data, tmp_path / "whole", *flags, tmp_path / "whole.json")
    assert (whole.communicate(), whole.returncode)[1] == 0
    command = ("dedup", data, tmp_path / "out", *flags, tmp_path / "out.json")
    for number in (20, 90):
        process = started(*command)
        wait_for_files(tmp_path / ".out.work", number, process)
        process.kill()
        process.communicate()
        assert not (tmp_path / "out").exists()
        assert not (tmp_path / "out.json").exists()
    last = started(*command)
    _, errors = last.communicate()
    assert last.returncode == 0, errors
    assert "are finished already" in errors
    names = sorted(path.name for path in data.iterdir())
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names
    for name in names:
        assert read(tmp_path / "out" / name) == read(tmp_path / "whole" / name)
    first, second = ((tmp_path / f"{name}.json").read_text() for name in ("whole", "out"))
    assert first.partition('"versions"')[2] == second.partition('"versions"')[2]
    assert left_over(tmp_path) == ["in", "out", "out.json", "whole", "whole.json"]


def test_a_command_that_was_killed_among_its_last_renames_goes_on(tmp_path, factory, monkeypatch):
    data = write(tmp_path / "in.jsonl", lines())
    report = tmp_path / "r.json"
    arguments = ("dedup", data, tmp_path / "out.jsonl", "--report", report)
    rename = Path.rename

    def killed(path, target):
        if target.name == "out.jsonl":
            raise OSError(5, "killed")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", killed)
    done = factory(*arguments)
    assert (done.returncode, report.exists()) == (1, True)
    assert "killed; what is finished is kept" in done.stderr
    monkeypatch.setattr(Path, "rename", rename)
    assert factory(*arguments).returncode == 0
    assert read(tmp_path / "out.jsonl") == without(lines(), "c", "d")
    assert left_over(tmp_path) == ["in.jsonl", "out.jsonl", "r.json"]


def test_what_a_killed_writer_left_is_in_no_output(tmp_path, factory, monkeypatch):
    (tmp_path / "elsewhere").mkdir()
    data, report = write(tmp_path / "in" / "a.jsonl", lines()).parent, tmp_path / "elsewhere/r.json"
    arguments = ("dedup", data, tmp_path / "out", "--report", report)
    place = rewriting.start_placing
    monkeypatch.setattr(rewriting, "start_placing", killed)
    assert factory(*arguments).returncode == 1
    (hidden,) = (tmp_path / ".out.work").glob(".factory-*")
    (noted,) = report.parent.iterdir()
    for path in (hidden / "a.jsonl", noted):
        path.with_name(f"{path.name}.0a1b2c3d.tmp").write_text("half")
    monkeypatch.setattr(rewriting, "start_placing", place)
    assert factory(*arguments).returncode == 0
    assert left_over(tmp_path) == ["elsewhere", "in", "out"]
    assert [left_over(path) for path in (tmp_path / "out", report.parent)] == [
        ["a.jsonl"], ["r.json"],
    ]  # fmt: skip


def killed(*_: object) -> None:
    raise RunError("killed")


def test_a_file_that_was_made_meanwhile_under_the_outputs_name_stays(
    tmp_path, factory, monkeypatch
):
    data, out = write(tmp_path / "in.jsonl", lines()), tmp_path / "out.jsonl"
    write_kept = rewriting.write_kept

    def meanwhile(*arguments: object) -> dict[str, int]:
        out.write_text("of another command")
        return write_kept(*arguments)

    monkeypatch.setattr(rewriting, "write_kept", meanwhile)
    done = factory("dedup", data, out)
    assert (done.returncode, out.read_text()) == (1, "of another command")
    assert "out.jsonl: was made by something else meanwhile" in done.stderr
    monkeypatch.setattr(rewriting, "write_kept", write_kept)
    out.unlink()
    assert factory("dedup", data, out).returncode == 0
    assert read(out) == without(lines(), "c", "d")


@pytest.mark.timeout(60)
def test_ctrl_c_ends_with_1_and_says_that_the_same_command_goes_on(tmp_path):
    process = started("dedup", many(tmp_path), tmp_path / "out")
    wait_for_files(tmp_path / ".out.work", 12, process)
    os.killpg(process.pid, signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 1, errors
    assert "interrupted: run the same command again" in errors
    assert "Traceback" not in errors
    assert not (tmp_path / "out").exists()


@pytest.mark.timeout(60)
def test_worker_processes_give_what_threads_give(tmp_path, factory):
    data = many(tmp_path, files=4, rows=50)
    assert factory("dedup", data, tmp_path / "a").returncode == 0
    process = started("dedup", data, tmp_path / "b", "--workers", 2)
    assert (process.communicate(), process.returncode)[1] == 0
    for path in (tmp_path / "a").iterdir():
        assert read(path) == read(tmp_path / "b" / path.name)


def test_another_command_does_not_take_over_the_work_of_this_one(tmp_path, factory, monkeypatch):
    data = write(tmp_path / "in.jsonl", lines())
    arguments = ("dedup", data, tmp_path / "out.jsonl", "--work", tmp_path / "work")
    monkeypatch.setattr("factory.rewriting.discard", lambda path: None)
    assert factory(*arguments).returncode == 0
    (tmp_path / "out.jsonl").unlink()
    done = factory(*arguments, "--threshold", "0.7")
    assert done.returncode == 2
    assert "threshold was 0.8 and is 0.7; repeat that one" in done.stderr.replace(")", "")
    data.write_bytes(lines()[:-1])
    assert "other data: names, sizes or times" in " ".join(factory(*arguments).stderr.split())
