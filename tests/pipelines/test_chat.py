"""Chat: requests of seven kinds, real first turns, the best of n, drafts that are edited."""

import json
import pickle
import re
from collections import Counter
from pathlib import Path

import polars as pl
import pytest

from factory.apply import apply_filter
from factory.assumed_estimate import assumed
from factory.audit.overlap import find_masks, names
from factory.config import build
from factory.engine import run
from factory.errors import ConfigError
from factory.recipe import load_recipe
from factory.records import Completion, Response
from factory.rundir import open_run
from factory.sources import as_draft
from factory.teachers.scripted import ScriptedTeacher
from filters import Language, Refusal, RepetitionLoops
from pipelines import make_job
from pipelines.chat import EDIT, FEEDBACK, SELECT, Config, pipeline
from pipelines.chat_prompts import CLOSED, KINDS, TEXTS, Templates, conversation
from pipelines.chat_shots import SHOTS
from pipelines.chat_writers import FollowUp, Pose, Reply, requested

RECIPES = Path(__file__).parents[2] / "pipelines" / "recipes"
PROMPTS = list(Templates(num_prompts=280, seed=3).prompts(0, 280))

# --- the page's own prompts ---


def test_prompts_do_not_depend_on_how_they_are_divided():
    source = Templates(num_prompts=30, seed=3)
    assert PROMPTS[:30] == [
        each for start in range(0, 30, 7) for each in source.prompts(start, min(start + 7, 30))
    ]
    assert PROMPTS[:30] != list(Templates(num_prompts=30, seed=4).prompts(0, 30))


def test_the_seven_kinds_come_in_turn_and_have_no_slot_left():
    assert [prompt.topic for prompt in PROMPTS[:7]] == list(KINDS)
    assert len(KINDS) == 7
    for prompt in PROMPTS:
        assert not re.search(r"[{}]", prompt.problem)
        assert prompt.input[-1].role == "user"
        assert (len(prompt.input) == 3) == (prompt.topic == "multi_turn")


@pytest.mark.parametrize("kind", KINDS)
def test_requests_of_a_kind_seldom_repeat(kind):
    own = [prompt.id for prompt in PROMPTS if prompt.topic == kind]
    assert len(set(own)) > 0.7 * len(own)


def test_a_conversation_is_compared_whole_and_a_single_request_is_itself():
    single, many = PROMPTS[0], PROMPTS[6]
    assert single.problem == single.input[0].content
    assert all(turn.content in many.problem for turn in many.input)


def test_every_text_has_its_questions():
    assert len(CLOSED) == len(TEXTS)


def test_worked_examples_do_what_the_filters_want_and_repeat_no_prompt():
    problems = {prompt.problem for prompt in PROMPTS}
    assert set(SHOTS) == set(KINDS)
    for shot in {shot.problem: shot for shots in SHOTS.values() for shot in shots}.values():
        response = Response(prompt=PROMPTS[0], mode="off", sample=0, output=shot.answer)
        for check in (Language(), Refusal(), RepetitionLoops()):
            assert apply_filter(check, response).decision == "keep", shot
        assert shot.problem not in problems


@pytest.mark.parametrize("template", [FEEDBACK, EDIT, SELECT], ids=["feedback", "edit", "select"])
def test_what_teachers_are_told_has_no_other_slots(template):
    slots = dict.fromkeys(("problem", "answer", "answers", "feedback"), "{x}")
    assert "{x}" in template.format(**slots)


# --- settings ---


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"num_prompts": 0}, "num_prompts must be > 0, got 0"),
        ({"samples_off": 0}, "samples_off must be > 0"),
        ({"edit": "a"}, "feedback and edit go together"),
        ({"feedback": "a"}, "feedback and edit go together"),
        ({"select_scores": True}, "select_scores needs select"),
    ],
)
def test_settings_that_do_not_fit_are_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        build(Config, settings, where="x.toml", prefix="chat")


def test_shares_that_make_no_sense_are_refused_by_name(tmp_path):
    text = (
        'pipeline = "chat"\n[chat]\noff_share = 2.0\n[teacher]\nkind = "scripted"\nreplies = ["a"]'
    )
    (tmp_path / "r.toml").write_text(text)
    with pytest.raises(ConfigError, match=r"r.toml: chat.* must be in \[0, 1\], got 2.0"):
        make_job(load_recipe(tmp_path / "r.toml"))


