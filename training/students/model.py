"""The student: a Llama whose layers may lack attention or FFN, or have them narrower.

    x = x + attention(norm(x))     nothing at all where attention is a no-op: no norm, no KV cache
    x = x + ffn(norm(x))           nothing at all where the FFN is a no-op

With every block kept it computes what transformers' Llama computes, operation by operation, so
that logits are the parent's bit for bit. Names of weights are Llama's; a linear replacement is
`self_attn.linear` or `mlp.linear`, as in mlx-lm.

Shapes: B sequences, T tokens, C = hidden_size, F FFN channels, V vocabulary; a head has H
channels, and there are N query heads and K KV heads.
"""

from typing import Any

import torch
from torch import Tensor, nn
from transformers import Cache, DynamicCache, GenerationMixin, PreTrainedModel
from transformers.activations import ACT2FN
from transformers.masking_utils import create_causal_mask
from transformers.modeling_layers import GradientCheckpointingLayer
from transformers.modeling_outputs import BaseModelOutputWithPast, CausalLMOutputWithPast
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS
from transformers.models.llama.modeling_llama import (
    LlamaRMSNorm,
    LlamaRotaryEmbedding,
    apply_rotary_pos_emb,
    eager_attention_forward,
)
from transformers.utils import can_return_tuple
from transformers.utils.generic import merge_with_config_defaults
from transformers.utils.output_capturing import capture_outputs

from .config import DeciLMConfig


class Linear(nn.Module):
    """What replaces an attention or an FFN by one matrix, bias-free."""

    def __init__(self, hidden_size: int) -> None:
        super().__init__()
        self.linear = nn.Linear(hidden_size, hidden_size, bias=False)

    def forward(self, x_BTC: Tensor, **_: Any) -> Tensor:
        """Output, (B, T, C)."""
        y_BTC: Tensor = self.linear(x_BTC)
        return y_BTC


class Attention(nn.Module):
    """Grouped-query attention with as many KV heads as the layer has."""

    def __init__(self, config: DeciLMConfig, layer: int) -> None:
        super().__init__()
        num_kv_heads, head_dim = config.num_kv_heads(layer), config.head_dim
        assert head_dim
        self.config = config
        self.head_dim = head_dim
        self.cache_index = config.cache_index(layer)
        self.scaling = head_dim**-0.5
        self.is_causal = True  # this one and the next are read by the attention functions
        self.num_key_value_groups = config.num_attention_heads // num_kv_heads
        channels_q, channels_kv = config.num_attention_heads * head_dim, num_kv_heads * head_dim
        bias = config.attention_bias
        self.q_proj = nn.Linear(config.hidden_size, channels_q, bias=bias)
        self.k_proj = nn.Linear(config.hidden_size, channels_kv, bias=bias)
        self.v_proj = nn.Linear(config.hidden_size, channels_kv, bias=bias)
        self.o_proj = nn.Linear(channels_q, config.hidden_size, bias=bias)

    def forward(
        self,
        x_BTC: Tensor,
        *,
        position_embeddings: tuple[Tensor, Tensor],
        attention_mask: Tensor | None = None,
        past_key_values: Cache | None = None,
        **kwargs: Any,
    ) -> tuple[Tensor, Tensor | None]:
        """(output (B, T, C), attention weights or None)."""
        B, T, _ = x_BTC.shape
        q_BNTH = self.q_proj(x_BTC).view(B, T, -1, self.head_dim).transpose(1, 2)
        k_BKTH = self.k_proj(x_BTC).view(B, T, -1, self.head_dim).transpose(1, 2)
        v_BKTH = self.v_proj(x_BTC).view(B, T, -1, self.head_dim).transpose(1, 2)
        q_BNTH, k_BKTH = apply_rotary_pos_emb(q_BNTH, k_BKTH, *position_embeddings)
        if past_key_values is not None:  # from here on keys and values of the past are in front
            k_BKTH, v_BKTH = past_key_values.update(k_BKTH, v_BKTH, self.cache_index)
        attend = ALL_ATTENTION_FUNCTIONS.get_interface(
            self.config._attn_implementation, eager_attention_forward
        )
        y_BTNH, weights = attend(
            self,
            q_BNTH,
            k_BKTH,
            v_BKTH,
            attention_mask,
            dropout=self.config.attention_dropout if self.training else 0.0,
            scaling=self.scaling,
            **kwargs,
        )
        return self.o_proj(y_BTNH.reshape(B, T, -1).contiguous()), weights


