"""The same recipe through vLLM in the worker, and through a vLLM server and HTTP."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from factory.engine import run
from factory.recipe import Job, load_recipe
from pipelines import make_job
from tests.factory.vllm_server import VllmServer, vllm_server  # noqa: F401 - a fixture

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

RECIPE = """
pipeline = "math"
seed = 7
[math]
num_prompts = 6
samples_on = 2
samples_off = 2
[math.tasks.products]
min_digits = 1
max_digits = 1
[teacher]
license = "apache-2.0"
thinks = false
{teacher}
[sampling.on]
temperature = 0.0
top_p = 1.0
max_tokens = 64
[sampling.off]
temperature = 0.0
top_p = 1.0
max_tokens = 8
[limits]
part_size = 3
max_error_share = 0.0
"""
IN_PROCESS = """
kind = "vllm"
model = "bundled"
dtype = "float32"
max_model_len = 1024
max_num_seqs = 16
"""
SERVED = """
kind = "http"
model = "{model}"
base_urls = ["{url}"]
"""


def job(folder: Path, teacher: str) -> Job:
    path = folder / "r.toml"
    path.write_text(RECIPE.format(teacher=teacher))
    return make_job(load_recipe(path))


def responses(out: Path) -> list[dict[str, Any]]:
    frame = pl.read_parquet(out / "responses" / "*.parquet")
    return frame.sort("prompt_index", "mode", "sample").to_dicts()


def test_a_server_answers_chat_completions(
    vllm_server: VllmServer,  # noqa: F811 - the fixture imported above
) -> None:
    body = {
        "model": vllm_server.model,
        "messages": [{"role": "user", "content": "What is 2 + 3?"}],
        "max_tokens": 4,
    }
    url = f"{vllm_server.base_url}/chat/completions"
    headers = {"content-type": "application/json"}
    call = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(call, timeout=120) as answer:
        choice = json.load(answer)["choices"][0]
    assert choice["message"]["content"]


def test_both_ways_to_vllm_answer_in_both_modes_and_say_the_same(
    tmp_path: Path,
    vllm_server: VllmServer,  # noqa: F811 - the same fixture
) -> None:
    served = SERVED.format(model=vllm_server.model, url=vllm_server.base_url)
    made = {"served": job(tmp_path, served), "in_process": job(tmp_path, IN_PROCESS)}
    manifests = {name: run(each, tmp_path / name) for name, each in made.items()}
    rows = {name: responses(tmp_path / name) for name in made}
    for name, manifest in manifests.items():
        assert manifest["funnel"]["entered"] == {"on": 12, "off": 12}
        (teacher,) = manifest["teachers"]
        (engine,) = teacher["engines"]
        assert engine.startswith("vllm 0." if name == "in_process" else "http, bundled")
        assert manifest["funnel"]["kept"]["on"] + manifest["funnel"]["kept"]["off"] > 0
        for row in rows[name]:
            assert row["error"] == ""
            assert row["prompt_tokens"] > row["completion_tokens"] > 0
            if row["mode"] == "on" and row["finish_reason"] == "stop":
                assert row["output"].startswith("<think>\n")
                assert row["reasoning"]
            if row["mode"] == "off":
                assert row["output"].startswith("\\boxed{")
                assert "<think>" not in row["output"]
    pairs = list(zip(rows["served"], rows["in_process"], strict=True))
    same = sum(a["output"] == b["output"] for a, b in pairs)
    # Greedy, but one in bfloat16 and the other in float32: near ties may fall otherwise.
    assert same >= len(pairs) // 2, [(a["output"], b["output"]) for a, b in pairs]
