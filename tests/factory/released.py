"""Finished runs for releases: math in two versions, and prompts of instruction following."""

from pathlib import Path
from typing import Any

from factory.datasetdir import DatasetDirectory
from factory.engine import run
from factory.recipe import Job, load_recipe
from factory.teachers.scripted import ScriptedTeacher
from pipelines import make_job
from tests.factory.test_engine import scripted
from tests.toys import TOY_RECIPE

RECIPES = Path(__file__).parents[2] / "pipelines" / "recipes"


def math_job(folder: Path, *changes: str, top: str = "rows_per_shard = 7\n") -> Job:
    """A dozen prompts, answered by a scripted teacher."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "math.toml"
    more = "max_error_share = 0.5\n"
    path.write_text(
        TOY_RECIPE.format(
            num_prompts=12, samples_on=6, samples_off=5, thinks="true", part_size=6, more=more,
            top=top,
        )
    )  # fmt: skip
    return make_job(load_recipe(path, changes))


def math_run(folder: Path, client: Any, *changes: str) -> Path:
    """A finished run of such a job: 24 answers in four shards, 12 prompts in two."""
    job = math_job(folder, *changes)
    run(job, folder / "run", client=client, teacher=scripted(job))
    return folder / "run"


def instructions_run(folder: Path, client: Any) -> Path:
    """A finished run that keeps no answer: prompts of RL alone."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "instructions.toml"
    text = (RECIPES / "instruction_following-tiny.toml").read_text()
    path.write_text(text.replace('kind = "bundled"', 'kind = "scripted"\nreplies = ["no"]'))
    changes = ["instruction_following.num_prompts=6", "instruction_following.max_instructions=1"]
    job = make_job(load_recipe(path, changes))
    run(job, folder / "run", client=client, teacher=ScriptedTeacher(["no"]))
    return folder / "run"


def bytes_of(dataset: DatasetDirectory) -> dict[str, bytes]:
    """The shards' content by path."""
    return {shard["path"]: dataset.path(shard).read_bytes() for shard in dataset.shards}
