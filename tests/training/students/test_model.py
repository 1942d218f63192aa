"""A student whose layers differ: what it computes, its cache, its training, its checkpoint."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from safetensors import safe_open
from transformers import LlamaForCausalLM, StaticCache

from tests.training.students.toys import EVERY_KIND, block, llama, student, tokens
from training.students.model import DeciLMForCausalLM


def logits(model: Any, rows: Any, **inputs: Any) -> Any:
    with torch.no_grad():
        return model(rows, **inputs).logits


def as_llama(child: DeciLMForCausalLM) -> LlamaForCausalLM:
    """A Llama with 6 KV heads and FFNs of 512 channels that computes the same: what the student
    lacks is zero, and KV heads stand as often as query heads share them."""
    parent = llama(num_hidden_layers=len(child.model.layers), num_key_value_heads=6)
    ours = child.state_dict()
    for name, weight in parent.state_dict().items():
        own = ours.get(name)
        if own is None:
            weight.fill_(1.0 if "norm" in name else 0.0)
            continue
        if "k_proj" in name or "v_proj" in name:
            own = own.view(-1, 8, 48).repeat_interleave(48 // own.shape[0], 0).reshape(48, 48)
        weight.zero_()
        weight[tuple(slice(size) for size in own.shape)] = own
    return parent


def test_a_student_computes_what_a_llama_with_zeros_in_the_gaps_does():
    child = student()
    rows = tokens(2, 20)
    torch.testing.assert_close(logits(child, rows), logits(as_llama(child), rows))
    for i, what in enumerate(EVERY_KIND):
        layer = child.model.layers[i]
        assert (layer.self_attn is None) == what["attention"]["no_op"]
        assert (layer.mlp is None) == what["ffn"]["no_op"]


def test_linear_replacements_are_one_matrix_after_the_norm():
    child = student([block(), block("linear", "linear")])
    layer = child.model.layers[1]
    x_BTC = torch.randn(2, 5, 48)
    after = x_BTC + layer.input_layernorm(x_BTC) @ layer.self_attn.linear.weight.T
    after = after + layer.post_attention_layernorm(after) @ layer.mlp.linear.weight.T
    torch.testing.assert_close(layer(x_BTC), after)


def test_logits_of_the_last_tokens_alone_can_be_asked_for():
    child, rows = student(), tokens(2, 9)
    every = logits(child, rows)
    torch.testing.assert_close(logits(child, rows, logits_to_keep=2), every[:, -2:])
    places = torch.tensor([0, 4])
    torch.testing.assert_close(logits(child, rows, logits_to_keep=places), every[:, places])


def test_embeddings_take_the_place_of_tokens_but_not_both_are_given():
    child, rows = student(), tokens(2, 9)
    embeddings = child.model.embed_tokens(rows)
    assert torch.equal(logits(child, None, inputs_embeds=embeddings), logits(child, rows))
    for inputs in ({}, {"input_ids": rows, "inputs_embeds": embeddings}):
        with pytest.raises(ValueError, match="give either input_ids or inputs_embeds"):
            child(**inputs)


def test_the_cache_holds_the_layers_with_attention_alone():
    child = student()
    heads = [2, 1, 6]
    with torch.no_grad():
        filled = child(tokens(2, 7), use_cache=True).past_key_values
    assert [tuple(layer.keys.shape) for layer in filled.layers] == [(2, n, 7, 8) for n in heads]
    generated = child.generate(
        tokens(1, 7), max_new_tokens=3, min_new_tokens=3, return_dict_in_generate=True
    ).past_key_values
    assert [layer.keys.shape[1] for layer in generated.layers] == heads
    assert len(StaticCache(config=child.config, max_cache_len=8)) == 3


@pytest.mark.parametrize(
    "blocks", [EVERY_KIND, [block(None), block(3)], [block("linear"), block()]]
)
def test_decoding_with_the_cache_is_decoding_without(blocks: list[dict[str, Any]]):
    child = student(blocks)
    rows = tokens(3, 10)
    mask = torch.ones_like(rows)
    mask[1, :6] = 0
    how = {"attention_mask": mask, "max_new_tokens": 20, "do_sample": False}
    assert torch.equal(
        child.generate(rows, use_cache=True, **how), child.generate(rows, use_cache=False, **how)
    )
    static = child.generate(rows, cache_implementation="static", disable_compile=True, **how)
    assert torch.equal(static, child.generate(rows, **how))
    beams = {**how, "num_beams": 3}
    assert torch.equal(
        child.generate(rows, use_cache=True, **beams),
        child.generate(rows, use_cache=False, **beams),
    )


@pytest.mark.parametrize("use_reentrant", [True, False])
def test_gradient_checkpointing_changes_no_gradient(use_reentrant: bool):
    child = student().train()
    rows = tokens(2, 10)
    gradients = []
    for checkpointing in (False, True):
        if checkpointing:
            child.gradient_checkpointing_enable({"use_reentrant": use_reentrant})
        child.zero_grad()
        child(rows, labels=rows, use_cache=False).loss.backward()
        gradients.append([weight.grad.clone() for weight in child.parameters()])
    assert child.model.layers[0].gradient_checkpointing
    assert all(map(torch.equal, *gradients))


@pytest.mark.parametrize("tied", [False, True])
def test_two_steps_move_every_weight(tied: bool):
    child = student([*EVERY_KIND, block("linear", "linear")], tie_word_embeddings=tied).train()
    before = {name: weight.clone() for name, weight in child.named_parameters()}
    optimizer = torch.optim.SGD(child.parameters(), lr=0.1)
    rows = tokens(4, 12)
    losses = []
    for _ in range(2):
        optimizer.zero_grad()
        loss = child(rows, labels=rows).loss
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
    assert losses[1] < losses[0]
    assert not [n for n, weight in child.named_parameters() if torch.equal(weight, before[n])]


@pytest.mark.parametrize("tied", [False, True])
def test_a_checkpoint_has_the_names_of_llama_and_nothing_for_a_no_op(tmp_path: Path, tied: bool):
    child = student([block(3), block(None), block("linear", None)], tie_word_embeddings=tied)
    child.save_pretrained(tmp_path)
    attention = [f"self_attn.{x}_proj.weight" for x in "qkvo"]
    ffn = [f"mlp.{x}_proj.weight" for x in ("gate", "up", "down")]
    expected = {
        "0": ["input_layernorm.weight", *attention, "post_attention_layernorm.weight", *ffn],
        "1": ["post_attention_layernorm.weight", *ffn],
        "2": ["input_layernorm.weight", "self_attn.linear.weight"],
    }
    names = {f"model.layers.{layer}.{name}" for layer in expected for name in expected[layer]}
    names |= {"model.embed_tokens.weight", "model.norm.weight"}
    names |= set() if tied else {"lm_head.weight"}
    with safe_open(tmp_path / "model.safetensors", "pt") as file:
        assert set(file.keys()) == names
    again = DeciLMForCausalLM.from_pretrained(tmp_path)
    rows = tokens(1, 9)
    assert torch.equal(logits(again, rows), logits(child, rows))
    assert (again.lm_head.weight is again.model.embed_tokens.weight) == tied


ELSEWHERE = """
import sys
sys.modules["training"] = sys.modules["factory"] = None  # as if they were not installed
import torch
from transformers import AutoModelForCausalLM
folder, copy = sys.argv[1:]
for place in (folder, copy):
    model = AutoModelForCausalLM.from_pretrained(place, trust_remote_code=True)
    assert type(model).__module__.startswith("transformers_modules."), type(model)
    model.save_pretrained(copy)
rows = torch.load(f"{folder}/rows.pt")
torch.save(model(rows).logits.detach(), f"{folder}/logits.pt")
torch.save(model.generate(rows, max_new_tokens=9, do_sample=False), f"{folder}/generated.pt")
"""


def test_a_checkpoint_and_its_copy_load_where_this_project_is_not_installed(tmp_path: Path):
    child = student([*EVERY_KIND, block("linear", "linear")])
    folder = tmp_path / "student"
    child.save_pretrained(folder)
    rows = tokens(1, 9)
    torch.save(rows, folder / "rows.pt")
    subprocess.run(
        [sys.executable, "-c", ELSEWHERE, folder, tmp_path / "copy"],
        check=True,
        cwd=tmp_path,
        env={
            "HF_HOME": str(tmp_path / "hub"),
            "HF_HUB_OFFLINE": "1",
            "HOME": str(tmp_path),
            "OMP_NUM_THREADS": "1",  # as here: sums are in another order with two
        },
    )
    assert torch.equal(torch.load(folder / "logits.pt"), logits(child, rows))
    generated = child.generate(rows, max_new_tokens=9, do_sample=False)
    assert torch.equal(torch.load(folder / "generated.pt"), generated)
