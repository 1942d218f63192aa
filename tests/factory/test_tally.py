from factory.quota import Accept, AcceptByMode
from factory.steps import Ask
from factory.tally import Tally


def rows(*counts):
    """(response, record) of prompts of two domains: (domain, asked, kept) each."""
    for number, (domain, asked, kept) in enumerate(counts):
        for sample in range(asked):
            response = {
                "mode": "on", "engine": "", "prompt_id": f"p{number}", "domain": domain,
                "prompt_tokens": 1, "completion_tokens": 2, "pass_rate": kept / asked,
                "teacher_name": "t", "request_keys": ["k"],
                "grades": [{"teacher_name": "j", "request_key": f"same{number}",
                            "prompt_tokens": 3, "completion_tokens": 4}],
            }  # fmt: skip
            record = {
                "license": "mit", "source": "s", "topic": "", "prompt_id": f"p{number}",
                "reasoning": "on", "output": "o", "input": [{"content": "i"}],
            }  # fmt: skip
            yield response, record if sample < kept else {}


def tally(*counts):
    found = Tally(Ask(samples_on=1, samples_off=1))
    assert len(list(found.watch(rows(*counts)))) == sum(kept for _, _, kept in counts)
    return found


def wish(**fields):
    return AcceptByMode(on=Accept(**fields))


def test_a_domain_that_lacks_rows_is_told_though_another_has_plenty():
    found = tally(("math", 4, 4), ("code", 4, 0))
    assert found.shortfalls(wish(rows=2, per="domain")) == [
        {"mode": "on", "per": "domain", "domain": "code", "wanted": 2, "accepted": 0}
    ]
    assert found.shortfalls(wish(rows=4, per="all")) == []
    (short,) = found.shortfalls(wish(rows=4, per="prompt"))
    assert (short["wanted"], short["accepted"]) == (8, 4)


def test_the_pass_rates_of_what_was_kept_show_the_survivors_bias():
    found = tally(("math", 4, 4), ("math", 4, 1), ("math", 4, 0))
    assert found.pass_rates("on")["mean"] == round((1 + 0.25 + 0) / 3, 4)
    kept = found.accepted_pass_rates("on")
    assert (kept["number"], kept["mean"]) == (5, round((4 * 1 + 0.25) / 5, 4))


def test_equal_answers_are_graded_once_and_counted_once():
    counts = tally(("math", 4, 4), ("math", 2, 0)).usage.counts
    assert counts["t/math/on:completions"] == 6
    assert counts["j/math/on:completions"] == 2
    assert counts["j/math/on:prompt_tokens"] == 6
