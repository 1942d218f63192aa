"""What is read from a writer's reply, and from rows."""

import json
from dataclasses import replace

import pytest

from factory.row_source import Rows, RowSource
from pipelines.science_prompts import DIFFICULTIES, FORMS, WRITE
from pipelines.science_questions import Templates
from pipelines.science_reading import Written, read_question, refusal
from pipelines.science_rows import THREAD_FIELDS, read_thread, text_of
from pipelines.science_writers import Augment, Subtopics
from tests.toys import prompt


@pytest.mark.parametrize(
    ("reply", "options", "stem", "answer", "reason"),
    [
        ("Question: Why?\nA) x\nB) y\nC) z\nD) w\nAnswer: C) z or A", 4, "Why?", "C", ""),
        ("**Question 1:** Why\nso?\n\n(A) x\n(B) y\n(C) z\n(D) w\n\n**Answer:** (D)",
         4, "Why\nso?", "D", ""),
        ("Sure!\nQuestion: Why?\nAnswer: 5 m\n\nI hope it helps.", 0, "Why?", "5 m", ""),
        ("Question: Why?\nA) x\nA) y\nB) z\nAnswer: A", 4, "Why?", "A", "wrong_number_of_options"),
        ("Question: Why?\nAnswer:", 0, "Why?", "", "no_short_answer"),
        ("Question: Why?\nA) x\nB) X.\nC) z\nD) w\nAnswer: A", 4, "Why?", "A", "options_repeat"),
        ("Question: Why?\nA) x\nB) y\nC) both A and B\nD) w\nAnswer: C", 4, "Why?", "C",
         "option_about_options"),
        ("Question: Why?\nA) x\nB) y\nC) z\nD) w\nAnswer: E", 4, "Why?", "E", "no_right_option"),
        ("Question: Why?\nA) x\nB) y\nC) z\nD) w\nAnswer: B, C", 4, "Why?", "B",
         "several_right_options"),
        ("### Question\nWhy?\n\n**Options:**\n\n(A) x\n(B) y\n(C) z\n(D) w\n\n### Answer\nC", 4,
         "Why?", "C", ""),
        ("Question：Why?\nA. x\nB. y\nC. z\nD. w\nAnswer：\\boxed{D}", 4, "Why?", "D", ""),
        ("Question: Why?\nA) x\nB) y\nC) z\nD) w\nAnswer:\n\nI hope it helps.", 4, "Why?", "",
         "no_right_option"),
        ("Question: Why?\nSolution: it is 5 m.\nAnswer: 5 m", 0, "Why?\nSolution: it is 5 m.",
         "5 m", "gives_answer"),
        ("Question: Why?\nThe solution: 5 g in water.\nAnswer: 5 m", 0,
         "Why?\nThe solution: 5 g in water.", "5 m", ""),
        ("Question: Why?\nAnswer: none (nobody says)", 0, "Why?", "", "no_short_answer"),
        ("Question: Why?\nAnswer: Na", 0, "Why?", "Na", ""),
        ("", 0, "", "", "no_question"),
        ("Question:\nAnswer: 5", 0, "", "5", "no_question"),
    ],
)  # fmt: skip
def test_a_question_is_read_by_its_marks(reply, options, stem, answer, reason):
    found = read_question(reply, options)
    assert (found.stem, found.answer, found.reason) == (stem, answer, reason)


@pytest.mark.parametrize(
    "end",
    ["", "\n---", "\nI hope that it is hard.", "Explanation: it is z.", "**Solution:**\nIt is z."],
)
def test_what_follows_the_options_is_no_part_of_the_last(end):
    reply = f"Question: Why?\nA) x\nx\nB) y\n\ny\nC) z\nD) w,\nw\n{end}\nAnswer: C"
    found = read_question(reply, 4)
    assert found.choices == ("x x", "y y", "z", "w, w")
    assert (found.answer, found.reason) == ("C", "")


@pytest.mark.parametrize(
    ("stem", "reason"),
    [
        ("What does the diagram above show?", "needs_what_is_not_there"),
        ("Use the data given below. What is the mean?", "needs_what_is_not_there"),
        ("What follows from the table?", "needs_what_is_not_there"),
        ("Where in the periodic table does tin stand?", ""),
        ("How far is it from the lens to the image?", ""),
        ("Is the image formed above the axis?", ""),
        ("what  is 2 + 3?", "repeats_seed"),
        ("What is 2 + 4?", ""),
        ("Combien de neutrons le noyau de cet atome de carbone contient-il ?", "wrong_language"),
        ("5 + 5?", ""),
    ],
)
def test_a_question_must_stand_by_itself(stem, reason):
    written = Written(stem=stem, choices=(), answer="5")
    assert refusal(written, prompt("What is 2 + 3?"), "en") == reason


