"""Mixtures: how much of what, how often, in which order, and the same for every division."""

import json
from collections import Counter

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from datasets import load_dataset

from factory import store
from factory.errors import ConfigError, RunError
from factory.mixing import mix
from factory.schemas import RL, SFT
from pipelines.mixture import PLANS, load_mixture


def rows(domain, on, off, *, topic="", length=5, license="cc-by-4.0", students="Nano, Super"):
    found = []
    for mode, number in (("on", on), ("off", off)):
        for i in range(number):
            row = dict.fromkeys(SFT.names)
            row.update(
                input=[{"role": "user", "content": f"{domain} {i}"}],
                output=f"{mode} {'x' * (length + 7 * i % 50 + (100 if mode == 'on' else 0))}",
                category=domain,
                license=license,
                reasoning=mode,
                used_in_training=students,
                id=f"{domain}-{topic}-{mode}-{i}",
                topic=topic,
            )
            found.append(row)
    return found


def write(folder, rows, parts=2):
    folder.mkdir(parents=True)
    frame = pl.DataFrame(rows, infer_schema_length=None)
    size = -(-len(rows) // parts)
    for part in range(parts):
        frame.slice(part * size, size).write_parquet(folder / f"{part}.parquet")


def recipe(folder, text):
    path = folder / "mixture.toml"
    path.write_text(f'mixture = "toy"\n{text}')
    return load_mixture(path)


def mixed(folder, text, name="out"):
    manifest = mix(recipe(folder, text), folder / name)
    frame = pl.concat([pl.read_parquet(folder / name / s["path"]) for s in manifest["shards"]])
    return manifest, frame


def table(folder, domain, more=""):
    return f'[domains.{domain}]\ndata = "{folder / domain}"\n{more}\n'


@pytest.fixture
def data(tmp_path):
    write(tmp_path / "math", rows("math", 30, 60))
    science = rows("science", 20, 4, topic="physics") + rows("science", 10, 2, topic="chemistry")
    write(tmp_path / "science", science, parts=3)
    return tmp_path


def test_without_further_wishes_every_row_stands_once(data):
    manifest, frame = mixed(data, table(data, "math") + table(data, "science"))
    assert sorted(frame["id"]) == sorted(
        [r["id"] for r in rows("math", 30, 60)]
        + [r["id"] for r in rows("science", 20, 4, topic="physics")]
        + [r["id"] for r in rows("science", 10, 2, topic="chemistry")]
    )
    assert manifest["stages"][0]["domains"]["math"] == {"on": 30, "off": 60}


def test_weights_divide_the_rows_and_a_cap_holds(data):
    text = "rows = 40\n" + table(data, "math", "weight = 3") + table(data, "science", "weight = 1")
    _, frame = mixed(data, text)
    assert Counter(frame["category"]) == {"math": 30, "science": 10}
    _, frame = mixed(data, table(data, "math", "rows = 9"), "capped")
    assert Counter(frame["reasoning"]) == {"on": 3, "off": 6}


def test_the_share_with_reasoning_holds_and_rows_repeat_only_where_they_may(data):
    _, frame = mixed(data, table(data, "math", "on_share = 0.5"))
    assert Counter(frame["reasoning"]) == {"on": 30, "off": 30}
    more = "on_share = 0.5\nrows = 120\nmax_copies = 2.0"
    _, frame = mixed(data, table(data, "math", more), "repeated")
    assert Counter(frame["reasoning"]) == {"on": 60, "off": 60}
    on = Counter(frame.filter(pl.col("reasoning") == "on")["id"])
    assert set(on.values()) == {2}


def test_fewer_rows_than_asked_for_are_told(data):
    manifest, _ = mixed(data, table(data, "math", "rows = 1000"))
    assert manifest["taken"]["math"] == {"on": 30, "off": 60}
    assert (
        "**Fewer than asked for**: math, 90 of 1,000 rows"
        in (data / "out" / "README.md").read_text()
    )


def test_a_topic_stands_more_often(data):
    more = "topics = {chemistry = 3.0}\nrows = 50"
    _, frame = mixed(data, table(data, "science", more))
    counts = Counter(frame["topic"])
    assert counts["chemistry"] == 30
    assert max(Counter(frame.filter(pl.col("topic") == "chemistry")["id"]).values()) == 3
    assert max(Counter(frame.filter(pl.col("topic") == "physics")["id"]).values()) == 1


def test_short_to_long_interleaves_the_modes_each_by_length(data):
    text = table(data, "math", "on_share = 0.5")
    text += '[[stages]]\nname = "train"\norder = "short_to_long"\n'
    _, frame = mixed(data, text)
    assert frame["reasoning"].to_list() == ["on", "off"] * 30
    for mode in ("on", "off"):
        lengths = frame.filter(pl.col("reasoning") == mode)["output"].str.len_bytes()
        assert lengths.is_sorted()


def test_the_order_and_the_choice_do_not_depend_on_how_the_data_is_cut(data):
    science = pl.concat([pl.read_parquet(p) for p in sorted((data / "science").iterdir())])
    write(data / "whole" / "science", science.to_dicts(), parts=1)
    text = 'rows = 20\n[domains.science]\nweight = 1.0\ndata = "{}"\n'
    _, one = mixed(data, text.format(data / "science"), "one")
    _, other = mixed(data, text.format(data / "whole" / "science"), "other")
    assert one.equals(other)
    _, again = mixed(data, "seed = 5\n" + text.format(data / "science"), "again")
    assert not one.equals(again)


def test_rows_that_do_not_fit_one_piece_stand_in_the_same_order(data, monkeypatch):
    text = table(data, "math") + table(data, "science")
    _, whole = mixed(data, text, "whole")
    monkeypatch.setattr("factory.mixing.mixture._PIECE_BYTES", 1000)
    _, pieces = mixed(data, text, "pieces")
    assert whole.equals(pieces)


def test_nanos_plan_has_three_stages_and_leaves_out_what_is_not_there(data):
    write(data / "chat", rows("chat", 3, 5))
    text = 'plan = "nano"\nrows_per_shard = 25\n'
    text += "".join(table(data, name) for name in ("math", "science", "chat"))
    manifest, _ = mixed(data, text)
    by_name = {stage["name"]: stage for stage in manifest["stages"]}
    assert list(by_name) == ["stage1", "stage2", "stage3"]
    assert by_name["stage1"]["domains"] == {
        "math": {"on": 30, "off": 0},
        "science": {"on": 30, "off": 0},
    }
    assert by_name["stage2"]["domains"]["math"] == {"on": 30, "off": 60}
    assert list(by_name["stage3"]["domains"]) == ["chat"]
    shards = [s["path"] for s in manifest["shards"] if s["split"] == "stage2"]
    assert shards[0] == "SFT/stage2/v1-00000-of-00006.parquet"
    loaded = load_dataset(str(data / "out"), split="stage3", cache_dir=str(data / "cache"))
    assert len(loaded) == 8


def test_only_rows_for_the_student_are_taken_however_the_list_is_spelled(data):
    write(data / "chat", rows("chat", 2, 2, students="Ulta, Super, Nano"))
    text = 'used_in_training = "nano"\n' + table(data, "chat") + table(data, "math")
    manifest, _ = mixed(data, text)
    assert manifest["available"]["chat"] == {"on": 2, "off": 2}
    with pytest.raises(ConfigError, match="no row is there to take in the data of math"):
        mixed(data, 'used_in_training = "Ultra"\n' + table(data, "math"), "none")
    assert not (data / "none").exists()


def test_the_released_jsonl_rows_are_taken_as_they_are(data):
    lines = [
        {
            "input": [{"role": "user", "content": "2 + 2?"}],
            "output": f"{i}",
            "category": "math",
            "license": "cc-by-4.0",
            "reasoning": "off",
            "generator": "x",
            "used_in_training": "Ulta, Super, Nano",
            "version": "v1",
            "system_prompt": "detailed thinking off",
        }
        for i in range(4)
    ]
    path = data / "math.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in lines))
    _, frame = mixed(data, f'[domains.math]\ndata = "{path}"\n')
    assert sorted(frame["output"]) == ["0", "1", "2", "3"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('plan = "nanno"\n[domains.math]\ndata = "x"', "plan is 'nanno'; did you mean nano?"),
        ('[domains.math]\ndata = "x"\nrows = 1\nweight = 1', "rows and weight cannot stand"),
        ('rows = 5\n[domains.math]\ndata = "x"', "rows must stand with the domains' weights"),
        ('[domains.math]\ndata = "x"\non_share = 2', "on_share must be in [0, 1], got 2"),
        ('[domains.math]\ndata = "x"\nmax_copies = 0.5', "max_copies must be >= 1, got 0.5"),
        (
            '[domains.math]\ndata = "x"\n[[stages]]\nname = "a"\ndomains = ["maths"]',
            "no such domain: 'maths'; did you mean math?",
        ),
        ('[domains.math]\ndata = "/no/such/data.parquet"', "no such data"),
        ('[domains."../x"]\ndata = "x"', "domains must be named by a letter, then letters"),
        ('[domains.math]\ndata = "x"\nrl_rows = -1', "rl_rows must be >= 0, got -1"),
    ],
)
def test_a_wrong_recipe_is_refused_with_the_way_out(tmp_path, text, message):
    with pytest.raises(ConfigError) as error:
        mixed(tmp_path, text)
    assert message in str(error.value)