# --- real first turns ---

ROWS = [
    {"talk": [{"role": "user", "content": " How do I fold a map? "}], "language": "English"},
    {"talk": [{"from": "human", "value": "<p>hi</p>", "markdown": "How is tea brewed?"}]},
    {"talk": [{"role": "user", "content": "Wie falte ich das?"}], "language": "German"},
    {"talk": [{"role": "user", "content": "Something very rude"}], "toxic": True},
    {"talk": [{"role": "user", "content": "My name is NAME_1, write"}], "redacted": True},
    {"talk": [{"role": "assistant", "content": "Hello, how can I help?"}]},
    {"talk": [{"role": "user", "content": None}]},
    {"talk": []},
    {"talk": "not a conversation"},
    {"talk": [{"role": "user", "content": "hm"}]},
    {"talk": [{"role": "user", "content": "so long " * 2000}]},
]


def with_rows(folder, **more):
    path = folder / "talks.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    columns = {"conversation": "talk"}
    rows = {"data": str(path), "license": "odc-by", "attribution": "A.", "columns": columns}
    return build(Config, {"rows": {"talks": rows}, **more}, where="x.toml", prefix="chat")


def test_first_turns_are_read_and_unfit_rows_have_their_reason(tmp_path):
    source = pipeline(with_rows(tmp_path), 5).source
    made = [as_draft(each) for each in source.prompts(0, source.num_prompts)]
    assert [draft.reason for draft in made] == [
        "", "", "wrong_language", "toxic", "redacted", "no_first_turn", "no_first_turn",
        "no_first_turn", "conversation_not_json", "too_short", "too_long",
    ]  # fmt: skip
    assert [draft.prompt.problem for draft in made[:2]] == [
        "How do I fold a map?",
        "How is tea brewed?",
    ]
    assert (made[0].prompt.license, made[0].prompt.attribution) == ("odc-by", "A.")


def test_rows_come_after_the_pages_own_prompts_and_nobody_says_what_they_deserve(tmp_path):
    made = pipeline(with_rows(tmp_path, num_prompts=5, num_templates=3), 5)
    sources = [as_draft(each).prompt.source for each in made.source.prompts(0, 5)]
    assert [source.partition("/")[0] for source in sources] == ["chat-templates"] * 3 + [
        "talks"
    ] * 2
    assert "refusal" not in made.filter_names
    assert "refusal" in pipeline(Config(), 5).filter_names
    assert pickle.loads(pickle.dumps(made)) == made


# --- recipes ---


@pytest.mark.parametrize("size", ["tiny", "small", "paper"])
def test_the_recipes_are_built_without_a_network(size):
    job = make_job(load_recipe(RECIPES / f"chat-{size}.toml"))
    assert job.num_prompts > 0
    assert job.pipeline.gold is None
    assert "Nothing here is checked for being true or correct" in job.pipeline.notes[0]


def test_the_paper_recipe_comes_to_the_rows_of_the_paper():
    told = assumed(make_job(load_recipe(RECIPES / "chat-paper.toml"))).totals
    assert told["kept_on"].expected == pytest.approx(8_574, rel=0.1)
    assert told["kept_off"].expected == pytest.approx(31_218, rel=0.1)


def test_a_teacher_that_is_not_there_is_named(tmp_path):
    text = (RECIPES / "chat-small.toml").read_text().replace('edit = "qwen"', 'edit = "quen"')
    (tmp_path / "r.toml").write_text(text)
    with pytest.raises(ConfigError, match="chat.edit names no teacher: 'quen'.*qwen"):
        make_job(load_recipe(tmp_path / "r.toml"))


# --- written prompts ---

GOOD = "Could you explain to me how people used to send news before there were telephones?"


