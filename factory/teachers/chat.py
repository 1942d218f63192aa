"""A request's messages as the tokens that a model reads, by the chat template of its tokenizer."""

from contextlib import suppress
from functools import lru_cache
from typing import Any

from jinja2 import TemplateError

from factory.records import Message, Request

_REMEMBERED = 512
"""Prompts whose tokens are kept: the samples of one prompt come close together."""


class ChatTokens:
    """Renders and tokenizes requests, equal ones once.

    Args:
        tokenizer: as transformers loads it, with a chat template.
    """

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer
        self._remember = lru_cache(_REMEMBERED)(self._tokens)

    def __call__(self, request: Request) -> tuple[int, ...]:
        """The tokens of the prompt, or of the whole conversation where its reward is asked for.

        Raises:
            ValueError: the template does not take these turns.
        """
        try:
            return self._remember(request.messages, request.prefix, request.task == "chat")
        except TemplateError as error:
            raise ValueError(f"chat template: {error}") from error

    def _tokens(self, messages: tuple[Message, ...], prefix: str, answers: bool) -> tuple[int, ...]:
        turns = [{"role": turn.role, "content": turn.content} for turn in messages]
        text = self._continued(turns, prefix) if prefix else self._render(turns, answers)
        # The template has written the beginning of the sequence already, where the model wants one.
        return tuple(self._tokenizer.encode(text, add_special_tokens=False))

    def _render(self, turns: list[dict[str, str]], answers: bool) -> str:
        text: str = self._tokenizer.apply_chat_template(
            turns, tokenize=False, add_generation_prompt=answers
        )
        return text

    def _continued(self, turns: list[dict[str, str]], prefix: str) -> str:
        text: str = ""
        # A template that drops what the assistant said makes transformers raise.
        with suppress(ValueError):
            text = self._tokenizer.apply_chat_template(
                [*turns, {"role": "assistant", "content": prefix}],
                tokenize=False,
                continue_final_message=True,
            )
        # Others strip or rewrite it; it must stand as it is.
        return text if text.endswith(prefix) else self._render(turns, True) + prefix