def test_rows_of_another_kind_and_an_output_that_exists_are_refused(data):
    write(data / "texts", [{"text": "a"}], parts=1)
    with pytest.raises(ConfigError, match="texts: no row can be taken: 1 no_prompt"):
        mixed(data, table(data, "texts"))
    (data / "there").mkdir()
    with pytest.raises(ConfigError, match="there: exists"):
        mixed(data, table(data, "math"), "there")
    (data / "bad.jsonl").write_text("{nonsense\n")
    with pytest.raises(ConfigError, match="no row can be taken: 1 not_json"):
        mixed(data, f'[domains.math]\ndata = "{data / "bad.jsonl"}"', "bad")


def test_the_command_prints_what_was_mixed(data, factory):
    path = data / "m.toml"
    path.write_text('mixture = "toy"\nplan = "super"\n[domains.math]\ndata = "nowhere"\n')
    done = factory("mix", path, "--data", f"math={data / 'math'}", "--out", data / "out")
    assert done.returncode == 0, done.stderr
    assert "train" in done.stdout
    assert "60" in done.stdout
    done = factory("mix", path, "--data", "maths=x", "--out", data / "out2")
    assert done.returncode == 2
    assert "no such domain: 'maths'; did you mean math?" in done.stderr


def test_every_plan_names_stages():
    assert all(stages for stages in PLANS.values())


