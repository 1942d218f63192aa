"""Is a checkpoint sound? A smoke check before hours are spent on it.

The configuration is read, names and shapes of all weights are compared with it, then the model
generates a few tokens and takes one step of training. What is too large for the memory is brought
in layer by layer: it generates all the same, and each layer takes a step by itself, towards
outputs of zero.
"""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import psutil
import torch
from torch import Tensor, nn
from transformers import GenerationConfig

from factory.errors import ConfigError
from training.students.checkpoint import Weights, layer_of, on_meta, read_config
from training.students.config import DeciLMConfig
from training.students.model import DeciLMForCausalLM

NUM_PROMPT_TOKENS = 16
NUM_NEW_TOKENS = 2  # the second one with the KV cache of the first
LEARNING_RATE = 1e-4


@dataclass(frozen=True, kw_only=True)
class Checked:
    """What a sound checkpoint is and did."""

    num_parameters: int
    """Tied ones once."""
    num_layers: int
    num_attention_layers: int
    """Those with real attention, hence a KV cache."""
    num_kv_heads: int
    """Over all layers; times 2 x head_dim, the values that the cache holds for one token."""
    layer_by_layer: bool
    """Whether it was too large to be loaded whole."""
    loss: float
    """Cross-entropy in nats of arbitrary tokens, before the step."""
    tokens: tuple[int, ...]
    """Generated after arbitrary tokens."""


def check(
    directory: Path | str, *, servable: bool = True, memory_bytes: int | None = None
) -> Checked:
    """Check one student; nothing in the directory is changed.

    Args:
        directory: a checkpoint with safetensors, ours or a released one.
        servable: also require what vLLM does: attention in layer 0, no linear replacements.
        memory_bytes: what weights and gradients may take; half of the free memory by default.

    Raises:
        ConfigError: it is not sound; the message names the layer.
    """
    directory = Path(directory)
    config = read_config(directory)
    _require_code(directory, config)
    if servable:
        _require_servable(directory, config)
    weights, model = Weights(directory), on_meta(config)
    weights.require_shapes(model)
    num_parameters = sum(p.numel() for p in model.parameters())
    if memory_bytes is None:
        memory_bytes = psutil.virtual_memory().available // 2
    whole = 2 * num_parameters * torch.float32.itemsize <= memory_bytes
    if whole:
        model = DeciLMForCausalLM.from_pretrained(directory, dtype=torch.float32)
        weights.require_finite(dict(model.named_parameters()))
    else:
        _bring_in_layers(model, weights)
    for layer, module in enumerate(model.model.layers):
        where = f"{directory}: layer {layer}"
        module.register_forward_hook(partial(_require_finite_output, where))
        if not whole:
            module.register_forward_hook(partial(_step_and_leave, where), with_kwargs=True)
    prompt = torch.arange(NUM_PROMPT_TOKENS)[None] % config.vocab_size
    tokens = _generate(model.eval(), prompt)
    loss = (_step if whole else _step_layer_by_layer)(model, prompt, directory)
    kv_heads = [config.num_kv_heads(layer) for layer in range(config.num_hidden_layers)]
    return Checked(
        num_parameters=num_parameters,
        num_layers=config.num_hidden_layers,
        num_attention_layers=sum(map(bool, kv_heads)),
        num_kv_heads=sum(kv_heads),
        layer_by_layer=not whole,
        loss=loss,
        tokens=tokens,
    )


def _require_code(directory: Path, config: DeciLMConfig) -> None:
    """The files that `trust_remote_code` would run are there."""
    for name in (getattr(config, "auto_map", None) or {}).values():
        file = f"{name.split('.')[0]}.py"
        if "--" not in name and not (directory / file).is_file():  # else in another repository
            raise ConfigError(f"{directory}: auto_map names {file}, which is not there")