def drafted(writer, prompt, reply):
    (draft,) = writer.read(prompt, reply)
    return draft


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (f"Sure!\n\n**Request:**\n{GOOD}", ""),
        (f'Request: "{GOOD}"', ""),
        (GOOD, "no_request"),
        ("Request:\n", "no_request"),
        ("Request:\nTell me more", "too_short"),
        ("Request:\n" + "long " * 1300, "too_long"),
        ("Request:\nWie schreibe ich am besten einen Brief an meine Grossmutter in Bern?",
         "wrong_language"),
        (f"Request:\n  {PROMPTS[0].problem.upper()} ", "repeats_seed"),
    ],
)  # fmt: skip
def test_a_request_is_what_stands_after_the_mark_if_nothing_is_wrong_with_it(reply, reason):
    draft = drafted(Pose(), PROMPTS[0], reply)
    assert draft.reason == reason
    if not reason:
        assert draft.prompt.problem == draft.prompt.input[0].content == GOOD
        assert draft.prompt.seed_id == PROMPTS[0].id
        assert draft.prompt.source == PROMPTS[0].source


def test_only_the_pages_own_prompts_are_written_anew(tmp_path):
    row = as_draft(next(iter(pipeline(with_rows(tmp_path), 5).source.prompts(0, 1)))).prompt
    for writer in (Pose(), Reply(), FollowUp()):
        assert writer.question(row, 0) is None
    asked = {Pose().question(PROMPTS[0], sample) for sample in range(8)}
    assert len(asked) > 5, "each sample is about a subject of its own"


def test_a_conversation_is_written_turn_by_turn():
    first = drafted(Pose(), PROMPTS[6], f"Request:\n{GOOD}").prompt
    assert FollowUp().question(first, 0) is None
    assert Reply().question(first, 0) == GOOD
    second = drafted(
        Reply(),
        first,
        "People used drums, riders on fast horses, and pigeons that carried letters.",
    ).prompt
    assert Reply().question(second, 0) is None
    assert "People used drums" in FollowUp().question(second, 0)
    whole = drafted(FollowUp(), second, "Request: Were pigeons faster than riders?").prompt
    assert [turn.role for turn in whole.input] == ["user", "assistant", "user"]
    assert whole.input[-1].content == "Were pigeons faster than riders?"
    assert FollowUp().question(whole, 0) is None
    assert drafted(FollowUp(), second, f"Request: {GOOD.lower()}").reason == "repeats_turn"
    assert drafted(FollowUp(), second, "And pigeons?").reason == "no_request"
    assert drafted(Reply(), first, "  ").reason == "reply_no_request"


def test_a_request_that_quotes_the_mark_is_read_from_the_first_on():
    assert requested("Request:\nFill this form.\nRequest: ____") == "Fill this form.\nRequest: ____"


# --- the whole way ---

RECIPE = """
pipeline = "chat"
seed = 3
used_in_training = ["Nano"]
[chat]
num_prompts = 8
samples_on = 12
samples_off = 13
reward = "rm"
feedback = "critic"
edit = "editor"
select = "{select}"
select_scores = {scores}
{more}
[ask]
on = "answers"
off = "answers"
[sampling.off]
temperature = 0.5
[filters.best_of_n]
keep = 4
[filters.reward_score]
low = 2.0
[limits]
part_size = {part_size}
max_error_share = 1.0
"""
NAMES = ("answers", "critic", "editor", "chooser", "rm", "writer")
TEACHERS = "".join(f'[teachers.{n}]\nkind = "scripted"\nreplies = ["{n}"]\n' for n in NAMES)


def job(folder, *, part_size=4, select="chooser", scores="false", more=""):
    folder.mkdir(parents=True, exist_ok=True)
    text = RECIPE.format(part_size=part_size, select=select, scores=scores, more=more) + TEACHERS
    (folder / "r.toml").write_text(text)
    return make_job(load_recipe(folder / "r.toml"))


THINGS = ("bread", "honey", "lamps", "paper", "boats", "chairs", "wool", "rain", "ink", "sand",
          "bells", "maps", "seeds")  # fmt: skip
GERMAN = "Das ist eine Antwort in einer anderen Sprache, die hier niemand haben wollte."
FAILED = Completion(finish_reason="error", error="server_error: gone")
CHAIN = "The one about {0} is what I would take first, since {0} keep well and cost next to nothing"


def good(sample):
    return CHAIN.format(THINGS[sample])


def cut(text):
    return Completion(text=text, finish_reason="length")


