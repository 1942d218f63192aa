"""The audit's page in headless Chromium, opened from its folder as a user opens it."""

import re
import time
from dataclasses import replace
from pathlib import Path

import pytest

from factory import store
from factory.audit import audit
from factory.records import Message
from factory.schemas import RESPONSES
from tests.audit_runs import prompts, write_large_run, write_run
from tests.toys import toy_job

SITE = Path(__file__).parents[2] / "factory" / "audit" / "site"
EVIL = (
    "</script><script>document.title='owned'</script><!--"
    "<img src=x onerror=\"document.title='owned'\"><svg onload=alert(1)>"
    '<a href="javascript:alert(2)">a</a> \x1b[31mred\x00 [bold]b[/bold] \u202eRTL\u2066 \u2028'
    "\\(\\href{javascript:alert(3)}{x}\\) \\(\\htmlData{a=b}{y}\\) "
    "\\(\\def\\a{\\a\\a}\\a\\) \\[\\frac{1}{2\\] \\(" + "{" * 900 + "\\) {{constructor}} __proto__"
)
MATHS = (
    "So \\(\\frac{3}{4}\\) and $$x^2+1$$ cost $5 and $6, but \\(\\frac{\\) is broken. \\boxed{7}"
)


GRADE_FIELDS = RESPONSES.field("grades").type.value_type.names


def make(run, **options):
    for _ in audit(run, **options):
        pass
    return run.root


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """240 responses of 30 prompts, with overlap and thresholds."""
    folder = tmp_path_factory.mktemp("small")
    run = write_run(folder / "run", prompts(30), part_size=10)
    job = toy_job(folder / "job", num_prompts=30, samples=(4, 4), part_size=10)
    return make(run, job=job, num_examples=3)


