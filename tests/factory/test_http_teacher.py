"""The HTTP teacher against a server in another process that misbehaves on demand."""

import gc
import itertools
import logging
import socket
import subprocess
import sys
import threading
import time
import traceback
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from factory.errors import ConfigError, PrerequisiteError, TeacherError
from factory.recipe import load_recipe
from factory.records import Completion, Message, Request, Sampling
from factory.teachers import http_connections, make_teacher
from factory.teachers.http import HttpConfig, HttpTeacher
from factory.teachers.http_failures import Failure, read_error
from factory.teachers.http_replies import read_reply
from factory.teachers.pacing import Server
from pipelines import make_job
from tests.stub_server import Running, running
from tests.toys import request, toy_job

KEY = "sk-very/secret+0123456789"


@pytest.fixture
def second() -> Iterator[Running]:
    with running() as stub:
        yield stub


def config(*urls: str, **fields: Any) -> HttpConfig:
    quick: dict[str, Any] = {"backoff_s": 0.002, "max_backoff_s": 0.01, "max_attempts": 4}
    known = {"model": "toy", "base_urls": urls, "license": "mit", "timeout_s": 5.0}
    return HttpConfig(**{**known, **quick, **fields})


def ask(stub: Running, *requests: Request, **fields: Any) -> list[Completion]:
    answers = list(HttpTeacher(config(stub.url, **fields)).generate(requests))
    assert sorted(index for index, _ in answers) == list(range(len(requests)))
    return [completion for _, completion in sorted(answers, key=lambda item: item[0])]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# What is sent.


def test_a_chat_request_says_all_that_the_request_says(stub: Running):
    sampling = Sampling(temperature=0.3, top_p=0.9, max_tokens=77)
    turns = (Message(role="system", content="be brief"), Message(role="user", content="hé"))
    item = request(messages=turns, sampling=sampling, stop=("END",), seed=2**40 + 3)
    ask(stub, item, extra_body={"top_k": 20})
    assert stub.stats()["last"] == {
        "model": "toy",
        "messages": [
            {"role": "system", "content": "be brief"},
            {"role": "user", "content": "hé"},
        ],
        "n": 1,
        "temperature": 0.3,
        "top_p": 0.9,
        "max_tokens": 77,
        "seed": 3,
        "stop": ["END"],
        "top_k": 20,
    }
    assert stub.stats()["paths"] == {"/v1/chat/completions": 1}


def test_a_prefix_is_an_open_assistant_turn_and_nothing_is_stripped_from_the_reply(stub: Running):
    [completion] = ask(stub, request("why?", prefix="Because"))
    body = stub.stats()["last"]
    assert body["messages"][-1] == {"role": "assistant", "content": "Because"}
    assert (body["continue_final_message"], body["add_generation_prompt"]) == (True, False)
    assert completion.text.startswith("Because The final answer")


def test_seeds_stay_home_when_told_to(stub: Running):
    ask(stub, request(), send_seed=False)
    assert "seed" not in stub.stats()["last"]
    assert "stop" not in stub.stats()["last"]


def test_half_a_surrogate_pair_is_a_bad_request_and_is_not_sent(stub: Running):
    [completion] = ask(stub, request("\ud83d"))
    assert completion.error == "bad_request: the prompt is not valid Unicode"
    assert stub.stats()["received"] == 0


@pytest.mark.parametrize(
    ("marker", "score"), [("", 1.0), ("<<tokens>>", 2.25)], ids=["one number", "one for each token"]
)
def test_a_score_request_gets_the_reward_of_the_conversation(
    stub: Running, marker: str, score: float
):
    turns = (
        Message(role="user", content=f"2 + 3?{marker}"),
        Message(role="assistant", content="It is 5." + " " * len(marker)),
    )
    [completion] = ask(stub, request(messages=turns, task="score"))
    assert completion.score == score
    assert (completion.text, completion.error, completion.prompt_tokens) == ("", "", 7)
    assert stub.stats()["paths"] == {"/pooling": 1}
    assert stub.stats()["last"]["use_activation"] is False
    assert "max_tokens" not in stub.stats()["last"]


def test_the_probabilities_of_several_classes_are_no_reward(stub: Running):
    [completion] = ask(stub, request("<<classes>>", task="score"))
    assert completion.error.startswith("bad_reply: a reward is one finite number")
    assert stub.stats()["received"] == 1


# What comes back.


