"""`factory explain`: the whole life of one row, from its prompt to the shard that holds it."""

import datetime
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import RenderableType
from rich.panel import Panel
from rich.table import Table

from factory.errors import ConfigError
from factory.finding import Found, find
from factory.flips import NOT_SEEN, said
from factory.ledger import LedgerReader
from factory.naming import methods, read_by
from factory.preview import shown
from factory.prompt_fate import fate
from factory.quota import FILTER as QUOTA
from factory.recipe import Job
from factory.records import MODES, Completion, Prompt, Request
from factory.rundir import RunDirectory, read_manifest
from factory.schemas import prompt_from_row, response_from_row
from factory.screened import dropped
from factory.spend import Prices
from factory.steps import Dedup
from factory.tasks import make_asker
from factory.terminal import plain, short

_LIMIT = 4_000
"""Characters of a text that are shown."""


def explain(
    job: Job, run: RunDirectory, id: str, *, limit: int = _LIMIT
) -> Iterator[RenderableType]:
    """All that is known about one row, piece by piece, for a rich console.

    Args:
        job: the run's.
        run: any run, finished or not.
        id: of a response, a prompt, or a published record.
        limit: characters of a text that are shown.

    Raises:
        ConfigError: no such row; the message names the nearest ids.
        RunError: a part or the ledger cannot be read.
    """
    found = find(run, id)
    prompt = prompt_from_row(found.prompt)
    yield _prompt(run, found, prompt, limit)
    if (row := found.response) is not None:
        reader = LedgerReader(run.ledger)
        reader.refresh()
        yield from _requests(job, run, prompt, row, reader, limit)
        yield _output(job, prompt, row, limit)
        yield _verdicts(job, row)
        yield from _grades(job, row, reader, limit)
    yield from _group(job, run, found)
    for line in _published(run, found, prompt):
        yield plain(line)


def _prompt(run: RunDirectory, found: Found, prompt: Prompt, limit: int) -> Panel:
    checked = "passes its own check"
    if found.prompt["decision"] != "keep":
        checked = f"{found.prompt['decision']} {found.prompt['reason']}: not asked"
    gold = "none" if prompt.expected_answer is None else short(prompt.expected_answer, limit)
    lines = [
        short(prompt.problem, limit),
        "",
        f"position {prompt.index} of the source, part {found.part}, domain {prompt.domain}",
        f"source {prompt.source}, licence {prompt.license}",
        f"gold answer: {gold} ({checked})",
    ]
    if prompt.attribution:
        lines.append(f"attribution: {short(prompt.attribution, limit)}")
    if prompt.topic:
        lines.append(f"topic: {short(prompt.topic, limit)}")
    if prompt.writers:
        made = f" from {prompt.seed_id}" if prompt.seed_id else ""
        lines.append(f"written{made} by {', '.join(prompt.writers)}")
        lines.append(f"written with: {', '.join(prompt.writing_keys)}")
    if prompt.choices:
        lines.append(f"choices: {short(' | '.join(prompt.choices), limit)}")
    if prompt.tests:
        kinds = ", ".join(sorted({test.kind for test in prompt.tests}))
        lines.append(f"tests: {len(prompt.tests)} ({kinds}), language {prompt.language or '-'}")
    for each in prompt.constraints:
        lines.append(f"constraint {each.instruction_id} {short(each.kwargs, limit)}")
    if prompt.policy:
        lines.append(f"policy: {prompt.policy}")
    lines += fate(run, found.part, prompt.index)
    title = plain(f"prompt {prompt.id}")
    return Panel(plain("\n".join(lines)), title=title, title_align="left")


