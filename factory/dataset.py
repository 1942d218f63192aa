"""What is published: the kept responses as records in shards, the manifest, the card.

    dataset/
      README.md, pass_rates.png, lengths.png    the card
      SFT/<domain>/<version>-00000-of-000NN.parquet
      RL/<domain>/<version>-00000-of-000NN.parquet
      recipe.toml                               what rebuilds it
      manifest.json                             what it is made of

Rows stand in the order of their prompts, modes and samples, whatever the parts were. The manifest
is written last, here and then in the run's own directory.
"""

import json
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from factory import __version__, store
from factory.card import write_card
from factory.corpus.files import find_files
from factory.datasetdir import MANIFEST, RECIPE
from factory.drawing import written_counts
from factory.funnel import count_entered, count_kept, count_prompts, count_responses
from factory.licenses import combine_rows
from factory.published import published_toml
from factory.recipe import Job
from factory.recording import rl_records, sft_records
from factory.records import MODES, HasPolicies, Mode
from factory.rundir import RunDirectory
from factory.schemas import PROMPTS, RL, SFT
from factory.screened import judge_counts, read_screened
from factory.shards import Shards, write_shards
from factory.spend import Prices, paid_table
from factory.tally import Tally
from factory.tasks import answerer, make_asker
from factory.versions import versions


def publish(job: Job, run: RunDirectory) -> dict[str, Any]:
    """Write the dataset of a run whose parts are all finished; returns the manifest.

    Raises:
        PartError: a part is missing or damaged.
    """
    (run.dataset / MANIFEST).unlink(missing_ok=True)
    for config in ("SFT", "RL"):  # shards of an earlier attempt may have had other names
        shutil.rmtree(run.dataset / config, ignore_errors=True)
    counted, parts = Tally(job.pipeline.ask), range(run.num_parts)
    left_out: Counter[str] = Counter()
    rl_licenses: Counter[str] = Counter()
    shards = []
    for config, schema, rows in (
        ("SFT", SFT, counted.watch(sft_records(job, run, parts))),
        ("RL", RL, _counted(rl_records(job, run, parts, left_out), rl_licenses)),
    ):
        written = Shards(
            run.dataset, config, job.pipeline.name, job.recipe.version, schema,
            job.recipe.rows_per_shard,
        )  # fmt: skip
        write_shards(written, rows, schema)
        shards += written.finish()
    funnel, gold = count_responses(run), job.pipeline.gold
    screening = read_screened(run)["steps"]
    manifest: dict[str, Any] = {
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
        "license": combine_rows([*counted.licenses, *rl_licenses]),
        "sources": dict(sorted(counted.sources.items())),
        "source_terms": _source_terms(run, counted.sources),
        "source_datasets": _source_datasets(job),
        "topics": counted.topics(),
        "funnel": {
            "prompts": count_prompts(run),
            "responses": funnel,
            "entered": count_entered(funnel),
            "kept": count_kept(funnel),
        },
        "pass_rates": {mode: counted.pass_rates(mode) for mode in MODES},
        "rl": {
            **asdict(job.recipe.rl),
            "left_out": dict(sorted(left_out.items())),
            "licenses": dict(sorted(rl_licenses.items())),
        },
        "prompts_with_both_modes": counted.num_pairs(),
        "pairs": counted.pairs(),
        "lengths": {mode: counted.lengths(mode) for mode in MODES},
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
    manifest = json.loads(json.dumps(manifest))  # as the card's readers will have it
    store.write_text(run.dataset / RECIPE, published_toml(job))
    write_card(manifest, run.dataset, anew=True)
    store.write_json(run.dataset / MANIFEST, manifest)
    store.write_json(run.manifest, manifest)
    return manifest


def _counted(records: Iterable[dict[str, Any]], licenses: Counter[str]) -> Iterator[dict[str, Any]]:
    """Hand records on and count their licences."""
    for record in records:
        licenses[record["license"]] += 1
        yield record


def _source_terms(run: RunDirectory, sources: Iterable[str]) -> dict[str, dict[str, list[str]]]:
    """The licences of each source's prompts, and whom they want to be named."""
    found: dict[str, dict[str, set[str]]] = {
        source: {"licenses": set(), "attributions": set()} for source in sorted(sources)
    }
    for part in range(run.num_parts):
        columns = ["source", "license", "attribution"]
        rows = store.read_table(run.prompts(part), PROMPTS, columns)
        for row in rows.group_by(columns).aggregate([]).to_pylist():
            if terms := found.get(row["source"]):
                terms["licenses"].add(row["license"])
                terms["attributions"].update(filter(None, [row["attribution"]]))
    return {
        source: {name: sorted(values) for name, values in terms.items()}
        for source, terms in found.items()
    }


def _source_datasets(job: Job) -> list[str]:
    """The datasets of the Hub that prompts come from."""
    tables = [rows for rows in job.rows.values() if rows.data]
    return sorted({rows.data for rows in tables if not find_files(rows.data).paths})


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
