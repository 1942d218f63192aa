"""The decode loop against transformers' own `generate`, on a random two-layer model."""

import pytest

torch = pytest.importorskip("torch", reason="the core is tested without torch on Python 3.12+")

from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from factory.records import Message, Sampling
from factory.teachers.decoding import Decoder, Row, draw
from tests.toys import request

WORDS = [f"w{i}" for i in range(60)]
TEMPLATE = (
    "{% for m in messages %}{{ m.role + ' ' + m.content + ' ' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'assistant ' }}{% endif %}"
)


@pytest.fixture(scope="module")
def decoder() -> Decoder:
    words = ["<eos>", "user", "assistant", "system", *WORDS]
    tokenizer = Tokenizer(models.WordLevel({w: i for i, w in enumerate(words)}, unk_token="<eos>"))
    tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<eos>")
    fast.chat_template = TEMPLATE
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=64,
        hidden_size=48,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=6,
        num_key_value_heads=2,
        max_position_embeddings=128,
        eos_token_id=0,
        bos_token_id=None,
        pad_token_id=0,
    )
    model = LlamaForCausalLM(config).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(3)  # far from uniform, so that greedy choices are clear
    return Decoder(model, fast, batch_size=4, engine="toy")


def ask(text: str, **fields):
    fields.setdefault("sampling", Sampling(temperature=0.0, max_tokens=20))
    shots = (Message(role="user", content="w1 w2"), Message(role="assistant", content="w3"))
    return request(messages=(*shots, Message(role="user", content=text)), **fields)


def bare_greedy(decoder: Decoder, item) -> str:
    turns = [{"role": m.role, "content": m.content} for m in item.messages]
    text = decoder.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    ids = decoder.tokenizer(text + item.prefix, return_tensors="pt").input_ids
    out = decoder.model.generate(
        ids, attention_mask=torch.ones_like(ids), max_new_tokens=20, do_sample=False
    )
    return decoder.tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True)


PROMPTS = ["w5", "w5 w6", "w5", "w7 w8 w9 w10 w11", "w12", "w13 w14 w15", "w5 w6", "w20 w21"]


def test_greedy_answers_are_those_of_generate_whatever_stands_beside_them(decoder):
    items = [ask(text, prefix="w30" if i % 2 else "") for i, text in enumerate(PROMPTS)]
    found = dict(decoder.generate(items))
    assert sorted(found) == list(range(len(items)))
    for index, item in enumerate(items):
        assert found[index].text == bare_greedy(decoder, item), item
    assert {c.finish_reason for c in found.values()} <= {"stop", "length"}
    assert len({c.text for c in found.values()}) > 3


def test_a_sample_does_not_depend_on_its_neighbours(decoder):
    sampling = Sampling(temperature=1.0, top_p=0.9, max_tokens=20)
    items = [ask(text, sampling=sampling, seed=i) for i, text in enumerate(PROMPTS)]
    together = dict(decoder.generate(items))
    for index, item in enumerate(items):
        ((_, alone),) = decoder.generate([item])
        assert alone.text == together[index].text


def test_samples_of_one_prompt_differ_by_seed(decoder):
    sampling = Sampling(temperature=1.5, top_p=1.0, max_tokens=12)
    items = [ask("w5", sampling=sampling, seed=seed) for seed in range(8)]
    assert len({c.text for _, c in decoder.generate(items)}) > 4


def test_a_completion_ends_before_its_stop_string_and_counts_its_tokens(decoder):
    full = next(iter(decoder.generate([ask("w5")])))[1].text.split()
    stop = full[3]
    ((_, cut),) = decoder.generate([ask("w5", stop=(stop,))])
    assert cut.text.split() == full[: full.index(stop)]
    assert cut.finish_reason == "stop"
    assert cut.completion_tokens == full.index(stop) + 1


def test_the_token_limit_cuts_and_says_so(decoder):
    ((_, cut),) = decoder.generate([ask("w5", sampling=Sampling(temperature=0.0, max_tokens=2))])
    assert (cut.finish_reason, cut.completion_tokens) == ("length", 2)


def test_a_prompt_that_does_not_fit_is_an_error_of_its_own(decoder):
    found = dict(decoder.generate([ask("w5 " * 200), ask("w5")]))
    assert found[0].error.startswith("context_overflow: ")
    assert found[0].text == ""
    assert found[1].error == ""


def rows(uniforms, **sampling) -> list[Row]:
    item = request(sampling=Sampling(max_tokens=1, **sampling))
    return [Row(0, item, [1], torch.tensor([float(u)])) for u in uniforms]


def test_tokens_are_drawn_from_the_nucleus_in_proportion():
    probabilities = torch.tensor([0.05, 0.5, 0.15, 0.3])
    uniforms = (torch.arange(1000) + 0.5) / 1000
    logits = probabilities.log().repeat(1000, 1)
    drawn = draw(logits, rows(uniforms, temperature=1.0, top_p=0.8))
    assert drawn.count(1) == 625, "0.5 of 0.8"
    assert drawn.count(3) == 375, "0.3 of 0.8"
    drawn = draw(logits, rows(uniforms, temperature=1.0, top_p=1.0))
    assert [drawn.count(token) for token in range(4)] == [50, 500, 150, 300]


def test_a_nucleus_wider_than_the_candidates_gets_the_whole_vocabulary():
    uniforms = [0.001, 0.5, 0.999]
    drawn = draw(torch.zeros(3, 4000), rows(uniforms, temperature=1.0, top_p=1.0))
    assert max(drawn) > 256
    assert len(set(drawn)) == 3


def test_greedy_and_drawn_rows_may_stand_in_one_batch():
    logits = torch.tensor([0.1, 0.9]).log().repeat(2, 1)
    (drawn,) = rows([0.95], temperature=1.0, top_p=1.0)
    (greedy,) = rows([0.95], temperature=0.0)
    assert draw(logits, [drawn, greedy]) == [0, 1]
    assert draw(logits, [None, greedy])[1] == 1