def on_answer(sample):
    """Samples 0 to 2 repeat one another, 3 and 4 are good, 5 and 6 are not; the others are bad."""
    texts = {
        1: good(0),
        2: good(0) + ".",
        7: GERMAN,
        8: "keep going and " * 40,
        9: "I'm sorry, but I can't help with that.",
    }
    text = texts.get(sample, good(sample))
    if sample == 10:
        return text
    output = f"<think>\nWhat is wanted?\n</think>\n\n{text}"
    return cut(output) if sample == 11 else output


REWARDS = {"bread": 9.0, "paper": 8.0, "boats": 7.0, "chairs": 1.0}
REMARKS = {1: FAILED, 2: cut("It is"), 3: "<think>\nhm\n</think>\n"}
EDITS = {
    4: FAILED,
    5: cut("The one"),
    6: "<think>\nhm",
    8: "keep going and " * 40,
    9: GERMAN,
    10: "I'm sorry, but I can't help with that.",
}


def sample_of(text):
    return next(place for place, thing in enumerate(THINGS) if f"about {thing} is" in text)


def reply(request):
    said = request.messages[-1].content
    if request.task == "score":
        if request.mode == "off":
            return Completion(score=float(sample_of(said)))
        score = next((s for thing, s in REWARDS.items() if thing in said), 3.0)
        return FAILED if "wool" in said else Completion(score=score)
    if said.endswith('such as: "Choice: 1".\n'):
        assert said.count("Choice") == 1
        return (
            "I like them all."
            if "Write a" in said or "Write t" in said
            else "The second.\nChoice: 2"
        )
    if "--- remarks ---" in said:
        sample = sample_of(said)
        return EDITS.get(sample, f"{good(sample)}, and so I did.")
    if "--- draft ---" in said:
        return REMARKS.get(sample_of(said), "Too short.")
    if request.mode == "on":
        return on_answer(request.sample)
    text = good(request.sample)
    if request.sample == 7:  # an editor does not see the trace, and leaves it where it is
        return f"<think>\nhm\n</think>\n\n{text}"
    return cut(text) if request.sample == 11 else text


def responses(out, mode):
    rows = pl.read_parquet(out / "responses" / "*.parquet")
    return rows.filter(pl.col("mode") == mode)


@pytest.fixture(scope="module")
def finished(client, tmp_path_factory):
    folder = tmp_path_factory.mktemp("chat")
    made = job(folder)
    return folder / "run", run(made, folder / "run", client=client, teacher=ScriptedTeacher(reply))


def test_the_best_answers_with_reasoning_on_stay_and_every_reason_is_reached(finished):
    out, manifest = finished
    assert manifest["funnel"]["prompts"]["asked"] == 8
    assert Counter(responses(out, "on")["reason"]) == {
        "": 16, "exact_duplicate": 8, "near_duplicate": 8, "not_best": 8, "low_reward": 8,
        "reward_failed": 8, "wrong_language": 8, "loop": 8, "refused_but_should_comply": 8,
        "no_block": 8, "cut_at_max_tokens": 8,
    }  # fmt: skip


def test_without_reasoning_the_chosen_edit_stays_and_every_reason_is_reached(finished):
    out, manifest = finished
    off = responses(out, "off")
    told = Counter(off["reason"])
    left = 8 - told.pop("select_without_choice") // 2
    assert left == 7
    assert told == {
        "": left, "not_selected": left, "feedback_failed": 8, "feedback_truncated": 8,
        "feedback_empty": 8, "edit_failed": 8, "edit_truncated": 8, "edit_empty": 8,
        "tag_with_reasoning_off": 8, "loop": 8, "wrong_language": 8,
        "refused_but_should_comply": 8, "cut_at_max_tokens": 8,
    }  # fmt: skip
    kept = off.filter(pl.col("kept"))
    assert set(kept["sample"]) == {12}
    assert set(kept["output"]) == {f"{good(12)}, and so I did."}
    assert set(kept["draft"]) == {good(12)}
    assert manifest["funnel"]["kept"] == {"on": 16, "off": left}


