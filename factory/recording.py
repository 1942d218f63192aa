"""Records: what is published of a run's kept responses and of the prompts that were asked."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from factory import store
from factory.licenses import combine
from factory.recipe import Job
from factory.records import SYSTEM_PROMPTS, Mode, Prompt
from factory.rundir import RunDirectory
from factory.schemas import PROMPTS, RESPONSES, prompt_from_row
from factory.tasks import make_asker

_RL_COLUMNS = (
    "prompt_index", "mode", "expected_answer", "reference", "reference_share", "pass_rate",
)  # fmt: skip
_SFT_COLUMNS = (
    "id", "prompt_id", "domain", "output", "reasoning", "seed", "prompt_tokens",
    "completion_tokens", "request_keys", "engine", "teacher", "teacher_revision", "teacher_name",
    "grades", "kept", *_RL_COLUMNS,
)  # fmt: skip
"""Of responses: rows of Python are made of no other, and of no verdict."""


def _parts(
    run: RunDirectory, parts: Iterable[int], columns: Sequence[str]
) -> Iterator[tuple[dict[int, Prompt], list[dict[str, Any]]]]:
    """For each part: its prompts by position, and some columns of its responses."""
    for part in parts:
        prompts = map(prompt_from_row, store.read_part(run.prompts(part), PROMPTS))
        yield (
            {prompt.index: prompt for prompt in prompts},
            store.read_part(run.responses(part), RESPONSES, columns),
        )


def sft_records(
    job: Job, run: RunDirectory, parts: Iterable[int]
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each response of some parts, and its record; that is empty where the response is dropped.

    Of a response there are the columns that records and counts take.

    Raises:
        PartError: a part is missing or damaged.
    """
    asker = make_asker(job)
    for prompts, responses in _parts(run, parts, _SFT_COLUMNS):
        for response in responses:
            prompt = prompts[response["prompt_index"]]
            shots = asker.num_shots(prompt.source, response["mode"], response["teacher_name"])
            record = _sft_record(job, prompt, response, shots) if response["kept"] else {}
            yield response, record


def _common(job: Job, prompt: Prompt, mode: Mode) -> dict[str, Any]:
    """The columns that both schemas have."""
    return {
        "input": [{"role": turn.role, "content": turn.content} for turn in prompt.input],
        "category": prompt.domain,
        "reasoning": mode,
        "used_in_training": ", ".join(job.recipe.used_in_training),
        "version": job.recipe.version,
        "system_prompt": SYSTEM_PROMPTS[mode],
        "prompt_id": prompt.id,
        "source": prompt.source,
        "attribution": prompt.attribution,
        "topic": prompt.topic,
        "verifier": job.pipeline.gold.name if job.pipeline.gold else None,
    }


def _sft_record(job: Job, prompt: Prompt, response: dict[str, Any], shots: int) -> dict[str, Any]:
    mode: Mode = response["mode"]
    sampling, editors = job.sampling(mode), job.editors()
    edits = [grade for grade in response["grades"] if grade["column"] in editors]
    names = [response["teacher_name"], *(grade["teacher_name"] for grade in edits)]
    models = [response["teacher"], *(grade["teacher"] for grade in edits), *prompt.writers]
    return {
        **_common(job, prompt, mode),
        "output": response["output"],
        "license": combine(prompt.license, *(job.recipe.by_name[name].license for name in names)),
        "generator": ", ".join(dict.fromkeys(models)),
        "id": response["id"],
        "expected_answer": response["expected_answer"],
        **_answer_source(response),
        "pass_rate": response["pass_rate"],
        "teacher_revision": response["teacher_revision"],
        "sampling": {
            "temperature": sampling.temperature,
            "top_p": sampling.top_p,
            "max_tokens": sampling.max_tokens,
            "seed": response["seed"],
            "shots": shots,
        },
        "trace": None if mode == "off" else "real" if response["reasoning"] else "empty",
    }


def _answer_source(response: dict[str, Any]) -> dict[str, Any]:
    """Whether `expected_answer` is the source's, or what a majority of the answers said."""
    if response["expected_answer"] is None:
        return {"answer_source": None, "answer_share": None}
    voted = response["reference"] is not None
    source = "majority" if voted else "gold"
    return {"answer_source": source, "answer_share": response["reference_share"]}


def rl_records(
    job: Job, run: RunDirectory, parts: Iterable[int], left_out: Counter[str]
) -> Iterator[dict[str, Any]]:
    """One record for each prompt that was asked, can be checked, and is of the wanted difficulty.

    Args:
        job: what is produced.
        run: where.
        parts: which of it.
        left_out: counts prompts of another difficulty, by reason.

    Raises:
        PartError: a part is missing or damaged.
    """
    for prompts, responses in _parts(run, parts, _RL_COLUMNS):
        first = {r["prompt_index"]: r for r in reversed(responses) if r["mode"] == "on"}
        for index in sorted(first):
            prompt, response = prompts[index], first[index]
            args = _rl_args(prompt, response)
            if args is None:
                continue
            if reason := job.recipe.rl.reason(response["pass_rate"]):
                left_out[reason] += 1
                continue
            yield {
                **_common(job, prompt, "on"),
                "args": args,
                "license": prompt.license,
                "id": f"{prompt.id}-rl",
                **_answer_source(response),
                "pass_rate": response["pass_rate"],
            }


def _rl_args(prompt: Prompt, response: dict[str, Any]) -> dict[str, Any] | None:
    """What checks an answer to a prompt, None where nothing published can."""
    if prompt.constraints:
        return {
            "task": prompt.domain,
            "instruction_id_list": [each.instruction_id for each in prompt.constraints],
            "instruction_kwargs": [json.loads(each.kwargs) for each in prompt.constraints],
            "num_instructions": len(prompt.constraints),
        }
    if response["expected_answer"] is None:
        return None
    return {"task": prompt.domain, "expected_answer": response["expected_answer"]}