def _require_servable(directory: Path, config: DeciLMConfig) -> None:
    for layer, block in enumerate(config.block_configs):
        for part in ("attention", "ffn"):
            if getattr(block, part).replace_with_linear:
                raise ConfigError(
                    f"{directory}: layer {layer}: {part} is a linear replacement, which vLLM does"
                    " not read; servable=False admits it"
                )
    if not config.block_configs[0].attention.is_real:
        raise ConfigError(
            f"{directory}: layer 0: attention is missing, and vLLM needs it there;"
            " servable=False admits it"
        )
    if config.hidden_act != "silu":
        raise ConfigError(f"{directory}: hidden_act is {config.hidden_act!r}; vLLM has silu alone")


def _bring_in_layers(model: DeciLMForCausalLM, weights: Weights) -> None:
    """Load what lies outside the layers now, and each layer when it is about to be run."""
    inner = tuple(f"model.layers.{i}." for i in range(model.config.num_hidden_layers))
    outer = [name for name in model.state_dict() if not name.startswith(inner)]
    model.load_state_dict(weights.load(outer), strict=False, assign=True)
    model.tie_weights()
    model.model.rotary_emb = type(model.model.rotary_emb)(model.config)
    for prefix, layer in zip(inner, model.model.layers, strict=True):

        def enter(module: nn.Module, _: Any, prefix: str = prefix) -> None:
            tensors = weights.load(prefix + name for name in module.state_dict())
            own = {name.removeprefix(prefix): tensor for name, tensor in tensors.items()}
            module.load_state_dict(own, assign=True)

        layer.register_forward_pre_hook(enter)


def _step_and_leave(
    where: str, layer: nn.Module, inputs: tuple[Tensor], kwargs: dict[str, Any], _: Tensor
) -> None:
    """Train a layer for one step on what it has just been given, and give its memory back."""
    if kwargs["past_key_values"] is None:  # else it is generating
        x_BTC = inputs[0].detach().requires_grad_()
        with torch.enable_grad():
            torch.autograd.backward(layer.forward(x_BTC, **kwargs).float().square().mean())
        _descend(layer, where)
    layer.to_empty(device="meta")


def _step(model: DeciLMForCausalLM, prompt: Tensor, directory: Path) -> float:
    """One step of training on the prompt; the loss before it, in nats."""
    loss: Tensor = model.train()(prompt, labels=prompt, use_cache=False).loss
    torch.autograd.backward(loss)
    _descend(model, f"{directory}")
    return loss.item()


def _step_layer_by_layer(model: DeciLMForCausalLM, prompt: Tensor, directory: Path) -> float:
    """One step of each layer by itself, and of the head; the loss before it, in nats."""
    with torch.no_grad():
        x_BTC = model.model(prompt, use_cache=False).last_hidden_state
    logits_BTV = model.lm_head(x_BTC)
    loss: Tensor = model.loss_function(
        logits=logits_BTV, labels=prompt, vocab_size=model.config.vocab_size
    )
    torch.autograd.backward(loss)
    _descend(model.lm_head, f"{directory}: lm_head")
    return loss.item()


def _descend(module: nn.Module, where: str) -> None:
    """A step down the gradient, in place.

    Raises:
        ConfigError: a weight has no gradient, or one that is not finite.
    """
    for name, weight in module.named_parameters():
        if weight.grad is None or not weight.grad.isfinite().all():
            raise ConfigError(f"{where}: {layer_of(name)}{name} has no finite gradient")
        with torch.no_grad():
            weight.sub_(LEARNING_RATE * weight.grad)


def _require_finite_output(where: str, _: nn.Module, __: Any, y_BTC: Tensor) -> None:
    if not y_BTC.isfinite().all():
        raise ConfigError(f"{where}: its output is not finite")


def _generate(model: DeciLMForCausalLM, prompt: Tensor) -> tuple[int, ...]:
    how = GenerationConfig(max_new_tokens=NUM_NEW_TOKENS, do_sample=False, pad_token_id=0)
    output = model.generate(prompt, attention_mask=torch.ones_like(prompt), generation_config=how)
    return tuple(output[0, prompt.shape[1] :].tolist())
