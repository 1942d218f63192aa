"""Scores of a tiny random reward model, against its own forward pass on one conversation."""

from pathlib import Path
from typing import Any

import pytest

from factory.errors import TeacherError
from factory.records import Message, Request
from factory.teachers.reward import RewardConfig, RewardTeacher
from tests.toys import request

pytest.importorskip("torch", reason="the core is tested without torch on Python 3.12+")
import torch
import transformers
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit

WORDS = ["<pad>", "<end>", "<user>", "<assistant>", *[f"w{i}" for i in range(40)]]
TEMPLATE = (
    "{% for m in messages %}{{ '<' + m['role'] + '> ' + m['content'] + ' <end> ' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<assistant> ' }}{% endif %}"
)


def save_model(folder: Path, *, pad: str | None, kind: str = "SequenceClassification") -> Path:
    """A random two-layer Llama with the tokenizer that belongs to it."""
    torch.manual_seed(1)
    sizes: dict[str, Any] = {
        "vocab_size": len(WORDS),
        "hidden_size": 64,  # vLLM's attention wants heads of 32
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "max_position_embeddings": 64,
        "pad_token_id": None if pad is None else WORDS.index(pad),
        "num_labels": 1,
        "initializer_range": 0.5,
    }
    config = transformers.LlamaConfig(**sizes)
    getattr(transformers, f"LlamaFor{kind}")(config).save_pretrained(folder)
    words = Tokenizer(WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="<pad>"))
    words.pre_tokenizer = WhitespaceSplit()
    tokenizer = transformers.PreTrainedTokenizerFast(tokenizer_object=words, eos_token="<end>")
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    return folder


def conversation(length: int) -> Request:
    answer = " ".join(f"w{(7 * i + length) % 40}" for i in range(length))
    turns = (Message(role="user", content="w1 w2"), Message(role="assistant", content=answer))
    return request(task="score", messages=turns)


def teacher(folder: Path, **fields: Any) -> RewardTeacher:
    return RewardTeacher(RewardConfig(model=str(folder), license="mit", **fields), num_threads=1)


LENGTHS = [5, 1, 20, 3, 11, 2, 20, 8]


@pytest.mark.parametrize("pad", ["<pad>", "<end>", None])
def test_scores_are_those_of_each_conversation_alone(tmp_path: Path, pad: str | None):
    folder = save_model(tmp_path, pad=pad)
    asked = teacher(folder, batch_size=3)
    answers = dict(asked.generate([conversation(n) for n in LENGTHS]))
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    for index, length in enumerate(LENGTHS):
        tokens = asked.load().chat(conversation(length))
        with torch.inference_mode():
            alone = model(input_ids=torch.tensor([tokens])).logits.item()
        assert answers[index].score == pytest.approx(alone, abs=1e-5)
        assert answers[index].prompt_tokens == len(tokens) == length + 6
    assert len({round(answer.score or 0, 4) for answer in answers.values()}) == 7


def test_scores_do_not_depend_on_order_or_batch_size(tmp_path: Path):
    folder = save_model(tmp_path, pad="<pad>")
    one = dict(teacher(folder, batch_size=1).generate([conversation(n) for n in LENGTHS]))
    backwards = dict(teacher(folder).generate([conversation(n) for n in reversed(LENGTHS)]))
    for index in one:
        assert one[index].score == pytest.approx(backwards[7 - index].score, abs=1e-5)


def test_few_requests_are_taken_before_the_first_score(tmp_path: Path):
    asked, taken = teacher(save_model(tmp_path, pad="<pad>"), batch_size=2), []

    def source():
        for number in range(200):
            taken.append(number)
            yield conversation(number % 9)

    answers = asked.generate(source())
    first = next(answers)
    assert len(taken) == 128
    rest = dict([first, *answers])
    assert sorted(rest) == list(range(200))
    assert rest[199].prompt_tokens == 199 % 9 + 6


def test_what_cannot_be_scored_fails_alone(tmp_path: Path):
    asked = teacher(save_model(tmp_path, pad="<pad>"), max_length=30)
    requests = [conversation(3), None, request("w1"), conversation(25), conversation(2)]
    answers = dict(asked.generate(requests))
    assert answers[1].error == "wrong_task: chat; this teacher answers score"
    assert answers[2].error == "context_overflow: 31 tokens, 30 fit"
    assert answers[0].score is not None
    assert answers[3].score is not None
    assert answers[0].engine.startswith("transformers ")


def test_a_model_without_a_reward_head_is_refused(tmp_path: Path):
    asked = teacher(save_model(tmp_path, pad="<pad>", kind="CausalLM"))
    with pytest.raises(TeacherError, match="is no reward model"):
        list(asked.generate([conversation(1)]))
