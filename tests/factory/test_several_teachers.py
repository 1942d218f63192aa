"""Whole runs with several teachers, judges, reward models, wishes for rows, and caps."""

import dataclasses
import json
from collections import Counter

import polars as pl
import pytest

from factory.budget import Caps
from factory.engine import run
from factory.errors import CapReached, ConfigError, PartError
from factory.recipe import load_recipe
from factory.records import Completion
from factory.rundir import open_run
from factory.spend import paid_table, read_prices
from factory.teachers.scripted import ScriptedTeacher
from pipelines import make_job
from tests.toys import gold_answers

RECIPE = """
pipeline = "math"
seed = 7
[math]
num_prompts = {num_prompts}
samples_on = {samples_on}
samples_off = 1
{math}
{teachers}
[filters.response_exact]
[filters.response_minhash]
threshold = 1.0
[limits]
part_size = {part_size}
max_error_share = 1.0
{more}
"""
ONE = '[teacher]\nkind = "scripted"\nreplies = ["one"]\n'
TWO = """
[teachers.big]
kind = "scripted"
replies = ["big"]
price = {prompt = 1.0, completion = 4.0}
[teachers.small]
kind = "scripted"
replies = ["small"]
license = "cc-by-4.0"
[ask]
on = "big"
off = "small"
"""
GRADERS = """
[teachers.answers]
kind = "scripted"
replies = ["answers"]
[teachers.judge]
kind = "scripted"
replies = ["judge"]
[teachers.rm]
kind = "scripted"
replies = ["rm"]
[ask]
on = "answers"
off = "answers"
"""


def job(folder, *, num_prompts=6, samples_on=3, part_size=3, math="", teachers=ONE, more=""):
    path = folder / "r.toml"
    path.write_text(
        RECIPE.format(
            num_prompts=num_prompts,
            samples_on=samples_on,
            part_size=part_size,
            math=math,
            teachers=teachers,
            more=more,
        )
    )
    return make_job(load_recipe(path))


def right(item, gold):
    """A right answer, told apart from those of other samples."""
    boxed = f"\\boxed{{{gold[item.messages[-1].content]}}}"
    return f"<think>\nwork {item.sample}\n</think>\n\n{boxed}" if item.mode == "on" else boxed


def always_right(made):
    gold = gold_answers(made)
    return ScriptedTeacher(lambda item: right(item, gold))


def responses(out):
    return pl.read_parquet(out / "responses" / "*.parquet")


def test_one_teacher_for_on_another_for_off_each_with_its_licence_and_price(client, tmp_path):
    made = job(tmp_path, teachers=TWO)
    manifest = run(made, tmp_path / "run", client=client, teacher=always_right(made))
    names = {
        (row["mode"], row["teacher_name"]) for row in responses(tmp_path / "run").iter_rows(named=1)
    }
    assert names == {("on", "big"), ("off", "small")}
    rows = pl.read_parquet(tmp_path / "run" / "dataset" / "SFT" / "math" / "*.parquet")
    assert set(rows.select("reasoning", "license").rows()) == {
        ("on", "apache-2.0"),
        ("off", "cc-by-4.0"),
    }
    assert [(t["name"], t["does"]) for t in manifest["teachers"]] == [
        ("big", ["on"]),
        ("small", ["off"]),
    ]
    by_teacher = {row["teacher"]: row for row in manifest["usage"]}
    assert (by_teacher["big"]["domain"], by_teacher["big"]["mode"]) == ("math", "on")
    big = by_teacher["big"]
    assert big["completions"] == 18
    assert big["cost"] == pytest.approx((big["prompt_tokens"] + 4 * big["completion_tokens"]) / 1e6)
    assert by_teacher["small"]["cost"] == 0
    assert manifest["paid"] == manifest["usage"]
    again = run(
        made, tmp_path / "b", client=client, ledger=tmp_path / "run" / "ledger", teacher=None
    )
    assert again["paid"] == []
    assert again["usage"] == manifest["usage"]
    directory = open_run(tmp_path / "run")
    assert paid_table(read_prices(directory), directory) == manifest["paid"]


