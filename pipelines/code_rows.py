"""Competition questions from rows: the four sets of the paper, and files of one's own.

The question, its tests and its solutions lie differently in each set; here one reader takes them
all. The licences and columns are those of the sets' pages on the Hub, as of 2025. TACO and APPS
are stored there with a script, which newer versions of `datasets` do not run: fetch their files
with `hf download --repo-type dataset codeparrot/apps`, and say where they lie:

    [code.rows.apps]
    data = "apps/train.jsonl"
    license = "mit"
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from factory.config import nearest
from factory.records import Message, Prompt
from factory.row_source import BadRow, Fields, Rows, RowSource
from factory.seeds import seeded
from factory.sources import Joined
from filters.syntax import is_valid, parse
from pipelines.code_forms import Form
from pipelines.code_row_tests import Tests, entry_point, tests_in

_TACO = Rows(
    data="BAAI/TACO",
    license="apache-2.0",
    attribution="TACO, BAAI (arXiv 2312.14852)",
    columns={
        "problem": "question",
        "tests": "input_output",
        "starter": "starter_code",
        "solutions": "solutions",
    },
)
_APPS = replace(
    _TACO,
    data="codeparrot/apps",
    license="mit",
    attribution="APPS, Hendrycks et al. (arXiv 2105.09938)",
)
_CONTESTS = Rows(
    data="deepmind/code_contests",
    license="cc-by-4.0",
    attribution="CodeContests, Google DeepMind (arXiv 2203.07814)",
    columns={
        "problem": "description",
        "tests": "public_tests",
        "private": "private_tests",
        "generated": "generated_tests",
        "solutions": "solutions",
        "file": "input_file",
    },
)
KNOWN: dict[str, Rows] = {
    "taco": replace(_TACO, split="train", num_rows=25_443),
    "taco_test": replace(_TACO, split="test", num_rows=1_000),
    "apps": replace(_APPS, split="train", num_rows=5_000),
    "apps_test": replace(_APPS, split="test", num_rows=5_000),
    "code_contests": replace(_CONTESTS, split="train", num_rows=13_328),
    "code_contests_valid": replace(_CONTESTS, split="valid", num_rows=117),
    "codeforces": Rows(
        data="open-r1/codeforces",
        split="train",
        license="cc-by-4.0",
        attribution="open-r1/codeforces, Hugging Face; problems of codeforces.com",
        columns={
            "problem": "description",
            "tests": "official_tests",
            "interaction": "interaction_format",
            "checker": "generated_checker",
            "mode": "input_mode",
        },
        num_rows=9_556,
    ),
}
"""The sets by the names that recipes use. The test splits of CodeContests and open-r1/codeforces
are left out, as by the paper."""

FIELDS = (
    "input_format",
    "output_format",
    "interaction",
    "note",
    "examples",
    "starter",
    "tests",
    "private",
    "generated",
    "solutions",
    "file",
    "checker",
    "mode",
)
"""What a row may have beside its `problem`."""
_LANGUAGE_NUMBERS = {"python": 3, "cpp": 2}
"""CodeContests' numbers for Python 3 and C++."""


def known_rows(name: str, rows: Rows) -> Rows:
    """A table of a recipe with what is known of the set.

    Raises:
        ValueError: nothing is known, and the table names no data.
    """
    if name not in KNOWN:
        if not rows.data:
            raise ValueError(f"rows.{name} names no data and is not known{nearest(name, KNOWN)}")
        return rows
    known = KNOWN[name]
    said = {
        each.name: getattr(rows, each.name)
        for each in fields(rows)
        if getattr(rows, each.name) not in (None, "", {})
    }
    if "data" in said and said["data"] != known.data:  # the same rows, fetched by other means
        known = replace(known, name=known.data, split=None, num_rows=None)
    return replace(known, **said)


