"""What a chat template must do to a row, one function for each rule; an empty text: it does.

A template breaks training silently: the loss falls all the same. Those of DeepSeek-R1's kind cut
the think block out of the last turn too and end the prompt with an opened one; Qwen3's writes an
empty block into answers with reasoning off; few mark what is learned.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError

from factory.templating.conversation import answer_turn, prompt_turns
from factory.templating.rendering import Rendering, render

_OPEN, _CLOSE = "<think>", "</think>"


@dataclass(frozen=True, kw_only=True, slots=True)
class Rule:
    """One thing that is looked at."""

    name: str
    says: str
    """What holds where it is kept."""
    advice: str
    """What to do where it is broken; `{template}` is a template of this project."""
    broken: Callable[[Any, Rendering, dict[str, Any]], str]
    """What is wrong with a row, of (tokenizer, rendering, row); empty where nothing is."""
    of_answers: bool = True
    """Whether it says nothing of a prompt alone."""


def _toggle(tokenizer: Any, seen: Rendering, row: dict[str, Any]) -> str:
    toggle, *turns = prompt_turns(row)
    place = seen.text.find(toggle["content"])
    if place < 0:
        return f"{toggle['content']!r} is not in the text"
    first = turns[0]["content"].strip()
    behind = first in seen.text and first not in seen.text[place + len(toggle["content"]) :]
    return "the toggle stands behind the user's turn" if behind else ""


def _prompt(tokenizer: Any, seen: Rendering, row: dict[str, Any]) -> str:
    last = prompt_turns(row)[-1]["content"].strip()
    if _tags(seen.prompt[seen.prompt.rfind(last) + len(last) :]):
        return "the prompt at inference holds think tags of the template's own"
    if not seen.text.startswith(seen.prompt):
        left = seen.prompt[len(seen.prompt) - 30 :]
        return f"what the model is given, up to {left!r}, does not begin what it is trained on"
    if seen.start < len(seen.prompt_ids):
        return "tokens merge across the end of the prompt"
    return ""


def _think(tokenizer: Any, seen: Rendering, row: dict[str, Any]) -> str:
    output = row["output"]
    if row["reasoning"] == "off":
        added = _tags(seen.answer) - _tags(output)
        return "think tags are written into an answer with reasoning off" if added > 0 else ""
    block = output[: output.rfind(_CLOSE) + len(_CLOSE)].strip() if _CLOSE in output else ""
    if block not in seen.answer:
        gone = _CLOSE not in seen.answer
        return "the think block is cut out" if gone else "the think block is changed"
    return "think tags are added" if _tags(seen.answer) != _tags(output) else ""


def _tags(text: str) -> int:
    return text.count(_OPEN) + text.count(_CLOSE)


def _answer(tokenizer: Any, seen: Rendering, row: dict[str, Any]) -> str:
    answer = row["output"].split(_CLOSE)[-1].strip()
    return "" if answer in seen.answer else "the answer is changed"


def _past_turns(tokenizer: Any, seen: Rendering, row: dict[str, Any]) -> str:
    before = seen.text[: len(seen.text) - len(seen.answer)]
    for turn in row["input"]:
        if turn["role"] != "assistant" or _CLOSE not in turn["content"]:
            continue
        thought, _, said = turn["content"].rpartition(_CLOSE)
        bare = thought.strip().removeprefix(_OPEN).strip()
        if (bare and bare in before) or turn["content"].strip() in before:
            return "a past turn keeps its think block"
        if said.strip() not in before:
            return "a past turn loses its answer"
    return ""


def _mask(tokenizer: Any, seen: Rendering, row: dict[str, Any]) -> str:
    if not any(seen.mask):
        return "the assistant mask is empty: nothing is learned"
    if any(seen.mask[: seen.start]):
        return "the mask holds tokens that are no output"
    learned = seen.mask[seen.start : _last(tokenizer, seen)]
    if not all(learned):
        only_end = all(learned[:-1])
        return "the mask leaves out the end of turn" if only_end else "the mask has gaps"
    return ""


def _end_of_turn(tokenizer: Any, seen: Rendering, row: dict[str, Any]) -> str:
    last = seen.token_ids[_last(tokenizer, seen) - 1]
    ends = {*tokenizer.get_added_vocab().values(), tokenizer.eos_token_id}
    return "" if last in ends else "the turn does not end with a token that only ends turns"


def _last(tokenizer: Any, seen: Rendering) -> int:
    """The number of tokens up to the end of turn; white space after it is free."""
    last = len(seen.token_ids)
    while last > seen.start + 1 and not tokenizer.decode([seen.token_ids[last - 1]]).strip():
        last -= 1
    return last


_USE = "use a template that does, such as --template {template}"
RULES = (
    Rule(
        name="toggle",
        says="the system message is there, word for word",
        advice=_USE,
        broken=_toggle,
        of_answers=False,
    ),
    Rule(
        name="prompt",
        says="the prompt at inference begins the training text",
        advice=_USE,
        broken=_prompt,
        of_answers=False,
    ),
    Rule(
        name="think",
        says="the think block comes through with reasoning on, and none with it off",
        advice=_USE,
        broken=_think,
    ),
    Rule(name="answer", says="the answer comes through", advice=_USE, broken=_answer),
    Rule(
        name="past_turns",
        says="past turns are cut to the text after the last </think>",
        advice=_USE,
        broken=_past_turns,
        of_answers=False,
    ),
    Rule(
        name="mask",
        says="the assistant mask is the output, end of turn included",
        advice="put {{% generation %}} around the last assistant turn, or --template {template}",
        broken=_mask,
    ),
    Rule(
        name="end_of_turn",
        says="a token of its own ends the turn",
        advice="add the token to the tokenizer, or --template {template}",
        broken=_end_of_turn,
    ),
)
RENDERS = Rule(
    name="renders",
    says="the template takes the row",
    advice=_USE,
    broken=lambda *_: "",
    of_answers=False,
)
PROBE: dict[str, Any] = {
    "id": "two turns of the lint's own",
    "input": [
        {"role": "user", "content": "How much is 2 + 3?"},
        {"role": "assistant", "content": f"{_OPEN}\ntwo and three\n{_CLOSE}\n\nFive."},
        {"role": "user", "content": "And 2 more?"},
    ],
    "output": f"{_OPEN}\nfive and two\n{_CLOSE}\n\nSeven.",
    "reasoning": "on",
}
"""A past turn that thought, which most datasets do not have and every chat has."""


def check_row(
    tokenizer: Any, row: dict[str, Any], rules: tuple[Rule, ...]
) -> tuple[dict[str, str], Rendering | None]:
    """(what is wrong by rule, empty where nothing is; the rendering, None where it is refused).

    Raises:
        RunError: the row is none that is published.
    """
    answer = answer_turn(row) if "output" in row else None
    try:
        seen = render(tokenizer, prompt_turns(row), answer)
    except TemplateError as error:
        return {RENDERS.name: f"it is refused: {' '.join(str(error).split())}"}, None
    found = {RENDERS.name: ""}
    for rule in rules:
        if answer is not None or not rule.of_answers:
            found[rule.name] = rule.broken(tokenizer, seen, row)
    return found, seen
