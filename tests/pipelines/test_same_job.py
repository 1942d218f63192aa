"""A page makes the same prompts in every process, whatever order Python's sets have there."""

import os
import subprocess
import sys

PROMPTS = """
from dataclasses import asdict
from factory.seeds import digest
from factory.sources import as_draft
from pipelines import PAGES

for name, page in PAGES.items():
    pipeline = page.pipeline(page.Config(), 7)
    prompts = [asdict(as_draft(each).prompt) for each in pipeline.source.prompts(0, 60)]
    print(name, pipeline.fingerprint(), digest(prompts))
"""


def prompts(hash_seed):
    command, environment = (
        [sys.executable, "-c", PROMPTS],
        os.environ | {"PYTHONHASHSEED": hash_seed},
    )
    return subprocess.run(
        command, env=environment, capture_output=True, text=True, check=True
    ).stdout.splitlines()


def test_every_page_is_the_same_in_processes_with_other_hashes_of_strings():
    assert prompts("1") == prompts("2")
