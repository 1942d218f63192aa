import random
from functools import partial

import pytest

from factory.budget import Budget, Caps, Purse, worst_case
from factory.records import Completion, Message, Sampling
from factory.teachers.terms import Price, Terms
from tests.toys import request

PRICED = Terms(price=Price(prompt=1.0, completion=10.0))


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def budget(caps, terms=PRICED, **options):
    return Budget(caps, {"t": terms}, **options)


def exchange(kept, wanted=(), settled=(), holder="w1", attempts=1):
    ended = [(*each, attempts) for each in settled]
    return kept.exchange(holder=holder, teacher="t", settled=ended, wanted=wanted)


def test_the_worst_case_counts_every_byte_and_every_new_token():
    item = request("é" * 10, prefix="abc", sampling=Sampling(max_tokens=50))
    assert worst_case(item) == (20 + 3 + 2 * 16, 50)
    assert worst_case(request("a", task="score"))[1] == 0


def test_the_worst_case_is_never_below_what_a_byte_level_tokenizer_takes():
    item = request(messages=tuple(Message(role="user", content=c) for c in ("𓀀" * 5, "\n\t x")))
    assert worst_case(item)[0] >= sum(len(m.content.encode()) for m in item.messages)


def test_requests_go_out_until_their_worst_case_would_pass_the_cap():
    kept = budget(Caps(max_tokens=100))
    reply = exchange(kept, [(10, 20)] * 5)
    assert (reply["cleared"], reply["stopped"]) == (3, "")
    assert reply["wait_s"] > 0, "what is in flight may take less than feared"
    reply = exchange(kept, [(10, 20)] * 2, settled=[(10, 20, 5, 5)] * 3)
    assert reply["cleared"] == 2, "30 spent, 60 reserved"


def test_a_cap_stops_the_run_only_when_nothing_is_in_flight_anywhere():
    kept = budget(Caps(max_tokens=100))
    assert exchange(kept, [(50, 30)], holder="other")["cleared"] == 1
    assert exchange(kept, [(10, 20)])["stopped"] == ""
    assert exchange(kept, settled=[(50, 30, 50, 30)], holder="other")["cleared"] == 0
    assert "max_tokens = 100: 80 tokens are spent" in exchange(kept, [(10, 20)])["stopped"]
    assert exchange(kept, [(1, 1)])["cleared"] == 0, "stopped is stopped"


def test_costs_are_prompt_and_completion_tokens_at_their_prices():
    kept = budget(Caps(max_cost=0.0021))
    reply = exchange(kept, [(100, 100)] * 3)  # 0.0011 US dollars each
    assert reply["cleared"] == 1
    reply = exchange(kept, [(100, 100)], settled=[(100, 100, 100, 90)])
    assert reply["cleared"] == 1, "0.001 spent and 0.0011 reserved are the cap"
    reply = exchange(kept, [(100, 100)], settled=[(100, 100, 100, 100)])
    assert "max_cost = 0.0021: 0.0021 US dollars are spent" in reply["stopped"]


def test_what_earlier_starts_spent_counts_and_a_higher_cap_goes_on():
    spent = {"spent_tokens": 95, "spent_cost": 0.5}
    assert exchange(budget(Caps(max_tokens=100), **spent), [(10, 20)])["stopped"]
    assert exchange(budget(Caps(max_tokens=200), **spent), [(10, 20)])["cleared"] == 1
    assert exchange(budget(Caps(max_cost=0.5), **spent), [(10, 20)])["stopped"]


def test_a_worker_that_is_gone_has_spent_what_it_had_in_flight():
    kept = budget(Caps(max_tokens=100))
    exchange(kept, [(40, 40)], holder="gone")
    kept.drop("gone")
    kept.drop("gone")
    assert kept.spent_tokens == 80
    assert "80 tokens are spent" in exchange(kept, [(10, 20)])["stopped"]


def test_what_a_worker_settles_after_it_was_given_up_changes_nothing():
    kept = budget(Caps(max_tokens=100))
    exchange(kept, [(40, 40)], holder="gone")
    kept.drop("gone")
    reply = exchange(kept, [(1, 1)], settled=[(40, 40, 10, 10)], holder="gone")
    assert (reply["cleared"], kept.spent_tokens) == (0, 80)
    assert "given up" in reply["stopped"]
    assert exchange(kept, [(10, 20)])["stopped"], "and nothing waits for ever"


def test_a_purse_that_closes_gives_up_what_did_not_come_back():
    kept = budget(Caps(max_tokens=1_000))
    purse = Purse("w1", "t", partial(Budget.exchange, kept))
    items = [request(text, sampling=Sampling(max_tokens=10)) for text in ("a", "b")]
    assert purse.clear(items) == 2
    purse.settle(items[0], Completion(text="x", prompt_tokens=1, completion_tokens=1))
    purse.close()
    assert kept.spent_tokens == 2 + sum(worst_case(items[1]))
    assert exchange(kept, [(900, 90)])["stopped"], "nothing is reserved any more"


def test_an_answer_that_does_not_say_what_it_took_counts_with_its_worst_case():
    kept = budget(Caps(max_tokens=1_000))
    purse = Purse("w1", "t", partial(Budget.exchange, kept))
    item = request("a", sampling=Sampling(max_tokens=10))
    purse.clear([item])
    purse.settle(item, Completion(text="long"))
    purse.close()
    assert kept.spent_tokens == sum(worst_case(item))


