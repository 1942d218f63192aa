import pytest

from factory.apply import apply_filter
from filters.language import Language, prose_of
from tests.toys import response

ENGLISH = (
    "The bridge was closed by noon, because the river had risen overnight, and nobody crossed."
)
GERMAN = (
    "Die Brücke wurde bis zum Mittag gesperrt, weil der Fluss über Nacht gestiegen war, sagte er."
)
CHINESE = (
    "由于河水一夜之间上涨，大桥在中午之前关闭了，直到五月都没有人过河。"
    "人们都在等待水位下降，然后再修复这座桥梁。"
)
CODE = "```python\n" + "for x in range(3):\n    print(x)\n" * 20 + "```"


@pytest.mark.parametrize(
    ("answer", "settings", "reason"),
    [
        (ENGLISH, {}, ""),
        (ENGLISH.upper(), {}, ""),
        (GERMAN, {}, "wrong_language"),
        (CHINESE, {}, "wrong_language"),
        (GERMAN, {"languages": ("en", "de")}, ""),
        (ENGLISH, {"languages": ("de",)}, "wrong_language"),
        (GERMAN + "\n" + CODE, {}, "wrong_language"),
        (CODE + "\n" + ENGLISH, {}, ""),
        (r"\boxed{\frac{1}{2}}", {}, ""),
        (r"\boxed{\frac{1}{2}}", {"keep_short": False}, "too_short"),
        ("", {"keep_short": False}, "too_short"),
        (CODE, {"keep_short": False}, "too_short"),
        ("1 2 3 " * 1000, {"keep_short": False}, "too_short"),
        (GERMAN[:30], {}, ""),
        (GERMAN[:30], {"min_letters": 20}, "wrong_language"),
    ],
)
def test_answers_in_other_languages_are_dropped(answer, settings, reason):
    assert apply_filter(Language(**settings), response(answer)).reason == reason


def test_the_part_that_is_looked_at_can_be_chosen():
    output = f"<think>\n{CHINESE}\n</think>\n\n{ENGLISH}"
    assert apply_filter(Language(), response(output, mode="on")).reason == ""
    check = Language(part="reasoning")
    assert apply_filter(check, response(output, mode="on")).reason == "wrong_language"


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("a `code` b", "a   b"),
        ("a ```\nx\n``` b", "a   b"),
        ("a ```\nnever closed", "a  "),
        ("a $x + y$ b", "a   b"),
        ("a $$x\ny$$ b", "a   b"),
        (r"a \(x\) b \[y\] c", "a   b   c"),
        ("a \\begin{align}x\\\\y\\end{align} b", "a   b"),
        (r"a \alpha b", "a   b"),
        ("it costs $5 today", "it costs $5 today"),
        ("see https://a.b/c now", "see   now"),
        (r"open \( here", r"open \( here"),
    ],
)
def test_prose_is_what_stands_outside_of_code_latex_and_addresses(text, left):
    assert prose_of(text) == left


@pytest.mark.parametrize(
    "unit", ["$", "$$ ", "\\(", "\\[", "`", "```", "\\begin{", "\\end{", "\x00", "\ud800", "\u202e",
             "a", "https://", "[red]", "\\a"],
)  # fmt: skip
def test_hostile_answers_get_a_verdict(unit):
    text = unit * (10_000_000 // len(unit))
    assert apply_filter(Language(), response(text)).decision in ("keep", "drop")
    assert apply_filter(Language(max_characters=1_000_000), response(text)).seconds < 60


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"languages": ()}, "languages must name one"),
        ({"languages": ("english",)}, "languages has 'english'"),
        ({"languages": ("zxx",)}, "languages has 'zxx'"),
        ({"low": 2.0}, "low"),
        ({"min_letters": 0}, "min_letters"),
        ({"max_characters": 0}, "max_characters"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        Language(**settings)
