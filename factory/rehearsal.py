"""`factory run --dry-run`: the whole way on a handful of prompts, without asking a teacher.

A scripted teacher that knows the gold answers takes the real one's place, so that prompts, gold
answers, filters, records and card are all tried; nothing is kept.
"""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from distributed import Client, LocalCluster
from rich.console import RenderableType
from rich.panel import Panel
from rich.text import Text

from factory.asking import Asker
from factory.budget import Caps
from factory.decontamination.judging import TEMPLATE
from factory.drawing import scribes
from factory.engine import run
from factory.funnel import funnel_table
from factory.preview import shown
from factory.recipe import Job
from factory.records import MODES, Completion, Prompt, Request, Verifier
from factory.sources import as_draft
from factory.steps import Elicitation
from factory.tasks import make_asker
from factory.teachers.scripted import ScriptedTeacher

_SAME_PROBLEM = TEMPLATE.partition("{")[0]
"""How a judge's question begins that compares a prompt with a benchmark item."""


def rehearse(job: Job) -> Iterator[RenderableType]:
    """What the teacher would be asked, and what would become of right answers."""
    asker = make_asker(job)
    source = job.pipeline.source
    drafts = [as_draft(each) for each in source.prompts(0, source.num_prompts)]
    prompts = [draft.prompt for draft in drafts if not draft.reason]
    for title, request in _first_requests(job, asker, prompts[0]) if prompts else ():
        yield Panel(shown(request), title=f"first request, {title}", title_align="left")
    with (
        tempfile.TemporaryDirectory(prefix="factory-dry-run-") as folder,
        LocalCluster(n_workers=1, processes=False, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as client,
    ):
        teacher = knowing_teacher(prompts, asker, job.pipeline.gold)
        free = replace(job, recipe=job.recipe.without_limits())
        manifest = run(free, Path(folder) / "run", teacher=teacher, client=client, caps=Caps())
    yield funnel_table(manifest["funnel"]["prompts"], manifest["funnel"]["responses"])
    yield Text("Dry run: right answers came from a script, no teacher was asked, nothing is kept.")


def _first_requests(job: Job, asker: Asker, prompt: Prompt) -> Iterator[tuple[str, Request]]:
    """What the first prompt of the source is asked about first, by what for."""
    first = next(iter(scribes(job)), None)
    if first and (request := next(first.writing(prompt, 0), None)):
        yield first.step.writer.name, request
    if first is None or first.step.beside:  # else the prompt itself is never posed
        for mode in [mode for mode in MODES if job.pipeline.ask.samples(mode)]:
            yield f"reasoning {mode}", next(asker.conversation(prompt, mode, 0))


def knowing_teacher(
    prompts: list[Prompt], asker: Asker, verifier: Verifier | None
) -> ScriptedTeacher:
    """A teacher that answers these prompts rightly, in the form that the asker expects."""
    gold = {}
    for prompt in prompts:
        right = verifier.gold_answer(prompt) if verifier else None
        gold[prompt.problem] = gold[prompt.input[-1].content] = right or "An answer."

    thinks = {who.model: who.thinks for who in asker.answerers.values()}

    def reply(request: Request) -> str | Completion:
        if request.task == "score":
            return Completion(score=1.0)
        answer = gold.get(request.messages[-1].content)
        if request.messages[-1].content.startswith(_SAME_PROBLEM):
            return "False"
        if answer is None:  # it was shown answers, as a judge, or to select from
            return "Judgement: yes\nChoice: 1"
        if thinks[request.model]:
            trace = "<think>\nThe answer is known.\n</think>\n\n" if request.mode == "on" else ""
            return f"{trace}{answer}"
        if request.stop == () or request.prefix:
            return _rest(answer, asker.ask.on if request.mode == "on" else asker.ask.off)
        return "The answer is known."

    return ScriptedTeacher(reply)


def _rest(answer: str, how: Elicitation) -> str:
    """What a teacher still has to say that was made to begin with the lead."""
    return answer.partition(how.lead.strip())[2] if how.lead.strip() in answer else answer
