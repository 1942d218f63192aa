import re

from rich.console import Console

from factory.ledger import LedgerWriter, Usage, spent, stats, stats_table
from factory.records import Completion
from tests.factory.ledgers import key, write


def test_what_a_run_paid_for_is_told_by_account_and_of_that_run_only(tmp_path):
    write(tmp_path, 3, run="r", account="a")
    write(tmp_path, range(3, 5), run="r", account="b")
    write(tmp_path, range(5, 9), run="r-2", account="a")
    write(tmp_path, range(5, 9), account="a")
    assert spent(tmp_path, "r") == {"a": Usage(3, 6, 9), "b": Usage(2, 4, 6)}
    assert spent(tmp_path, "r-2") == {"a": Usage(4, 8, 12)}
    assert spent(tmp_path, "other") == spent(tmp_path / "none", "r") == {}


def test_what_a_run_is_paying_for_now_counts_too(tmp_path):
    writer = LedgerWriter(tmp_path, "r")
    for number in range(3):
        writer.append(key(number), Completion(prompt_tokens=5), "a")
        assert spent(tmp_path, "r") == {"a": Usage(number + 1, 5 * number + 5, 0)}
    writer.close()
    assert spent(tmp_path, "r") == {"a": Usage(3, 15, 0)}
    for path in tmp_path.glob("*.idx"):
        path.unlink()
    assert spent(tmp_path, "r") == {"a": Usage(3, 15, 0)}


def test_stats_count_what_lies_there(tmp_path):
    first = write(tmp_path, 4, account="a")
    write(tmp_path, range(3, 6), run="r", account="b")
    live = LedgerWriter(tmp_path)
    live.append(key(9), Completion(engine="other"), "b")
    first.path.write_bytes(first.path.read_bytes()[:-9])
    found = stats(tmp_path)
    live.close()
    assert (found.segments, found.live_writers, found.damaged) == (3, 1, 1)
    assert (found.keys, found.duplicates) == (7, 0), "of the duplicate the first line is torn"
    assert found.bytes == sum(path.stat().st_size for path in tmp_path.glob("*.jsonl"))
    assert found.accounts == {"a": Usage(3, 6, 9), "b": Usage(4, 6, 9)}
    assert found.engines == {"other": Usage(1, 0, 0), "toy": Usage(6, 12, 18)}
    console = Console(width=100, record=True)
    console.print(stats_table(found))
    text = console.export_text()
    assert re.search(r"keys\s+7\b", text)
    assert re.search(r"toy\s+6\s+12\s+18", text)


def test_a_hostile_engine_name_does_nothing_to_the_terminal(tmp_path):
    writer = LedgerWriter(tmp_path)
    writer.append(key(1), Completion(engine="[red]x\x1b[2J\ud800"))
    writer.close()
    console = Console(width=100, record=True)
    console.print(stats_table(stats(tmp_path)))
    text = console.export_text()
    assert "[red]x" in text
    assert "\x1b" not in text
