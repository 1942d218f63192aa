"""Reports as JSON: readable whole and line by line, and never half there."""

import json
from pathlib import Path

import pytest

from factory.errors import ConfigError, RunError
from factory.reportfile import check_new_file, check_suffix, json_report


def test_a_report_is_one_json_object_with_an_object_a_line(tmp_path):
    path = tmp_path / "new" / "report.json"
    with json_report(path) as report:
        report.field("counts", {"rows": 2})
        assert report.rows("removed", ({"id": each} for each in "ab")) == 2
        assert report.rows("skipped", []) == 0
    assert json.loads(path.read_text()) == {
        "counts": {"rows": 2}, "removed": [{"id": "a"}, {"id": "b"}], "skipped": [],
    }  # fmt: skip
    lines = path.read_text().splitlines()
    assert [json.loads(line.rstrip(",")) for line in lines if '"id"' in line] == [
        {"id": "a"}, {"id": "b"},
    ]  # fmt: skip


def test_hostile_texts_do_not_break_a_report(tmp_path):
    texts = ["\ud800", "\x00\x1b[31m", '"},{"', "\u2028</script>", "line\nbreak"]
    with json_report(tmp_path / "r.json") as report:
        report.rows("removed", ({"id": text} for text in texts))
    read = json.loads((tmp_path / "r.json").read_text("utf-8"))
    assert [each["id"] for each in read["removed"]] == ["?", *texts[1:]]
    assert len((tmp_path / "r.json").read_bytes().split(b"\n")) == len(texts) + 5


def test_nothing_is_left_of_a_report_that_failed(tmp_path):
    def rows():
        yield {"id": 1}
        raise OSError(28, "No space left on device")

    with (
        pytest.raises(RunError, match=r"r\.json: cannot be written: No space left"),
        json_report(tmp_path / "r.json") as report,
    ):
        report.rows("removed", rows())
    assert list(tmp_path.iterdir()) == []


def test_a_report_is_refused_before_the_work(tmp_path):
    there = tmp_path / "there.json"
    there.write_text("mine")
    (tmp_path / "dangling.json").symlink_to("nowhere")
    for path, words in (
        (there, "is there already"),
        (tmp_path / "dangling.json", "is there already"),
        (there / "below.json", "is no directory"),
        (there / "a" / "b.json", "is no directory"),
    ):
        with pytest.raises(ConfigError, match=f"--report .*{words}"):
            check_new_file(path, "--report")
    check_new_file(there, "--report", taken=True)
    check_new_file(tmp_path / "new" / "deep" / "r.json", "--report")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["dangling.json", "there.json"]


def test_a_directory_that_may_not_be_written_is_told_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: False)  # tests may run as root
    with pytest.raises(ConfigError, match="may not be written"):
        check_new_file(tmp_path / "r.json", "--report")


@pytest.mark.parametrize(("name", "got"), [("r.txt", "'.txt'"), ("report", "none")])
def test_another_suffix_is_refused(name, got):
    with pytest.raises(ConfigError, match=rf"--report {name}: .* \.json or \.html, got {got}"):
        check_suffix(Path(name), "--report", ".json", ".html")
