"""A judge about the near rows of a corpus: what is paid, and what becomes of the rows."""

import dataclasses
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from distributed import Client

from factory import desk, ledger
from factory.budget import Caps
from factory.decontamination.courts import open_courts
from factory.decontamination.hearing import Court, share_of
from factory.decontamination.judging import Judge
from factory.errors import CapReached, ConfigError, PartError
from factory.records import Completion, Request
from factory.teachers import TeacherConfig
from factory.teachers.http import HttpConfig
from factory.teachers.scripted import ScriptedConfig, ScriptedTeacher
from tests.factory.decontamination.near_corpora import corpus, items, search_for

ITEM = "how many apples has Janet after she sells four of her seven apples"


def verdicts(rules: dict[str, str]) -> Callable[[Request], str | Completion]:
    def reply(request: Request) -> str | Completion:
        text = request.messages[0].content
        said = next((said for word, said in rules.items() if word in text), "False")
        if said.startswith("error"):
            return Completion(finish_reason="error", error="server_error: HTTP 500")
        return said

    return reply


@contextmanager
def court(
    client: Client,
    folder: Path,
    rules: dict[str, str],
    *,
    config: TeacherConfig | None = None,
    both_orders: bool = False,
    **fields: Any,
) -> Iterator[tuple[Court, ...]]:
    judge = Judge(teacher="judge", both_orders=both_orders)
    with open_courts(
        client,
        [(judge, config or ScriptedConfig(replies=("False",)))],
        ledger=folder / "ledger",
        run_id="run1",
        teacher=ScriptedTeacher(verdicts(rules)),
        **fields,
    ) as found:
        yield found


def paid(folder: Path) -> int:
    return sum(usage.completions for usage in ledger.spent(folder / "ledger", "run1").values())


ROWS = [f"Same, {ITEM}", f"Odd, {ITEM}", f"Same, {ITEM}", "cats", ITEM.upper()]
RULES = {"Same": "Yes, it is.\nTrue", "Odd": "I am not sure."}


def test_what_the_judge_calls_the_same_goes_and_so_does_what_it_does_not_judge(
    client: Client, tmp_path: Path
):
    rows = [*ROWS, f"Other, {ITEM}", f"Judgement: Yes\nTrue, {ITEM}"]
    with court(client, tmp_path, RULES) as judges:
        near, counts = search_for(
            client, corpus(tmp_path, rows), items(ITEM), tmp_path / "work", courts=judges
        )
    assert [(row["local"], row["judgement"], row["removed"]) for row in near] == [
        (0, "same", True), (1, "unjudged", True), (2, "same", True), (4, "exact", True),
        (5, "different", False), (6, "different", False),
    ]  # fmt: skip
    assert near[0]["reply"] == "Yes, it is.\nTrue"
    assert near[1]["reply"] == "I am not sure."
    said = {name: count for name, count in counts.items() if name.startswith("judged")}
    assert said == {
        "judged_same": 2, "judged_unjudged": 1, "judged_exact": 1, "judged_different": 2
    }  # fmt: skip


def test_the_same_pair_is_paid_once_in_all_parts_and_never_again(client: Client, tmp_path: Path):
    found = corpus(tmp_path, ROWS, ROWS, ROWS)
    with court(client, tmp_path, RULES) as judges:
        first = search_for(client, found, items(ITEM), tmp_path / "work", courts=judges)
    assert paid(tmp_path) == 2
    with court(client, tmp_path, RULES) as judges:
        again = search_for(client, found, items(ITEM), tmp_path / "other", courts=judges)
    assert again == first
    assert paid(tmp_path) == 2


def test_shares_hold_every_pair_once_and_equal_ones_in_one_of_them():
    pairs = [(f"row {n % 50}", f"item {n % 7}") for n in range(700)]
    shares = [list(share_of(pairs, share, 3)) for share in range(3)]
    assert sorted(pair for share in shares for pair in share) == sorted(set(pairs))
    assert all(len(share) > 50 for share in shares)


def test_a_start_after_a_kill_pays_for_what_was_not_asked(client: Client, tmp_path: Path):
    found = corpus(tmp_path, ROWS, ROWS)
    with court(client, tmp_path, RULES) as judges:
        first = search_for(client, found, items(ITEM), tmp_path / "work", courts=judges)
    (tmp_path / "work" / "near" / "part-00001.arrow").unlink()
    for heard in (tmp_path / "work" / "heard").iterdir():
        heard.unlink()
    with court(client, tmp_path, {"": "never asked"}) as judges:
        assert search_for(client, found, items(ITEM), tmp_path / "work", courts=judges) == first
    assert paid(tmp_path) == 2


