"""A Llama as a student: bit for bit what it was."""

from typing import Any

import pytest

torch = pytest.importorskip("torch")

from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    LlamaForSequenceClassification,
    MistralConfig,
    MistralForCausalLM,
)

from factory.errors import ConfigError
from tests.training.students.toys import LLAMA3_ROPE, SIZES, llama, tokens
from training.students.model import DeciLMForCausalLM
from training.students.parent import from_parent

Pair = tuple[LlamaForCausalLM, DeciLMForCausalLM]
KINDS: dict[str, dict[str, Any]] = {
    "plain": {},
    "tied, rope of Llama 3": {"tie_word_embeddings": True, "rope_parameters": LLAMA3_ROPE},
    "biases, wide heads, dropout": {
        "attention_bias": True,
        "mlp_bias": True,
        "head_dim": 16,
        "attention_dropout": 0.5,
    },
}


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> dict[str, Any]:
    return KINDS[request.param]


@pytest.fixture(params=["eager", "sdpa"])
def pair(kind: dict[str, Any], request: pytest.FixtureRequest) -> Pair:
    parent = llama(attn_implementation=request.param, **kind)
    with torch.no_grad():  # a new model's biases are zero and its norms one
        for name, weight in parent.named_parameters():
            if "norm" in name or "bias" in name:
                weight.uniform_(0.5, 1.5)
    child = from_parent(parent)
    assert child.config._attn_implementation == request.param
    return parent, child


def both(pair: Pair, **inputs: Any) -> list[Any]:
    with torch.no_grad():
        return [model(**inputs) for model in pair]


def test_logits_and_hidden_states_are_the_parents(pair: Pair):
    theirs, ours = both(pair, input_ids=tokens(2, 20), output_hidden_states=True)
    assert torch.equal(theirs.logits, ours.logits)
    assert len(theirs.hidden_states) == len(ours.hidden_states) == 3
    assert all(map(torch.equal, theirs.hidden_states, ours.hidden_states))


def test_cached_decoding_is_the_parents(pair: Pair):
    rows = tokens(2, 12)
    caches = [output.past_key_values for output in both(pair, input_ids=rows[:, :6])]
    for place in range(6, 12):
        with torch.no_grad():
            theirs, ours = (
                model(rows[:, place : place + 1], past_key_values=cache).logits
                for model, cache in zip(pair, caches, strict=True)
            )
        assert torch.equal(theirs, ours)


def test_a_batch_with_left_padding_is_the_parents(pair: Pair):
    rows = tokens(3, 16)
    mask = torch.ones_like(rows)
    mask[0, :9] = mask[1, :1] = 0
    theirs, ours = both(pair, input_ids=rows, attention_mask=mask)
    assert torch.equal(theirs.logits, ours.logits)
    theirs, ours = (
        model.generate(rows, attention_mask=mask, max_new_tokens=12, do_sample=False)
        for model in pair
    )
    assert torch.equal(theirs, ours)


def test_packed_sequences_do_not_see_each_other_and_are_the_parents(pair: Pair):
    row = tokens(1, 20)
    places = torch.cat([torch.arange(8), torch.arange(12)])[None]
    theirs, ours = both(pair, input_ids=row, position_ids=places, use_cache=False)
    assert torch.equal(theirs.logits, ours.logits)
    _, alone = both(pair, input_ids=row[:, 8:])
    torch.testing.assert_close(ours.logits[:, 8:], alone.logits, rtol=1e-4, atol=1e-5)
    _, joined = both(pair, input_ids=row)
    assert not torch.allclose(ours.logits[:, 8:], joined.logits[:, 8:], rtol=1e-2, atol=1e-2)


def test_losses_and_gradients_are_the_parents(pair: Pair):
    rows = tokens(2, 10)
    rows[0, :3] = 0  # padding, whose embedding is not trained
    for model in pair:
        torch.manual_seed(0)
        model.train()(rows, labels=rows).loss.backward()
    theirs, ours = (dict(model.named_parameters()) for model in pair)
    assert theirs.keys() == ours.keys()
    for name, weight in theirs.items():
        assert torch.equal(weight.grad, ours[name].grad), name


def test_the_weights_are_copies():
    parent = llama()
    child = from_parent(parent)
    with torch.no_grad():
        child.model.layers[0].mlp.up_proj.weight.zero_()
    assert parent.model.layers[0].mlp.up_proj.weight.any()


def test_type_tying_and_generation_settings_are_the_parents():
    parent = llama(tie_word_embeddings=True).to(torch.bfloat16)
    parent.generation_config.max_new_tokens = 7
    child = from_parent(parent)
    assert child.dtype == torch.bfloat16
    assert child.lm_head.weight is child.model.embed_tokens.weight
    assert child.generation_config.max_new_tokens == 7
    assert not child.training


def quantized() -> LlamaForCausalLM:
    parent = llama()
    parent.config.quantization_config = {"quant_method": "fp8"}
    return parent


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (
            lambda: MistralForCausalLM(
                MistralConfig(
                    **SIZES, intermediate_size=64, num_hidden_layers=1, num_key_value_heads=2
                )
            ),
            "model_type 'mistral' is not of Llama architecture",
        ),
        (
            lambda: LlamaForSequenceClassification(
                LlamaConfig(**SIZES, intermediate_size=256, num_hidden_layers=1)
            ),
            "LlamaForSequenceClassification has no language-model head",
        ),
        (lambda: llama(intermediate_size=300), "an FFN of 300 channels cannot be expressed"),
        (lambda: llama(num_key_value_heads=4), "6 query heads are no multiple of 4 KV heads"),
        (quantized, "quantized"),
    ],
)
def test_a_parent_that_the_format_cannot_express_is_refused(make: Any, problem: str):
    with pytest.raises(ConfigError, match=problem):
        from_parent(make())
