"""The smoke check: what it says of a sound checkpoint, and where it finds fault with others."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

torch = pytest.importorskip("torch")

from safetensors.torch import load_file, save_file

from factory.errors import ConfigError
from tests.training.students.toys import EVERY_KIND, block, student
from training.students import checking
from training.students.checking import check
from training.students.checkpoint import Weights, on_meta

Tensors = dict[str, Any]
UP = "model.layers.1.mlp.up_proj.weight"
LINEAR = [*EVERY_KIND, block("linear", "linear")]


def saved(folder: Path, blocks: list[dict[str, Any]] | None = None, **fields: Any) -> Path:
    student(blocks, **fields).save_pretrained(folder)
    return folder


def change_config(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / "config.json"
    table = json.loads(path.read_text())
    change(table)
    path.write_text(json.dumps(table))


def change_weights(folder: Path, change: Callable[[Tensors], object]) -> None:
    path = folder / "model.safetensors"
    weights = load_file(path)
    change(weights)
    save_file(weights, path, {"format": "pt"})


@pytest.mark.parametrize("tied", [False, True])
def test_a_sound_checkpoint_is_told_and_left_as_it_was(tmp_path: Path, tied: bool):
    folder = saved(tmp_path, tie_word_embeddings=tied)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    found = check(folder)
    assert (found.num_layers, found.num_attention_layers, found.num_kv_heads) == (5, 3, 9)
    assert found.num_parameters == sum(
        w.numel() for w in student(tie_word_embeddings=tied).parameters()
    )
    assert len(found.tokens) == 2
    assert not found.layer_by_layer
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("shards", ["5GB", "100KB"])
def test_layer_by_layer_the_same_is_found(tmp_path: Path, tied: bool, shards: str):
    student(LINEAR, tie_word_embeddings=tied).save_pretrained(tmp_path, max_shard_size=shards)
    assert (len(list(tmp_path.glob("*.safetensors"))) > 1) == (shards == "100KB")
    whole = check(tmp_path, servable=False)
    parts = check(tmp_path, servable=False, memory_bytes=0)
    assert parts.layer_by_layer
    assert parts.tokens == whole.tokens
    assert parts.loss == pytest.approx(whole.loss, abs=1e-5)
    assert parts.num_parameters == whole.num_parameters


def test_one_layer_at_a_time_is_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    folder = saved(tmp_path)
    models, loads = [], []

    def watched_model(*arguments: Any) -> Any:
        models.append(on_meta(*arguments))
        return models[0]

    def watched_load(self: Weights, names: Iterable[str]) -> dict[str, Any]:
        layers = models[0].model.layers
        loads.append(sum(any(not w.is_meta for w in layer.parameters()) for layer in layers))
        return load(self, names)

    load = Weights.load
    monkeypatch.setattr(checking, "on_meta", watched_model)
    monkeypatch.setattr(Weights, "load", watched_load)
    check(folder, memory_bytes=0)
    assert len(loads) == 1 + 3 * 5  # two tokens, and one step of training
    assert not any(loads)


def test_a_gradient_that_overflows_in_a_layer_is_told(tmp_path: Path):
    folder = saved(tmp_path)
    change_weights(folder, lambda weights: weights[UP].mul_(1e25))
    with pytest.raises(ConfigError, match=r"layer 1: .* has no finite gradient"):
        check(folder, memory_bytes=0)


def test_bfloat16_is_checked_both_ways(tmp_path: Path):
    student().to(torch.bfloat16).save_pretrained(tmp_path)
    assert check(tmp_path).loss == pytest.approx(check(tmp_path, memory_bytes=0).loss, rel=0.05)


def test_a_checkpoint_without_code_of_its_own_is_sound(tmp_path: Path):
    folder = saved(tmp_path)
    change_config(folder, lambda table: table.pop("auto_map"))
    for name in ("config.py", "model.py"):
        (folder / name).unlink()
    assert check(folder).num_layers == 5


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda t: t.update(model_type="llama"), "model_type must be 'nemotron-nas', got 'llama'"),
        (lambda t: t.update(architectures=["X"]), r"architectures must be \['DeciLMForCausalLM'\]"),
        (lambda t: t.update(intermediate_size=512), "intermediate_size must be None, got 512"),
        (lambda t: t.update(num_key_value_heads=2), "num_key_value_heads must be None, got 2"),
        (lambda t: t.pop("block_configs"), "block_configs must be a list"),
        (lambda t: t["block_configs"].pop(), "4 block_configs for 5 layers"),
        (lambda t: t.pop("vocab_size"), "vocab_size"),
        (lambda t: t["block_configs"][3].pop("ffn"), "layer 3: a block has the keys"),
        (
            lambda t: t["block_configs"][1]["attention"].update(n_heads_in_group=4),
            "layer 1: attention: groups of 4 do not divide 6 query heads",
        ),
        (
            lambda t: t["block_configs"][1]["attention"].update(n_heads_in_group=3),
            r"layer 1: .*self_attn.k_proj.weight is \(8, 48\), and config.json asks for \(16, 48\)",
        ),
        (
            lambda t: t["block_configs"][1]["ffn"].update(ffn_mult=8.0),
            r"layer 1: .*mlp.gate_proj.weight is \(512, 48\), .* asks for \(256, 48\)",
        ),
        (
            lambda t: t["block_configs"][3]["attention"].update(no_op=True),
            r"layer 3: .*input_layernorm.weight is not part of the model .* \(5 such weights\)",
        ),
        (
            lambda t: t["block_configs"][2]["attention"].update(
                no_op=False, replace_with_linear=True
            ),
            r"layer 2: attention is a linear replacement, which vLLM does not read",
        ),
        (
            lambda t: t["block_configs"][0]["attention"].update(no_op=True),
            "layer 0: attention is missing, and vLLM needs it there",
        ),
        (lambda t: t.update(hidden_act="gelu"), "hidden_act is 'gelu'; vLLM has silu alone"),
        (lambda t: t["auto_map"].update(AutoConfig="x.Y"), "auto_map names x.py, which is not"),
    ],
)
def test_a_configuration_that_does_not_fit_is_refused(
    tmp_path: Path, change: Callable[[dict[str, Any]], object], problem: str
):
    folder = saved(tmp_path)
    change_config(folder, change)
    with pytest.raises(ConfigError, match=problem):
        check(folder)


@pytest.mark.parametrize("memory_bytes", [None, 0])
@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda w: w.pop(UP), rf"layer 1: {UP} is missing; config.json asks for \(512, 48\)"),
        (lambda w: w.update({UP: torch.ones(3)}), rf"layer 1: {UP} is \(3,\)"),
        (lambda w: w.update(x=torch.ones(3)), r"x is not part of the model"),
        (lambda w: w[UP][3, 4].fill_(torch.nan), f"layer 1: {UP} is not finite"),
        (lambda w: w["model.norm.weight"].fill_(torch.inf), "model.norm.weight is not finite"),
        (lambda w: w[UP].fill_(1e38), "layer 1: its output is not finite"),
        (lambda w: w["model.norm.weight"].fill_(3e38), "has no finite gradient"),
    ],
)
def test_weights_that_do_not_fit_are_refused(
    tmp_path: Path,
    change: Callable[[Tensors], object],
    problem: str,
    memory_bytes: int | None,
):
    folder = saved(tmp_path)
    change_weights(folder, change)
    with pytest.raises(ConfigError, match=problem):
        check(folder, memory_bytes=memory_bytes)


def test_a_directory_that_cannot_be_read_is_told(tmp_path: Path):
    with pytest.raises(ConfigError, match=r"config.json: cannot be read as JSON"):
        check(tmp_path)
    folder = saved(tmp_path / "student")
    (folder / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(ConfigError, match=r"model.safetensors: damaged"):
        check(folder)
    (folder / "model.safetensors").unlink()
    with pytest.raises(ConfigError, match=r"no \*.safetensors in it"):
        check(folder)