@pytest.mark.parametrize(
    ("mode", "text", "finish_reason"),
    [
        ("ok", "<<ok>> The final answer is \\boxed{3}.", "stop"),
        ("length", "<<length>> The final answer is \\boxed{5}.", "length"),
        ("reasoning", "<think>\nfirst, then\n</think>\n\nso it is 4", "stop"),
        ("reasoning-content", "<think>\nfirst, then\n</think>\n\nso it is 4", "stop"),
        ("reasoning-cut", "<think>\nfirst, th", "length"),
        ("big", "ab " * 350_000, "stop"),
    ],
)
def test_text_is_what_the_model_wrote(stub: Running, mode: str, text: str, finish_reason: str):
    [completion] = ask(stub, request(f"<<{mode}>>"))
    assert (completion.text, completion.finish_reason) == (text, finish_reason)
    assert completion.error == ""
    assert (completion.prompt_tokens, completion.engine) == (5, "http, toy, stub-1")
    assert completion.completion_tokens > 0


def test_a_reply_without_usage_counts_no_tokens(stub: Running):
    [completion] = ask(stub, request("<<no-usage>>"))
    assert (completion.prompt_tokens, completion.completion_tokens) == (0, 0)
    assert completion.engine == "http, toy"


def test_a_path_on_the_server_is_not_repeated(stub: Running):
    [completion] = ask(stub, request("<<path>>"))
    assert completion.engine == "http, stub-1"


ERRORS = [
    ("400", "bad_request: HTTP 400: top_p must be in (0, 1]", 1),
    ("refusal", "refused: I'm sorry, I can't.", 1),
    ("filter", "content_filter: the server withheld the answer", 1),
    ("filter-400", "content_filter: HTTP 400: The response was filtered", 1),
    ("overflow", "context_overflow: HTTP 400: This model's maximum context length is 64", 1),
    ("overflow-sglang", "context_overflow: HTTP 400: The input (70 tokens) is longer", 1),
    ("overflow-openai", "context_overflow: HTTP 400: Please reduce it", 1),
    ("429-bare", "rate_limited: HTTP 429: slow down", 4),
    ("429-date", "rate_limited: HTTP 429: slow down", 4),
    ("500", "server_error: HTTP 500: <h1>oops</h1>", 4),
    ("503", "server_error: HTTP 503: <h1>oops</h1>", 4),
    ("disconnect", "unreachable: the connection was lost", 4),
    ("cut", "bad_reply: it was cut off", 3),
    ("truncated", "bad_reply: no chat completion: Input data was truncated", 3),
    ("no-choices", "bad_reply: it holds no choices", 3),
    ("no-text", "bad_reply: it holds no text", 3),
    ("abort", "bad_reply: finish_reason is 'abort', not stop or length", 3),
    ("200-error", "server_error: HTTP 200: Provider overloaded", 4),
    ("html", "bad_reply: its content type is 'text/html', not JSON", 3),
    ("hang", "timeout: no answer in 0.15 s", 3),
]


@pytest.mark.parametrize(("mode", "error", "attempts"), ERRORS, ids=[row[0] for row in ERRORS])
def test_a_request_that_keeps_failing_is_listed_with_its_slug(
    stub: Running, mode: str, error: str, attempts: int
):
    timeout_s = 0.15 if mode == "hang" else 5.0
    failed, fine = ask(stub, request(f"<<{mode}>>"), request("fine"), timeout_s=timeout_s)
    assert failed.error.startswith(error)
    assert (failed.text, failed.finish_reason) == ("", "error")
    assert fine.text.startswith("fine The final answer")
    assert sorted(stub.stats()["bodies"].values()) == sorted([1, attempts])
    assert (failed.attempts, fine.attempts) == (attempts, 1)


@pytest.mark.parametrize("mode", [row[0] for row in ERRORS if row[2] > 1])
def test_a_failure_that_passes_is_not_told(stub: Running, mode: str):
    timeout_s = 0.15 if mode == "hang" else 5.0
    [completion] = ask(stub, request(f"<<{mode}:2>>"), timeout_s=timeout_s)
    assert completion.error == ""
    assert completion.text.startswith(f"<<{mode}:2>> The final answer")
    assert stub.stats()["received"] == completion.attempts == 3


