from pathlib import Path

import pytest

from factory.config import assignments, flat, set_keys
from factory.errors import ConfigError, PrerequisiteError
from factory.recipe import load_recipe
from filters import FinalAnswer
from pipelines import make_job, math
from tests.toys import toy_job


def load(folder: Path, text: str):
    path = folder / "r.toml"
    path.write_text(text)
    return make_job(load_recipe(path))


BASE = 'pipeline = "math"\n{top}\n[teacher]\nkind = "scripted"\nreplies = ["a"]\n{more}'


@pytest.mark.parametrize(
    ("top", "more", "message"),
    [
        ("sede = 3", "", "unknown key sede; did you mean seed?"),
        ("", "tempurature = 1", "unknown key teacher.tempurature"),
        ("", "[sampling.on]\ntempurature = 1", "sampling.on.tempurature; did you mean temperature"),
        ("", "[sampling.on]\ntop_p = 0.0", "sampling.on.top_p must be in (0, 1], got 0.0"),
        ("", '[sampling.on]\nmax_tokens = "9"', "sampling.on.max_tokens should be a valid integer"),
        ("seed = 1.5", "", "seed should be a valid integer, got 1.5"),
        ("rows_per_shard = 0", "", "rows_per_shard must be in [1, 10000000], got 0"),
        ("rows_per_shard = 99999999999999999999", "", "rows_per_shard must be in [1, 10000000]"),
        ('version = ".v1"', "", "version must be 1 to 32 letters, digits and dots, no dot first"),
        ("seed = " + "1" * 5000, "", "not valid TOML"),
        ("used_in_training = " + "[" * 2000, "", "not valid TOML"),
        ("", 'license = "gpl-3.0"', "teacher.license 'gpl-3.0' is not one that can be combined"),
        ("", "[math.tasks.basic_arithmetic]\noperators = ['/']", "math.tasks"),
        ("", "[math.tasks.gcd]\nseed = 1", "math.tasks.gcd"),
        ("", "[filters.prompt_exact]\nx = 1", "unknown key filters.prompt_exact"),
        ("", "[filters.final_answer]\ntimeout_s = nan", "filters.final_answer.timeout_s"),
        ("", "[filters.repetition_loops]\nmax_phrase = -4", "max_phrase must be > 0, got -4"),
        ("filters = 3", "", "filters should be"),
        ("", "[limits]\npart_size = 0", "limits.part_size must be > 0, got 0"),
        ("", "[math]\nnum_prompts = -1", "math.num_prompts must be > 0, got -1"),
        ("", "[math]\nnum_promts = 1", "unknown key math.num_promts; did you mean num_prompts?"),
        ("", "[math.tasks.gdc]", "math.tasks.gdc is not a task known here; did you mean gcd?"),
        ("", "[math.tasks.gcd]\nmin_valeu = 1", "math.tasks.gcd: reasoning-gym does not take"),
        ("", "[filters.final_anser]\na = 1", "filters.final_anser; did you mean final_answer?"),
        ("", "[filters.final_answer]\ntimeout = 1", "filters.final_answer.timeout; did you mean"),
        (
            "",
            "[filters.final_answer]\ntimeout_s = 0",
            "filters.final_answer.timeout_s must be in (0, 3600]",
        ),
        ("", "[filters.prompt_minhash]\nthreshold = 2", "threshold must be in (0, 1], got 2"),
        (
            'keep = ["truncatedd"]',
            "",
            "keep: no filter is called 'truncatedd'; did you mean truncated?",
        ),
        (
            'keep = ["truncated"]',
            "",
            "keep: the filter 'truncated' stands in the pipeline already",
        ),
        ("", "[rl]\npass_rate_below = 1.5", "rl.pass_rate_below must be in (pass_rate_low, 1]"),
        ("", "[rl]\npass_rate_low = -1", "rl.pass_rate_low must be in [0, 1], got -1"),
        ('math = "x"', "", "math must be a table, got 'x'"),
        ("[broken", "", "not valid TOML"),
    ],
)
def test_a_bad_recipe_is_refused_naming_file_key_and_value(tmp_path, top, more, message):
    with pytest.raises(ConfigError) as caught:
        load(tmp_path, BASE.format(top=top, more=more))
    text = str(caught.value)
    assert message in text
    assert "\n" not in text
    assert "r.toml" in text
    assert caught.value.exit_status == 2