@pytest.mark.parametrize(("slug", "counts"), [("timeout", True), ("refused", False)])
def test_an_attempt_that_was_too_late_may_have_been_paid_for(slug, counts):
    kept = budget(Caps(max_tokens=1_000))
    purse = Purse("w1", "t", partial(Budget.exchange, kept))
    item = request("a", sampling=Sampling(max_tokens=10))
    purse.clear([item])
    purse.settle(item, Completion(error=f"{slug}: x"))
    purse.close()
    assert kept.spent_tokens == (sum(worst_case(item)) if counts else 0)


def test_a_worker_that_comes_back_at_the_same_address_may_ask_again():
    kept = budget(Caps(max_tokens=100))
    kept.drop("w1")
    assert exchange(kept, [(1, 1)])["stopped"]
    kept.admit("w1")
    assert exchange(kept, [(1, 1)])["cleared"] == 1


def test_requests_that_were_sent_again_slow_down_what_follows():
    clock = Clock()
    kept = budget(Caps(), Terms(requests_per_minute=60), clock=clock)
    assert exchange(kept, [(1, 1)])["cleared"] == 1
    reply = exchange(kept, [(1, 1)], settled=[(1, 1, 1, 1)], attempts=5)
    assert reply["wait_s"] == pytest.approx(5.0)


def test_a_token_rate_is_used_to_the_full_though_the_worst_case_is_never_needed():
    clock = Clock()
    kept = budget(Caps(), Terms(tokens_per_minute=100_000), clock=clock)
    flying, took = [], 0
    for _ in range(6_000):
        ended = [one for one in flying if one <= clock.now]
        flying = [one for one in flying if one > clock.now]
        took += 2_000 * len(ended)
        reply = exchange(
            kept, [(1_000, 32_768)] * 8, settled=[(1_000, 32_768, 500, 1_500)] * len(ended)
        )
        flying += [clock.now + 30] * reply["cleared"]
        clock.now += 0.1
    assert took > 0.8 * 100_000 * 10
    assert took < 1.1 * 100_000 * 10


def test_whatever_comes_back_the_caps_hold():
    """Random workers, sizes and orders: what is spent never passes the caps."""
    for seed in range(20):
        rng = random.Random(seed)
        kept = budget(Caps(max_tokens=5_000, max_cost=0.02))
        flying = {"a": [], "b": []}
        for _ in range(2_000):
            holder = rng.choice("ab")
            done = [flying[holder].pop() for _ in range(rng.randrange(len(flying[holder]) + 1))]
            settled = [(r, w, rng.randint(0, r), rng.randint(0, w)) for r, w in done]
            wanted = [(rng.randint(1, 90), rng.randint(1, 90)) for _ in range(rng.randrange(5))]
            reply = exchange(kept, wanted, settled, holder)
            flying[holder] += wanted[: reply["cleared"]]
            assert kept.spent_tokens <= 5_000
            assert kept.spent_cost <= 0.02 + 1e-9
        assert kept.stopped


@pytest.mark.parametrize(
    ("terms", "per_request"),
    [(Terms(requests_per_minute=600), 1), (Terms(tokens_per_minute=6_000), 10)],
)
def test_rate_limits_hold_in_every_minute(terms, per_request):
    clock = Clock()
    kept = budget(Caps(), terms, clock=clock)
    times = []
    for _ in range(30_000):
        reply = exchange(kept, [(4, 6)] * 8, settled=[(4, 6, 4, 6)])
        times += [clock.now] * reply["cleared"]
        clock.now += 0.01
    for start in range(100, 400, 7):
        sent = sum(start <= at < start + 60 for at in times)
        assert sent * per_request <= 10 * 60 * per_request * 1.01 + per_request
    assert len(times) >= 0.97 * 10 * 300


def test_tokens_that_were_not_needed_go_back_to_the_rate():
    clock = Clock()
    kept = budget(Caps(), Terms(tokens_per_minute=6_000), clock=clock)
    assert exchange(kept, [(0, 1_000)] * 2)["cleared"] == 1
    clock.now += 0.1
    assert exchange(kept, [(0, 1_000)])["wait_s"] == pytest.approx(9.9, abs=0.2)
    assert exchange(kept, [(0, 1_000)], settled=[(0, 1_000, 0, 0)])["cleared"] == 1


def test_nothing_is_limited_where_nothing_says_so():
    assert not Budget.is_needed(Caps(), {"t": PRICED})
    assert Budget.is_needed(Caps(max_cost=0.0), {"t": PRICED})
    assert Budget.is_needed(Caps(), {"t": Terms(requests_per_minute=1)})


def test_a_purse_settles_with_its_next_call_and_at_its_end():
    kept = budget(Caps(max_tokens=1_000))
    purse = Purse("w1", "t", partial(Budget.exchange, kept))
    item = request("abcd", sampling=Sampling(max_tokens=10))
    assert purse.clear([item]) == 1
    purse.settle(item, Completion(prompt_tokens=3, completion_tokens=4))
    assert kept.spent_tokens == 0
    purse.close()
    assert kept.spent_tokens == 7
    assert not purse.stopped
    kept.stopped = "enough"
    assert purse.clear([item]) == 0
    assert purse.stopped