def test_an_endless_reply_is_given_up(stub: Running, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(http_connections, "MAX_REPLY_BYTES", 2**20)
    long, fine = ask(stub, request("<<big>>"), request("fine"))
    assert long.error == "bad_reply: it is longer than 1 MiB"
    assert fine.error == ""


def test_each_of_many_requests_of_all_kinds_comes_back_once(stub: Running):
    modes = [row[0] for row in ERRORS if row[0] not in ("hang", "429-date")]
    texts = [f"{number} <<{mode}:2>>" for number in range(10) for mode in (*modes, "ok")]
    completions = ask(stub, *map(request, texts), max_attempts=8)
    for text, completion in zip(texts, completions, strict=True):
        assert completion.error or completion.text.startswith(text)
    failed = {text.split("<<")[1] for text, c in zip(texts, completions, strict=True) if c.error}
    assert failed == {f"{row[0]}:2>>" for row in ERRORS if row[2] == 1}


@pytest.mark.parametrize(
    ("mode", "room"), [("room", None), ("room-old", 40), ("room-sglang", 40)], ids=str
)
@pytest.mark.parametrize("max_tokens", [41, 64, 1000])
def test_an_answer_gets_the_room_that_the_prompt_leaves(
    stub: Running, mode: str, room: int | None, max_tokens: int
):
    item = request(f"<<{mode}>>", sampling=Sampling(max_tokens=max_tokens))
    [completion] = ask(stub, item)
    assert (completion.error, completion.attempts) == ("", 2)
    assert stub.stats()["last"].get("max_tokens") == room


def test_a_prompt_that_leaves_no_room_overflows():
    said = (
        b'{"message": "maximum context length is 64 tokens and your request has 64 input tokens"}'
    )
    failure = read_error(400, said, "", 0.0)
    assert (failure.slug, failure.room) == ("context_overflow", 0)


@pytest.mark.parametrize("data", [b"[" * 200_000, b'{"x":' + b"[" * 200_000], ids=["list", "dict"])
def test_deeply_nested_replies_are_bad_replies(data: bytes):
    reply = read_reply(request(), data)
    assert isinstance(reply, Failure)
    assert reply.slug == "bad_reply"
    assert read_error(500, data, "", 0.0).slug == "server_error"


@pytest.mark.parametrize(
    ("error", "slug", "fatal"),
    [
        ('"busy"', "server_error", ""),
        ('{"message": "busy", "code": 429}', "rate_limited", ""),
        ('{"message": "the content filter"}', "content_filter", ""),
        ('{"message": "over the context length"}', "context_overflow", ""),
        ('{"message": "insufficient balance"}', "no_money", "always"),
        ('{"message": "who?", "code": "401"}', "server_error", "at_first"),
    ],
)
@pytest.mark.parametrize("task", ["chat", "score"])
def test_an_error_in_a_reply_that_claims_success_is_read_as_one(
    task: Any, error: str, slug: str, fatal: str
):
    reply = read_reply(request(task=task), f'{{"error": {error}}}'.encode())
    assert isinstance(reply, Failure)
    assert (reply.slug, reply.fatal) == (slug, fatal)


# What ends the work.


@pytest.mark.parametrize(
    ("mode", "way_out"),
    [
        ("401", "name the environment variable that holds the key in teacher.api_key_env"),
        ("403", "name the environment variable that holds the key in teacher.api_key_env"),
        ("404", "check teacher.model = 'toy' and teacher.base_urls"),
        ("302", "check teacher.model = 'toy' and teacher.base_urls"),
    ],
)
def test_a_server_that_refuses_everything_ends_the_work(stub: Running, mode: str, way_out: str):
    stub.control(mode=mode)
    with pytest.raises(TeacherError) as caught:
        ask(stub, *map(request, "abc"))
    assert str(caught.value).startswith(f"{stub.url} answers HTTP {mode}: ")
    assert way_out in str(caught.value)
    assert len(str(caught.value)) < 700


def test_what_was_answered_before_the_end_is_handed_on(stub: Running):
    answers = HttpTeacher(config(stub.url)).generate(
        itertools.chain([request("fine"), None, None], map(request, ["<<402>>"]))
    )
    assert next(answers)[1].error == ""
    with pytest.raises(TeacherError, match="HTTP 402"):
        list(answers)


@pytest.mark.parametrize("mode", ["401", "404", "302"])
def test_a_server_that_answered_before_may_turn_all_away_for_a_time(stub: Running, mode: str):
    answers = HttpTeacher(config(stub.url, max_attempts=2)).generate(map(request, "abcdefgh" * 5))
    next(answers)
    stub.control(mode=mode, times=8)
    assert [completion.error for _, completion in answers] == [""] * 39


def test_the_other_server_takes_what_one_turns_away(stub: Running, second: Running):
    answers = HttpTeacher(config(second.url, stub.url)).generate(map(request, "abcdefgh" * 5))
    next(answers)
    second.control(mode="404")
    assert [completion.error for _, completion in answers] == [""] * 39


def test_a_prompt_that_a_firewall_refuses_is_one_bad_request(stub: Running):
    texts = ["first", *("fine" for _ in range(20)), "<<403>>"]
    errors = [completion.error for completion in ask(stub, *map(request, texts), max_in_flight=1)]
    assert errors[:-1] == [""] * 21
    assert errors[-1].startswith("bad_request: HTTP 403")


@pytest.mark.parametrize(
    ("mode", "way_out"),
    [
        ("402", "top up the account and run the same command again; nothing is paid twice"),
        ("429-quota", "top up the account"),
        ("405", "check teacher.model = 'toy' and teacher.base_urls"),
        ("410", "check teacher.model = 'toy' and teacher.base_urls"),
    ],
)
def test_what_no_request_can_mend_ends_the_work(stub: Running, mode: str, way_out: str):
    with pytest.raises(TeacherError, match=f"answers HTTP {mode[:3]}: ") as caught:
        ask(stub, request("fine"), request(f"<<{mode}>>"), request("c"), max_in_flight=1)
    assert way_out in str(caught.value)


@pytest.mark.parametrize("status", [101, 204, 302, 401, 404])
def test_a_status_that_is_no_answer_is_the_servers_fault(status: int):
    failure = read_error(status, b"", "", 0.0)
    assert (failure.refuses, failure.fatal, failure.retry) == (True, "at_first", "later")


def test_a_quota_for_each_minute_is_no_empty_account():
    said = b'{"error": {"message": "Quota exceeded for requests per minute", "code": 429}}'
    assert read_error(429, said, "", 0.0).slug == "rate_limited"
    assert read_error(429, b'{"message": "insufficient balance"}', "", 0.0).slug == "no_money"
    said = b'{"error": {"message": "no JSON: he has insufficient funds", "code": 400}}'
    assert read_error(400, said, "", 0.0).fatal == ""


@pytest.mark.parametrize("mode", ["500", "503", "429-soon", "hang", "disconnect", "404"])
def test_patience_with_servers_that_answer_nothing_ends(stub: Running, mode: str):
    settings = config(stub.url, timeout_s=0.25, patience_s=0.5)
    answers = HttpTeacher(settings).generate(map(request, map(str, itertools.count())))
    assert next(answers)[1].error == ""
    stub.control(mode=mode)
    with pytest.raises(TeacherError, match=r"answered nothing for teacher.patience_s = 0.5 s; the"):
        list(answers)


def test_what_is_in_flight_at_the_end_is_handed_on(stub: Running):
    taken = 0

    def feed() -> Iterator[Request]:
        nonlocal taken
        for text in [*(f"{n} <<slow>>" for n in range(15)), "<<402>>", *("x" for _ in range(99))]:
            taken += 1
            yield request(text)

    answers = HttpTeacher(config(stub.url)).generate(feed())
    got = [completion.error for _, completion in itertools.islice(answers, 15)]
    assert (got, taken) == ([""] * 15, 16)
    with pytest.raises(TeacherError, match="HTTP 402"):
        next(answers)


def test_a_wait_longer_than_a_request_may_take_ends_the_work(stub: Running):
    stub.control(mode="429-day")
    with pytest.raises(TeacherError, match=r"asks to wait 86400 s, .* again later"):
        ask(stub, *map(request, "abc"))


def test_no_server_at_all_ends_the_work():
    urls = [f"http://127.0.0.1:{free_port()}/v1" for _ in range(2)]
    settings = config(*urls, timeout_s=0.2, patience_s=0.2)
    with pytest.raises(TeacherError) as caught:
        list(HttpTeacher(settings).generate(map(request, "abc")))
    message = f"{', '.join(urls)} cannot be reached: Connection refused; start a server with: "
    assert str(caught.value) == f"{message}vllm serve toy"


# Keys.


def test_a_missing_key_is_told_before_anything_is_asked(
    stub: Running, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("TOY_KEY", raising=False)
    teacher = HttpTeacher(config(stub.url, api_key_env="TOY_KEY"))
    assert list(teacher.generate([])) == []  # nothing to ask, no key needed
    with pytest.raises(PrerequisiteError, match="TOY_KEY, which teacher.api_key_env names"):
        list(teacher.generate([request()]))
    assert stub.stats()["received"] == 0


def test_the_key_is_sent_and_appears_nowhere_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    monkeypatch.setenv("TOY_KEY", f"{KEY}\n")
    caplog.set_level(logging.DEBUG)
    seen = []
    with running("--log", str(tmp_path / "log")) as stub:
        settings = config(stub.url, api_key_env="TOY_KEY", timeout_s=0.2)
        teacher = HttpTeacher(settings)
        modes = ["key", "key-escaped", "hang", *(row[0] for row in ERRORS)]
        answers = list(teacher.generate(request(f"<<{mode}>>") for mode in modes))
        said = next(completion.text for index, completion in answers if index == 0)
        assert said == "you said Bearer [key]"
        seen += [repr(answers), repr(settings), repr(teacher), str(vars(teacher))]
        for mode in ("401", "403", "404"):
            with pytest.raises(TeacherError) as caught:
                list(teacher.generate([request(f"<<{mode}>>")]))
            whole = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
            seen += [repr(caught.value), *whole.format()]
        assert "Bearer [key]" in "".join(seen)
    seen += [(tmp_path / "log").read_text(), caplog.text]
    # Part of it would be too much, too.
    assert [text for text in seen if "secret" in text] == []


@pytest.mark.parametrize("key", ["with space", "line\nbreak", "schlüssel"])
def test_what_no_header_can_hold_is_no_key(monkeypatch: pytest.MonkeyPatch, key: str):
    monkeypatch.setenv("TOY_KEY", key)
    with pytest.raises(PrerequisiteError, match="characters that no key has") as caught:
        list(HttpTeacher(config("http://127.0.0.1:1", api_key_env="TOY_KEY")).generate([request()]))
    assert key not in str(caught.value)


# How many at once, and where.


def test_requests_that_keep_failing_hold_up_no_other(stub: Running):
    texts = [*(f"{n} <<503>>" for n in range(20)), *(str(number) for number in range(300))]
    slow = config(stub.url, backoff_s=8.0, max_backoff_s=8.0)
    answers = HttpTeacher(slow).generate(map(request, texts))
    start = time.monotonic()
    fine = [completion.error for _, completion in itertools.islice(answers, 300)]
    assert fine == [""] * 300
    assert time.monotonic() - start < 4
    answers.close()  # type: ignore[attr-defined]  # a generator


def test_no_more_than_a_few_times_max_in_flight_sleep(stub: Running):
    taken, held = 0, []

    def feed() -> Iterator[Request]:
        nonlocal taken
        for number in range(60):
            taken += 1
            yield request(f"{number} <<500>>" if number % 2 else str(number))

    settings = config(stub.url, max_in_flight=3, max_attempts=2, backoff_s=0.4, max_backoff_s=0.4)
    for num_done, _ in enumerate(HttpTeacher(settings).generate(feed())):
        held.append(taken - num_done)
    assert 3 < max(held) <= 12, "what sleeps takes no room, but there is an end to it"


def test_a_limit_for_longer_than_retry_after_loses_nothing(stub: Running):
    stub.control(mode="429-soon", times=40)  # Retry-After: 0.01
    completions = ask(stub, *map(request, "abcdefgh"), max_attempts=2)
    assert [completion.error for completion in completions] == [""] * 8
    assert sum(completion.attempts for completion in completions) == 48


def test_a_healthy_server_soon_gets_hundreds_at_once(stub: Running):
    stub.control(delay_s=0.1)
    ask(stub, *(request(str(number)) for number in range(900)), max_in_flight=300)
    assert 200 < stub.stats()["max_concurrent"] <= 300


def test_a_server_with_little_room_gets_little_more_than_it_bears(stub: Running):
    stub.control(limit=4, delay_s=0.002)
    completions = ask(stub, *(request(str(number)) for number in range(300)), max_attempts=12)
    assert [completion.error for completion in completions if completion.error] == []
    # At 256 in flight throughout, 98% would be turned away again and again.
    assert stub.stats()["received"] < 2.5 * 300
    assert stub.stats()["max_concurrent"] < 64


def test_one_crowd_of_requests_halves_the_window_once():
    server = Server("http://h/v1", 64.0)
    for sent in (0.1, 0.2, 0.9):
        server.overloaded(sent, 1.0 + sent, 0.5)
    assert server.window == 32
    server.overloaded(1.2, 1.5, 0.5)
    assert server.window == 16


def answer_round(server: Server) -> float:
    for _ in range(int(server.window)):
        server.in_flight = int(server.window)
        server.answered(256)
    return server.window


def test_a_window_soon_returns_to_where_overload_was_and_goes_on_in_step_with_itself():
    server = Server("http://h/v1", 200.0)
    server.overloaded(1.0, 2.0, 0.5)
    assert server.window == 100
    assert answer_round(server) == 200
    assert answer_round(server) == pytest.approx(220)
    server.overloaded(3.0, 4.0, 0.5)
    server.overloaded(5.0, 6.0, 0.5)  # nothing answered since: it is down, not small
    assert server.window == pytest.approx(55)
    answer_round(server)
    assert answer_round(server) > 210


def test_overload_that_was_not_the_servers_limit_is_soon_forgotten():
    server = Server("http://h/v1", 16.0)
    server.overloaded(1.0, 2.0, 0.5)
    windows = [answer_round(server) for _ in range(12)]
    assert windows[4] < 26
    assert windows[-1] == 256


def test_overload_by_a_single_request_is_a_failure():
    server = Server("http://h/v1", 1.0)
    for now in (1.0, 2.0, 3.0, 4.0):
        assert server.rests_until == 0
        server.overloaded(now - 0.1, now, 0.5)
    assert server.rests_until == 4.5
    server.overloaded(4.6, 5.0, 1.0)  # the one that should have shown that it is back
    assert server.rests_until == 6


def test_only_time_outs_without_an_answer_in_between_are_overload():
    server = Server("http://h/v1", 64.0)
    for now in range(1, 21):
        server.timed_out(now - 0.1, now, 0.5)
        if now % 2 == 0:
            server.answered(256)
    assert server.window == 64
    for now in (21, 22, 23):
        server.timed_out(now - 0.1, now, 0.5)
    assert server.window == 32


def test_a_server_rests_longer_each_time_until_it_answers():
    server = Server("http://h/v1", 64.0)
    rests = []
    for now in (1.0, 2.0, 3.0, 4.0):
        rests.append(server.next_rest(0.5, 3.0))
        server.failed(now - 0.1, now, rests[-1], reached=False)
        server.failed(now - 0.1, now, rests[-1], reached=False)  # sent before it was known
        assert server.rests_until == now + rests[-1]
    assert rests == [0.5, 1.0, 2.0, 3.0]
    assert server.window == 1
    server.answered(256)
    assert server.next_rest(0.5, 3.0) == 0.5


def test_failures_of_one_request_among_many_rest_no_server():
    server = Server("http://h/v1", 64.0)
    for now in range(1, 10):
        server.failed(now - 0.1, now, 0.5, reached=True)
        server.answered(256)
    assert server.rests_until == 0


def test_a_request_goes_to_the_server_that_has_least_to_do(stub: Running, second: Running):
    for one in (stub, second):
        one.control(delay_s=0.01)
    both = config(stub.url, second.url, max_in_flight=2)
    assert len(list(HttpTeacher(both).generate(request(str(n)) for n in range(40)))) == 40
    stats = [one.stats() for one in (stub, second)]
    assert [one["max_concurrent"] for one in stats] == [1, 1]
    assert min(one["received"] for one in stats) >= 10


def test_a_server_that_is_down_costs_no_request(stub: Running):
    both = config(f"http://127.0.0.1:{free_port()}/v1", stub.url)
    answers = list(HttpTeacher(both).generate(request(str(number)) for number in range(200)))
    assert {(completion.error, completion.attempts) for _, completion in answers} == {("", 1)}
    assert stub.stats()["received"] == 200


def test_a_server_that_dies_costs_no_request_where_another_lives(stub: Running):
    with running("--delay-ms", "20") as doomed:
        both = config(doomed.url, stub.url)
        answers = HttpTeacher(both).generate(request(str(number)) for number in range(200))
        first = list(itertools.islice(answers, 20))
        doomed.process.kill()
        everything = first + list(answers)
    assert sorted(index for index, _ in everything) == list(range(200))
    assert [completion.error for _, completion in everything if completion.error] == []


def test_a_server_that_comes_late_is_waited_for():
    port = free_port()
    settings = config(f"http://127.0.0.1:{port}/v1", backoff_s=0.05, max_attempts=1)
    answers: list[tuple[int, Completion]] = []
    asking = threading.Thread(
        target=lambda: answers.extend(HttpTeacher(settings).generate(map(request, "ab")))
    )
    asking.start()
    time.sleep(0.1)
    assert answers == []
    with running("--port", str(port)):
        asking.join(10)
    assert [completion.error for _, completion in answers] == ["", ""]


def test_a_server_that_asks_for_time_gets_it(stub: Running):
    stub.control(mode="429", times=1)  # Retry-After: 0.2
    start = time.monotonic()
    ask(stub, *map(request, "abc"), max_in_flight=1)
    assert 0.2 <= time.monotonic() - start < 1.0
    assert stub.stats()["received"] == 4


def test_the_other_server_works_on_while_one_rests(stub: Running, second: Running):
    second.control(mode="429-minute")
    answers = HttpTeacher(config(second.url, stub.url)).generate(map(request, "abcdefgh"))
    start = time.monotonic()
    assert [completion.error for _, completion in answers] == [""] * 8
    assert time.monotonic() - start < 5
    assert second.stats()["received"] <= 4


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        (formatdate(1_000_030, usegmt=True), 30.0),
        (formatdate(999_000, usegmt=True), 0.0),
        ("-3", 0.0),
        ("inf", 0.0),
        ("nan", 0.0),
        ("soon", 0.0),
        ("", 0.0),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: float):
    failure = read_error(429, b"{}", header, 1_000_000.0)
    assert failure.retry_after_s == seconds


# How requests are taken and completions handed on.


def test_nothing_ready_neither_stalls_nor_spins(stub: Running):
    stub.control(delay_s=0.3)
    num_pulls = 0

    def feed() -> Iterator[Request | None]:
        nonlocal num_pulls
        yield request("first")
        until = time.monotonic() + 0.1
        while time.monotonic() < until:
            num_pulls += 1
            yield None
        yield request("second")
        while time.monotonic() < until + 0.1:
            num_pulls += 1
            yield None

    start = time.monotonic()
    answers = list(HttpTeacher(config(stub.url)).generate(feed()))
    assert sorted(index for index, _ in answers) == [0, 1]  # a None has no index
    assert stub.stats()["max_concurrent"] == 2
    assert time.monotonic() - start < 0.55
    assert 3 <= num_pulls <= 60


def test_a_request_may_wait_for_the_completion_of_another(stub: Running):
    done: list[str] = []

    def feed() -> Iterator[Request | None]:
        yield request("one")
        while not done:
            yield None
        yield request(f"two {done[0]}")

    for _, completion in HttpTeacher(config(stub.url)).generate(feed()):
        done.append(completion.text)
    assert done[1].startswith("two one The final answer")


def test_completions_come_as_they_finish(stub: Running):
    answers = HttpTeacher(config(stub.url, timeout_s=0.3)).generate(
        map(request, ["<<hang>>", "quick"])
    )
    index, completion = next(answers)
    assert (index, completion.error) == (1, "")
    answers.close()  # type: ignore[attr-defined]  # a generator


def test_no_more_is_taken_than_may_be_in_flight(stub: Running):
    taken = 0

    def feed() -> Iterator[Request]:
        nonlocal taken
        for number in range(50):
            taken += 1
            yield request(str(number))

    for num_done, _ in enumerate(HttpTeacher(config(stub.url, max_in_flight=3)).generate(feed())):
        assert taken <= num_done + 3


def test_a_slow_consumer_makes_no_request_time_out(stub: Running):
    answers = HttpTeacher(config(stub.url, timeout_s=0.3)).generate(
        map(request, ["quick", "<<slow>>"])
    )
    next(answers)
    time.sleep(0.5)  # the other one is answered in 0.15 s, and fetched only now
    assert [completion.error for _, completion in answers] == [""]
    assert stub.stats()["received"] == 2


def test_giving_up_early_leaves_nothing_behind(stub: Running):
    stub.control(delay_s=0.2)
    answers = HttpTeacher(config(stub.url)).generate(
        request(text) for text in ["now", *("<<hang>>" for _ in range(20))]
    )
    next(answers)
    answers.close()  # type: ignore[attr-defined]  # a generator
    gc.collect()  # what is not closed warns, and warnings are errors
    until = time.monotonic() + 5
    while stub.stats()["concurrent"] and time.monotonic() < until:
        time.sleep(0.01)
    assert stub.stats()["concurrent"] == 0


@pytest.mark.parametrize("kind", [KeyboardInterrupt, ConfigError])
def test_what_ends_the_feed_ends_the_exchange(stub: Running, kind: type[BaseException]):
    stub.control(delay_s=0.05)

    def feed() -> Iterator[Request | None]:
        yield request("a")
        yield None
        raise kind

    with pytest.raises(kind):
        list(HttpTeacher(config(stub.url)).generate(feed()))
    gc.collect()


def test_it_works_in_a_thread_that_is_not_the_main_one(stub: Running):
    answers: list[Completion] = []
    thread = threading.Thread(target=lambda: answers.extend(ask(stub, *map(request, "abc"))))
    thread.start()
    thread.join(10)
    assert len(answers) == 3


# Configuration.


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"timeout_s": -5.0}, "timeout_s must be > 0, got -5.0"),
        ({"timeout_s": float("nan")}, "timeout_s must be > 0, got nan"),
        ({"max_in_flight": 0}, "max_in_flight must be > 0, got 0"),
        ({"patience_s": 0.0}, "patience_s must be > 0, got 0.0"),
        ({"max_attempts": 0}, "max_attempts must be > 0, got 0"),
        ({"backoff_s": 0.0}, "backoff_s must be > 0, got 0.0"),
        ({"license": "llama9"}, "license 'llama9' is not one that can be combined"),
        ({"model": "/srv/model"}, "model must be a name, not a path"),
        ({"model": ""}, "model must be a name, not a path"),
        ({"base_urls": ("ftp://host/v1",)}, "base_urls must be http or https addresses, got 'ftp"),
        ({"base_urls": ("127.0.0.1:8000",)}, "base_urls must be http or https addresses, got '12"),
        ({"base_urls": ("http://host:x/v1",)}, "base_urls must be http or https addresses"),
        ({"base_urls": (f"https://me:{KEY}@host/v1",)}, "base_urls must "),
        ({"base_urls": (f"https://host/v1?key={KEY}",)}, "base_urls must hold no user name"),
        ({"api_key_env": KEY}, "api_key_env must be the name of an environment variable"),
        ({"extra_body": {"seed": 3}}, "extra_body must not hold seed"),
    ],
)
def test_what_cannot_be_meant_is_refused(fields: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=r"must|license") as caught:
        config(**{"base_urls": ("http://127.0.0.1:8000/v1",), **fields})
    assert str(caught.value).startswith(message)
    assert "secret" not in str(caught.value)