def test_an_audit_holds_the_filters_of_one_mode_not_against_the_other(finished, tmp_path):
    chat, directory = job(tmp_path).pipeline, open_run(finished[0])
    bit = 1 << names(chat).index("reward_score.v2")
    rows = pl.read_parquet(directory.responses(0))
    masks = pl.Series(find_masks(chat, directory, 0))
    hit = {row["mode"] for row, mask in zip(rows.to_dicts(), masks, strict=True) if mask & bit}
    assert hit == {"on"}


def test_the_card_says_that_nothing_is_checked_and_how_answers_were_made(finished):
    card = (finished[0] / "dataset" / "README.md").read_text()
    assert "Nothing here is checked for being true or correct" in card
    assert "another one rewrote" in card


def test_the_same_rows_come_of_another_division_into_parts(finished, client, tmp_path):
    out, _ = finished
    made = job(tmp_path, part_size=3)
    run(made, tmp_path / "run", client=client, teacher=ScriptedTeacher(reply))
    shards = [next((o / "dataset" / "SFT" / "chat").iterdir()) for o in (out, tmp_path / "run")]
    assert shards[0].read_bytes() == shards[1].read_bytes()


def test_a_select_model_that_scores_keeps_the_edit_it_likes_best(client, tmp_path):
    made = job(tmp_path, select="rm", scores="true", more="off_share = 0.5")
    manifest = run(made, tmp_path / "run", client=client, teacher=ScriptedTeacher(reply))
    off = responses(tmp_path / "run", "off")
    asked = off["prompt_id"].n_unique()
    assert 0 < asked < 8
    assert Counter(off["reason"])["not_best"] == asked
    assert set(off.filter(pl.col("kept"))["sample"]) == {12}
    assert manifest["funnel"]["kept"]["off"] == asked
    assert any("random share of the prompts, 0.5" in note for note in manifest["notes"])


def writing(request):
    said = request.messages[-1].content
    number = int.from_bytes(said.encode()) % 997 if "Request:" in said else 0
    if said.startswith("Think of a person"):
        return "no idea" if number % 5 == 0 else f"Request:\nPlease help me with my plan {number}."
    if said.startswith("Here is the beginning"):
        return f"Request:\nWhat about the other plan, {number}?"
    if said.startswith("Here is what a user writes"):
        numbers = [int(n) for n in re.findall(r"\d+", said)]
        said_of = {0: "Verdict: no", 1: "It depends."}
        return said_of.get(numbers[-1] % 4, "It is clear.\nVerdict: yes")
    if said.startswith("Please help me") and request.sampling.temperature == 1.0:
        return "Gladly: there are two ways to go about it."
    return reply(request)


def test_prompts_that_teachers_write_are_checked_and_counted(client, tmp_path):
    more = 'writer = "writer"\nchecker = "writer"\nvariants = 2'
    made = job(tmp_path, part_size=16, more=more)
    assert made.num_prompts == 16
    manifest = run(made, tmp_path / "run", client=client, teacher=ScriptedTeacher(writing))
    prompts = pl.read_parquet(tmp_path / "run" / "prompts" / "*.parquet")
    reasons = Counter(prompts["reason"])
    assert set(reasons) == {"", "no_request", "not_answerable", "answerable_unclear"}
    asked = prompts.filter(pl.col("reason") == "")
    assert set(asked["input"].list.len()) == {1, 3}
    assert all(row["writers"] == ["scripted"] for row in asked.iter_rows(named=True))
    assert manifest["funnel"]["kept"]["off"] > 0
    does = {each["name"]: each["does"] for each in manifest["teachers"]}
    assert does["writer"] == ["writer", "checker"]


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_the_bundled_teacher_answers_comments_and_edits(tmp_path):
    pytest.importorskip("torch")
    text = (RECIPES / "chat-tiny.toml").read_text()
    text = text.replace(
        "num_prompts = 42", 'num_prompts = 7\nfeedback = "teacher"\nedit = "teacher"'
    )
    (tmp_path / "r.toml").write_text(text.replace("off_share = 0.5", "edit_max_tokens = 64"))
    manifest = run(make_job(load_recipe(tmp_path / "r.toml")), tmp_path / "run")
    entered, kept = manifest["funnel"]["entered"], manifest["funnel"]["kept"]
    assert entered == {"on": 14, "off": 14}
    assert kept["on"] + kept["off"] > 0
    assert conversation(["a", "b"])[1].role == "assistant"