def prompts(folder, number, students="Nano"):
    """A run's directory whose dataset holds prompts to be checked."""
    place = folder / "dataset" / "RL" / "instruction_following"
    place.mkdir(parents=True)
    made = [
        {
            "input": [{"role": "user", "content": f"Say {i} without commas."}],
            "args": {
                "task": "instruction_following",
                "instruction_id_list": ["punctuation:no_comma"],
                "instruction_kwargs": [{"num_words": None}],
                "num_instructions": 1,
            },
            "license": "odc-by",
            "reasoning": "on",
            "used_in_training": students,
            "id": f"if-{i}-rl",
        }
        for i in range(number)
    ]
    pq.write_table(pa.Table.from_pylist(made, RL), place / "v1-00000-of-00001.parquet")


def rl_shards(manifest):
    return [shard for shard in manifest["shards"] if shard["config"] == "RL"]


def test_of_a_directory_with_several_domains_one_split_is_taken(data):
    for name in ("math", "chat"):
        write(data / "release" / "SFT" / name, rows(name, 3, 4))
    _, frame = mixed(data, f'[domains.chat]\ndata = "{data / "release"}"\nsplit = "chat"\n')
    assert Counter(frame["category"]) == {"chat": 7}
    with pytest.raises(ConfigError, match="has no split 'chta'; it has chat, math"):
        mixed(data, f'[domains.chat]\ndata = "{data / "release"}"\nsplit = "chta"\n', "none")


