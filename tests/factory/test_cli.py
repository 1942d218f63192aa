"""The command line, as its own process where exit status and terminal matter."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from rich.console import Console
from typer.testing import CliRunner

from factory.cli import app
from factory.engine import run
from factory.progress import Progress
from factory.teachers.scripted import ScriptedTeacher
from factory.terminal import plain, visible
from tests.factory.test_engine import LENIENT, scripted
from tests.toys import toy_job

runner = CliRunner(env={"COLUMNS": "160"})  # the folders of tests have long names


def shell(*arguments: object) -> subprocess.CompletedProcess[str]:
    """The program in a process of its own."""
    command = [sys.executable, "-m", "factory", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def done(client, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("cli")
    job = toy_job(folder, more=LENIENT)
    run(job, folder / "run", client=client, teacher=scripted(job))
    return folder / "run"


def test_status_tells_parts_funnel_and_tokens(done):
    result = runner.invoke(app, ["status", str(done)])
    assert result.exit_code == 0
    assert "complete, 2 of 2 parts finished" in result.output
    assert "wrong_answer" in result.output
    assert "Paid by this run" in result.output


def test_audit_shows_every_reason_with_an_example(done):
    result = runner.invoke(app, ["audit", str(done)], env={"COLUMNS": "160"})
    assert result.exit_code == 0
    for reason in ("wrong_answer", "loop", "content_filter", "exact_duplicate"):
        assert f": {reason} (12 dropped)" in result.output
    assert ": refused_text (12 unjudged)" in result.output
    assert "\\boxed{-777}" in result.output


def test_verify_passes_what_is_whole_and_names_what_is_not(client, tmp_path, factory):
    job = toy_job(tmp_path, num_prompts=4, samples=(1, 1))
    out = tmp_path / "run"
    run(job, out, client=client, teacher=ScriptedTeacher(lambda item: scripted(job).replies(item)))
    whole = factory("verify", out)
    assert (whole.returncode, whole.stderr) == (0, "")
    assert "2 shards" in whole.stdout
    shard = out / "dataset" / "SFT" / "math" / "v1-00000-of-00001.parquet"
    shard.write_bytes(shard.read_bytes() + b"x")
    changed = factory("verify", out)
    assert changed.returncode == 1
    assert "SFT/math/v1-00000-of-00001.parquet: sha256" in changed.stderr
    shard.unlink()
    assert "v1-00000-of-00001.parquet: missing" in factory("verify", out).stderr


def test_card_writes_the_same_card_again(done):
    path = done / "dataset" / "README.md"
    before = path.read_text()
    path.unlink()
    assert runner.invoke(app, ["card", str(done)]).exit_code == 0
    assert path.read_text() == before


def test_commands_on_a_directory_without_a_run_end_with_2_and_one_line(tmp_path, factory):
    for command in ("status", "audit", "verify", "card"):
        result = factory(command, tmp_path)
        assert result.returncode == 2
        assert result.stderr.startswith("error: ")
        assert result.stderr.count("\n") == 1
        finished = command in ("verify", "card")
        holds = "holds no finished dataset" if finished else "holds no run"
        assert holds in result.stderr


def test_a_recipe_error_is_one_line_and_status_2(tmp_path, factory):
    recipe = tmp_path / "bad.toml"
    recipe.write_text('pipeline = "math"\nsede = 1\n')
    result = factory("run", recipe, "--out", tmp_path / "out")
    assert result.returncode == 2
    assert result.stderr == f"error: {recipe}: unknown key sede; did you mean seed?\n"
    assert not (tmp_path / "out").exists()


def test_run_without_out_says_what_is_missing(tmp_path, factory):
    recipe = tmp_path / "toy.toml"
    toy_job(tmp_path)
    result = factory("run", recipe)
    assert result.returncode == 2
    assert "--out" in result.stderr


@pytest.mark.timeout(90)  # several clusters start
def test_a_whole_run_from_the_shell_ends_with_0_even_where_nothing_is_kept(tmp_path):
    toy_job(tmp_path, num_prompts=2, samples=(1, 1))
    result = shell("run", tmp_path / "toy.toml", "--out", tmp_path / "out", "--workers", 1)
    assert result.returncode == 0, result.stderr
    assert "No response was kept" in result.stdout
    assert "README.md" in result.stdout
    assert "asking the teacher" in result.stderr, "plain lines where there is no terminal"
    assert "\x1b" not in result.stdout + result.stderr


def test_a_dry_run_asks_no_teacher_and_leaves_nothing(tmp_path, factory):
    toy_job(tmp_path)
    before = sorted(path.name for path in tmp_path.iterdir())
    result = factory("run", tmp_path / "toy.toml", "--dry-run")
    assert result.returncode == 0, result.stderr
    assert "detailed thinking on" in result.stdout
    assert "no teacher was asked" in result.stdout
    assert "8 (" in result.stdout, "all right answers but repeated ones are kept"
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_limit_takes_the_first_prompts(tmp_path, factory):
    toy_job(tmp_path, samples=(1, 1))
    out = tmp_path / "out"
    result = factory("run", tmp_path / "toy.toml", "--out", out, "--limit", 3, "--workers", 1)
    assert result.returncode == 0, result.stderr
    assert "num_prompts = 3" in (out / "recipe.toml").read_text()


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_ctrl_c_leaves_a_run_that_goes_on(tmp_path):
    toy_job(tmp_path, num_prompts=60, part_size=5)
    command = [sys.executable, "-m", "factory", "run", str(tmp_path / "toy.toml")]
    command += ["--out", str(tmp_path / "out"), "--workers", "2"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    responses = tmp_path / "out" / "responses"
    while not (responses.is_dir() and len(list(responses.glob("*.parquet"))) > 2):
        assert process.poll() is None, process.communicate()
        time.sleep(0.02)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the whole group
    _, errors = process.communicate()
    assert process.returncode == 1
    assert "interrupted: run the same command again" in errors
    assert "Traceback" not in errors
    assert not (tmp_path / "out" / "manifest.json").exists()
    finished = len(list(responses.glob("*.parquet")))
    again = subprocess.run(command, capture_output=True, text=True, check=False)
    assert again.returncode == 0, again.stderr
    assert f"{finished} of 12 parts are finished already" in again.stderr


def wait_for(path: Path) -> None:
    while not path.exists():
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_a_run_on_a_scheduler_that_was_started_elsewhere_and_a_torn_ledger_is_told(tmp_path):
    toy_job(tmp_path, num_prompts=4, samples=(1, 1))
    address_file = tmp_path / "scheduler.json"
    dask = [sys.executable, "-m", "dask"]
    local = ["--host", "127.0.0.1", "--no-dashboard"]
    scheduler = subprocess.Popen(
        [*dask, "scheduler", *local, "--port", "0", "--scheduler-file", str(address_file)],
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(address_file)
        address = json.loads(address_file.read_text())["address"]
        worker = subprocess.Popen(
            [*dask, "worker", "--host", "127.0.0.1", "--no-dashboard", "--no-nanny", address],
            stderr=subprocess.DEVNULL,
        )
        try:
            time.sleep(5)
            command = [
                "run",
                tmp_path / "toy.toml",
                "--out",
                tmp_path / "a",
                "--scheduler",
                address,
            ]
            result = shell(*command)
            assert result.returncode == 0, result.stderr
            assert len(list((tmp_path / "a" / "responses").iterdir())) == 1
            (segment,) = (tmp_path / "a" / "ledger").glob("*.jsonl")
            segment.write_bytes(segment.read_bytes()[:-9])
            command[3] = tmp_path / "b"
            again = shell(*command, "--ledger", tmp_path / "a" / "ledger")
            assert again.returncode == 0, again.stderr
            assert f"{segment}: the last line is torn" in again.stderr
        finally:
            worker.terminate()
            worker.wait()
    finally:
        scheduler.terminate()
        scheduler.wait()


def test_model_text_cannot_speak_to_the_terminal_or_to_rich():
    hostile = "\x1b[31mred\x1b]0;title\x07 [bold]x[/bold] \u202eevil\r\nnext\tcell"
    assert visible(hostile) == (
        "\\x1b[31mred\\x1b]0;title\\x07 [bold]x[/bold] \\u202eevil\nnext\tcell"
    )
    console = Console(width=200, force_terminal=True, color_system="truecolor")
    with console.capture() as capture:
        console.print(plain(hostile))
    assert "\x1b" not in capture.get()
    assert "[bold]x[/bold]" in capture.get()


def test_progress_is_a_table_in_a_terminal_and_lines_elsewhere():
    terminal = Console(force_terminal=True, width=120, record=True, file=io.StringIO())
    with Progress(terminal) as progress:
        progress.stage("asking the teacher", total=4, done=1, expected=10)
        progress.add({"completions": 5, "tokens": 100, "errors": 1})
        progress.part_done({"kept_on": 2})
        terminal.print(progress.table())
    shown = terminal.export_text()
    assert "2/4" in shown
    assert "tokens/s" in shown
    assert "2/0" in shown