def test_failed_requests_above_the_allowed_share_are_asked_again_by_the_next_start(
    client: Client, tmp_path: Path
):
    found = corpus(tmp_path, ROWS)
    with (
        court(client, tmp_path, RULES | {"Odd": "error"}) as judges,
        pytest.raises(
            PartError, match="1 of up to 2 questions to the judge judge failed.*HTTP 500"
        ),
    ):
        search_for(client, found, items(ITEM), tmp_path / "work", courts=judges)
    with court(client, tmp_path, RULES) as judges:
        near, _ = search_for(client, found, items(ITEM), tmp_path / "work", courts=judges)
    assert near[1]["judgement"] == "unjudged"
    assert near[1]["reply"] == "I am not sure."
    assert paid(tmp_path) == 2


def test_rows_of_failed_requests_within_the_allowed_share_go_as_unjudged(
    client: Client, tmp_path: Path
):
    with court(client, tmp_path, RULES | {"Odd": "error"}, max_error_share=0.5) as judges:
        near, _ = search_for(
            client, corpus(tmp_path, ROWS), items(ITEM), tmp_path / "work", courts=judges
        )
    assert (near[1]["judgement"], near[1]["removed"]) == ("unjudged", True)
    assert near[1]["reply"] == "server_error: HTTP 500"


def test_both_orders_are_asked_where_the_first_reply_is_no_yes(client: Client, tmp_path: Path):
    with court(client, tmp_path, RULES, both_orders=True) as judges:
        search_for(client, corpus(tmp_path, ROWS), items(ITEM), tmp_path / "work", courts=judges)
    assert paid(tmp_path) == 3


def test_a_cap_ends_the_asking_and_a_higher_one_goes_on(client: Client, tmp_path: Path):
    found = corpus(tmp_path, ROWS)
    with (
        court(client, tmp_path, RULES, caps=Caps(max_tokens=10)) as judges,
        pytest.raises(CapReached, match="max_tokens = 10"),
    ):
        search_for(client, found, items(ITEM), tmp_path / "work", courts=judges)
    assert paid(tmp_path) == 0
    with court(client, tmp_path, RULES, caps=Caps(max_tokens=10_000)) as judges:
        near, _ = search_for(client, found, items(ITEM), tmp_path / "work", courts=judges)
    assert len(near) == 4


def test_what_an_earlier_start_paid_counts_towards_the_cap(client: Client, tmp_path: Path):
    with court(client, tmp_path, RULES) as judges:
        search_for(client, corpus(tmp_path, ROWS), items(ITEM), tmp_path / "work", courts=judges)
    spent = list(ledger.spent(tmp_path / "ledger", "run1").values())
    tokens = sum(usage.prompt_tokens + usage.completion_tokens for usage in spent)
    found = corpus(tmp_path, [f"New, {ITEM}"])
    with (
        court(client, tmp_path, RULES, caps=Caps(max_tokens=tokens + 9)) as judges,
        pytest.raises(CapReached, match=f"{tokens:,} tokens are spent"),
    ):
        search_for(client, found, items(ITEM), tmp_path / "other", courts=judges)


def test_what_is_left_of_an_earlier_start_ends(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(desk, "_LOOK_S", -1.0)
    found = corpus(tmp_path, ROWS)
    with court(client, tmp_path, RULES) as (judge,):
        stale = dataclasses.replace(judge, is_current=bool)  # which says False
        with pytest.raises(PartError, match="another start"):
            search_for(client, found, items(ITEM), tmp_path / "work", courts=[stale])
    assert paid(tmp_path) == 0


def test_a_cap_on_cost_needs_a_price(client: Client, tmp_path: Path):
    config = HttpConfig(model="m", base_urls=("http://127.0.0.1:1/v1",), license="mit")
    with (
        pytest.raises(ConfigError, match="teacher judge has no price"),
        court(client, tmp_path, {}, config=config, caps=Caps(max_cost=1.0)),
    ):
        pass


def test_what_is_asked_shows_in_the_court_and_where_it_is_kept_does_not(
    client: Client, tmp_path: Path
):
    with court(client, tmp_path, {}) as one, court(client, tmp_path / "x", RULES) as other:
        assert repr(one) == repr(other)
        assert str(tmp_path) not in repr(one)
    with court(client, tmp_path, {}, both_orders=True) as third:
        assert repr(third) != repr(one)