def test_prompts_for_reinforcement_learning_come_along_as_they_are(data):
    prompts(data / "following", 7)
    write(data / "following" / "dataset" / "SFT" / "x", rows("following", 3, 3))
    text = "rows_per_shard = 5\n" + table(data, "math") + table(data, "following")
    manifest = mix(recipe(data, text), data / "out")
    assert [(s["path"], s["rows"]) for s in rl_shards(manifest)] == [
        ("RL/following/v1-00000-of-00002.parquet", 5),
        ("RL/following/v1-00001-of-00002.parquet", 2),
    ]
    source = pq.read_table(next((data / "following" / "dataset" / "RL").rglob("*.parquet")))
    found = [pq.read_table(data / "out" / s["path"]) for s in rl_shards(manifest)]
    assert pa.concat_tables(found).equals(source)
    assert manifest["rl"] == {
        "available": {"math": 0, "following": 7},
        "taken": {"math": 0, "following": 7},
        "dropped": {"math": {}, "following": {}},
        "licenses": {"odc-by": 7},
    }
    card = (data / "out" / "README.md").read_text()
    assert "\n96 rows in 1 split" in card
    assert "| following | 7 | 7 |" in card
    assert "| odc-by | 7 |" in card
    loaded = load_dataset(str(data / "out"), "RL", split="following", cache_dir=str(data / "cache"))
    assert loaded["id"][:] == source["id"].to_pylist()


def test_a_recipe_says_how_many_prompts_and_for_whom(data):
    prompts(data / "following", 20)
    more = table(data, "following", "rl_rows = 6")
    manifest = mix(recipe(data, table(data, "math") + more), data / "some")
    (shard,) = rl_shards(manifest)
    ids = pl.read_parquet(data / "some" / shard["path"])["id"].to_list()
    numbers = [int(each.split("-")[1]) for each in ids]
    assert len(ids) == 6
    assert numbers == sorted(numbers) != list(range(6)), "drawn, in the order of their dataset"
    for name, text in (
        ("none", table(data, "following", "rl_rows = 0")),
        ("others", 'used_in_training = "Super"\n' + table(data, "following")),
    ):
        assert not rl_shards(mix(recipe(data, text + table(data, "math")), data / name))


def test_a_run_without_a_single_kept_answer_still_brings_its_prompts(data):
    prompts(data / "following", 4)
    (data / "following" / "prompts").mkdir()
    pl.DataFrame({"id": ["no row of a dataset"]}).write_parquet(
        data / "following" / "prompts" / "part-00000.parquet"
    )
    manifest = mix(recipe(data, table(data, "following")), data / "out")
    assert [s["rows"] for s in manifest["shards"]] == [4]
    loaded = load_dataset(str(data / "out"), cache_dir=str(data / "cache"))
    assert loaded["following"].num_rows == 4
    assert "train = load_dataset" not in (data / "out" / "README.md").read_text()


def test_two_mixtures_of_one_directory_do_not_meet(data):
    made = recipe(data, table(data, "math"))
    hidden = data / ".out.mix"
    with store.locked(hidden / ".lock", "busy"):
        (hidden / "SFT").mkdir()
        with pytest.raises(RunError, match=r"another factory mix makes out there; wait for it"):
            mix(made, data / "out")
        assert (hidden / "SFT").is_dir(), "what the other one has written stays"
    mix(made, data / "out")
    assert not hidden.exists(), "what a killed one left is swept out"
    assert sorted(path.name for path in (data / "out").iterdir()) == [
        "README.md",
        "SFT",
        "manifest.json",
    ]


def test_a_stage_has_exactly_as_many_rows_as_it_may_have(data):
    text = table(data, "math", "rows = 30") + table(data, "science", "rows = 30")
    for number in (1, 3):
        stage = f'[[stages]]\nname = "train"\nrows = {number}\n'
        _, frame = mixed(data, text + stage, f"rows{number}")
        assert len(frame) == number


def test_a_domain_that_its_share_leaves_empty_is_told(data):
    write(data / "chat", rows("chat", 3, 0))
    mixed(data, table(data, "chat", "on_share = 0.5") + table(data, "math"))
    card = (data / "out" / "README.md").read_text()
    assert "**Fewer than asked for**: chat, 0 of 3 rows" in card


def test_a_mode_that_does_not_exist_is_refused(data):
    odd = rows("chat", 1, 0)
    odd[0]["reasoning"] = "On"
    write(data / "chat", odd, parts=1)
    with pytest.raises(ConfigError, match="row 0: reasoning must be on or off, got 'On'"):
        mixed(data, table(data, "chat"))