class FFN(nn.Module):
    """SwiGLU, as wide as the layer says."""

    def __init__(self, config: DeciLMConfig, layer: int) -> None:
        super().__init__()
        width = config.ffn_width(layer)
        self.gate_proj = nn.Linear(config.hidden_size, width, bias=config.mlp_bias)
        self.up_proj = nn.Linear(config.hidden_size, width, bias=config.mlp_bias)
        self.down_proj = nn.Linear(width, config.hidden_size, bias=config.mlp_bias)
        self.act = ACT2FN[config.hidden_act]

    def forward(self, x_BTC: Tensor) -> Tensor:
        """Output, (B, T, C)."""
        h_BTF = self.act(self.gate_proj(x_BTC)) * self.up_proj(x_BTC)
        y_BTC: Tensor = self.down_proj(h_BTF)
        return y_BTC


class DeciLMDecoderLayer(GradientCheckpointingLayer):
    """One layer; a no-op has neither weights nor norm."""

    def __init__(self, config: DeciLMConfig, layer: int) -> None:
        super().__init__()
        block = config.block_configs[layer]
        self.self_attn: nn.Module | None = None
        if not block.attention.no_op:
            linear = block.attention.replace_with_linear
            self.self_attn = Linear(config.hidden_size) if linear else Attention(config, layer)
            self.input_layernorm = LlamaRMSNorm(config.hidden_size, eps=config.rms_norm_eps)
        self.mlp: nn.Module | None = None
        if not block.ffn.no_op:
            linear = block.ffn.replace_with_linear
            self.mlp = Linear(config.hidden_size) if linear else FFN(config, layer)
            self.post_attention_layernorm = LlamaRMSNorm(config.hidden_size, config.rms_norm_eps)

    def forward(self, x_BTC: Tensor, **kwargs: Any) -> Tensor:
        """Hidden states after the layer, (B, T, C)."""
        if self.self_attn is not None:
            y = self.self_attn(self.input_layernorm(x_BTC), **kwargs)
            x_BTC = x_BTC + (y[0] if isinstance(y, tuple) else y)
        if self.mlp is not None:
            x_BTC = x_BTC + self.mlp(self.post_attention_layernorm(x_BTC))
        return x_BTC


class DeciLMPreTrainedModel(PreTrainedModel):
    """What transformers wants to know of a model."""

    config: DeciLMConfig
    base_model_prefix = "model"
    supports_gradient_checkpointing = True
    _no_split_modules = ["DeciLMDecoderLayer"]  # noqa: RUF012 - transformers' own form
    _skip_keys_device_placement = ["past_key_values"]  # noqa: RUF012 - as above
    _supports_flash_attn = True
    _supports_sdpa = True
    _supports_flex_attn = True
    _supports_attention_backend = True
    _can_compile_fullgraph = True
    _can_record_outputs = {  # noqa: RUF012 - as above
        "hidden_states": DeciLMDecoderLayer,
        "attentions": Attention,
    }


