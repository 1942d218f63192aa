"""What is published: the kept responses as records in shards, the manifest, the card.

    dataset/
      README.md, pass_rates.png                 the card
      SFT/<domain>/<version>-00000-of-000NN.parquet
      RL/<domain>/<version>-00000-of-000NN.parquet
      recipe.toml                               what rebuilds it

Rows stand in the order of their prompts, modes and samples, whatever the parts were. The manifest
is written last.
"""

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import Any

import pyarrow as pa

from factory import __version__, store
from factory.card import write_card
from factory.drawing import written_counts
from factory.funnel import count_entered, count_kept, count_prompts, count_responses
from factory.licenses import combine
from factory.published import published_toml
from factory.recipe import Job
from factory.records import MODES, SYSTEM_PROMPTS, HasPolicies, Mode, Prompt
from factory.rundir import RunDirectory
from factory.schemas import PROMPTS, RESPONSES, RL, SFT, prompt_from_row
from factory.screened import judge_counts, read_screened
from factory.spend import Prices, paid_table
from factory.tally import Tally
from factory.tasks import answerer, make_asker
from factory.versions import versions


def publish(job: Job, run: RunDirectory) -> dict[str, Any]:
    """Write the dataset of a run whose parts are all finished; returns the manifest.

    Raises:
        PartError: a part is missing or damaged.
    """
    for config in ("SFT", "RL"):  # shards of an earlier attempt may have had other names
        shutil.rmtree(run.dataset / config, ignore_errors=True)
    counted = Tally()
    left_out: Counter[str] = Counter()
    shards = []
    for config, schema, rows in (
        ("SFT", SFT, counted.watch(_sft_rows(job, run))),
        ("RL", RL, _rl_rows(job, run, left_out)),
    ):
        shards += _write_shards(job, run, config, schema, rows)
    funnel, gold = count_responses(run), job.pipeline.gold
    screening = read_screened(run)["steps"]
    manifest = {
        "format": 2,
        "pipeline": job.recipe.pipeline,
        "version": job.recipe.version,
        "recipe_hash": job.hash(),
        "seed": job.recipe.seed,
        "factory": __version__,
        "versions": versions(),
        "teachers": [_teacher(job, name, counted) for name in job.teachers()],
        "asked": {mode: _asked(job, mode) for mode in MODES},
        "notes": list(job.pipeline.notes),
        "verifier": gold.name if gold else None,
        "policies": list(gold.policies()) if isinstance(gold, HasPolicies) else [],
        "filters": job.pipeline.filter_settings(),
        "screening": screening,
        "licenses": dict(sorted(counted.licenses.items())),
        "license": combine(*counted.licenses) if counted.licenses else None,
        "sources": dict(sorted(counted.sources.items())),
        "funnel": {
            "prompts": count_prompts(run),
            "responses": funnel,
            "entered": count_entered(funnel),
            "kept": count_kept(funnel),
        },
        "pass_rates": {mode: counted.pass_rates(mode) for mode in MODES},
        "rl": {**asdict(job.recipe.rl), "left_out": dict(sorted(left_out.items()))},
        "prompts_with_both_modes": counted.num_pairs(),
        "accepted_pass_rates": {mode: counted.accepted_pass_rates(mode) for mode in MODES},
        "shortfalls": counted.shortfalls(job.recipe.accept),
        "tokens": counted.tokens,
        "usage": Prices.of(job).rows(
            counted.usage.counts + judge_counts(screening) + written_counts(run)
        ),
        "paid": paid_table(Prices.of(job), run),
        "example": counted.example,
        "shards": shards,
    }
    store.write_text(run.dataset / "recipe.toml", published_toml(job))
    write_card(manifest, run.dataset)
    store.write_json(run.manifest, manifest)
    return manifest