def test_a_mixture_divides_the_samples(client, tmp_path):
    mixed = TWO.replace('on = "big"', "on = {big = 1, small = 1}")
    made = job(tmp_path, teachers=mixed, num_prompts=20, part_size=7)
    run(made, tmp_path / "run", client=client, teacher=always_right(made))
    counts = Counter(responses(tmp_path / "run").filter(pl.col("mode") == "on")["teacher_name"])
    assert 18 <= counts["big"] <= 42
    assert sum(counts.values()) == 60


@pytest.mark.parametrize(
    ("teachers", "math", "message"),
    [
        (TWO.replace('on = "big"', 'on = "bgi"'), "", "ask.on names no teacher: 'bgi'; did you"),
        (TWO.replace('off = "small"', ""), "", "ask.off is missing; name the teacher"),
        (TWO.replace('on = "big"', "on = {big = 0}"), "", "ask.on.big must be > 0, got 0"),
        (TWO + "[ask.domains.maht]\non = 'big'", "", "unknown key ask.domains.maht; did you mean"),
        (ONE + TWO, "", "[teachers] cannot stand together"),
        (ONE, 'judge = "x"', "math.judge names no teacher: 'x'"),
        (ONE + "price = {prompt = -1}", "", "teacher.price.prompt must be >= 0, got -1"),
        (TWO.replace("price", "prise"), "", "unknown key teachers.big.prise; did you mean price?"),
        (ONE + "[accept.on]\nrows = 99", "", "accept.on.rows must be <= 64"),
        (ONE + "[accept.off]\nrows = 2", "", "sampling.off.temperature must be > 0 where"),
        (ONE + "[accept.on]\nper = 'row'", "", "accept.on.per should be 'prompt', 'domain' or"),
    ],
)
def test_a_recipe_that_names_teachers_wrongly_is_refused(tmp_path, teachers, math, message):
    with pytest.raises(ConfigError) as caught:
        job(tmp_path, teachers=teachers, math=math)
    assert message in str(caught.value)


def grading_teacher(made, asked):
    """Answers well, judges and rewards by the answer's sample; counts what it is asked."""
    gold = gold_answers(made)
    names = {config.identity()[1]: name for name, config in made.recipe.by_name.items()}

    def reply(item):
        name = names[item.revision]
        with asked.open("a") as file:
            file.write(f"{name}\n")
        if name == "answers":
            answer = right(item, gold)
            if item.mode == "on":
                return f"{answer} {'abcdef'[item.sample]}. Judgement: yes"
            return answer
        text = item.messages[-1].content
        if name == "rm":
            assert item.task == "score"
            assert item.messages[-1].role == "assistant"
            return Completion(score=0.5 if "b. J" in text else -0.5 if "c. J" in text else 2.0)
        if "a. J" in text:
            return "<think>\nJudgement: no\n</think>\nFine.\nJudgement: yes"
        if "d. J" in text:
            return "I cannot say."
        if "e. J" in text:
            return Completion(error="timeout: 60 s")
        if "f. J" in text:
            return "Judgement: yes\nOn second thought:\n**Judgement: No**"
        return "Judgement: yes"

    return ScriptedTeacher(reply)


