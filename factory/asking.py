"""From a prompt to the requests that a teacher gets, and from its completions to a response.

A conversation is a generator: it yields a request, receives the completion, and returns the
response. How often it yields depends on the teacher:

- one that thinks by itself gets the toggle as its system message and the published prompt, once;
  the tags are read from its output;
- one that does not (`thinks = false`) is shown worked examples. With reasoning on it writes its
  work, and a second request makes it continue from there to the final answer; the tags are put
  around the work. With reasoning off it starts at the answer.
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from factory.records import (
    SYSTEM_PROMPTS,
    Completion,
    Message,
    Mode,
    Prompt,
    Request,
    Response,
    Sampling,
    join_output,
)
from factory.seeds import derive_seed, seeded
from factory.steps import Ask, Elicitation, Shot

Conversation = Generator[Request, Completion, Response]
Recall = Callable[[Request], Completion]
T = TypeVar("T")
EMPTY_TRACE = "<think>\n</think>\n\n"
"""What the release puts before the off answer of a safety prompt to make the on answer of it."""


def replay(conversation: Generator[Request, Completion, T], recall: Recall) -> T:
    """What a conversation returns when its completions are known."""
    try:
        request = next(conversation)
        while True:
            request = conversation.send(recall(request))
    except StopIteration as end:
        value: T = end.value
        return value


@dataclass(frozen=True, kw_only=True, slots=True)
class Answerer:
    """A teacher as its requests and records name it."""

    name: str
    model: str
    revision: str
    thinks: bool
    settings: str = ""
    """See `Request.settings`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asker:
    """All that the requests of a run have in common."""

    ask: Ask
    answerers: Mapping[str, Answerer]
    weights: Mapping[tuple[str, Mode], Mapping[str, float]]
    """Weights by name of the teachers that answer, by domain, `""` for all others, and mode."""
    sampling: Mapping[Mode, Sampling]
    seed: int

    def conversation(self, prompt: Prompt, mode: Mode, sample: int) -> Conversation:
        """The requests for one answer; returns the response."""
        if mode == "on" and self.ask.empty_trace:
            return self._without_trace(prompt, sample)
        who = self.answerer(prompt, mode, sample)
        if who.thinks:
            return self._direct(who, prompt, mode, sample)
        return self._elicited(who, prompt, mode, sample)

    def answerer(self, prompt: Prompt, mode: Mode, sample: int) -> Answerer:
        """The teacher that gives an answer, drawn by weight where there are several."""
        mode = self.ask.asked_as(mode)
        weights = self.weights.get((prompt.domain, mode)) or self.weights["", mode]
        if len(weights) == 1:
            return self.answerers[next(iter(weights))]
        draw = seeded(self.seed, "teacher", prompt.id, mode, sample)
        (name,) = draw.choices(sorted(weights), [weights[name] for name in sorted(weights)])
        return self.answerers[name]

    def num_shots(self, source: str, mode: Mode, teacher: str) -> int:
        """Worked examples in a request to a teacher about a prompt of this source."""
        return 0 if self.answerers[teacher].thinks else len(self._shots(source, mode))

    def _elicitation(self, mode: Mode) -> Elicitation:
        return self.ask.on if mode == "on" else self.ask.off

    def _shots(self, source: str, mode: Mode) -> tuple[Shot, ...]:
        return self.ask.shots.get(source, ())[: self._elicitation(mode).num_shots]

    def _request(
        self,
        who: Answerer,
        prompt: Prompt,
        mode: Mode,
        sample: int,
        messages: list[Message],
        **fields: Any,
    ) -> Request:
        return Request(
            messages=tuple(messages),
            mode=mode,
            model=who.model,
            revision=who.revision,
            settings=who.settings,
            sampling=self.sampling[mode],
            sample=sample,
            seed=derive_seed(self.seed, "sample", prompt.id, mode, sample),
            **fields,
        )

    def _direct(self, who: Answerer, prompt: Prompt, mode: Mode, sample: int) -> Conversation:
        system = Message(role="system", content=SYSTEM_PROMPTS[mode])
        request = self._request(who, prompt, mode, sample, [system, *prompt.input])
        completion = yield request
        output = completion.text.strip()
        if "</think>" in output and "<think>" not in output:
            output = f"<think>\n{output}"  # some chat templates open the block in the prompt
        return self._response(who, prompt, mode, sample, output, [(request, completion)])

    def _without_trace(self, prompt: Prompt, sample: int) -> Conversation:
        """The off answer after an empty block; the request is the off answer's, and paid once."""
        off = yield from self.conversation(prompt, "off", sample)
        on = replace(off, mode="on", output=f"{EMPTY_TRACE}{off.output}")
        if not self.ask.asks("off", prompt.id, self.seed):
            return on  # nobody else pays for it
        return replace(on, prompt_tokens=0, completion_tokens=0)

    def _elicited(self, who: Answerer, prompt: Prompt, mode: Mode, sample: int) -> Conversation:
        how = self._elicitation(mode)
        messages = []
        for shot in self._shots(prompt.source, mode):
            answer = f"{how.lead}{shot.answer}{how.close}"
            reply = f"{shot.reasoning}\n\n{answer}" if mode == "on" else answer
            messages += [
                Message(role="user", content=shot.problem),
                Message(role="assistant", content=reply),
            ]
        messages += _bare_turns(prompt)
        exchanges = []
        reasoning = ""
        if mode == "on":
            # The work ends where the examples put their answer.
            work = self._request(who, prompt, mode, sample, messages, stop=(how.lead.strip(),))
            completion = yield work
            exchanges.append((work, completion))
            reasoning = completion.text.strip()
            if completion.error or completion.finish_reason == "length":
                return self._response(who, prompt, mode, sample, f"<think>\n{reasoning}", exchanges)
        prefix = f"{reasoning}\n\n{how.lead}" if mode == "on" else how.lead
        stop = (how.close,) if how.close else ()
        final = self._request(who, prompt, mode, sample, messages, prefix=prefix, stop=stop)
        completion = yield final
        exchanges.append((final, completion))
        answer = _framed(how, completion) if how.keeps_lead else completion.text.strip()
        output = join_output(reasoning, answer) if mode == "on" else answer
        return self._response(who, prompt, mode, sample, output, exchanges)

    @staticmethod
    def _response(
        who: Answerer,
        prompt: Prompt,
        mode: Mode,
        sample: int,
        output: str,
        exchanges: list[tuple[Request, Completion]],
    ) -> Response:
        completions = [completion for _, completion in exchanges]
        return Response(
            prompt=prompt,
            mode=mode,
            sample=sample,
            output=output,
            finish_reason=completions[-1].finish_reason,
            error=completions[-1].error,
            seed=exchanges[0][0].seed,
            prompt_tokens=sum(c.prompt_tokens for c in completions),
            completion_tokens=sum(c.completion_tokens for c in completions),
            request_keys=tuple(request.key for request, _ in exchanges),
            engine=completions[-1].engine,
            teacher=who.model,
            teacher_revision=who.revision,
            teacher_name=who.name,
        )


def _bare_turns(prompt: Prompt) -> list[Message]:
    """What a teacher is shown that is shown examples: the bare problem, or a whole conversation."""
    if len(prompt.input) > 1:  # the last turn alone would be another question
        return list(prompt.input)
    return [Message(role="user", content=prompt.problem)]


def _framed(how: Elicitation, completion: Completion) -> str:
    ending = how.close if completion.finish_reason == "stop" else ""
    return f"{how.lead}{completion.text.strip()}{ending}".strip()
