"""Chat templates that break training in silence, and those of this project that do not."""

import pytest

from factory.templating import RULES, TEMPLATES, read_template
from factory.templating.rules import PROBE, check_row
from tests.factory.templating.tokenizers_of import CHATML, LLAMA, byte_tokenizer, llama_tokenizer
from tests.finished_datasets import OFF, ON, QUESTION, answer, prompt

HEAD = "{{ '<|im_start|>' + m.role + '\\n' }}"
START = "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
SOUND = read_template("chatml")


def template(turn, start=START):
    """ChatML, but for how a turn is written."""
    return f"{{% for m in messages %}}{HEAD}{turn}{{% endfor %}}{start}"


def broken(text, row, tokenizer=None):
    """The rules that a template breaks on a row, with what is wrong."""
    tokenizer = tokenizer or byte_tokenizer()
    tokenizer.chat_template = text
    problems, _ = check_row(tokenizer, row, RULES)
    return {rule: problem for rule, problem in problems.items() if problem}


def past_turns(thought="<think>\nhidden thought\n</think>\n\n", **fields):
    """Two turns, of which the first thought."""
    turns = [
        {"role": "user", "content": QUESTION},
        {"role": "assistant", "content": f"{thought}Said before."},
        {"role": "user", "content": "And now?"},
    ]
    return answer(input=turns, **fields)


ROWS = {
    "on": answer(),
    "off": answer(mode="off"),
    "empty_trace": answer(output=f"<think>\n</think>\n\n{OFF}"),
    "two_turns": past_turns(),
    "two_turns_off": past_turns(mode="off"),
    "tags_in_the_answer": answer(mode="off", output="The tags are <think> and </think>."),
    "probe": PROBE,
    "prompt_alone": prompt(),
}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize(("name", "special"), [("chatml", CHATML), ("llama-nemotron", LLAMA)])
def test_the_templates_of_the_project_keep_every_rule(name, special, row):
    assert set(TEMPLATES) == {"chatml", "llama-nemotron"}
    assert broken(read_template(name), row, byte_tokenizer(special)) == {}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_the_template_of_the_original_suits_tokens_of_several_letters(row):
    tokenizer = llama_tokenizer([f"{QUESTION}\n\n", f"\n\n{ON}", f"\n\n{OFF}"])
    assert len(tokenizer("\n\n")["input_ids"]) == 1
    assert broken(read_template("llama-nemotron"), row, tokenizer) == {}


def test_the_template_of_the_original_writes_llama_3_headers():
    tokenizer = byte_tokenizer(LLAMA, read_template("llama-nemotron"))
    _, seen = check_row(tokenizer, past_turns(), RULES)
    head = "<|start_header_id|>{}<|end_header_id|>\n\n{}<|eot_id|>".format
    assert seen.text == "<|begin_of_text|>" + "".join(
        [
            head("system", "detailed thinking on"),
            head("user", QUESTION),
            head("assistant", "Said before."),
            head("user", "And now?"),
            head("assistant", ON),
        ]
    )
    learned = [token for token, learn in zip(seen.token_ids, seen.mask, strict=True) if learn]
    assert tokenizer.decode(learned) == f"{ON}<|eot_id|>"


END = "+ '<|im_end|>' }}"


def learned(content, before=""):
    """ChatML whose assistant's turns are written and marked in this way."""
    marked = f"{before}{{% generation %}}{{{{ {content} {END}{{% endgeneration %}}"
    plain = f"{{{{ m.content {END}"
    return template(f"{{% if m.role == 'assistant' %}}{marked}{{% else %}}{plain}{{% endif %}}")


