"""Rows of a stage: their pace and the time that is left."""

import io
import re

from rich.console import Console

from factory.progress import Progress


def test_rows_are_counted_stage_by_stage_with_the_time_that_is_left():
    progress = Progress(Console(file=io.StringIO()))
    progress.stage("reading", total=10, done=4)
    progress.part_done({"rows": 2_000})
    progress.part_done({"rows": 1_000})
    assert re.search(r"parts 6/10, rows 3,000, rows/s [\d,]+, time left \d+ s", progress.line())
    progress.stage("writing", total=2)
    assert progress.line() == "writing: parts 0/2"
    progress.part_done({"rows": 10})
    assert "rows 10, " in progress.line()
