"""Decontamination of files by nearness, with and without a judge, as the command does it."""

import io
import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from factory import rewriting
from factory.corpus import TextColumns
from factory.decontamination import Ngrams, nearest, run
from factory.decontamination.asking import embedding_of, judges_of
from factory.decontamination.embedding import HttpEmbedding, LocalEmbedding, ScriptedEmbedding
from factory.decontamination.files import decontaminate_files
from factory.decontamination.findings import Findings
from factory.decontamination.report import decontamination_report
from factory.errors import ConfigError
from factory.recipe import load_recipe
from factory.rewriting import Source
from tests.factory.decontamination.judges import JUDGES

ITEM = "How many apples does Anna buy on the market in three days for her mother's cake"
NEAR = "In three days, for the cake of her mother: Anna does buy how many apples on the market"
FAR = "The speed of light is what the train of Einstein never reaches although it tries to"


@pytest.fixture
def search(tmp_path: Path, client: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Searches three rows for one item; returns the findings and the report."""
    from contextlib import nullcontext

    monkeypatch.setattr(rewriting, "connect", lambda *args, **options: nullcontext(client))
    rows = [{"id": name, "text": text} for name, text in zip("abc", (FAR, NEAR, ITEM), strict=True)]
    (tmp_path / "in.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "bench.jsonl").write_text(json.dumps({"id": "q", "question": ITEM}))
    (tmp_path / "r.toml").write_text(JUDGES)

    def found(*judges: str, **options: Any) -> tuple[Findings, dict[str, Any]]:
        asked = judges_of(load_recipe(tmp_path / "r.toml"), judges, ledger=tmp_path / "ledger")
        findings = decontaminate_files(
            Source(data=str(tmp_path / "in.jsonl")), tmp_path / "out.jsonl",
            against=[str(tmp_path / "bench.jsonl")], columns=TextColumns(), id_column="id",
            embedding=ScriptedEmbedding(dimensions=512, threshold=0.6),
            judges=asked, reports=[tmp_path / "r.json", tmp_path / "r.html"],
            **{"method": Ngrams(), **options},
        )  # fmt: skip
        return findings, json.loads((tmp_path / "r.json").read_text())

    return found


def kept(tmp_path: Path) -> list[str]:
    lines = (tmp_path / "out.jsonl").read_text().splitlines()
    return [json.loads(line)["id"] for line in lines]


def test_what_a_judge_calls_the_same_goes_with_its_reply_in_the_report(search, tmp_path):
    findings, report = search("fair")
    assert kept(tmp_path) == ["a"]
    near, exact = report["matches"]
    assert (near["id"], near["method"], near["judgement"]) == ("b", "nearest.v1", "same")
    assert near["reply"] == "They are the same.\nTrue"
    assert 0.6 <= near["similarity"] < 1
    assert (exact["id"], exact["method"], exact["overlap"]) == ("c", "ngrams.v1", 1.0)
    assert findings.judged == {"same": 1}
    assert {(each.method, each.num_removed) for each in findings.tallies} == {
        ("ngrams.v1", 1), ("nearest.v1", 1),
    }  # fmt: skip
    assert "judged same" in (tmp_path / "r.html").read_text()


def test_what_a_judge_calls_different_stays_and_is_reported(search, tmp_path):
    findings, report = search("strict")
    assert kept(tmp_path) == ["a", "b"]
    assert [(m["id"], m["removed"]) for m in report["matches"]] == [("b", False), ("c", True)]
    assert report["matches"][0]["judgement"] == "different"
    assert findings.judged == {"different": 1}
    assert (report["counts"]["removed"], report["counts"]["removed_unjudged"]) == (1, 0)


def test_what_a_judge_would_not_say_of_goes_and_is_counted_and_listed(search, tmp_path):
    findings, report = search("odd")
    assert kept(tmp_path) == ["a"]
    assert [(m["id"], m["removed"]) for m in report["matches"]] == [("b", True), ("c", True)]
    assert (report["matches"][0]["judgement"], report["matches"][0]["reply"]) == (
        "unjudged", "Who knows?",
    )  # fmt: skip
    assert (report["counts"]["removed"], report["counts"]["removed_unjudged"]) == (2, 1)
    console = Console(file=io.StringIO(), width=100)
    console.print(*decontamination_report(findings))
    assert "removed: a judge would not say" in console.file.getvalue()
    assert "removed because a judge would not say" in (tmp_path / "r.html").read_text()


def test_several_judges_are_reported_with_who_said_what_and_what_each_took(search, tmp_path):
    findings, report = search("strict", "fair")
    assert kept(tmp_path) == ["a"]
    (near, _) = report["matches"]
    assert near["judgement"] == "same"
    assert near["reply"].startswith("strict: different; fair: same\n")
    assert [each["teacher"] for each in report["settings"]["judge"]] == ["strict", "fair"]
    assert {row["teacher"]: row["completions"] for row in report["paid"]} == {
        "strict": 1, "fair": 1,
    }  # fmt: skip
    console = Console(file=io.StringIO(), width=100)
    console.print(*decontamination_report(findings))
    assert "tokens that strict took" in console.file.getvalue()
    assert "tokens that fair took" in console.file.getvalue()
    assert "strict: different; fair: same" in (tmp_path / "r.html").read_text()


def test_one_judge_stands_in_the_settings_without_a_list(search):
    _, report = search("fair")
    assert report["settings"]["judge"]["teacher"] == "fair"


def test_no_task_carries_the_items(search, tmp_path, monkeypatch):
    items = [{"id": "q", "question": ITEM}, {"id": "long", "question": "x " * 50_000}]
    (tmp_path / "bench.jsonl").write_text("".join(json.dumps(item) + "\n" for item in items))
    sizes: dict[str, int] = {}
    for module in (rewriting, run, nearest):
        on_parts = module.on_parts

        def weighing(client: Any, task: Any, *args: Any, on_parts=on_parts, **options: Any) -> Any:
            sizes[options["stage"]] = len(pickle.dumps(task))
            return on_parts(client, task, *args, **options)

        monkeypatch.setattr(module, "on_parts", weighing)
    search("strict")
    assert {"writing the kept rows", "asking the judge strict"} <= set(sizes)
    assert max(sizes.values()) < 20_000, sizes


def test_replies_stay_in_the_ledger(search, tmp_path):
    search("fair")
    assert list((tmp_path / "ledger").glob("*.jsonl"))


def test_without_ngrams_the_embedding_finds_the_same_text_as_well(search, tmp_path):
    _, report = search("strict", method=None)
    assert kept(tmp_path) == ["a", "b"]
    assert [m["judgement"] for m in report["matches"]] == ["different", "exact"]


@pytest.mark.parametrize(
    ("name", "kind", "model"),
    [
        ("http://h:8000/v1#bge", HttpEmbedding, "bge"),
        ("/models/mini", LocalEmbedding, "/models/mini"),
        ("org/name@abc123", LocalEmbedding, "org/name"),
    ],
)
def test_a_model_is_named_in_one_word(name, kind, model, tmp_path):
    found = embedding_of(name.replace("/models", str(tmp_path)), 0.75)
    assert isinstance(found, kind)
    assert found.model == model.replace("/models", str(tmp_path))
    assert found.threshold == 0.75


@pytest.mark.parametrize(
    ("name", "similarity", "words"),
    [
        ("http://h/v1", None, "say which model it serves, http://h/v1#NAME"),
        ("bundled", 1.5, r"--embed bundled: .*threshold must be in \[-1, 1\], got 1.5"),
        ("org/name", None, "such as org/name@main"),
        ("", None, "such as org/name@main"),
    ],
)
def test_a_model_that_cannot_be_is_told(name, similarity, words):
    with pytest.raises(ConfigError, match=words):
        embedding_of(name, similarity)


def test_a_cap_of_the_command_goes_before_that_of_the_recipe(tmp_path):
    path = tmp_path / "r.toml"
    path.write_text(JUDGES + "[limits]\nmax_cost = 5.0\nmax_tokens = 7\n")
    caps = [judges_of(load_recipe(path), ["fair"], max_cost=cost).caps for cost in (None, 1.0, 0.0)]
    assert [each.max_cost for each in caps] == [5.0, 1.0, 0.0]
    assert caps[0].max_tokens == 7
