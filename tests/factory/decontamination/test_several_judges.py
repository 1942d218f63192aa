"""Two judges about near rows: who is asked after whom, what comes of it, and who is paid."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from distributed import Client

from factory import ledger
from factory.budget import Caps
from factory.decontamination import nearest
from factory.decontamination.courts import open_courts
from factory.decontamination.hearing import Court
from factory.decontamination.judging import Judge
from factory.errors import CapReached, PartError
from factory.records import Completion, Request
from factory.teachers.scripted import ScriptedConfig, ScriptedTeacher
from factory.teachers.terms import Price
from tests.factory.decontamination.near_corpora import corpus, items, search_for

ITEM = "how many apples has Janet after she sells four of her seven apples"
NAMES = ("llama", "qwen")
SAID = {
    # row: what llama and qwen say of it, and what comes of that
    "One": ("True", "False", "same"),
    "Two": ("False", "True", "same"),
    "Three": ("qwen: same\nFalse", "False", "different"),
    "Four": ("Well...", "False", "unjudged"),
    "Five": ("False", "Well...", "unjudged"),
    "Six": ("Well...", "True", "same"),
}
ROWS = [f"{row}, {ITEM}" for row in SAID]


def config(name: str) -> ScriptedConfig:
    return ScriptedConfig(replies=(name,), price=Price(completion=1e6 if name == "llama" else 1e7))


@contextmanager
def courts(
    client: Client, folder: Path, said: Mapping[str, tuple[str, ...]] = SAID, **fields: Any
) -> Iterator[tuple[Court, ...]]:
    places = {config(name).identity()[1]: place for place, name in enumerate(NAMES)}

    def reply(request: Request) -> str | Completion:
        text = request.messages[0].content
        words = next(said[row] for row in said if f"{row}," in text)[places[request.revision]]
        if words == "error":
            return Completion(finish_reason="error", error="server_error: HTTP 500")
        return words

    with open_courts(
        client,
        [(Judge(teacher=name), config(name)) for name in NAMES],
        ledger=folder / "ledger",
        run_id="run1",
        teacher=ScriptedTeacher(reply),
        **fields,
    ) as found:
        yield found


def paid(folder: Path) -> dict[str, int]:
    spent = ledger.spent(folder / "ledger", "run1")
    return {account.split("/")[0]: usage.completions for account, usage in spent.items()}


def test_a_yes_of_any_judge_counts_then_that_one_would_not_say(client: Client, tmp_path: Path):
    with courts(client, tmp_path) as judges:
        near, counts = search_for(
            client, corpus(tmp_path, ROWS), items(ITEM), tmp_path / "work", courts=judges
        )
    assert [row["judgement"] for row in near] == [outcome for _, _, outcome in SAID.values()]
    assert [row["removed"] for row in near] == [True, True, False, True, True, True]
    said = {name: count for name, count in counts.items() if name.startswith("judged")}
    assert said == {"judged_same": 3, "judged_different": 1, "judged_unjudged": 2}


def test_a_later_judge_is_paid_only_for_what_no_earlier_one_called_the_same(
    client: Client, tmp_path: Path
):
    found = corpus(tmp_path, ROWS, ROWS)
    with courts(client, tmp_path) as judges:
        search_for(client, found, items(ITEM), tmp_path / "work", courts=judges)
    assert paid(tmp_path) == {"llama": 6, "qwen": 5}


def test_who_said_what_stands_before_the_words_of_the_judges(client: Client, tmp_path: Path):
    with courts(client, tmp_path) as judges:
        near, _ = search_for(
            client, corpus(tmp_path, ROWS), items(ITEM), tmp_path / "work", courts=judges
        )
    replies = [row["reply"].split("\n\n---\n\n") for row in near]
    assert replies[0] == ["llama: same", "llama: True"]
    assert replies[1] == ["llama: different; qwen: same", "llama: False", "qwen: True"]
    assert replies[2][0] == "llama: different; qwen: different"
    assert replies[3][0] == "llama: unjudged; qwen: different"


def test_a_start_that_ended_between_the_judges_pays_the_first_no_second_time(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    class Stopped(Exception):
        """In place of a kill."""

    def ending(client: Client, task: Any, numbers: Any, *, stage: str, **options: Any) -> None:
        if stage == "asking the judge qwen":
            raise Stopped
        on_parts(client, task, numbers, stage=stage, **options)

    on_parts = nearest.on_parts
    found = corpus(tmp_path, ROWS)
    with courts(client, tmp_path) as judges:
        with monkeypatch.context() as patch:
            patch.setattr(nearest, "on_parts", ending)
            with pytest.raises(Stopped):
                search_for(client, found, items(ITEM), tmp_path / "work", courts=judges)
        assert paid(tmp_path) == {"llama": 6}
        gone_on = search_for(client, found, items(ITEM), tmp_path / "work", courts=judges)
        assert paid(tmp_path) == {"llama": 6, "qwen": 5}
        assert gone_on == search_for(client, found, items(ITEM), tmp_path / "x", courts=judges)


def test_too_many_failed_questions_name_the_judge_and_the_first_is_not_asked_again(
    client: Client, tmp_path: Path
):
    found = corpus(tmp_path, ROWS)
    failing = {row: (first, "error", outcome) for row, (first, _, outcome) in SAID.items()}
    words = "5 of up to 5 questions to the judge qwen failed"
    with courts(client, tmp_path, failing) as judges, pytest.raises(PartError, match=words):
        search_for(client, found, items(ITEM), tmp_path / "work", courts=judges)
    silent = {row: ("error", *others) for row, (_, *others) in SAID.items()}
    with courts(client, tmp_path, silent) as judges:
        near, _ = search_for(client, found, items(ITEM), tmp_path / "work", courts=judges)
    assert [row["judgement"] for row in near] == [outcome for _, _, outcome in SAID.values()]
    assert paid(tmp_path) == {"llama": 6, "qwen": 5}


def test_what_the_first_judge_failed_to_say_the_next_one_may_call_the_same(
    client: Client, tmp_path: Path
):
    failing = {**SAID, "Two": ("error", "True", ""), "Three": ("error", "False", "")}
    with courts(client, tmp_path, failing, max_error_share=0.5) as judges:
        near, _ = search_for(
            client, corpus(tmp_path, ROWS), items(ITEM), tmp_path / "work", courts=judges
        )
    assert [row["judgement"] for row in near[1:3]] == ["same", "unjudged"]
    assert near[2]["reply"].startswith("llama: unjudged; qwen: different")
    assert "server_error" in near[2]["reply"]


def test_a_cap_holds_over_all_judges_at_the_prices_of_each(client: Client, tmp_path: Path):
    found = corpus(tmp_path, ROWS)
    with courts(client, tmp_path) as judges:
        search_for(client, found, items(ITEM), tmp_path / "work", courts=judges)
    spent = ledger.spent(tmp_path / "ledger", "run1")
    words = {name: spent[f"{name}/decontamination/off"].completion_tokens for name in NAMES}
    cost = words["llama"] * 1 + words["qwen"] * 10
    new = corpus(tmp_path, [f"Two {ITEM}, Two, {ITEM}"])
    with (
        courts(client, tmp_path, caps=Caps(max_cost=cost + 0.5)) as judges,
        pytest.raises(CapReached, match=f"{cost} US dollars are spent"),
    ):
        search_for(client, new, items(ITEM), tmp_path / "other", courts=judges)