def _requests(
    job: Job,
    run: RunDirectory,
    prompt: Prompt,
    row: dict[str, Any],
    reader: LedgerReader,
    limit: int,
) -> Iterator[Panel]:
    """One panel a request: what was asked, with which sampling, what it cost, what came back."""
    price = Prices.of(job).by_teacher.get(row["teacher_name"])
    requests = _rebuilt(job, prompt, row, reader)
    for number, (key, request) in enumerate(
        itertools.zip_longest(row["request_keys"], requests), 1
    ):
        lines = [
            f"key {key}",
            f"teacher {row['teacher_name']}: {row['teacher']}, revision {row['teacher_revision']}",
        ]
        if request:
            how = request.sampling
            lines += [
                f"temperature {how.temperature:g}, top_p {how.top_p:g}, max_tokens "
                f"{how.max_tokens}, sample {request.sample}, seed {request.seed}",
                "",
                short(shown(request).plain, limit),
            ]
        else:
            lines.append(
                "what was asked cannot be shown: this recipe and code ask another question"
            )
        lines.append("")
        stored = reader.stored(key)
        if stored is None:
            lines.append(row["error"] or f"its completion is not in {run.ledger}")
        else:
            cost = price.cost(stored.prompt_tokens, stored.completion_tokens) if price else 0.0
            lines += [
                f"{stored.finish_reason}, {stored.prompt_tokens:,} tokens read and "
                f"{stored.completion_tokens:,} written, US$ {cost:.6f}, paid {_when(stored.at)} on "
                f"account {stored.account or 'unknown'}, by {stored.engine or 'unknown'}",
                short(stored.text or stored.error, limit),
            ]
        title = f"request {number} of {len(row['request_keys'])}"
        yield Panel(plain("\n".join(lines)), title=title, title_align="left", style="cyan")


def _rebuilt(job: Job, prompt: Prompt, row: dict[str, Any], reader: LedgerReader) -> list[Request]:
    """The requests behind a response, as far as this recipe and code would ask them again."""
    requests: list[Request] = []
    try:
        talk = make_asker(job).conversation(prompt, row["mode"], row["sample"])
    except ConfigError:  # the model is not on this machine
        return requests
    try:
        request = next(talk)
        for key in row["request_keys"]:
            if request.key != key:
                break
            requests.append(request)
            request = talk.send(reader.get(key) or Completion(error="gone: not in the ledger"))
    except StopIteration:
        pass
    return requests


def _when(microseconds: int) -> str:
    if not microseconds:
        return "at a time that is not known"
    moment = datetime.datetime.fromtimestamp(microseconds / 1e6, tz=datetime.UTC)
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _output(job: Job, prompt: Prompt, row: dict[str, Any], limit: int) -> Panel:
    response = response_from_row(row, prompt)
    lines = [short(row["output"], limit), ""]
    if row["draft"] is not None:
        lines += ["the draft that this was edited from:", short(row["draft"], limit), ""]
    for method in methods(job.pipeline):
        if (answer := read_by(method, response)) is not None:
            lines.append(f"{method.name} reads the answer: {short(answer, limit)}")
    if row["reference"] is not None:
        why = "no gold answer" if response.prompt.expected_answer is None else "nobody reaches it"
        lines.append(f"{why}; the majority says: {short(row['reference'], limit)}")
    if row["error"]:
        lines.append(f"the request failed: {row['error']}")
    lines.append(
        f"reasoning {len(row['reasoning']):,} characters, answer {len(row['answer']):,}, "
        f"finish {row['finish_reason']}"
    )
    return Panel(plain("\n".join(lines)), title=plain(f"output {row['id']}"), title_align="left")


def _verdicts(job: Job, row: dict[str, Any]) -> Table:
    table = Table(title="Verdicts", title_justify="left")
    for name in ("filter", "verdict", "score", "seconds"):
        table.add_column(name)
    for verdict in row["verdicts"]:
        score = "-" if verdict["score"] is None else f"{verdict['score']:g}"
        words = said(verdict["decision"], verdict["reason"])
        style = "" if verdict["decision"] == "keep" else "bold red"
        cells = (verdict["filter"], words, score, f"{verdict['seconds']:.4f}")
        table.add_row(*map(plain, cells), style=style)
    seen = {verdict["filter"] for verdict in row["verdicts"]}
    for method in methods(job.pipeline):
        if method.name not in seen:
            table.add_row(plain(method.name), NOT_SEEN, "-", "-", style="dim")
    return table


