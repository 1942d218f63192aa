from dataclasses import replace

from factory.asking import Answerer, Asker
from factory.records import Completion, Message, Request, Response, Sampling
from factory.steps import Ask, Shot
from tests.toys import prompt

SHOTS = {"toy": tuple(Shot(problem=f"p{i}", reasoning=f"r{i}", answer=f"{i}") for i in range(8))}


def asker(thinks: bool) -> Asker:
    return Asker(
        ask=Ask(samples_on=2, samples_off=1, shots=SHOTS),
        answerers={"t": Answerer(name="t", model="m", revision="r", thinks=thinks)},
        weights={("", "on"): {"t": 1.0}, ("", "off"): {"t": 1.0}},
        sampling={"on": Sampling(max_tokens=50), "off": Sampling(temperature=0.0)},
        seed=1,
    )


def play(talk, *completions: Completion) -> tuple[list[Request], Response]:
    requests = [next(talk)]
    for completion in completions:
        try:
            requests.append(talk.send(completion))
        except StopIteration as end:
            return requests, end.value
    raise AssertionError("the conversation wants more completions")


def test_a_thinking_teacher_gets_the_toggle_and_its_tags_are_kept():
    output = "<think>\nwork\n</think>\n\n\\boxed{5}"
    requests, answer = play(
        asker(True).conversation(prompt(), "on", 0), Completion(text=output, completion_tokens=9)
    )
    assert requests[0].messages == (
        Message(role="system", content="detailed thinking on"),
        Message(role="user", content="Solve: What is 2 + 3?"),
    )
    assert (answer.output, answer.reasoning, answer.answer) == (output, "work", "\\boxed{5}")
    assert answer.completion_tokens == 9
    assert answer.request_keys == (requests[0].key,)


def test_an_opening_tag_that_the_template_wrote_is_put_back():
    _, answer = play(
        asker(True).conversation(prompt(), "on", 0), Completion(text="work\n</think>\nend")
    )
    assert answer.reasoning == "work"
    assert answer.answer == "end"


def test_a_plain_teacher_works_first_and_is_then_led_to_the_answer():
    requests, answer = play(
        asker(False).conversation(prompt(), "on", 1),
        Completion(text=" 2 + 3 = 5. ", completion_tokens=6),
        Completion(text="5", completion_tokens=2),
    )
    assert [m.content for m in requests[0].messages][:2] == ["p0", "r0\n\n\\boxed{0}"]
    assert requests[0].messages[-1].content == "What is 2 + 3?"
    assert requests[0].prefix == ""
    assert requests[1].prefix == "2 + 3 = 5.\n\n\\boxed{"
    assert requests[1].stop == ("}",)
    assert answer.output == "<think>\n2 + 3 = 5.\n</think>\n\n\\boxed{5}"
    assert answer.completion_tokens == 8
    assert answer.prompt.input == prompt().input, "worked examples never enter the prompt"


def test_with_reasoning_off_the_answer_comes_at_once_without_tags():
    requests, answer = play(
        asker(False).conversation(prompt(), "off", 0), Completion(text="5", completion_tokens=2)
    )
    assert [m.content for m in requests[0].messages][:2] == ["p0", "\\boxed{0}"]
    assert requests[0].prefix == "\\boxed{"
    assert answer.output == "\\boxed{5}"


def test_work_that_was_cut_is_not_continued():
    requests, answer = play(
        asker(False).conversation(prompt(), "on", 0), Completion(text="so", finish_reason="length")
    )
    assert len(requests) == 1
    assert answer.finish_reason == "length"


def test_an_answer_that_was_cut_is_not_closed():
    _, answer = play(
        asker(False).conversation(prompt(), "off", 0),
        Completion(text="1234", finish_reason="length"),
    )
    assert answer.output == "\\boxed{1234"


def test_a_failed_request_ends_the_conversation_with_its_error():
    _, answer = play(
        asker(False).conversation(prompt(), "on", 0),
        Completion(error="timeout: 60 s", finish_reason="error"),
    )
    assert answer.error == "timeout: 60 s"


def test_every_sample_and_mode_has_a_seed_of_its_own():
    slots = [(prompt(), "on", 0), (prompt(), "on", 1), (prompt(), "off", 0), (other(), "on", 0)]
    seeds = {next(asker(False).conversation(*slot)).seed for slot in slots}
    assert len(seeds) == 4


def other():
    return prompt("What is 1 + 1?", "2", index=1)


def test_a_mixture_of_teachers_is_drawn_by_weight_the_same_at_every_call():
    two = replace(
        asker(True),
        answerers={
            name: Answerer(name=name, model=name.upper(), revision="r", thinks=True)
            for name in ("big", "small")
        },
        weights={
            ("", "on"): {"big": 3.0, "small": 1.0},
            ("", "off"): {"small": 1.0},
            ("math", "on"): {},
        },
    )
    drawn = [two.answerer(prompt(), "on", sample).name for sample in range(400)]
    assert drawn == [two.answerer(prompt(), "on", sample).name for sample in range(400)]
    assert 250 < drawn.count("big") < 350
    assert two.answerer(prompt(), "off", 0).name == "small"
    _, answer = play(two.conversation(prompt(), "off", 0), Completion(text="5"))
    assert (answer.teacher, answer.teacher_name) == ("SMALL", "small")


def test_an_on_answer_without_a_trace_is_the_off_answer_and_asks_the_same():
    both = replace(asker(False), ask=replace(asker(False).ask, empty_trace=True))
    said = Completion(text="5", prompt_tokens=9, completion_tokens=2)
    asked_off, off = play(both.conversation(prompt(), "off", 0), said)
    asked_on, on = play(both.conversation(prompt(), "on", 0), said)
    assert [each.key for each in asked_on] == [each.key for each in asked_off]
    assert on.output == f"<think>\n</think>\n\n{off.output}"
    assert (on.mode, on.answer, on.reasoning) == ("on", off.answer, "")
    assert (on.prompt_tokens, on.completion_tokens) == (0, 0), "it is paid once"
    assert both.answerer(prompt(), "on", 0) == both.answerer(prompt(), "off", 0)
    alone = replace(both, ask=replace(both.ask, off_share=0.0))
    _, on = play(alone.conversation(prompt(), "on", 0), said)
    assert (on.prompt_tokens, on.completion_tokens) == (9, 2), "no off answer pays for it"