def rows_source(
    rows: Mapping[str, Rows],
    *,
    seed: int,
    languages: Mapping[str, float],
    templates: Mapping[tuple[str, Form], str],
    run_tests: bool,
    max_tests: int,
    num_prompts: int,
) -> Joined:
    """The questions of several sets."""
    read = Question(
        seed=seed,
        languages=languages,
        templates=templates,
        run_tests=run_tests,
        max_tests=max_tests,
    )
    sources = (
        RowSource(rows=each, domain="code", read=read, fields=FIELDS, table=f"rows.{name}")
        for name, each in rows.items()
    )
    return Joined(sources=tuple(sources), limit=num_prompts)


@dataclass(frozen=True, kw_only=True)
class Question:
    """Reads a row as a question in one language."""

    seed: int
    languages: Mapping[str, float]
    templates: Mapping[tuple[str, Form], str]
    run_tests: bool
    max_tests: int

    def __call__(self, row: Fields) -> Prompt:
        """The prompt of a row.

        Raises:
            BadRow: `no_problem`, and where tests run `no_tests`, `needs_interaction`,
                `needs_checker` or `reads_files`; `python_only` for functions where no Python is
                asked for.
        """
        problem = question(row)
        tests = self._tests(row)
        language = self._language(problem, called=bool(tests.entry_point))
        form: Form = "call" if tests.entry_point else "stdio"
        text = self.templates[language, form].format(problem=problem)
        return row.prompt(
            [Message(role="user", content=text)],
            problem=problem,
            tests=tests.tests,
            language=language,
            expected_answer=self._reference(row, language),
        )

    def _tests(self, row: Fields) -> Tests:
        if not self.run_tests:
            return Tests(entry_point=entry_point(row))
        _refuse_what_no_test_can_tell(row)
        tests = tests_in(row, self.max_tests)
        if not tests.tests:
            raise BadRow("no_tests")
        return tests

    def _language(self, problem: str, *, called: bool) -> str:
        if called:
            if not self.languages.get("python"):
                raise BadRow("python_only")
            return "python"
        rng = seeded(self.seed, "code.language", problem)
        return rng.choices(list(self.languages), list(self.languages.values()))[0]

    def _reference(self, row: Fields, language: str) -> str | None:
        """The first solution in the language that parses; None where nothing is executed."""
        if not self.run_tests:
            return None
        found = solutions(row.decoded("solutions"), language)
        return next((s for s in found if is_valid(parse(s, language), language)), None)


def question(row: Fields) -> str:
    """The whole question: the sections of a row under headings, and code to begin with."""
    parts = [row.text("problem")]
    for heading, name in (
        ("Input", "input_format"),
        ("Output", "output_format"),
        ("Interaction", "interaction"),
    ):
        if text := row.text(name, ""):
            parts.append(f"{heading}\n\n{text}")
    parts += _examples(row["examples"])
    if note := row.text("note", ""):
        parts.append(f"Note\n\n{note}")
    if starter := row.text("starter", ""):
        parts.append(f"Begin with this code:\n\n```python\n{starter}\n```")
    return "\n\n".join(parts)


def _examples(examples: Any) -> Iterator[str]:
    for each in examples if isinstance(examples, Sequence) else ():
        if isinstance(each, Mapping) and "input" in each and "output" in each:
            yield f"Example input\n\n{each['input']}\n\nExample output\n\n{each['output']}"


def _refuse_what_no_test_can_tell(row: Fields) -> None:
    if row.text("interaction", ""):
        raise BadRow("needs_interaction")
    if row.text("checker", ""):
        raise BadRow("needs_checker")
    if row.text("file", "") or row.text("mode", "stdio") != "stdio":
        raise BadRow("reads_files")


def solutions(value: Any, language: str) -> Iterator[str]:
    """The solutions in a language: a list of Python texts, or CodeContests' numbered ones."""
    if isinstance(value, Mapping) and isinstance(value.get("solution"), Sequence):
        pairs = zip(value.get("language") or (), value["solution"], strict=False)
        value = [{"language": number, "solution": text} for number, text in pairs]
    for each in value if isinstance(value, list) else ():
        if isinstance(each, str) and language == "python":
            yield each
        elif isinstance(each, Mapping) and each.get("language") == _LANGUAGE_NUMBERS[language]:
            yield str(each.get("solution") or "")
