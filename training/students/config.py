"""The configuration of a student: Llama's, but every layer says for itself what it is made of.

    attention   n_heads_in_group query heads share one KV head | no_op | replace_with_linear
    ffn         as wide as ffn_mult says                       | no_op | replace_with_linear

It is the format of nvidia/Llama-3_3-Nemotron-Super-49B-v1 and Llama-3_1-Nemotron-Ultra-253B-v1
(model type `nemotron-nas`; config.json and block_config.py there), which vLLM serves.
`intermediate_size` and `num_key_value_heads` are null: no single value holds for all layers.

A checkpoint carries this file and `model.py`, so neither imports anything else of ours.
"""

from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar

from transformers import PreTrainedConfig

WIDTH_STEP = 256
"""FFN widths are multiples of it."""


def width_of(ffn_mult: float, hidden_size: int) -> int:
    """FFN width in channels: two thirds of `ffn_mult` hidden sizes, up to a multiple of 256.

    The rule of the released code, and of vLLM (`vllm/model_executor/models/nemotron_nas.py`).
    """
    return -(-int(2 * ffn_mult * hidden_size / 3) // WIDTH_STEP) * WIDTH_STEP


def ffn_mult_of(width: int, hidden_size: int) -> float:
    """The `ffn_mult`, to six decimals as the released code keeps it, that gives this FFN width.

    Raises:
        ValueError: the width is no multiple of 256, so that no `ffn_mult` gives it.
    """
    ffn_mult = round(1.5 * width / hidden_size, 6)
    if width < 1 or width_of(ffn_mult, hidden_size) != width:
        raise ValueError(
            f"an FFN of {width} channels cannot be expressed: widths are multiples of {WIDTH_STEP}"
        )
    return ffn_mult


@dataclass(frozen=True, kw_only=True)
class AttentionConfig:
    """The attention of one layer; without `no_op` and `replace_with_linear` it is real."""

    no_op: bool = False
    replace_with_linear: bool = False
    """One matrix, hidden_size x hidden_size; vLLM does not read it."""
    n_heads_in_group: int | None = None
    """Query heads that share one KV head; null where attention is not real."""
    window_length: int | None = None
    num_sink_tokens: int | None = None
    use_prefill_window_in_sink_attention: bool = False
    unshifted_sink: bool = False
    sparsify: list[str] | None = None

    def __post_init__(self) -> None:
        _require_one_kind(self)
        if not self.is_real:
            for name in ("n_heads_in_group", "window_length", "num_sink_tokens"):
                object.__setattr__(self, name, None)
        elif not self.n_heads_in_group or self.n_heads_in_group < 1:
            raise ValueError(f"n_heads_in_group must be >= 1, got {self.n_heads_in_group}")
        if self.window_length or self.num_sink_tokens or self.unshifted_sink:
            raise ValueError("windows and sinks are not supported; no released model has them")

    @property
    def is_real(self) -> bool:
        """Whether there are queries, keys and values."""
        return not (self.no_op or self.replace_with_linear)


@dataclass(frozen=True, kw_only=True)
class FFNConfig:
    """The FFN of one layer; without `no_op` and `replace_with_linear` it is real."""

    no_op: bool = False
    replace_with_linear: bool = False
    """One matrix, hidden_size x hidden_size; vLLM does not read it."""
    ffn_mult: float | None = None
    """Width, see `width_of`; null where the FFN is not real."""
    sparsify: list[str] | None = None

    def __post_init__(self) -> None:
        _require_one_kind(self)
        if not self.is_real:
            object.__setattr__(self, "ffn_mult", None)
        elif not self.ffn_mult or self.ffn_mult <= 0:
            raise ValueError(f"ffn_mult must be > 0, got {self.ffn_mult}")
        else:
            object.__setattr__(self, "ffn_mult", round(self.ffn_mult, 6))

    @property
    def is_real(self) -> bool:
        """Whether there are gate, up and down projections."""
        return not (self.no_op or self.replace_with_linear)


def _require_one_kind(part: AttentionConfig | FFNConfig) -> None:
    if part.no_op and part.replace_with_linear:
        raise ValueError("no_op and replace_with_linear exclude each other")


@dataclass(frozen=True, kw_only=True)
class BlockConfig:
    """One layer. vLLM reads `attention` and `ffn` as objects with attributes."""

    attention: AttentionConfig
    ffn: FFNConfig

    @classmethod
    def read(cls, block: "BlockConfig | dict[str, Any]") -> "BlockConfig":
        """The block that a table of config.json describes.

        Raises:
            ValueError: a key is missing or unknown, or its value does not fit.
        """
        if isinstance(block, cls):
            return block
        if not isinstance(block, dict) or set(block) != {"attention", "ffn"}:
            raise ValueError(f"a block has the keys attention and ffn, got {block!r:.80}")
        return cls(
            attention=_part(AttentionConfig, "attention", block["attention"]),
            ffn=_part(FFNConfig, "ffn", block["ffn"]),
        )


def _part(kind: type[Any], name: str, table: dict[str, Any]) -> Any:
    if unknown := set(table) - {field.name for field in fields(kind)}:
        raise ValueError(f"{name}: unknown key {min(unknown)}")
    try:
        return kind(**table)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name}: {error}") from error


