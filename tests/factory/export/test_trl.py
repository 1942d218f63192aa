"""Exports in TRL's own hands: its preparation of the data, and a step of training on them."""

import importlib.util
from pathlib import Path

import pytest
from datasets import load_dataset

from factory.export import export
from factory.templating import lint, load_tokenizer
from tests.finished_datasets import OFF, ON, both_configs

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        importlib.util.find_spec("trl") is None, reason="needs TRL, the extra [train]"
    ),
    # Those of TRL, torch and vLLM among themselves.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning"),
]
END = "<|im_end|>"
SETTINGS = {"max_steps": 1, "report_to": [], "use_cpu": True, "bf16": False, "save_strategy": "no"}


@pytest.fixture(scope="module")
def tokenizer():
    return load_tokenizer("bundled", "chatml")


@pytest.fixture
def model(tokenizer):
    """A Llama of two layers that has learned nothing."""
    from transformers import LlamaConfig, LlamaForCausalLM

    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=16,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )


def exported(folder, format, tokenizer=None):
    both_configs(folder / "dataset")
    export(folder / "dataset", folder / "out", format=format, tokenizer=tokenizer)
    return load_dataset(str(folder / "out"), split="math", cache_dir=str(folder / "cache"))


def learned(tokenizer, row):
    """The text that the loss is on."""
    pairs = list(zip(row["input_ids"], row["labels"], strict=True))
    assert {label for token, label in pairs if label != token} == {-100}
    return tokenizer.decode([token for token, label in pairs if label == token])


def test_sft_on_messages_learns_the_output_and_its_end_and_nothing_else(tokenizer, model, tmp_path):
    from trl import SFTConfig, SFTTrainer

    trainer = SFTTrainer(
        model=model,
        args=SFTConfig(output_dir=str(tmp_path / "sft"), assistant_only_loss=True, **SETTINGS),
        train_dataset=exported(tmp_path, "trl", tokenizer),
        processing_class=tokenizer,
    )
    rows = trainer.train_dataset
    assert [learned(tokenizer, row) for row in rows] == [ON + END, OFF + END] * 5
    text = tokenizer.decode(rows[1]["input_ids"])
    assert text.startswith(f"<|im_start|>system\ndetailed thinking off{END}\n<|im_start|>user\n")
    assert trainer.train().training_loss > 0


def test_sft_on_prompt_and_completion_learns_the_same(tokenizer, model, tmp_path):
    from trl import SFTConfig, SFTTrainer

    trainer = SFTTrainer(
        model=model,
        args=SFTConfig(output_dir=str(tmp_path / "sft"), **SETTINGS),
        train_dataset=exported(tmp_path, "trl-completion", tokenizer),
        processing_class=tokenizer,
    )
    rows = trainer.train_dataset
    assert [learned(tokenizer, row) for row in rows] == [f"{ON}{END}\n", f"{OFF}{END}\n"] * 5
    assert trainer.train().training_loss > 0


@pytest.mark.parametrize("kind", ["GRPO", "RLOO"])
def test_rl_hands_the_columns_of_a_prompt_to_the_rewards(tokenizer, model, tmp_path, kind):
    import trl

    seen = []

    def reward(prompts, completions, expected_answer, verifier, reasoning, pass_rate, **rest):
        seen.append((prompts[0], expected_answer, verifier, reasoning, pass_rate, rest))
        return [float(len(each)) for each in completions]

    config, trainer = getattr(trl, f"{kind}Config"), getattr(trl, f"{kind}Trainer")
    trainer(
        model=model,
        reward_funcs=reward,
        args=config(
            output_dir=str(tmp_path / kind),
            num_generations=2,
            per_device_train_batch_size=2,
            max_completion_length=4,
            use_vllm=False,
            beta=0.0,  # else a reference model is looked for on the Hub
            **SETTINGS,
        ),
        train_dataset=exported(tmp_path, "trl-prompts", tokenizer),
        processing_class=tokenizer,
    ).train()
    prompt, expected, verifier, reasoning, pass_rate, rest = seen[0]
    assert prompt[0] == {"role": "system", "content": "detailed thinking on"}
    assert (expected, verifier) == (["5", "5"], ["final_answer.v2"] * 2)
    assert (reasoning, pass_rate) == (["on", "on"], [0.5, 0.5])
    assert rest["instruction_id_list"] == [[], []]


@pytest.mark.parametrize(
    ("name", "broken"),
    [
        ("deepseek_r1_distill", {"prompt on", "prompt off", "think on", "mask on", "mask off"}),
        ("qwen3", {"think off", "mask on", "mask off"}),
        ("qwen3_training", {"think off", "past_turns on"}),
    ],
)
def test_published_templates_break_the_rules_that_the_readme_says(tmp_path, name, broken):
    folder = importlib.util.find_spec("trl").submodule_search_locations[0]
    template = Path(folder) / "chat_templates" / f"{name}.jinja"
    found = lint(both_configs(tmp_path / "dataset"), "bundled", template=str(template))
    rules = {f"{rule} {mode}" for (rule, mode), each in found.findings.items() if each.broken}
    assert rules - {"end_of_turn on", "end_of_turn off"} == broken  # the bundled one's is another


def test_trl_finds_that_the_end_of_turn_is_learned(tokenizer):
    from trl.chat_template_utils import is_chat_template_stop_token_trained

    assert is_chat_template_stop_token_trained(tokenizer)