BROKEN = {
    "deepseek_r1_cuts_the_last_turn_too": (
        learned("m.content.split('</think>')[-1]"), "on", "think", "the think block is cut out",
    ),
    "the_block_is_changed": (
        learned("m.content.replace('five', '5')"), "on", "think", "the think block is changed",
    ),
    "qwen3_adds_an_empty_block_to_answers_without_one": (
        learned("'<think>\\n\\n</think>\\n\\n' + m.content"), "off", "think",
        "think tags are written into an answer with reasoning off",
    ),
    "a_tag_is_doubled": (
        learned("'<think>\\n' + m.content"), "on", "think", "think tags are added",
    ),
    "the_answer_is_shortened": (
        learned("m.content[:-4]"), "off", "answer", "the answer is changed",
    ),
    "deepseek_r1_opens_the_block_in_the_prompt": (
        SOUND.replace("assistant\\n' }}", "assistant\\n<think>\\n' }}"), "off", "prompt",
        "the prompt at inference holds think tags of the template's own",
    ),
    "the_header_at_inference_is_another": (
        SOUND.replace("assistant\\n' }}", "assistant: ' }}"), "on", "prompt",
        "does not begin what it is trained on",
    ),
    "the_system_message_is_dropped": (
        SOUND.replace("['content'] | trim", "['content'] | trim if not loop.first else ''"),
        "on", "toggle", "'detailed thinking on' is not in the text",
    ),
    "past_turns_are_not_cut": (
        learned("m.content"), "two_turns", "past_turns", "a past turn keeps its think block",
    ),
    "past_turns_are_emptied": (
        SOUND.replace("content.split('</think>')[-1] | trim", "''"), "two_turns", "past_turns",
        "a past turn loses its answer",
    ),
    "nothing_is_marked": (
        template(f"{{{{ m.content {END}"), "on", "mask",
        "the assistant mask is empty: nothing is learned",
    ),
    "past_turns_are_learned": (
        learned("m.content"), "two_turns", "mask", "the mask holds tokens that are no output",
    ),
    "the_end_of_turn_is_not_learned": (
        SOUND.replace("content + '<|im_end|>' }}\n        {%- endgeneration %}",
                      "content }}\n        {%- endgeneration %}{{- '<|im_end|>' }}"),
        "on", "mask", "the mask leaves out the end of turn",
    ),
    "the_beginning_is_not_learned": (
        learned("m.content[9:]", before="{{ m.content[:9] }}"), "on", "mask", "the mask has gaps",
    ),
    "the_end_is_plain_text": (
        learned("m.content").replace("<|im_end|>", "[END]"), "on", "end_of_turn",
        "the turn does not end with a token that only ends turns",
    ),
    "the_template_refuses": (
        "{{ raise_exception('no system message, please') }}", "on", "renders",
        "it is refused: no system message, please",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "row", "rule", "problem"), BROKEN.values(), ids=BROKEN)
def test_a_template_that_breaks_a_rule_is_told_apart(text, row, rule, problem):
    found = broken(text, ROWS[row])
    assert problem in found.get(rule, f"nothing of {rule} in {found}")


def test_a_toggle_behind_the_question_is_found():
    text = (
        f"{{% for m in messages if m.role != 'system' %}}{HEAD}{{{{ m.content {END}"
        f"{{% if loop.first %}}{{{{ messages[0].content }}}}{{% endif %}}{{% endfor %}}{START}"
    )
    assert broken(text, ROWS["on"])["toggle"] == "the toggle stands behind the user's turn"


@pytest.mark.parametrize("question", ["on", "d", "e", "<think>"])
def test_questions_that_look_like_the_toggle_or_a_tag_mislead_no_rule(question):
    row = answer(input=[{"role": "user", "content": question}])
    assert broken(SOUND, row) == {}


def test_tokens_that_merge_across_the_end_of_the_prompt_are_found():
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    vocab = {c: i for i, c in enumerate(sorted(pre_tokenizers.ByteLevel.alphabet()))}
    vocab |= {"Ċ<": len(vocab)}  # a line break and the beginning of a tag
    merging = Tokenizer(models.BPE(vocab=vocab, merges=[("Ċ", "<")]))
    merging.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=merging,
        eos_token="<|im_end|>",
        additional_special_tokens=list(CHATML),
    )
    assert broken(SOUND, ROWS["on"], tokenizer)["prompt"] == (
        "tokens merge across the end of the prompt"
    )
    assert "prompt" not in broken(SOUND, ROWS["off"], tokenizer)


def test_a_prompt_alone_is_asked_for_its_toggle_and_its_header_only():
    problems, seen = check_row(byte_tokenizer(template=SOUND), prompt(), RULES)
    assert set(problems) == {"renders", "toggle", "prompt", "past_turns"}
    assert seen.text.endswith("<|im_start|>assistant\n")