def test_an_unknown_teacher_kind_is_refused_with_the_known_ones(tmp_path):
    with pytest.raises(ConfigError, match=r"teacher.kind is 'bundeld'; did you mean bundled\?"):
        load(tmp_path, 'pipeline = "math"\n[teacher]\nkind = "bundeld"\n')


def test_a_missing_recipe_is_named(tmp_path):
    with pytest.raises(ConfigError, match="nowhere.toml: no such file"):
        load_recipe(tmp_path / "nowhere.toml")


def test_an_unknown_pipeline_is_refused(tmp_path):
    with pytest.raises(ConfigError, match=r"pipeline is 'maht'; did you mean math\?"):
        load(tmp_path, 'pipeline = "maht"\n[teacher]\nkind = "scripted"\nreplies = ["a"]\n')


def test_a_recipe_without_teacher_says_so(tmp_path):
    with pytest.raises(ConfigError, match="teacher is missing"):
        load(tmp_path, 'pipeline = "math"\n')


@pytest.mark.parametrize("name", ['"teacher"', '""', "3", '"pipeline"'])
def test_a_pipeline_must_be_a_name_of_its_own(tmp_path, name):
    with pytest.raises(ConfigError, match="pipeline must name a pipeline"):
        load(tmp_path, f'pipeline = {name}\n[teacher]\nkind = "scripted"\nreplies = ["a"]\n')


def test_a_missing_model_is_a_prerequisite_with_the_way_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    job = load(tmp_path, 'pipeline = "math"\n[teacher]\nkind = "bundled"\n')
    with pytest.raises(PrerequisiteError, match=r"pip install 'reasoning-factory\[bundled\]'"):
        job.recipe.teacher.identity()


def test_the_resolved_recipe_is_a_recipe_of_the_same_job(tmp_path):
    job = toy_job(tmp_path, more="[filters.final_answer]\ntimeout_s = 9.0")
    resolved = tmp_path / "resolved.toml"
    resolved.write_text(job.to_toml())
    again = make_job(load_recipe(resolved))
    assert again.hash() == job.hash()
    assert again.pipeline.gold.timeout_s == 9.0
    assert again.recipe == job.recipe or again.as_table() == job.as_table()


def test_texts_and_filter_versions_are_part_of_a_jobs_identity(tmp_path, monkeypatch):
    before = toy_job(tmp_path).hash()
    assert toy_job(tmp_path).hash() == before
    monkeypatch.setattr(FinalAnswer, "name", "final_answer.v9")
    assert toy_job(tmp_path).hash() != before
    monkeypatch.undo()
    monkeypatch.setattr(math, "SOLVE", "Please solve: {problem}")
    assert toy_job(tmp_path).hash() != before
    monkeypatch.undo()
    monkeypatch.setitem(math.WORK, "gcd", lambda metadata, answer: f"It is {answer}.")
    assert toy_job(tmp_path).hash() != before


def test_limits_do_not_change_the_identity_of_a_job_and_data_does(tmp_path):
    job = toy_job(tmp_path)
    assert toy_job(tmp_path, part_size=3).hash() == job.hash()
    assert toy_job(tmp_path, num_prompts=13).hash() != job.hash()
    other = toy_job(tmp_path, more="[filters.agreement]\nmin_votes = 2")
    assert other.hash() != job.hash()


def test_the_readmes_recipes_are_recipes(tmp_path):
    readme = (Path(__file__).parents[2] / "README.md").read_text()
    blocks = [block.partition("```")[0] for block in readme.split("```toml\n")[1:]]
    blocks = [block for block in blocks if "weekdays" not in block]  # see tests/test_readme.py
    assert len(blocks) == 5
    for block in blocks:
        path = tmp_path / "readme.toml"
        page = "science" if "[science." in block else "math"
        teacher = "" if "[teacher" in block else '[teacher]\nkind = "bundled"\n'
        head = "" if "pipeline =" in block else f'pipeline = "{page}"\n'
        path.write_text(f"{head}{block}{teacher}")
        recipe = load_recipe(path).recipe
        make_job(load_recipe(path))
    assert recipe.answerers("math", "on") == {"r1": 3.0, "qwen": 1.0}
    assert recipe.accept.on.rows == 10_000


