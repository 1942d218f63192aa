"""A Llama model as a student with every block kept: where a search, and any cutting, begins."""

from copy import deepcopy

from transformers import LlamaConfig, PreTrainedModel
from transformers.initialization import no_init_weights

from factory.errors import ConfigError
from training.students.config import (
    AttentionConfig,
    BlockConfig,
    DeciLMConfig,
    FFNConfig,
    ffn_mult_of,
)
from training.students.model import DeciLMForCausalLM

_SAID_ELSEWHERE = {
    "model_type",
    "architectures",
    "auto_map",
    "transformers_version",
    "intermediate_size",  # these two are in the blocks
    "num_key_value_heads",
    "pretraining_tp",  # means nothing to transformers any more
}


def parent_config(parent: LlamaConfig) -> DeciLMConfig:
    """The student's configuration that says what a Llama's says.

    Raises:
        ConfigError: the parent is no Llama, or the format cannot express it.
    """
    name = parent.name_or_path or "the parent"
    if parent.model_type != "llama":
        raise ConfigError(
            f"{name}: model_type {parent.model_type!r} is not of Llama architecture;"
            " students are cut from models of model_type 'llama'"
        )
    if getattr(parent, "quantization_config", None):
        raise ConfigError(
            f"{name}: the weights are quantized; load and save them dequantized first"
        )
    try:
        block = BlockConfig(
            attention=AttentionConfig(n_heads_in_group=_group(parent)),
            ffn=FFNConfig(ffn_mult=ffn_mult_of(parent.intermediate_size, parent.hidden_size)),
        )
        kept = {key: value for key, value in parent.to_dict().items() if key not in _SAID_ELSEWHERE}
        return DeciLMConfig(block_configs=[block] * parent.num_hidden_layers, **kept)
    except ValueError as error:
        raise ConfigError(f"{name}: {error}") from error


def _group(parent: LlamaConfig) -> int:
    """Query heads that share one KV head."""
    heads, kv_heads = parent.num_attention_heads, parent.num_key_value_heads
    if heads % kv_heads:
        raise ValueError(f"{heads} query heads are no multiple of {kv_heads} KV heads")
    return int(heads // kv_heads)


def from_parent(parent: PreTrainedModel) -> DeciLMForCausalLM:
    """A student that computes the parent's logits bit for bit, with weights of its own.

    Data type, device, attention implementation and generation settings are the parent's; it is
    in evaluation mode.

    Raises:
        ConfigError: the parent is no Llama with a language-model head, or the format cannot
            express it.
    """
    config = parent_config(parent.config)
    if parent.get_output_embeddings() is None:
        raise ConfigError(f"{type(parent).__name__} has no language-model head")
    config._attn_implementation = parent.config._attn_implementation
    with no_init_weights():
        student = DeciLMForCausalLM(config)
    student.to(device=parent.device, dtype=parent.dtype)
    student.load_state_dict(parent.state_dict())
    student.tie_weights()
    student.generation_config = deepcopy(parent.generation_config)
    student.eval()
    return student
