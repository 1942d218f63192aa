"""The released format: widths, blocks and what is refused."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

pytest.importorskip("torch")

from tests.training.students.toys import LLAMA3_ROPE, SIZES, block
from training.students.checkpoint import on_meta
from training.students.config import BlockConfig, DeciLMConfig, ffn_mult_of, width_of

DATA = Path(__file__).parents[2] / "data"


def released(name: str) -> DeciLMConfig:
    facts = json.loads((DATA / f"{name}.json").read_text())
    del facts["model"], facts["note"]
    return DeciLMConfig(block_configs=[block(*layer) for layer in facts.pop("layers")], **facts)


@pytest.mark.parametrize(
    ("hidden_size", "ffn_mult", "width"),
    [
        (8192, 5.25, 28_672),
        (8192, 3.28125, 17_920),
        (8192, 1.0, 5632),  # two thirds of 8192 are 5461
        (8192, 0.5, 2816),
        (16_384, 4.875, 53_248),
        (16_384, 0.4875, 5376),
        (16_384, 39.0, 425_984),
        (16_384, 31.40625, 343_040),
    ],
)
def test_the_width_is_that_of_the_released_models(hidden_size: int, ffn_mult: float, width: int):
    assert width_of(ffn_mult, hidden_size) == width


@pytest.mark.parametrize("hidden_size", [48, 576, 2048, 3072, 8192, 16_384])
def test_every_multiple_of_256_has_its_ffn_mult(hidden_size: int):
    for width in range(256, 60_000, 256):
        assert width_of(ffn_mult_of(width, hidden_size), hidden_size) == width


@pytest.mark.parametrize("width", [0, 1, 255, 257, 11_008 + 128])
def test_other_widths_cannot_be_expressed(width: int):
    with pytest.raises(ValueError, match=f"an FFN of {width} channels cannot be expressed"):
        ffn_mult_of(width, 576)


@pytest.mark.parametrize(
    ("name", "billions", "num_layers", "num_attention", "num_ffn"),
    [("super_49b", 49.87, 80, 49, 80), ("ultra_253b", 253.40, 162, 64, 81)],
)
def test_a_released_architecture_has_the_published_number_of_parameters(
    name: str, billions: float, num_layers: int, num_attention: int, num_ffn: int
):
    config = released(name)
    model = on_meta(config)
    assert all(weight.is_meta for weight in model.parameters())
    assert round(sum(weight.numel() for weight in model.parameters()) / 1e9, 2) == billions
    layers = range(config.num_hidden_layers)
    assert len(layers) == num_layers
    assert sum(config.num_kv_heads(layer) == 8 for layer in layers) == num_attention
    assert sum(config.ffn_width(layer) > 0 for layer in layers) == num_ffn
    assert config.num_kv_shared_layers == num_layers - num_attention


def test_the_released_keys_of_rope_are_read_and_written():
    config = released("super_49b")
    scaling = {**LLAMA3_ROPE, "original_max_position_embeddings": 8192}
    assert config.rope_parameters == scaling
    written = json.loads(config.to_json_string())
    assert written["rope_theta"] == scaling.pop("rope_theta")
    assert written["rope_scaling"] == scaling
    assert "rope_parameters" not in written


def test_config_json_has_the_released_form():
    config = DeciLMConfig(block_configs=[block()] * 2, num_hidden_layers=2, **SIZES)
    written = json.loads(config.to_json_string())
    assert written["model_type"] == "nemotron-nas"
    assert written["rope_scaling"] is None
    for key in ("intermediate_size", "num_key_value_heads"):
        assert key in written
        assert written[key] is None
    assert written["block_configs"][1] == {
        "attention": {
            "no_op": False,
            "replace_with_linear": False,
            "n_heads_in_group": 3,
            "window_length": None,
            "num_sink_tokens": None,
            "use_prefill_window_in_sink_attention": False,
            "unshifted_sink": False,
            "sparsify": None,
        },
        "ffn": {
            "no_op": False,
            "replace_with_linear": False,
            "ffn_mult": 8.0,
            "sparsify": None,
        },
    }


def test_what_a_part_without_heads_or_width_says_of_them_is_forgotten():
    table = {
        "attention": {"no_op": True, "n_heads_in_group": 8, "window_length": 512},
        "ffn": {"replace_with_linear": True, "ffn_mult": 2.0},
    }
    read = BlockConfig.read(table)
    assert read.attention.n_heads_in_group is read.attention.window_length is None
    assert read.ffn.ffn_mult is None


BOTH = {"no_op": True, "replace_with_linear": True}


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"attention": BOTH}, "attention: no_op and replace_with_linear exclude each other"),
        ({"ffn": BOTH}, "ffn: no_op and replace_with_linear exclude each other"),
        ({"attention": {}}, "attention: n_heads_in_group must be >= 1, got None"),
        ({"attention": {"n_heads_in_group": 4}}, "attention: groups of 4 do not divide 6 query"),
        ({"attention": {"n_heads_in_group": 3, "window_length": 8}}, "windows and sinks"),
        ({"ffn": {}}, "ffn: ffn_mult must be > 0, got None"),
        ({"ffn": {"ffn_mult": -1.0}}, "ffn: ffn_mult must be > 0, got -1.0"),
        ({"ffn": {"intermediate_size": 512}}, "ffn: unknown key intermediate_size"),
        ({"ffn": {"ffn_mult": "wide"}}, "ffn: '<=' not supported"),
        ({"parallel_blocks": []}, "a block has the keys attention and ffn"),
    ],
)
def test_a_block_that_does_not_fit_is_refused_with_its_layer(changed: dict[str, Any], problem: str):
    blocks = [block(), {**block(), **changed}]
    with pytest.raises(ValueError, match=f"layer 1: .*{problem}"):
        DeciLMConfig(block_configs=blocks, num_hidden_layers=2, **SIZES)


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"num_hidden_layers": 3}, "2 block_configs for 3 layers"),
        ({"hidden_size": 50}, "hidden_size 50 is no multiple of num_attention_heads 6"),
    ],
)
def test_sizes_that_do_not_fit_are_refused(fields: dict[str, Any], problem: str):
    with pytest.raises(ValueError, match=problem):
        DeciLMConfig(block_configs=[block()] * 2, **{**SIZES, "num_hidden_layers": 2, **fields})


def test_a_config_survives_reading_and_writing(tmp_path: Path):
    config = released("ultra_253b")
    config.save_pretrained(tmp_path)
    again = DeciLMConfig.from_pretrained(tmp_path)
    assert again.block_configs == config.block_configs
    assert again.rope_parameters == config.rope_parameters
    assert again.dtype in (None, torch.float32)
