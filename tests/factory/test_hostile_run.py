"""A run whose teacher writes everything that might break one."""

import polars as pl
import pytest

from factory.audit import audit
from factory.engine import run
from factory.records import Request
from factory.rundir import open_run
from factory.teachers.scripted import ScriptedTeacher
from tests.hostile_texts import BIG, HOSTILE
from tests.toys import toy_job

KINDS = [name for name in HOSTILE if name not in BIG]
KEEP = ["code_syntax", "language", "one_box", "personal_data"]


@pytest.mark.timeout(90)  # some answers use up the checking process, which then starts anew
def test_hostile_answers_break_no_part_and_none_is_kept(client, tmp_path):
    job = toy_job(
        tmp_path,
        num_prompts=1,
        part_size=1,
        samples=(len(KINDS), len(KINDS)),
        more="[filters.final_answer]\ntimeout_s = 0.5",
        top=f"keep = {KEEP}",
    )

    def reply(request: Request) -> str:
        from tests.hostile_texts import BIG, HOSTILE  # not pickled with the teacher

        return [HOSTILE[name] for name in HOSTILE if name not in BIG][request.sample]

    manifest = run(job, tmp_path / "run", client=client, teacher=ScriptedTeacher(reply))
    assert manifest["funnel"]["entered"] == {mode: len(KINDS) for mode in ("on", "off")}
    assert manifest["funnel"]["kept"] == {"on": 0, "off": 0}
    rows = pl.read_parquet(tmp_path / "run" / "responses" / "*.parquet")
    assert rows["dropped_by"].str.len_chars().min() > 0
    assert rows["reason"].str.len_chars().min() > 0
    assert list(audit(open_run(tmp_path / "run"), job=job, overlap=False))
