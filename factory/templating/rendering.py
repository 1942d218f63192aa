"""A row through a chat template: its text and tokens, with what a trainer would learn of them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jinja2 import TemplateError

from factory.templating.conversation import Turn

_MARKS = re.compile(r"\{%-?\s*generation\s*-?%\}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Rendering:
    """A conversation as a template writes it, with the answer and without."""

    prompt: str
    """What the model is given at inference: the turns up to the answer, and its header."""
    text: str
    """What it is trained on; equal to `prompt` where there is no answer."""
    token_ids: tuple[int, ...]
    """Of the text."""
    mask: tuple[int, ...]
    """1 for each token that the template marks as generated, in the order of `token_ids`."""
    prompt_ids: tuple[int, ...]
    """Of the prompt."""

    @property
    def answer(self) -> str:
        """The text of the answer's turn: where the text leaves the prompt."""
        return self.text[common_length(self.prompt, self.text) :]

    @property
    def start(self) -> int:
        """The index of the first token of the answer's turn."""
        return common_length(self.prompt_ids, self.token_ids)


def render(tokenizer: Any, prompt: list[Turn], answer: Turn | None) -> Rendering:
    """A conversation in the tokenizer's chat template.

    Raises:
        jinja2.TemplateError: the template refuses it.
    """
    written = _applied(tokenizer, prompt, tokenize=False, add_generation_prompt=True)
    prompt_ids = tokenizer(written, add_special_tokens=False)["input_ids"]
    if answer is None:
        return Rendering(
            prompt=written,
            text=written,
            token_ids=tuple(prompt_ids),
            mask=(0,) * len(prompt_ids),
            prompt_ids=tuple(prompt_ids),
        )
    told = _applied(
        tokenizer,
        [*prompt, answer],
        tokenize=True,
        return_dict=True,
        return_assistant_tokens_mask=marks_answers(tokenizer.chat_template),
    )
    token_ids = told["input_ids"]
    return Rendering(
        prompt=written,
        text=written_text(tokenizer, prompt, answer),
        token_ids=tuple(token_ids),
        mask=tuple(told.get("assistant_masks", [0] * len(token_ids))),
        prompt_ids=tuple(prompt_ids),
    )


def written_text(tokenizer: Any, prompt: list[Turn], answer: Turn | None) -> str:
    """What is trained on, as text; of a prompt alone, what the model is given."""
    text: str = _applied(
        tokenizer,
        prompt if answer is None else [*prompt, answer],
        tokenize=False,
        add_generation_prompt=answer is None,
    )
    return text


def _applied(tokenizer: Any, turns: list[Turn], **how: bool) -> Any:
    """What a chat template makes of turns; what its own expressions raise is a refusal too."""
    try:
        return tokenizer.apply_chat_template(turns, **how)
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        raise TemplateError(f"{type(error).__name__}: {error}") from error


def marks_answers(template: str) -> bool:
    """Whether a template says which of its text is generated."""
    return _MARKS.search(template) is not None


def common_length(a: Sequence[Any], b: Sequence[Any]) -> int:
    """How many items from the start two sequences share."""
    if a == b[: len(a)]:
        return len(a)
    return next(
        (i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b))
    )