class DeciLMModel(DeciLMPreTrainedModel):
    """Embeddings, layers and the last norm."""

    def __init__(self, config: DeciLMConfig) -> None:
        super().__init__(config)
        self.embed_tokens = nn.Embedding(config.vocab_size, config.hidden_size, config.pad_token_id)
        self.layers = nn.ModuleList(
            DeciLMDecoderLayer(config, layer) for layer in range(config.num_hidden_layers)
        )
        self.norm = LlamaRMSNorm(config.hidden_size, eps=config.rms_norm_eps)
        self.rotary_emb = LlamaRotaryEmbedding(config=config)
        self.gradient_checkpointing = False
        self.post_init()

    @merge_with_config_defaults
    @capture_outputs
    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        past_key_values: Cache | None = None,
        inputs_embeds: Tensor | None = None,
        use_cache: bool | None = None,
        **kwargs: Any,
    ) -> BaseModelOutputWithPast:
        """Hidden states (B, T, C) of tokens (B, T), or of their embeddings (B, T, C).

        Sequences packed into one row are kept apart where `position_ids` start again at 0, there
        is no attention mask, and no cache is used.
        """
        if (input_ids is None) == (inputs_embeds is None):
            raise ValueError("give either input_ids or inputs_embeds")
        x_BTC = self.embed_tokens(input_ids) if inputs_embeds is None else inputs_embeds
        if use_cache and past_key_values is None:
            past_key_values = DynamicCache(config=self.config)
        if position_ids is None:
            num_past = past_key_values.get_seq_length() if past_key_values is not None else 0
            position_ids = torch.arange(x_BTC.shape[1], device=x_BTC.device)[None] + num_past
        kwargs["attention_mask"] = create_causal_mask(
            config=self.config,
            inputs_embeds=x_BTC,
            attention_mask=attention_mask,
            past_key_values=past_key_values,
            position_ids=position_ids,
        )
        kwargs["position_embeddings"] = self.rotary_emb(x_BTC, position_ids=position_ids)
        for layer in self.layers:
            x_BTC = layer(
                x_BTC,
                position_ids=position_ids,
                past_key_values=past_key_values,
                use_cache=use_cache,
                **kwargs,
            )
        return BaseModelOutputWithPast(
            last_hidden_state=self.norm(x_BTC), past_key_values=past_key_values
        )


class DeciLMForCausalLM(DeciLMPreTrainedModel, GenerationMixin):
    """The student with its head. `save_pretrained` writes `config.py` and `model.py` too."""

    _tied_weights_keys = {  # noqa: RUF012 - as above
        "lm_head.weight": "model.embed_tokens.weight"
    }

    def __init__(self, config: DeciLMConfig) -> None:
        super().__init__(config)
        self.model = DeciLMModel(config)
        self.vocab_size = config.vocab_size
        self.lm_head = nn.Linear(config.hidden_size, config.vocab_size, bias=False)
        self.post_init()

    @can_return_tuple
    def forward(
        self,
        input_ids: Tensor | None = None,
        attention_mask: Tensor | None = None,
        position_ids: Tensor | None = None,
        past_key_values: Cache | None = None,
        inputs_embeds: Tensor | None = None,
        labels: Tensor | None = None,
        use_cache: bool | None = None,
        logits_to_keep: int | Tensor = 0,
        **kwargs: Any,
    ) -> CausalLMOutputWithPast:
        """Logits (B, T, V), of the last `logits_to_keep` tokens alone unless that is 0.

        With `labels` (B, T), also the mean cross-entropy of the next token in nats; -100 is left
        out.
        """
        outputs = self.model(
            input_ids=input_ids,
            attention_mask=attention_mask,
            position_ids=position_ids,
            past_key_values=past_key_values,
            inputs_embeds=inputs_embeds,
            use_cache=use_cache,
            **kwargs,
        )
        kept = slice(-logits_to_keep, None) if isinstance(logits_to_keep, int) else logits_to_keep
        logits_BTV = self.lm_head(outputs.last_hidden_state[:, kept, :])
        loss = None
        if labels is not None:
            loss = self.loss_function(
                logits=logits_BTV, labels=labels, vocab_size=self.config.vocab_size, **kwargs
            )
        return CausalLMOutputWithPast(
            loss=loss,
            logits=logits_BTV,
            past_key_values=outputs.past_key_values,
            hidden_states=outputs.hidden_states,
            attentions=outputs.attentions,
        )


DeciLMForCausalLM.register_for_auto_class("AutoModelForCausalLM")