def test_a_judge_and_a_reward_model_write_columns_that_filters_read(client, tmp_path):
    asked = tmp_path / "asked"
    made = job(
        tmp_path, math='judge = "judge"\nreward = "rm"', teachers=GRADERS, samples_on=6,
        num_prompts=4,
    )  # fmt: skip
    manifest = run(made, tmp_path / "run", client=client, teacher=grading_teacher(made, asked))
    rows = responses(tmp_path / "run")
    on = rows.filter(pl.col("mode") == "on")
    by_sample = {
        row["sample"]: (row["kept"], row["dropped_by"], row["reason"])
        for row in on.iter_rows(named=True)
    }
    assert by_sample == {
        0: (True, "", ""),
        1: (True, "", ""),
        2: (False, "reward_score.v2", "low_reward"),
        3: (False, "judge_verdict.v2", "judge_without_verdict"),
        4: (False, "judge_verdict.v2", "judge_failed"),
        5: (False, "judge_verdict.v2", "judged_wrong"),
    }
    grades = on.filter(pl.col("sample") == 0)["grades"][0]
    assert [(g["column"], g["score"]) for g in grades] == [("judge", 1.0), ("reward", 2.0)]
    assert grades[0]["text"].endswith("Judgement: yes")
    assert Counter(asked.read_text().split()) == {"answers": 28, "judge": 28, "rm": 16}
    assert [t["does"] for t in manifest["teachers"]] == [["on", "off"], ["judge"], ["reward"]]
    accounts = {(row["teacher"], row["mode"]): row["completions"] for row in manifest["usage"]}
    assert accounts["judge", "on"] == 24
    assert accounts["rm", "on"] == 12
    assert "judge_verdict.v2" in (tmp_path / "run" / "dataset" / "README.md").read_text()
    run(made, tmp_path / "b", client=client, ledger=tmp_path / "run" / "ledger",
        teacher=grading_teacher(made, asked))  # fmt: skip
    again = Counter(asked.read_text().split())
    assert again == {"answers": 28, "judge": 32, "rm": 16}, "only what failed is asked again"


def test_a_judge_that_fails_leaves_the_run_incomplete(client, tmp_path):
    made = job(tmp_path, math='judge = "judge"', teachers=GRADERS)
    strict = dataclasses.replace(made.recipe.limits, max_error_share=0.1)
    made = dataclasses.replace(made, recipe=dataclasses.replace(made.recipe, limits=strict))
    gold = gold_answers(made)
    revision = made.recipe.by_name["judge"].identity()[1]

    def reply(item):
        if item.revision == revision:
            return Completion(error="server_error: 500")
        return right(item, gold)

    with pytest.raises(PartError, match="12 of 12 answers of the judge failed.*server_error: 500"):
        run(made, tmp_path / "run", client=client, teacher=ScriptedTeacher(reply))
    manifest = run(made, tmp_path / "run", client=client, teacher=always_yes(made))
    assert sum(manifest["funnel"]["kept"].values()) == 24


def always_yes(made):
    gold = gold_answers(made)
    return ScriptedTeacher(
        lambda item: right(item, gold) if item.messages[-1].content in gold else "Judgement: yes"
    )


def every_third_right(made):
    """Sample s of prompt i is right where s + i is a multiple of three; prompt 5 never is."""
    places = {
        p.input[-1].content: p.index for p in made.pipeline.source.prompts(0, made.num_prompts)
    }
    gold = gold_answers(made)

    def reply(item):
        place = places[item.messages[-1].content]
        good = (item.sample + place) % 3 == 0 and place != 5
        return right(item, gold) if good or item.mode == "off" else f"<think>x{item.sample}</think>"

    return ScriptedTeacher(reply)


def kept_samples(out):
    rows = responses(out).filter(pl.col("kept") & (pl.col("mode") == "on"))
    found: dict[int, list[int]] = {}
    for index, sample in (
        rows.sort("prompt_index", "sample").select("prompt_index", "sample").rows()
    ):
        found.setdefault(index, []).append(sample)
    return found


@pytest.mark.parametrize("part_size", [6, 2])
def test_rows_per_prompt_are_the_lowest_samples_that_pass(client, tmp_path, part_size):
    wish = "[accept.on]\nrows = 2\nmax_samples = 8"
    made = job(tmp_path, part_size=part_size, samples_on=2, more=wish)
    manifest = run(made, tmp_path / "run", client=client, teacher=every_third_right(made))
    assert kept_samples(tmp_path / "run") == {
        0: [0, 3], 1: [2, 5], 2: [1, 4], 3: [0, 3], 4: [2, 5]
    }  # fmt: skip
    counts = Counter(
        responses(tmp_path / "run").filter(pl.col("mode") == "on")["prompt_index"].to_list()
    )
    assert counts[5] == 8, "no more than max_samples"
    assert counts[0] == 4, "a prompt that has its rows gets no more"
    assert manifest["shortfalls"] == [
        {"mode": "on", "per": "prompt", "domain": "", "wanted": 12, "accepted": 10}
    ]
    assert manifest["accepted_pass_rates"]["on"]["number"] == 10
    assert "10 of 12 answers" in (tmp_path / "run" / "dataset" / "README.md").read_text()