def test_only_what_changes_the_data_is_part_of_a_recipes_identity(tmp_path: Path):
    table = """
        kind = "http"
        model = "toy"
        base_urls = ["{url}"]
        license = "mit"
        timeout_s = {timeout_s}
        extra_body = {{ top_k = {top_k}, chat_template_kwargs = {{ enable_thinking = true }} }}
    """
    hashes = []
    for number, (url, timeout_s, top_k) in enumerate(
        [("http://a/v1", 5, 1), ("https://b:80/v1", 6, 1), ("http://a/v1", 5, 2)]
    ):
        toy_job(tmp_path / str(number))
        path = tmp_path / str(number) / "toy.toml"
        head, _, rest = path.read_text().partition("[teacher]")
        teacher = table.format(url=url, timeout_s=timeout_s, top_k=top_k)
        path.write_text(f"{head}[teacher]\n{teacher}\n[limits]{rest.partition('[limits]')[2]}")
        job = make_job(load_recipe(path))
        hashes.append(job.hash())
        settings = job.recipe.teacher
        assert isinstance(make_teacher(settings, num_threads=1), HttpTeacher)
        assert isinstance(hash(settings), int)  # one teacher a config and process
    assert hashes[0] == hashes[1] != hashes[2]


def test_identity_names_the_revision_where_it_is_known():
    assert config("http://h/v1").identity() == ("toy", "unknown")
    assert config("http://h/v1", revision="abc").identity() == ("toy", "abc")


def test_the_command_line_does_not_load_the_http_client():
    code = "import sys, factory.cli, pipelines; print('aiohttp' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_a_teacher_without_an_address_is_missed_when_it_is_asked_and_not_before():
    teacher = HttpTeacher(HttpConfig(model="m", license="mit"))
    assert list(teacher.generate([])) == []
    with pytest.raises(TeacherError, match="no base_urls for m"):
        list(teacher.generate([request()]))
