"""Code: competition questions and small tasks, answered with one fenced program.

The published way (arXiv 2505.00949, section 3.1.2): questions of four competition sets, repeated
ones dropped, none that a benchmark holds; many answers to each; kept is an answer with a trace in
which no code fence stands and one fenced program after it that parses. Nothing was executed there;
here the tests run too, unless `run_tests` is off.

Without `[code.rows]` the prompts are drawn from templates (`pipelines.code_tasks`, Apache-2.0),
each with a reference program that passes its own tests. With it they are rows of the sets in
`KNOWN` (`pipelines.code_rows`), each under its own licence, or of files of one's own.

One prompt, as published:

    Write a Python function that solves the task below. Think about it first, without writing a code
    block there; then end with one block that begins with ```python and holds all that is needed.

    A shop keeps a list of prices, in cents. How many of the prices are odd?

    Write a function `count_prices(prices)`. It takes `prices`, a list of integers, and returns an
    integer. What is given may be empty.

    Example: `count_prices([121, 118, 144, 124, 19])` returns `2`.

    factory run pipelines/recipes/code-tiny.toml --out runs/code
"""

from collections.abc import Mapping
from dataclasses import field

from factory.config import nearest, require_positive, settings
from factory.dedup import Exact
from factory.pipeline import Pipeline
from factory.row_source import Rows
from factory.sources import Source
from factory.steps import (
    Ask,
    Decontaminate,
    Dedup,
    Elicitation,
    Keep,
    KeepGroup,
    Shot,
)
from filters import CodeSyntax, PassRate, ThinkTags, Truncated, UnitTests
from filters.program import LANGUAGES
from pipelines.code_families import FAMILIES
from pipelines.code_forms import Form
from pipelines.code_rows import known_rows, rows_source
from pipelines.code_tasks import CodeTasks

_END = (
    "Think about it first, without writing a code block there; then end with one block that begins "
    "with ```{fence} and holds all that is needed.\n\n{{problem}}"
)
TEMPLATES: dict[tuple[str, Form], str] = {
    ("python", "call"): "Write a Python function that solves the task below. "
    + _END.format(fence="python"),
    ("python", "stdio"): "Write a Python program that solves the task below. It reads from the "
    "standard input and prints the result, and nothing else. " + _END.format(fence="python"),
    ("cpp", "stdio"): "Write a C++20 program that solves the task below. It reads from `std::cin` "
    "and writes the result to `std::cout`, and nothing else. " + _END.format(fence="cpp"),
}
"""The published user turn by language and form."""
FENCED = Elicitation(lead="```", close="\n```", num_shots=3)
"""A teacher that does not think writes its work up to the fence, and then what stands in it."""


@settings
class Config:
    """Table `[code]`."""

    num_prompts: int = 64
    """Positions at most; rows end earlier where there are fewer."""
    samples_on: int = 4
    samples_off: int = 4
    off_share: float = 1.0
    """The share of the prompts that are answered with reasoning off too, in [0, 1]."""
    languages: dict[str, float] = field(default_factory=lambda: {"python": 0.67, "cpp": 0.33})
    """Weights by language; each prompt asks for one. OpenCodeReasoning has 736,712 answers in
    Python and 355,792 in C++ (arXiv 2504.01943)."""
    run_tests: bool = True
    """Whether a program must pass the prompt's tests. The paper ran none."""
    max_tests: int = 20
    """Tests of a row at most, those of its problem text first."""
    families: tuple[str, ...] = tuple(FAMILIES)
    """Of the offline tasks."""
    functions: float = 0.5
    """The share of the offline tasks in Python that are posed as a function, in [0, 1]."""
    rows: dict[str, Rows] = field(default_factory=dict)
    """Rows in place of the offline tasks: `[code.rows.<name>]`. A name in `KNOWN` needs no key,
    and any key changes what is known; another name needs `data` and `license`."""

    def __post_init__(self) -> None:
        require_positive(self, "num_prompts", "samples_on", "samples_off", "max_tests")
        for name in ("functions", "off_share"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be in [0, 1], got {getattr(self, name)}")
        _check_weights(self.languages)
        for family in self.families:
            if family not in FAMILIES:
                raise ValueError(f"families has {family!r}{nearest(family, FAMILIES)}")
        if not self.families:
            raise ValueError("families must name at least one, got none")
        filled = {name: known_rows(name, rows) for name, rows in self.rows.items()}
        object.__setattr__(self, "rows", filled)


def _check_weights(languages: Mapping[str, float]) -> None:
    for name, weight in languages.items():
        if name not in LANGUAGES:
            raise ValueError(f"languages.{name} is not known{nearest(name, LANGUAGES)}")
        if not 0 <= weight < float("inf"):
            raise ValueError(f"languages.{name} must be >= 0, got {weight}")
    if not 0 < sum(languages.values()) < float("inf"):
        raise ValueError("languages must give one a weight above 0, and a finite sum")


def pipeline(config: Config, seed: int) -> Pipeline:
    """Programs that parse, and that pass their tests where these run."""
    source, shots = _source(config, seed)
    tests = UnitTests()
    return Pipeline(
        name="code",
        source=source,
        gold=tests if config.run_tests else None,
        steps=(
            Dedup(Exact(), on="prompt"),
            Decontaminate(against=("human-eval",)),
            Ask(
                samples_on=config.samples_on,
                samples_off=config.samples_off,
                off_share=config.off_share,
                on=FENCED,
                off=FENCED,
                shots=shots,
            ),
            Keep(Truncated()),
            Keep(ThinkTags()),
            # A fence inside the trace has a reason of its own here.
            Keep(CodeSyntax(several="drop", entry_point=True)),
            *([Keep(tests)] if config.run_tests else []),
            KeepGroup(PassRate()),
            Dedup(Exact(), on="response"),
        ),
        notes=_notes(config),
    )


def _source(config: Config, seed: int) -> tuple[Source, dict[str, tuple[Shot, ...]]]:
    """The prompts, and worked examples for teachers that need some."""
    if config.rows:
        source = rows_source(
            config.rows,
            seed=seed,
            languages=config.languages,
            templates=TEMPLATES,
            run_tests=config.run_tests,
            max_tests=config.max_tests,
            num_prompts=config.num_prompts,
        )
        return source, {}
    tasks = CodeTasks(
        num_prompts=config.num_prompts,
        seed=seed,
        families=config.families,
        languages=config.languages,
        functions=config.functions,
        templates=TEMPLATES,
    )
    return tasks, tasks.all_shots()


def _notes(config: Config) -> tuple[str, ...]:
    names = dict.fromkeys(rows.source for rows in config.rows.values())
    origin = (
        "Prompts are rows of " + ", ".join(f"`{name}`" for name in names) + "."
        if names
        else "Prompts are drawn from templates; each has a reference program, in Python or C++, "
        "that passes the prompt's own tests."
    )
    checked = (
        "Every program has passed the prompt's tests, which are some inputs and not a proof. "
        "Whether a trace leads to its program is not checked."
        if config.run_tests
        else "Programs parse (tree-sitter); none was executed, so that nothing says which solve "
        "their problem."
    )
    return origin, checked
