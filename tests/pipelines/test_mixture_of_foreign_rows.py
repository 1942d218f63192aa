"""Mixtures of data made elsewhere: the released JSON lines with their quirks, and its curation."""

import json
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from factory.errors import ConfigError
from factory.mixing import mix
from pipelines.mixture import answer_filters, load_mixture
from tests.pipelines.test_mixture import rows, write

RECIPES = Path(__file__).parents[2] / "pipelines" / "recipes"
TEMPLATED = (
    "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\ndetailed thinking {mode}"
    "<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nWhat is 2 + 2?<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\n"
)


def released(output: str, mode: str = "on", **fields) -> dict:
    """A row as the released dataset has it."""
    return {
        "input": [{"role": "user", "content": "What is 2 + 2? Put it into \\boxed{}."}],
        "output": output,
        "category": "math",
        "license": "cc-by-4.0",
        "reasoning": mode,
        "generator": "DeepSeek-R1",
        "used_in_training": "Ulta, Super, Nano",
        "version": "v1.1",
        "system_prompt": f"detailed thinking {mode}",
        **fields,
    }


def lines(path: Path, *given: dict | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    texts = [each if isinstance(each, str) else json.dumps(each) for each in given]
    path.write_text("\n".join(texts) + "\n")
    return path


def mixed(folder: Path, text: str, **options):
    path = folder / "mixture.toml"
    path.write_text(f'mixture = "toy"\n{text}')
    recipe = load_mixture(path)
    manifest = mix(recipe, folder / "out", filters=answer_filters(recipe), **options)
    shards = [s["path"] for s in manifest["shards"]]
    return manifest, pl.concat([pl.read_parquet(folder / "out" / each) for each in shards])


def test_both_releases_of_the_released_rows_become_the_published_schema(tmp_path):
    think = "<think>\nTwo and two.\n</think>\n\n\\boxed{4}"
    data = lines(
        tmp_path / "math.jsonl",
        released(think),
        released(f"{think}<|eot_id|>", input=TEMPLATED.format(mode="on"), version="v1"),
        released("\\boxed{4}", "off", used_in_training=["Super", "Nano"]),
    )
    _, frame = mixed(tmp_path, f'[domains.math]\ndata = "{data}"\n')
    by_id = {row["id"]: row for row in frame.to_dicts()}
    assert sorted(by_id) == ["math-0", "math-1", "math-2"]
    assert by_id["math-1"]["input"] == [{"role": "user", "content": "What is 2 + 2?"}]
    assert by_id["math-1"]["output"] == think
    assert by_id["math-1"]["system_prompt"] == "detailed thinking on"
    assert by_id["math-0"]["used_in_training"] == "Ultra, Super, Nano"
    assert by_id["math-2"]["used_in_training"] == "Super, Nano"
    assert (
        by_id["math-0"]["prompt_id"] == by_id["math-2"]["prompt_id"] != by_id["math-1"]["prompt_id"]
    )
    assert {row["license"] for row in by_id.values()} == {"cc-by-4.0"}


def test_rows_that_cannot_be_read_are_left_out_and_counted(tmp_path):
    data = lines(
        tmp_path / "math.jsonl",
        released("\\boxed{4}", "off"),
        "{nonsense",
        released("4", "off", input=None),
        {**released("4", "off"), "output": None},
        "[1]",
    )
    manifest, frame = mixed(tmp_path, f'[domains.math]\ndata = "{data}"\n')
    assert len(frame) == 1
    assert manifest["read"] == {"math": 5}
    assert manifest["dropped"]["math"] == {
        "no_output": 1, "no_prompt": 1, "not_an_object": 1, "not_json": 1,
    }  # fmt: skip
    card = (tmp_path / "out" / "README.md").read_text()
    assert "math: of 5 rows that were read, left out were 1 no\\_output" in card


def test_data_of_which_no_row_can_be_taken_is_refused_with_the_reasons(tmp_path):
    data = lines(tmp_path / "math.jsonl", {"text": "a"}, "{")
    with pytest.raises(ConfigError, match="no row can be taken: 1 no_prompt, 1 not_json"):
        mixed(tmp_path, f'[domains.math]\ndata = "{data}"\n')


def test_shards_of_runs_are_not_read_again_unless_filters_ask_for_it(tmp_path):
    write(tmp_path / "math", rows("math", 3, 5))
    text = f'[domains.math]\ndata = "{tmp_path / "math"}"\n'
    manifest, _ = mixed(tmp_path, text)
    assert manifest["read"] == {"math": 0}
    (tmp_path / "filtered").mkdir()
    manifest, frame = mixed(tmp_path / "filtered", f'keep = ["think_tags"]\n{text}')
    assert manifest["read"] == {"math": 8}
    assert manifest["dropped"]["math"] == {"think_tags.v1 no_block": 3}
    assert Counter(frame["reasoning"]) == {"off": 5}
    assert set(frame["id"]) == {r["id"] for r in rows("math", 0, 5)}


def test_any_number_of_processes_reads_the_same(tmp_path):
    given = [released(f"<think>\n{i}\n</think>\n\n\\boxed{{4}}") for i in range(600)]
    data = lines(tmp_path / "math.jsonl", *given)
    text = f'keep = ["think_tags"]\n[domains.math]\ndata = "{data}"\n'
    _, one = mixed(tmp_path, text)
    (tmp_path / "two").mkdir()
    _, two = mixed(tmp_path / "two", text, workers=2)
    assert one.equals(two)


def small_tokenizer(folder: Path) -> Path:
    """A token for each word."""
    transformers = pytest.importorskip("transformers")
    from tokenizers import Tokenizer, models, pre_tokenizers

    made = Tokenizer(models.WordLevel({"[UNK]": 0}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    fast = transformers.PreTrainedTokenizerFast(tokenizer_object=made, unk_token="[UNK]")
    fast.save_pretrained(folder)
    (folder / "config.json").write_text('{"model_type": "llama"}')
    return folder


def test_the_tutorials_curation_of_the_released_dataset(tmp_path):
    tokenizer = small_tokenizer(tmp_path / "tokenizer")
    think = "<think>\n{}\n</think>\n\n\\boxed{{4}}".format
    english = "We add the two numbers and see that the sum of them is four, which is even. "
    german = "Wir addieren die beiden Zahlen und sehen, dass die Summe vier ist, also gerade. "
    spoken = released(f"\\boxed{{4}} {german * 3}", "off")
    lines(
        tmp_path / "released" / "SFT" / "math" / "math_v1.1.jsonl",
        *[released(think(english * (8 - i))) for i in range(4)],
        *[released(f"{english * (1 + i)} \\boxed{{4}}", "off") for i in range(4)],
        released(think("")),
        released("<think>\nnever closed \\boxed{4}"),
        released(think(english), "off"),
        released("4", "off"),
        spoken,
        released(f"{english * 513} \\boxed{{4}}", "off"),
        released(think(english), used_in_training="Ultra, Super"),
    )
    lines(
        tmp_path / "released" / "SFT" / "chat" / "chat.jsonl",
        *[released(f"{english * (2 + i)}", "off", category="chat", input=[
            {"role": "user", "content": "Tell me."}]) for i in range(2)],
    )  # fmt: skip
    text = (RECIPES / "mixture-tutorial.toml").read_text()
    text = text.replace('"bundled" ', f'"{tokenizer}" ').replace(
        '"released/', f'"{tmp_path}/released/'
    )
    (tmp_path / "tutorial.toml").write_text(text)
    recipe = load_mixture(tmp_path / "tutorial.toml")
    manifest = mix(recipe, tmp_path / "out", filters=answer_filters(recipe))
    assert manifest["dropped"]["math"] == {
        "boxed_when_asked.v1 box_missing": 1,
        "language.v1 wrong_language": 1,
        "think_tags.v1 empty_reasoning": 1,
        "think_tags.v1 tag_with_reasoning_off": 1,
        "think_tags.v1 tag_not_closed": 1,
        "token_length.v1 too_many_tokens": 1,
    }
    (shard,) = manifest["shards"]
    frame = pl.read_parquet(tmp_path / "out" / shard["path"])
    assert Counter(frame["category"]) == {"math": 8, "chat": 2}
    for mode in ("on", "off"):
        assert frame.filter(pl.col("reasoning") == mode)["output"].str.len_bytes().is_sorted()
    assert frame["reasoning"].to_list() != sorted(frame["reasoning"])
