"""The bundled SmolLM2-135M as a student, and a child cut from it, served by vLLM as it is."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from transformers import AutoModelForCausalLM, AutoTokenizer, LlamaForCausalLM

from factory.teachers.bundled import model_directory
from training.students.checking import check
from training.students.config import (
    AttentionConfig,
    BlockConfig,
    DeciLMConfig,
    FFNConfig,
    ffn_mult_of,
)
from training.students.model import DeciLMForCausalLM
from training.students.parent import from_parent

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

PROMPTS = [f"In the year {year}," for year in range(1800, 2000, 10)]
NUM_TOKENS = 24


@pytest.fixture(scope="module")
def parent() -> LlamaForCausalLM:
    return AutoModelForCausalLM.from_pretrained(model_directory(), dtype=torch.float32).eval()


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return AutoTokenizer.from_pretrained(model_directory(), padding_side="left")


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
def test_its_logits_are_the_parents_bit_for_bit(
    parent: LlamaForCausalLM, tokenizer: Any, attention: str
):
    parent.set_attn_implementation(attention)
    child = from_parent(parent)
    texts = [prompt + " and so on" * i for i, prompt in enumerate(PROMPTS[:4])]
    batch = tokenizer(texts, return_tensors="pt", padding=True)
    with torch.no_grad():
        assert torch.equal(parent(**batch).logits, child(**batch).logits)
    how = {"max_new_tokens": NUM_TOKENS, "do_sample": False}
    assert torch.equal(parent.generate(**batch, **how), child.generate(**batch, **how))
    row = batch["input_ids"][-1:]
    places = torch.arange(row.shape[1])[None] % 5
    with torch.no_grad():
        theirs, ours = (
            model(row, position_ids=places, use_cache=False).logits for model in (parent, child)
        )
    assert torch.equal(theirs, ours)


def cut(whole: DeciLMForCausalLM) -> DeciLMForCausalLM:
    """A child with every kind of block that vLLM serves, cut so gently that it still speaks."""
    blocks = [
        BlockConfig(
            attention=AttentionConfig(no_op=True)
            if layer == 12
            else AttentionConfig(n_heads_in_group=9 if layer == 20 else 3),
            ffn=FFNConfig(no_op=True)
            if layer == 21
            else FFNConfig(ffn_mult=ffn_mult_of(1280 if layer in (10, 15, 25) else 1536, 576)),
        )
        for layer in range(30)
    ]
    child = DeciLMForCausalLM(DeciLMConfig(**whole.config.to_dict() | {"block_configs": blocks}))
    old = whole.state_dict()
    for name, weight in child.state_dict().items():
        kept = old[name]
        if kept.shape != weight.shape and "self_attn" in name:
            kept = kept.view(3, 64, 576).mean(0)  # one KV head out of three
        elif kept.shape != weight.shape:
            down = old[f"{name.rsplit('.', 2)[0]}.down_proj.weight"]
            channels = down.norm(dim=0).topk(1280).indices.sort().values
            kept = kept[:, channels] if "down_proj" in name else kept[channels]
        weight.copy_(kept)
    child.generation_config = whole.generation_config
    return child.eval()


SERVE = """
import sys
sys.modules["training"] = sys.modules["factory"] = None  # as if they were not installed
import json
from vllm import LLM, SamplingParams
folder, num_tokens = sys.argv[1], int(sys.argv[2])
with open(f"{folder}/prompts.json") as file:
    prompts = [{"prompt_token_ids": row} for row in json.load(file)]
llm = LLM(folder, trust_remote_code=True, enforce_eager=True, dtype="float32", max_model_len=256)
outputs = llm.generate(prompts, SamplingParams(temperature=0.0, max_tokens=num_tokens))
with open(f"{folder}/answers.json", "w") as file:
    json.dump([list(output.outputs[0].token_ids) for output in outputs], file)
"""


@pytest.mark.skipif(not importlib.util.find_spec("vllm"), reason="vLLM is not installed")
def test_vllm_serves_a_child_as_it_is_with_the_tokens_of_transformers(
    parent: LlamaForCausalLM, tokenizer: Any, tmp_path: Path
):
    child = cut(from_parent(parent))
    folder = tmp_path / "child"
    child.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    found = check(folder)
    assert (found.num_attention_layers, found.num_kv_heads) == (29, 85)
    assert check(folder, memory_bytes=0).tokens == found.tokens
    prompts = [tokenizer(prompt).input_ids for prompt in PROMPTS]
    (folder / "prompts.json").write_text(json.dumps(prompts))
    environment = {
        "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
        "VLLM_CPU_KVCACHE_SPACE": "1",
        "VLLM_NO_USAGE_STATS": "1",
        "HF_HOME": str(tmp_path / "hub"),
    }
    subprocess.run(
        [sys.executable, "-c", SERVE, folder, str(NUM_TOKENS)],
        check=True,
        cwd=tmp_path,
        env=os.environ | environment,
    )
    served = json.loads((folder / "answers.json").read_text())
    how = {"max_new_tokens": NUM_TOKENS, "do_sample": False}
    expected = []
    for prompt in prompts:
        row = torch.tensor([prompt])
        output = child.generate(row, attention_mask=torch.ones_like(row), **how)
        expected.append(output[0, len(prompt) :].tolist())
    assert served == expected
    assert len({tuple(answer) for answer in served}) > 10
    assert sum(len(set(answer)) for answer in served) / 20 > NUM_TOKENS / 3  # it does not stutter