def test_rows_in_all_are_exact_and_the_same_however_the_work_is_divided(client, tmp_path):
    wish = '[accept.on]\nrows = 7\nper = "all"\nmax_samples = 8'
    found = []
    for part_size in (6, 2):
        out = tmp_path / f"parts-of-{part_size}"
        made = job(tmp_path, part_size=part_size, samples_on=2, more=wish)
        manifest = run(made, out, client=client, teacher=every_third_right(made))
        assert manifest["funnel"]["kept"]["on"] == 7
        assert manifest["shortfalls"] == []
        found.append((kept_samples(out), [shard["sha256"] for shard in manifest["shards"]]))
    assert found[0] == found[1]
    assert found[0][0] == {0: [0, 3], 1: [2], 2: [1], 3: [0, 3], 4: [2]}


def test_a_cap_stops_asking_and_a_higher_one_goes_on_with_the_run(client, tmp_path):
    made = job(tmp_path, teachers=TWO, num_prompts=8, part_size=2)
    out = tmp_path / "run"
    whole = run(made, tmp_path / "whole", client=client, teacher=always_right(made))
    needed = sum(row["prompt_tokens"] + row["completion_tokens"] for row in whole["paid"])
    for share in (0.4, 0.7):
        cap = int(share * needed) + 1100  # the worst case of a request lies far above its tokens
        with pytest.raises(CapReached, match="max_tokens = .* raise it and run the same command"):
            run(made, out, client=client, teacher=always_right(made), caps=Caps(max_tokens=cap))
        directory = open_run(out)
        paid = paid_table(read_prices(directory), directory)
        spent = sum(row["prompt_tokens"] + row["completion_tokens"] for row in paid)
        assert cap - 1400 < spent <= cap
        assert not (out / "manifest.json").exists()
    manifest = run(
        made, out, client=client, teacher=always_right(made), caps=Caps(max_tokens=10**9)
    )
    assert manifest["paid"] == whole["paid"], "nothing was paid twice"
    assert [s["sha256"] for s in manifest["shards"]] == [s["sha256"] for s in whole["shards"]]


def test_what_is_published_holds_no_addresses_and_no_paths(tmp_path, client):
    folder = tmp_path / "secret-place" / "my-model"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(json.dumps({"model_type": "llama"}))
    teachers = f"""
[teachers.served]
kind = "http"
model = "some/model"
base_urls = ["http://10.1.2.3:8000/v1"]
api_key_env = "SECRET_KEY_NAME"
extra_body = {{metadata = {{who = "alice"}}, top_k = 3, deep = [{{at = "/secret-place/y", to = "http://10.1.2.3"}}]}}
license = "mit"
[teachers.local]
kind = "vllm"
model = "{folder}"
license = "mit"
[ask]
on = "served"
off = "local"
"""
    made = job(tmp_path, teachers=teachers)
    manifest = run(made, tmp_path / "run", client=client, teacher=always_right(made))
    texts = [path.read_text() for path in (tmp_path / "run" / "dataset").glob("*.*") if
             path.suffix in (".md", ".toml")]  # fmt: skip
    assert len(texts) == 2
    for text in [*texts, json.dumps(manifest)]:
        assert "10.1.2.3" not in text
        assert "secret-place" not in text
        assert "SECRET_KEY_NAME" not in text
        assert "alice" not in text
        assert "my-model" in text
    assert "top_k = 3" in "".join(texts)
    before = made.hash()
    moved = tmp_path / "elsewhere"
    moved.mkdir()
    folder.rename(moved / "my-model")
    teachers = teachers.replace(str(folder), str(moved / "my-model"))
    assert job(tmp_path, teachers=teachers).hash() == before