def test_the_seed_is_told_without_its_options():
    seed = prompt("Which?\n\nA) x\nB) y")
    assert (
        refusal(Written(stem="Which?", choices=("p", "q"), answer="A"), seed, "en")
        == "repeats_seed"
    )


def test_a_topic_becomes_a_wish_for_each_difficulty_and_form():
    plan = Subtopics(
        template="{number} of {topic} in {field}",
        number=2,
        difficulties=("hard", "brutal"),
        options=(4, 0),
    )
    topic = replace(prompt("optics"), topic="physics")
    assert plan.question(topic, 0) == "2 of optics in physics"
    drafts = plan.read(topic, "1. lenses\n2) **mirrors**\n3. prisms\n* Optics")
    assert len(drafts) == plan.most == 8
    assert {d.prompt.problem for d in drafts} == {"lenses", "mirrors"}
    assert len({d.prompt.id for d in drafts}) == 8
    assert {d.prompt.topic for d in drafts} == {"physics"}


@pytest.mark.parametrize("reply", ["", "Optics", "1. Optics", "1. " + "word " * 13])
def test_a_reply_without_subtopics_ends_there(reply):
    plan = Subtopics(template="", number=2, difficulties=("hard",), options=(0,))
    (draft,) = plan.read(prompt("optics"), reply)
    assert draft.reason == "no_subtopics"


def test_every_difficulty_and_form_has_its_words():
    for difficulty in DIFFICULTIES.values():
        for form in FORMS.values():
            text = WRITE.format(
                field="f", topic="t", subtopic="s", difficulty=difficulty, form=form
            )
            assert difficulty in text
            assert form in text


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("<p>a &lt; b</p>\n<p>c</p>", "a < b\n\nc"),
        ("<ul><li>x</li><li>y</li></ul>", "x\ny"),
        ("if a<b and c>d then", "if a<b and c>d then"),
        ("$x$ &amp; y", "$x$ &amp; y"),
    ],
)
def test_html_becomes_text_and_text_stays(text, plain):
    assert text_of(text) == plain


@pytest.mark.parametrize(
    ("answers", "best"),
    [
        ("one", "one"),
        (["one", "two"], "one"),
        ([{"text": "a", "pm_score": 1}, {"text": "b", "pm_score": 4}], "b"),
        ([{"text": "a", "pm_score": 1, "selected": True}, {"text": "b", "pm_score": 4}], "a"),
        ([{"text": "a", "pm_score": None}, {"text": "b", "score": 2}], "b"),
        ('["as JSON"]', "as JSON"),
    ],
)
def test_the_chosen_answer_of_a_thread_is_the_best(tmp_path, answers, best):
    (draft,) = thread_of(tmp_path, answers)
    assert draft.context == best


def test_a_variant_is_asked_for_in_the_form_of_its_seed_with_all_its_letters():
    templates = Templates(choose="{problem}", answer="{problem}")
    augment = Augment(kinds=("{form}",), forms=FORMS, templates=templates, trust=False)
    for number, letter in ((2, "B"), (5, "E"), (9, "I")):
        seed = replace(prompt("Which?"), choices=tuple(map(str, range(number))))
        text = augment.question(seed, 0)
        assert f"a question with {number} options, A to {letter}, of which one" in text
    assert augment.question(prompt("Which?"), 0) == FORMS[0]


@pytest.mark.parametrize(
    "answers", [None, [], [{}], [{"text": ""}], 5, [5], " ", [{"text": "<p> </p>"}]]
)
def test_a_thread_without_answers_is_dropped(tmp_path, answers):
    (draft,) = thread_of(tmp_path, answers)
    assert draft.reason == "no_answers"


def thread_of(folder, answers):
    path = folder / "threads.jsonl"
    path.write_text(json.dumps({"problem": "Why?", "answers": answers}) + "\n")
    rows = Rows(data=str(path), license="cc-by-sa-4.0")
    source = RowSource(rows=rows, domain="science", read=read_thread, fields=THREAD_FIELDS)
    return list(source.prompts(0, 1))
