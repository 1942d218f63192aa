import random

import pytest

from factory.quota import Accept, AcceptByMode, Standing, counted, further


def standing(index, asked, *accepted, domain="math", mode="on"):
    return Standing(index=index, domain=domain, mode=mode, asked=asked, accepted=accepted)


def on(**fields):
    return AcceptByMode(on=Accept(**fields))


def test_without_a_wish_nothing_more_is_asked_and_nothing_is_left_out():
    assert further(AcceptByMode(), [standing(0, 4)]) == {}
    assert counted(AcceptByMode(), [standing(0, 4, 1, 2)]) == {}


def test_a_prompt_that_lacks_rows_gets_as_many_samples_as_its_pass_rate_asks_for():
    accept = on(rows=3, max_samples=64)
    assert further(accept, [standing(0, 8, 1, 5)]) == {(0, "on"): 12}, "1 missing at 1 of 4"
    assert further(accept, [standing(0, 8)]) == {(0, "on"): 16}, "nothing passed: twice as many"
    assert further(accept, [standing(0, 8, 7)]) == {(0, "on"): 16}, "twice as many at most"
    assert further(accept, [standing(0, 8, 1, 2, 3)]) == {}


def test_a_prompt_stops_at_its_limit_of_samples():
    accept = on(rows=2, max_samples=10)
    assert further(accept, [standing(0, 8)]) == {(0, "on"): 10}
    assert further(accept, [standing(0, 10)]) == {}


def test_rows_in_all_are_shared_out_to_the_prompts_with_the_fewest_samples_first():
    accept = on(rows=10, per="all", max_samples=64)
    stand = [standing(0, 4, 0, 1), standing(1, 2, 0), standing(2, 2)]
    plan = further(accept, stand)
    extra = {index: total - stand[index].asked for (index, _), total in plan.items()}
    assert sum(extra.values()) == 8, "7 missing at 3 of 8 is 19, but a round at most doubles"
    assert {index: stand[index].asked + more for index, more in extra.items()} == {0: 6, 1: 5, 2: 5}


def test_a_prompt_that_gave_enough_gets_no_more():
    accept = on(rows=10, per="all", max_samples=64, max_per_prompt=2)
    plan = further(accept, [standing(0, 4, 0, 1, 2), standing(1, 4, 3)])
    assert set(plan) == {(1, "on")}


def test_each_domain_has_its_own_number():
    accept = on(rows=2, per="domain", max_samples=8)
    stand = [standing(0, 4, 0, 1), standing(1, 4, 2, domain="code")]
    assert set(further(accept, stand)) == {(1, "on")}
    assert counted(accept, stand) == {(0, "on"): 2, (1, "on"): 1}


def test_what_counts_are_the_lowest_samples_then_the_first_prompts():
    accept = on(rows=3, per="all", max_samples=8)
    stand = [standing(0, 8, 2, 5), standing(1, 8, 0, 7), standing(2, 8, 2, 3)]
    assert counted(accept, stand) == {(0, "on"): 1, (1, "on"): 1, (2, "on"): 1}
    more = on(rows=4, per="all", max_samples=8)
    assert counted(more, stand)[2, "on"] == 2, "sample 3 comes before samples 5 and 7"


def test_the_result_does_not_depend_on_the_order_in_which_prompts_are_told():
    accept = on(rows=20, per="all", max_samples=16)
    rng = random.Random(3)
    stand = [
        standing(i, 8, *sorted(rng.sample(range(8), rng.randrange(4))), domain="math")
        for i in range(30)
    ]
    shuffled = rng.sample(stand, len(stand))
    assert further(accept, stand) == further(accept, shuffled)
    assert counted(accept, stand) == counted(accept, shuffled)
    assert sum(counted(accept, stand).values()) == 20


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"rows": -1}, "rows must be >= 0"),
        ({"max_samples": 0}, "max_samples must be >= 1"),
        ({"rows": 9, "max_samples": 8}, "rows must be <= 8, the most one prompt can give, got 9"),
        ({"max_per_prompt": 2}, "max_per_prompt needs rows, got rows = 0"),
        ({"rows": 3, "max_per_prompt": 2}, "rows must be <= 2"),
    ],
)
def test_a_wish_that_cannot_be_met_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        Accept(**fields)