class DeciLMConfig(PreTrainedConfig):
    """Llama's configuration with one block for each layer.

    Raises:
        ValueError: the blocks do not fit the rest; the message names the layer.
    """

    model_type = "nemotron-nas"
    has_no_defaults_at_init = True
    keys_to_ignore_at_inference: ClassVar[list[str]] = ["past_key_values"]

    block_configs: list[Any]
    """A `BlockConfig` for each layer; tables, as in config.json, are read."""
    vocab_size: int
    hidden_size: int
    num_hidden_layers: int
    num_attention_heads: int
    max_position_embeddings: int
    head_dim: int | None = None
    """Channels of a head; null means hidden_size / num_attention_heads."""
    intermediate_size: int | None = None
    """Null: the widths are in `block_configs`."""
    num_key_value_heads: int | None = None
    """Null: the groups are in `block_configs`."""
    hidden_act: str = "silu"
    rms_norm_eps: float = 1e-6
    rope_parameters: dict[str, Any] | None = None
    """What transformers makes of `rope_theta` and `rope_scaling`, the keys of the format."""
    attention_bias: bool = False
    attention_dropout: float = 0.0
    mlp_bias: bool = False
    initializer_range: float = 0.02
    use_cache: bool = True
    tie_word_embeddings: bool = False
    bos_token_id: int | None = None
    eos_token_id: int | list[int] | None = None
    pad_token_id: int | None = None

    def __post_init__(self, **kwargs: Any) -> None:
        if self.head_dim is None:
            if self.hidden_size % self.num_attention_heads:
                raise ValueError(
                    f"hidden_size {self.hidden_size} is no multiple of"
                    f" num_attention_heads {self.num_attention_heads}, and head_dim is not given"
                )
            self.head_dim = self.hidden_size // self.num_attention_heads
        if len(self.block_configs) != self.num_hidden_layers:
            raise ValueError(
                f"{len(self.block_configs)} block_configs for {self.num_hidden_layers} layers"
            )
        self.block_configs = [self._block(i, block) for i, block in enumerate(self.block_configs)]
        super().__post_init__(**kwargs)

    def _block(self, layer: int, table: Any) -> BlockConfig:
        try:
            block = BlockConfig.read(table)
        except ValueError as error:
            raise ValueError(f"layer {layer}: {error}") from error
        if self.num_attention_heads % (block.attention.n_heads_in_group or 1):
            raise ValueError(
                f"layer {layer}: attention: groups of {block.attention.n_heads_in_group} do not"
                f" divide {self.num_attention_heads} query heads"
            )
        return block

    def num_kv_heads(self, layer: int) -> int:
        """KV heads of a layer; 0 where attention is not real."""
        group = self.block_configs[layer].attention.n_heads_in_group
        return self.num_attention_heads // group if group else 0

    def ffn_width(self, layer: int) -> int:
        """FFN channels of a layer; 0 where the FFN is not real."""
        ffn_mult = self.block_configs[layer].ffn.ffn_mult
        return width_of(ffn_mult, self.hidden_size) if ffn_mult else 0

    def cache_index(self, layer: int) -> int:
        """Place of a layer in the KV cache, which holds the layers with real attention alone."""
        return sum(block.attention.is_real for block in self.block_configs[:layer])

    @property
    def num_kv_shared_layers(self) -> int:
        """Layers without keys and values: transformers' caches are made shorter by so many."""
        return self.num_hidden_layers - self.cache_index(self.num_hidden_layers)

    def to_dict(self) -> dict[str, Any]:
        """The tables of config.json, in the released form."""
        output: dict[str, Any] = super().to_dict()
        output["block_configs"] = [asdict(block) for block in self.block_configs]
        rope = dict(output.pop("rope_parameters"))
        output["rope_theta"] = rope.pop("rope_theta")
        output["rope_scaling"] = None if rope.get("rope_type") == "default" else rope
        return output


DeciLMConfig.register_for_auto_class()