def _grades(
    job: Job, row: dict[str, Any], reader: LedgerReader, limit: int
) -> Iterator[RenderableType]:
    prices = Prices.of(job).by_teacher
    for grade in row["grades"]:
        stored = reader.stored(grade["request_key"])
        price = prices.get(grade["teacher_name"])
        cost = price.cost(grade["prompt_tokens"], grade["completion_tokens"]) if price else 0.0
        lines = [
            f"score {grade['score']}, by {grade['teacher_name']}: {grade['teacher']}, revision "
            f"{grade['teacher_revision']}, key {grade['request_key']}",
            f"{grade['prompt_tokens']:,} tokens read and {grade['completion_tokens']:,} written, "
            f"US$ {cost:.6f}, paid {_when(stored.at if stored else 0)}",
            short(grade["text"] or grade["error"], limit),
        ]
        title = plain(f"column {grade['column']}")
        yield Panel(plain("\n".join(lines)), title=title, title_align="left", style="magenta")


def _group(job: Job, run: RunDirectory, found: Found) -> Iterator[RenderableType]:
    """What became of the other responses to the prompt."""
    if not found.responses:
        yield plain("No response is there yet." if _asked(run, found) else "It was never asked.")
        return
    ask = job.pipeline.ask
    for mode in MODES:
        if not ask.asks(mode, found.prompt["id"], job.recipe.seed):
            share = f"{ask.share(mode):g} of the prompts are"
            yield plain(f"Not asked with reasoning {mode}: {share}, and this is none of them.")
    table = Table(title="All responses to the prompt", title_justify="left")
    for name in ("id", "fate"):
        table.add_column(name, overflow="fold")  # an id that lost its end names nothing
    for name in ("teacher", "tokens written", "pass rate"):
        table.add_column(name, overflow="fold", justify="right" if name != "teacher" else "left")
    for row in found.responses:
        fate = "kept" if row["kept"] else f"{row['dropped_by']}: {row['reason']}"
        if twin := _response_twin(job, found, row):
            fate += f", repeats {twin}"
        rate = "-" if row["pass_rate"] is None else f"{row['pass_rate']:.0%}"
        cells = (row["id"], fate, row["teacher_name"], f"{row['completion_tokens']:,}", rate)
        chosen = found.response is not None and row["id"] == found.response["id"]
        table.add_row(*map(plain, cells), style="bold" if chosen else "")
    yield table


def _asked(run: RunDirectory, found: Found) -> bool:
    """Whether the prompt is one of those that are asked, as far as that is known yet."""
    gone = dropped(run, found.part) if run.screened.exists() else {}
    return found.prompt["decision"] == "keep" and found.prompt["index"] not in gone


def _response_twin(job: Job, found: Found, row: dict[str, Any]) -> str:
    """The id of the response that one repeats, worked out again; empty where it repeats none."""
    for step in job.pipeline.response_steps:
        if not isinstance(step, Dedup) or row["dropped_by"] != step.method.name:
            continue
        seen = [
            each
            for each in found.responses
            if each["mode"] == row["mode"]
            and any(verdict["filter"] == step.method.name for verdict in each["verdicts"])
        ]
        twins = step.method.duplicates([each["output"] for each in seen])
        for each, twin in zip(seen, twins, strict=True):
            if each["id"] == row["id"] and twin:
                return str(seen[twin.twin]["id"])
    return ""


def _published(run: RunDirectory, found: Found, prompt: Prompt) -> Iterator[str]:
    """Where the records lie."""
    if not run.manifest.exists():
        yield "The run is not finished: nothing is published yet."
        return
    wanted = [row["id"] for row in found.responses if row["kept"]]
    if found.response is not None:
        wanted = [found.response["id"]]
        yield from _quota(found.response)
    shards = read_manifest(run)["shards"]
    for id in (*wanted, f"{prompt.id}-rl"):
        where = _place(shards, id)
        yield f"{id}: published in {where}" if where else f"{id}: not published"


def _quota(row: dict[str, Any]) -> Iterator[str]:
    for verdict in row["verdicts"]:
        if verdict["filter"] == QUOTA:
            beyond = verdict["decision"] != "keep"
            yield f"It passes, and {'is beyond' if beyond else 'counts among'} the rows asked for."


def _place(shards: Sequence[dict[str, Any]], id: str) -> str:
    for shard in shards:
        if id in shard["ids"]:
            return f"dataset/{shard['path']}, row {shard['ids'].index(id)}"
    return ""