def test_a_heuristic_of_nemo_curator_can_be_named_once_or_with_labels(tmp_path):
    pytest.importorskip("nemo_curator")
    keep = 'keep = ["curator.WordCountFilter", "curator.WordCountFilter as long"]'
    table = "[filters.curator_long]\narguments = {min_words = 500}"
    job = load(tmp_path, BASE.format(top=keep, more=table))
    settings = job.pipeline.filter_settings()
    assert settings["curator_long"]["arguments"] == {"min_words": 500}
    assert settings["curator_word_count"]["arguments"] == {}
    with pytest.raises(ConfigError, match="did you mean WordCountFilter"):
        load(tmp_path, BASE.format(top='keep = ["curator.WordCountFiltr"]', more=""))


def test_further_filters_stand_before_the_dedup_of_responses_and_take_settings(tmp_path):
    keep, table = 'keep = ["reward_score"]', "[filters.reward_score]\nlow = 0.5"
    job = load(tmp_path, BASE.format(top=keep, more=table))
    names = job.pipeline.filter_names
    assert names[names.index("pass_rate") + 1] == "reward_score"
    assert names[names.index("reward_score") + 1] == "response_exact"
    assert job.pipeline.filter_settings()["reward_score"]["low"] == 0.5
    resolved = tmp_path / "resolved.toml"
    resolved.write_text(job.to_toml())
    assert make_job(load_recipe(resolved)).hash() == job.hash()
    assert load(tmp_path, BASE.format(top="", more="")).hash() != job.hash()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a.b=5", 5),
        ("a.b = 0.5", 0.5),
        ("a.b=true", True),
        ('a.b="x y"', "x y"),
        ("a.b=judge", "judge"),
        ("a.b=[1, 2]", [1, 2]),
        ("a.b=inf", float("inf")),
    ],
)
def test_an_assignment_is_toml_or_a_bare_word(text, value):
    assert assignments([text]) == {"a": {"b": value}}


@pytest.mark.parametrize(
    "text", ["a=5", "a.b", "a.b=", "a.b.c=5", "a.b=[", "a.b=1\nc=2", "a.b=x y"]
)
def test_another_text_is_no_assignment(text):
    with pytest.raises(ConfigError, match="--set"):
        assignments([text])


def test_assignments_to_one_table_add_up_and_tables_are_flattened():
    assert assignments(["a.b=1", "a.c=2", "d.e=3"]) == {"a": {"b": 1, "c": 2}, "d": {"e": 3}}
    assert flat({"a": {"b": 1, "c": {}}, "d": [2]}) == {"a.b": 1, "d": [2]}


def test_keys_of_a_recipe_are_set_by_their_dotted_names():
    table = {"math": {"num_prompts": 96}, "seed": 1}
    set_keys(table, ["math.num_prompts=3", 'teachers.r1.base_urls=["http://127.0.0.1/v1"]'])
    set_keys(table, ["seed = 7", "filters.final_answer.units=require"])
    assert table == {
        "math": {"num_prompts": 3},
        "seed": 7,
        "teachers": {"r1": {"base_urls": ["http://127.0.0.1/v1"]}},
        "filters": {"final_answer": {"units": "require"}},
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("math.num_prompts", "must be KEY=VALUE"),
        ("=3", "must be KEY=VALUE"),
        ("math..x=3", "must be KEY=VALUE"),
        ("seed.x=3", "seed is 1 and no table"),
        ("seed=[1", "'[1' is no value"),
    ],
)
def test_what_sets_no_key_is_refused(text, message):
    with pytest.raises(ConfigError) as error:
        set_keys({"seed": 1}, [text])
    assert message in str(error.value)