def until(page, expression, seconds=15):
    """Wait for it. Playwright's own way evaluates text in the page, which the page forbids."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, expression
        time.sleep(0.02)


def rows(page):
    """Ids in the table."""
    until(page, "document.querySelector('#view-rows progress')?.hidden === true")
    return page.locator("#view-rows tbody .id").all_inner_texts()


def open_first(page):
    """The first row of the table, whole."""
    rows(page)
    page.locator("#view-rows tbody tr").first.click()
    page.wait_for_selector("dialog[open] h2")


def status(page):
    rows(page)
    return page.locator("[role=status]").inner_text()


# --- views ---


def test_the_overview_counts_what_was_kept_in_both_modes(small, tab):
    this = tab(small)
    page = this.open()
    tiles = page.locator(".tile").all_inner_texts()
    assert tiles[1].split("\n")[:2] == ["240", "responses"]
    assert tiles[2].split("\n")[:2] == ["30", "kept, reasoning on"]
    assert page.locator(".funnel tbody tr").count() == 5
    bars = page.locator(".funnel .track").evaluate_all("all => all.map(e => e.ariaLabel)")
    assert "60 kept, 0 dropped, 30 unjudged" not in bars[0]
    assert bars[6] == bars[7] == "30 kept, 30 dropped, 30 unjudged"
    assert this.complaints == []


def test_filters_show_counts_histograms_thresholds_and_examples(small, tab):
    this = tab(small)
    page = this.open("filters?filter=repetition_loops.v1")
    card = page.locator(".card", has_text="repetition_loops.v1")
    assert card.locator("svg").count() == 2
    assert "max_repeats: keeps ≤ 4" in card.locator("svg").first.text_content()
    label = card.locator("svg").first.get_attribute("aria-label")
    assert "90 kept, 30 not kept" in label
    card.locator("summary").click()
    assert "near-miss, 1 from the threshold" in card.locator(".example").first.inner_text()
    assert card.locator(".example").count() == 3
    card.locator(".example button").first.click()
    assert page.locator("dialog[open] h2").inner_text().startswith("math-")
    assert this.complaints == []


def test_the_overlap_leads_to_the_responses_that_it_counts(small, tab):
    this = tab(small)
    page = this.open("overlap")
    assert page.locator(".heat").count() == 2
    alone = page.locator(".heat").first.locator("tbody tr", has_text="final_answer.v2")
    number = int(alone.locator("td").first.inner_text())
    alone.locator("td a").first.click()
    assert status(page) == f"{number} of 240 responses"
    assert "final_answer.v2 would not keep" in page.locator("#view-rows").inner_text()
    assert this.complaints == []


def test_a_row_opens_with_its_prompt_answer_verdicts_and_facts(small, tab):
    this = tab(small)
    page = this.open("rows?id=-on-001")
    open_first(page)
    text = page.locator("dialog[open]").inner_text()
    for words in (
        "Solve: What is 0 + 1?",
        "One more, 1.",
        "wrong_answer",
        "100 µs",
        "teacher",
        "toy",
    ):
        assert words in text
    page.keyboard.press("j")
    until(page, "document.querySelector('dialog').innerText.includes('What is 1 + 1')")
    page.keyboard.press("Escape")
    assert not page.locator("dialog[open]").count()
    assert this.complaints == []


# --- search ---


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("", 240),
        ("mode=off", 120),
        ("decision=keep", 60),
        ("decision=unjudged&mode=on", 30),
        ("filter=repetition_loops.v1", 60),
        ("reason=wrong_answer", 60),
        ("domain=algebra", 80),
        ("domain=algebra&reason=loop&mode=off", 10),
        ("id=ON-003", 30),
        ("text=one more, 2", 30),
        ("text=what is 17 %2B", 8),
        ("text=what is 17 %2B&mode=on&decision=drop", 2),
        ("text=nowhere", 0),
        ("reason=unknown", 0),
    ],
)
def test_a_search_finds_what_it_asks_for(small, tab, query, number):
    page = tab(small).open(f"rows?{query}")
    assert status(page) == f"{number} of 240 responses"


def test_fields_pages_keys_and_the_back_button_agree_with_the_address(small, tab):
    this = tab(small)
    page = this.open("rows")
    first = rows(page)
    assert len(first) == 50
    page.keyboard.press("]")
    until(page, "location.hash === '#rows?page=2'")
    until(page, f"document.querySelector('tbody .id').innerText !== '{first[0]}'")
    second = rows(page)
    assert not set(first) & set(second)
    page.locator("[aria-label='last page']").click()
    until(page, "document.querySelectorAll('#view-rows tbody tr').length === 40")
    page.select_option("#q-reason", "loop")
    until(page, "location.hash === '#rows?reason=loop'")
    assert status(page) == "60 of 240 responses"
    page.keyboard.press("Escape")
    page.locator("body").click(position={"x": 2, "y": 2})
    page.keyboard.press("/")
    page.keyboard.type("what is 17 +")
    until(page, "location.hash.includes('text=')")
    assert status(page) == "2 of 240 responses"
    page.go_back()
    until(page, "location.hash === '#rows?reason=loop'")
    assert status(page) == "60 of 240 responses"
    assert page.locator("#q-text").input_value() == ""
    assert this.complaints == []


# --- hostile text ---


@pytest.mark.parametrize("katex", [True, False])
def test_what_a_model_wrote_is_text_in_every_view(tmp_path, tab, monkeypatch, katex):
    if not katex:
        monkeypatch.setattr("factory.audit.page.find_katex", lambda: None)
    turns = (Message(role=EVIL, content=EVIL),)
    fields = {"problem": EVIL, "domain": EVIL, "expected_answer": EVIL, "source": EVIL}
    items = [replace(item, input=turns, choices=(EVIL,), **fields) for item in prompts(4)]
    this = tab(make(write_run(tmp_path / "run", items, lambda *_: EVIL), num_examples=3))
    page = this.open("filters")
    page.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
    for view in ("overview", "overlap", "rows"):
        page.evaluate(f"location.hash = '{view}'")
    open_first(page)
    assert page.locator("img, svg:not(.histogram), a[href^=javascript], [onload]").count() == 0
    assert page.locator("script").count() == page.locator("head ~ body > script").count() == 9
    assert page.title() == "Audit of run"
    shown = page.locator("dialog pre").last.text_content()
    for words in (
        "</script><script>document",
        "\\x1b[31mred\\x00 [bold]b[/bold] \\u202eRTL\\u2066",
    ):
        assert words in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert page.locator("dialog dd", has_text="<svg onload=alert(1)>").count() == 1
    assert this.complaints == []


def test_formulas_are_set_and_broken_ones_stay_text(tmp_path, tab):
    this = tab(make(write_run(tmp_path / "run", prompts(1), lambda *_: MATHS)))
    page = this.open("rows")
    open_first(page)
    answer = page.locator("dialog pre").last
    assert answer.locator("math").count() == 3
    assert answer.locator("mfrac").count() == 1
    text = answer.evaluate(
        "e => { const c = e.cloneNode(true); c.querySelectorAll('.math').forEach(m => m.remove());"
        " return c.textContent; }"
    )
    assert text == "So  and  cost $5 and $6, but \\(\\frac{\\) is broken. "
    page.locator("dialog input[type=checkbox]").uncheck()
    until(page, "!document.querySelector('dialog math')")
    assert page.locator("dialog pre").last.text_content() == MATHS
    assert this.complaints == []


def test_environments_and_letters_that_browsers_lack_are_set(tmp_path, tab):
    said = "First\n\\begin{align*} a &= 1 \\\\ b &\\in \\mathbb{R} \\end{align*}\nlast"
    this = tab(make(write_run(tmp_path / "run", prompts(1), lambda *_: said)))
    page = this.open("rows")
    open_first(page)
    answer = page.locator("dialog pre").last
    assert answer.locator(".math.display mtable").count() == 1
    assert "ℝ" in answer.locator(".math").text_content()
    answer.locator(".math").evaluate("each => each.remove()")
    assert answer.text_content() == "Firstlast"


@pytest.mark.parametrize(
    "said",
    ["\\(" * 30_000, "$" * 59_999, "\\boxed{" * 8_000, "a\u202e" * 30_000, "\\begin{a}" * 6_000,
     "\\(" + "{" * 990 + "}" * 990 + "\\)", "$x$" * 20_000, "z" * 10_000_000, ""],
    ids=["open", "dollars", "boxes", "marks", "begins", "nested", "formulas", "long", "empty"],
)  # fmt: skip
def test_an_output_that_tries_too_much_opens_all_the_same(tmp_path, tab, said):
    this = tab(make(write_run(tmp_path / "run", prompts(1), lambda *_: said, samples=1)))
    page = this.open("rows")
    rows(page)
    started = time.monotonic()
    open_first(page)
    assert time.monotonic() - started < 10
    if len(said) == 10_000_000:
        assert "9,940,000 characters left out" in page.locator("dialog pre").last.text_content()
    assert this.complaints == []


def test_without_katex_formulas_stay_text(tmp_path, tab, monkeypatch):
    monkeypatch.setattr("factory.audit.page.find_katex", lambda: None)
    this = tab(make(write_run(tmp_path / "run", prompts(1), lambda *_: MATHS)))
    page = this.open("rows")
    open_first(page)
    assert page.locator("dialog pre").last.text_content() == MATHS
    assert this.complaints == []


def test_no_script_of_the_page_makes_markup_from_text():
    for path in SITE.glob("*.js"):
        found = re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|fetch\(",
            path.read_text(),
        )
        assert not found, f"{path.name}: {found}"


def test_a_missing_file_is_named(tmp_path, tab):
    root = make(write_run(tmp_path / "run", prompts(2)))
    (root / "audit" / "data" / "text-000000.js").unlink()
    page = tab(root).open("rows")
    open_first(page)
    notice = page.locator("dialog .notice").inner_text()
    assert notice == "data/text-000000.js is missing or damaged; run factory audit again"
    (root / "audit" / "data" / "summary.js").unlink()
    page = tab(root).open()
    assert "data/summary.js is missing" in page.locator("#main").inner_text()


# --- size ---

LONG_TASKS = """
window.longest = 0;
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) window.longest = Math.max(window.longest, task.duration);
}).observe({ type: "longtask" });
"""


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_hundred_thousand_rows_are_searched_and_paged_without_freezing(tmp_path, tab):
    run = write_large_run(tmp_path / "run", copies=13)
    this = tab(make(run))
    page = this.page
    page.add_init_script(LONG_TASKS)
    this.open("rows")
    assert status(page) == "104,000 of 104,000 responses"
    page.locator("[aria-label='last page']").click()
    until(page, "location.hash === '#rows?page=2080'")
    until(page, "document.querySelector('tbody .id').innerText.startsWith('math-012')")
    page.fill("#q-text", "what is 999 +")
    until(page, "location.hash.includes('text=')")
    until(page, "document.querySelector('#view-rows progress').hidden", seconds=90)
    assert status(page) == "104 of 104,000 responses"
    page.select_option("#q-reason", "loop")
    until(page, "location.hash.includes('reason=')")
    until(page, "document.querySelector('#view-rows progress').hidden", seconds=90)
    assert status(page) == "26 of 104,000 responses"
    assert page.evaluate("window.longest") < 1000, "milliseconds in one piece"
    assert this.complaints == []


def test_an_answer_that_was_edited_shows_the_draft_and_what_was_said_of_it(tmp_path, tab):
    run = write_run(tmp_path / "run", prompts(2), samples=1)
    rows = store.read_part(run.responses(0), RESPONSES)
    said = {"column": "feedback", "text": "Too short.", "teacher_name": "critic"}
    for row in rows:
        row["draft"] = f"The draft of {row['id']}. {EVIL}"
        row["grades"] = [{**dict.fromkeys(GRADE_FIELDS), "error": "", **said}]
    store.write_part(run.responses(0), rows, RESPONSES)
    this = tab(make(run))
    page = this.open("rows")
    open_first(page)
    for folded in ("draft that this was edited from", "feedback"):
        page.locator("dialog summary", has_text=folded).click()
    shown = page.locator("dialog").inner_text()
    assert f"The draft of {rows[0]['id']}." in shown
    assert "Too short." in shown
    assert page.title() != "owned"
