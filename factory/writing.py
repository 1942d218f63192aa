"""Prompts that teachers take part in writing: from a prompt of the source to those it becomes.

    prompt -> question -> reply -> drafts -> question about each -> ... -> prompts to be screened

Each step asks about every draft that the ones before it left, through the ledger like everything
that is asked. A draft that a writer rejects stays where it is, with the reason.
"""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace

from factory.asking import Answerer, Recall, replay
from factory.grading import spoken
from factory.licenses import combine
from factory.records import Completion, Draft, Message, Prompt, Request
from factory.seeds import derive_seed
from factory.steps import Write


@dataclass(frozen=True, kw_only=True, slots=True)
class Scribe:
    """A step with the teacher that it asks."""

    step: Write
    who: Answerer
    license: str
    """Under which its replies come."""
    seed: int
    """The run's."""

    def writing(
        self, prompt: Prompt, sample: int
    ) -> Generator[Request, Completion, Sequence[Draft]]:
        """The request about a prompt, if there is something to ask; returns what is made of it."""
        writer = self.step.writer
        text = writer.question(prompt, sample)
        if text is None:
            stays = sample == 0 and not self.step.beside  # beside, it has stayed already
            return [Draft(prompt=prompt)] if stays else []
        request = Request(
            messages=(Message(role="user", content=text),),
            mode="off",
            model=self.who.model,
            revision=self.who.revision,
            settings=self.who.settings,
            sampling=self.step.sampling,
            sample=sample,
            seed=derive_seed(self.seed, "write", writer.name, prompt.id, sample),
        )
        completion = yield request
        credited = self._credited(prompt, request)
        if reason := _failure(completion):
            return [Draft(prompt=credited, reason=reason)]
        return writer.read(credited, spoken(completion.text))[: writer.most]

    def _credited(self, prompt: Prompt, request: Request) -> Prompt:
        return replace(
            prompt,
            license=combine(prompt.license, self.license),
            writers=tuple(dict.fromkeys((*prompt.writers, self.who.model))),
            writing_keys=(*prompt.writing_keys, request.key),
        )


def _failure(completion: Completion) -> str:
    """Why a reply cannot be read."""
    if completion.error:
        return "writer_failed"
    return "writer_truncated" if completion.finish_reason == "length" else ""


def written(scribes: Sequence[Scribe], draft: Draft, recall: Recall) -> list[Draft]:
    """What the steps so far made of what a source yields; rejected drafts are among it.

    Args:
        scribes: the steps, in order.
        draft: from the source.
        recall: knows what was replied.
    """
    drafts = [draft]
    for scribe in scribes:
        drafts = [new for draft in drafts for new in _next(scribe, draft, recall)]
    return drafts


def _next(scribe: Scribe, draft: Draft, recall: Recall) -> Iterator[Draft]:
    if draft.reason:
        yield draft
        return
    if scribe.step.beside:
        yield draft
    for sample in range(scribe.step.samples):
        yield from replay(scribe.writing(draft.prompt, sample), recall)
