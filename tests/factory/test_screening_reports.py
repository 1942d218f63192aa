"""What is shown of prompts that were dropped before anything was asked."""

import json
import re

import pytest

from factory.audit import audit
from factory.card import render_card
from factory.engine import run
from factory.estimate import estimate
from factory.explain import explain
from factory.funnel import count_prompts, funnel_table
from factory.preview import preview
from factory.rehearsal import rehearse
from factory.rundir import open_run
from tests.factory.test_rejudge import text
from tests.screened_runs import LEAK, NEAR, PROBLEMS, screened_job, teacher

pytestmark = pytest.mark.timeout(120)  # the first run may have to compile kernels
JUDGE = 'embed = "scripted"\nsimilarity = 0.55\njudge = "teacher"'


@pytest.fixture(scope="module")
def finished(client, tmp_path_factory):
    folder = tmp_path_factory.mktemp("reports")
    job = screened_job(folder, table=JUDGE)
    manifest = run(job, folder / "run", client=client, teacher=teacher("It differs.\nFalse"))
    return job, open_run(folder / "run"), manifest


def id_of(job, index: int) -> str:
    return next(job.pipeline.source.prompts(index, index + 1)).id


def test_explain_names_the_item_the_span_and_the_method(finished):
    job, directory, _ = finished
    shown = text(explain(job, directory, id_of(job, 12)))
    assert "contaminated: matches hens hens/1 (ngrams.v1, 1): not asked" in shown
    assert f"the part of it that matches: {LEAK.rstrip('.')}" in shown
    assert "It was never asked." in shown


def test_explain_shows_what_a_judge_said_of_a_prompt_that_stays(finished):
    job, directory, _ = finished
    shown = text(explain(job, directory, id_of(job, PROBLEMS.index(NEAR))))
    assert re.search(
        r"is near hens hens/\d \(nearest.v1, 0\.\d+\), which does not make it go", shown
    )
    assert "judged different: It differs." in shown
    assert "It was never asked." not in shown


def test_explain_shows_the_twin_and_those_that_repeat_it(finished):
    job, directory, _ = finished
    shown = text(explain(job, directory, id_of(job, 38)))
    assert f"repeats {id_of(job, 4)}: not asked (minhash.v2 near_duplicate, similarity 0.9" in shown
    assert "in a cluster of 3 from position 4 on" in shown
    twin = text(explain(job, directory, id_of(job, 4)))
    assert f"repeated by {id_of(job, 11)} at position 11" in twin
    assert f"repeated by {id_of(job, 38)} at position 38" in twin


def test_explain_says_when_it_is_not_known_yet(finished):
    job, directory, _ = finished
    said = directory.screened.read_bytes()
    directory.screened.unlink()
    try:
        shown = text(explain(job, directory, id_of(job, 12)))
        assert "whether it repeats another prompt or a benchmark is not known yet" in shown
        assert count_prompts(directory)["dropped"] == {}
    finally:
        directory.screened.write_bytes(said)


def test_the_funnel_counts_every_reason(finished):
    _, directory, _ = finished
    counts = count_prompts(directory)
    assert counts["dropped"]["contaminated"] == 2
    assert "contaminated" in text([funnel_table(counts, [])])


def test_the_audit_shows_some_dropped_prompts_with_the_evidence(finished):
    job, directory, _ = finished
    shown = text(audit(directory, job=job, overlap=False))
    assert "Prompts dropped before anything was asked" in shown
    page = (directory.root / "audit" / "data" / "summary.js").read_text()
    summary = json.loads(page.removeprefix("Audit.summary=").removesuffix(";\n"))
    examples = summary["prompts"]["examples"]
    reasons = ["contaminated"] * 2 + ["exact_duplicate"] * 2 + ["near_duplicate"] * 2
    assert [each["reason"] for each in examples] == reasons
    assert all("hens hens/1" in each["why"] for each in examples[:2])
    assert all("repeats math-" in each["why"] for each in examples[2:])


def test_the_card_says_what_was_checked_and_what_was_not(finished):
    _, directory, manifest = finished
    card = (directory.dataset / "README.md").read_text()
    sha256 = manifest["screening"][-1]["sets"][0]["sha256"]
    assert f"| hens | 3 | `{sha256[:16]}` | 2 by ngrams.v1 | 1 |" in card
    assert "against no others" in card
    assert "from a cosine of 0.55 on" in card
    assert "different" in card
    assert "any other benchmark" in card
    assert "| | contaminated | -2 | -2 |" in card
    assert str(directory.root.parent) not in card
    assert "same problem" in card


def test_the_card_of_a_check_without_embeddings_says_that_other_words_were_not_looked_for(finished):
    _, _, manifest = finished
    step = {**manifest["screening"][-1], "embedding": None, "judge": None}
    card = render_card({**manifest, "screening": [*manifest["screening"][:-1], step]})
    assert "items said in other words" in card


def test_the_card_of_a_pipeline_without_a_check_says_so(finished):
    _, _, manifest = finished
    card = render_card({**manifest, "screening": manifest["screening"][:-1]})
    assert "not checked against any benchmark" in card
    assert "Its pipeline has no step for it." in card


def test_names_of_sets_and_items_are_escaped_in_the_card(finished):
    _, _, manifest = finished
    step = manifest["screening"][-1]
    evil = {**step["sets"][0], "name": "a|b\n<script>"}
    card = render_card({**manifest, "screening": [{**step, "sets": [evil]}]})
    assert "<script>" not in card
    assert "a\\|b \\<script\\>" in card


def test_what_the_judge_took_stands_in_the_manifest_and_the_estimate(client, finished, tmp_path):
    job, _, manifest = finished
    account = {"teacher": "teacher", "domain": "decontamination", "mode": "off"}
    (row,) = [each for each in manifest["usage"] if each["domain"] == "decontamination"]
    assert row.items() >= account.items()
    assert row["completions"] > 0
    again = run(job, tmp_path / "run", client=client, teacher=teacher(), ledger=finished[1].ledger)
    assert again["usage"] == manifest["usage"], "what was recalled counts as well"
    found = estimate(job, job, tmp_path / "ledger", teacher=teacher("False"))
    judged = found.accounts["teacher/decontamination/off"]["completions"].expected
    assert judged == pytest.approx(row["completions"])


def test_a_preview_shows_why_a_prompt_is_not_asked(tmp_path):
    job = screened_job(tmp_path, table=JUDGE)
    shown = text(preview(job, tmp_path / "ledger", teacher=teacher("False")))
    assert "contaminated: matches hens hens/1" in shown
    assert "exact_duplicate" in shown


def test_a_rehearsal_asks_no_judge_and_drops_nothing_for_being_near(tmp_path):
    job = screened_job(tmp_path, table=JUDGE, problems=[NEAR, PROBLEMS[0], LEAK])
    shown = text(rehearse(job))
    assert "prompts asked" in shown
    assert re.search(r"contaminated\s+│\s+-1 ", shown)
