"""Random Llamas of two layers, and random students whose layers differ."""

from typing import Any

import torch
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM

from training.students.config import DeciLMConfig
from training.students.model import DeciLMForCausalLM

SIZES: dict[str, Any] = {
    "vocab_size": 97,
    "hidden_size": 48,
    "num_attention_heads": 6,
    "max_position_embeddings": 128,
    "bos_token_id": 1,
    "eos_token_id": 2,
    "pad_token_id": 0,
    "initializer_range": 0.2,  # so that tokens and layers differ by more than rounding
}
LLAMA3_ROPE = {
    "rope_type": "llama3",
    "rope_theta": 500_000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 64,
}


def llama(**fields: Any) -> LlamaForCausalLM:
    torch.manual_seed(0)
    own = {"intermediate_size": 512, "num_key_value_heads": 2, "num_hidden_layers": 2}
    return LlamaForCausalLM(LlamaConfig(**{**SIZES, **own, **fields})).eval()


def block(group: int | str | None = 3, ffn: float | str | None = 8.0) -> dict[str, Any]:
    """A block as in config.json: None is a no-op, "linear" a linear replacement."""

    def part(key: str, value: Any) -> dict[str, Any]:
        real = value not in (None, "linear")
        return {
            "no_op": value is None,
            "replace_with_linear": value == "linear",
            key: value if real else None,
        }

    return {"attention": part("n_heads_in_group", group), "ffn": part("ffn_mult", ffn)}


EVERY_KIND = [block(3), block(6, 16.0), block(None), block(1, None), block(None, None)]
"""Widths: 256 channels for 8.0 and 512 for 16.0; KV heads 2, 1, -, 6, -."""


def student(blocks: list[dict[str, Any]] | None = None, **fields: Any) -> DeciLMForCausalLM:
    torch.manual_seed(0)
    blocks = blocks or EVERY_KIND
    config = DeciLMConfig(
        block_configs=blocks, num_hidden_layers=len(blocks), **{**SIZES, **fields}
    )
    return DeciLMForCausalLM(config).eval()


def tokens(num_rows: int, length: int) -> Tensor:
    """(num_rows, length), no special ones among them."""
    return torch.randint(3, 97, (num_rows, length), generator=torch.Generator().manual_seed(1))