def _teacher(job: Job, name: str, counted: Tally) -> dict[str, Any]:
    config, who = job.recipe.by_name[name], answerer(job, name)
    does = [step.role for step in job.pipeline.writes if step.teacher == name]
    does += [step.column for step in job.pipeline.graded if step.teacher == name]
    if (checks := job.pipeline.decontaminate) and checks.against and name in checks.judge:
        does.append("same problem")
    recipe = job.recipe
    modes = [m for m in MODES for d in ("", *recipe.ask.domains) if name in recipe.answerers(d, m)]
    return {
        "name": name,
        "model": who.model,
        "revision": who.revision,
        "license": config.license,
        "thinks": who.thinks,
        "does": list(dict.fromkeys([*modes, *does])),
        "price": asdict(config.priced()),
        "engines": sorted(counted.engines.get(name, ())),
    }


def _asked(job: Job, mode: Mode) -> dict[str, Any]:
    sampling, asker = job.sampling(mode), make_asker(job)
    ask, names = job.pipeline.ask, job.recipe.answerers(job.pipeline.name, mode)
    return {
        "samples": ask.samples(mode),
        "share": ask.share(mode),
        "accept": asdict(job.recipe.accept[mode]) if job.recipe.accept[mode].rows else None,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "max_tokens": sampling.max_tokens,
        "shots": max(
            (asker.num_shots(source, mode, name) for source in ask.shots for name in names),
            default=0,
        ),
    }


def _parts(run: RunDirectory) -> Iterator[tuple[dict[int, Prompt], list[dict[str, Any]]]]:
    """For each part: its prompts by position, and its responses."""
    for part in range(run.num_parts):
        prompts = map(prompt_from_row, store.read_part(run.prompts(part), PROMPTS))
        yield (
            {prompt.index: prompt for prompt in prompts},
            store.read_part(run.responses(part), RESPONSES),
        )


def _sft_rows(job: Job, run: RunDirectory) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    asker = make_asker(job)
    for prompts, responses in _parts(run):
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


def _rl_rows(job: Job, run: RunDirectory, left_out: Counter[str]) -> Iterator[dict[str, Any]]:
    """One row for each prompt that was asked, can be checked, and is of the wanted difficulty."""
    for prompts, responses in _parts(run):
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


def _write_shards(
    job: Job, run: RunDirectory, config: str, schema: pa.Schema, rows: Iterable[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Write rows into shards of equal size; returns what the manifest says of each."""
    domain, version = job.pipeline.name, job.recipe.version
    directory = run.dataset / config / domain
    unnamed: list[tuple[Path, list[str]]] = []
    for number, batch in enumerate(_batches(rows, job.recipe.rows_per_shard)):
        path = directory / f"{version}-{number:05d}.unnamed"
        store.write_part(path, batch, schema)
        unnamed.append((path, [row["id"] for row in batch]))
    shards = []
    for number, (path, ids) in enumerate(unnamed):
        final = directory / f"{version}-{number:05d}-of-{len(unnamed):05d}.parquet"
        path.replace(final)
        shards.append(
            {
                "path": str(final.relative_to(run.dataset)),
                "config": config,
                "split": domain,
                "rows": len(ids),
                "bytes": final.stat().st_size,
                "sha256": store.sha256(final),
                "ids": ids,
            }
        )
    return shards


def _batches(rows: Iterable[dict[str, Any]], size: int) -> Iterator[list[dict[str, Any]]]:
    """Batches of equal size, the last one shorter; none where there are no rows."""
    remaining = iter(rows)
    while batch := list(islice(remaining, size)):
        yield batch


def verify(run: RunDirectory, manifest: dict[str, Any]) -> list[str]:
    """What is wrong with the shards of a finished run, one line each; empty when all is well."""
    problems = []
    for shard in manifest["shards"]:
        path = run.dataset / shard["path"]
        if not path.is_file():
            problems.append(f"{shard['path']}: missing")
        elif (found := store.sha256(path)) != shard["sha256"]:
            problems.append(
                f"{shard['path']}: sha256 {found[:16]}..., the manifest says "
                f"{shard['sha256'][:16]}..."
            )
    listed = {shard["path"] for shard in manifest["shards"]}
    for path in sorted(run.dataset.glob("*/*/*.parquet")):
        if (name := str(path.relative_to(run.dataset))) not in listed:
            problems.append(f"{name}: not in the manifest")
    return problems
