"""NeMo Curator's heuristics on answers: word counts, symbol ratios, repeated lines and n-grams.

Any heuristic of `nemo_curator.stages.text.filters.heuristic` that looks at one text and nothing
else can be named, with its own arguments:

    CuratorFilter(filter="WordCountFilter", arguments={"min_words": 20})
    CuratorFilter(filter="RepeatingTopNGramsFilter", arguments={"n": 3}, label="top_3grams")

They are called `curator_word_count.v1` and `curator_top_3grams.v1`.

Importing NeMo Curator loads ray and takes seconds: it happens at the first score. Names and
arguments are checked before, against the source files, so that a wrong recipe costs nothing.
"""

import ast
import functools
import importlib
import importlib.util
import re
from dataclasses import field
from pathlib import Path
from typing import Any, Literal

from factory.config import nearest, settings
from factory.errors import PrerequisiteError, Unjudged
from factory.records import Response, Verdict

_PACKAGE = "nemo_curator.stages.text.filters.heuristic"
_MODULES = (f"{_PACKAGE}.string", f"{_PACKAGE}.repetition.repetition")
_REFUSED = {
    "FastTextQualityFilter": "keeps at random and needs a model file",
    "FastTextLangId": "needs a model file; the filter `language` ships one",
    "HistogramFilter": "downloads its tables",
    "TokenCountFilter": "downloads a tokenizer",
}
_SLUG = re.compile(r"[a-z][a-z0-9_]{0,30}")
Argument = bool | int | float | str


@settings
class CuratorFilter:
    """Drop answers that one of NeMo Curator's heuristics does not keep.

    The reason is the label. A heuristic is the package's own, so that a newer nemo-curator may
    judge otherwise; the versions are in the manifest.
    """

    filter: str
    """A class, such as `WordCountFilter`."""
    arguments: dict[str, Argument] = field(default_factory=dict)
    """What the class is made with; its own defaults otherwise."""
    label: str = ""
    """What tells two filters of one class apart; empty: the class, as `word_count`."""
    part: Literal["answer", "reasoning", "output"] = "answer"
    max_characters: int = 200_000
    """Longer texts are unjudged."""

    def __post_init__(self) -> None:
        if self.filter in _REFUSED:
            raise ValueError(f"filter {self.filter} {_REFUSED[self.filter]}")
        known = _heuristics()
        if self.filter not in known:
            raise ValueError(f"filter is {self.filter!r}{nearest(self.filter, known)}")
        known[self.filter].check(self.arguments)
        if self.label and not _SLUG.fullmatch(self.label):
            raise ValueError(f"label must be a short snake_case name, got {self.label!r}")
        if self.max_characters < 1:
            raise ValueError(f"max_characters must be > 0, got {self.max_characters}")

    @property
    def name(self) -> str:
        """`curator_word_count.v1`: the label, and the version of this adapter."""
        return f"curator_{self._slug}.v1"

    @property
    def _slug(self) -> str:
        return self.label or _snake(self.filter.removesuffix("Filter"))

    def score(self, response: Response) -> float:
        """The heuristic's own score, whatever its scale and direction.

        Raises:
            Unjudged: `empty_text` (some heuristics divide by the length), `text_too_long`, or
                `undefined_score` where there is nothing to divide by or the score is no number.
        """
        text: str = getattr(response, self.part)
        if not text.strip():
            raise Unjudged("empty_text")
        if len(text) > self.max_characters:
            raise Unjudged("text_too_long")
        try:
            return float(self._heuristic().score_document(text))
        except (ZeroDivisionError, TypeError, ValueError):
            raise Unjudged("undefined_score") from None

    def judge(self, score: float) -> Verdict:
        """Keep what the heuristic keeps."""
        return (
            Verdict.keep() if self._heuristic().keep_document(score) else Verdict.drop(self._slug)
        )

    def _heuristic(self) -> Any:
        return _make(self.filter, tuple(sorted(self.arguments.items())))


class _Heuristic:
    """What can be known of a class without importing it."""

    def __init__(self, module: str, node: ast.ClassDef) -> None:
        self.module = module
        self.arguments: dict[str, Any] = {}
        for method in node.body:
            if isinstance(method, ast.FunctionDef) and method.name == "__init__":
                names = [each.arg for each in method.args.args[1:]]
                defaults = [_literal(each) for each in method.args.defaults]
                required = [...] * (len(names) - len(defaults))
                self.arguments = dict(zip(names, [*required, *defaults], strict=True))

    def check(self, given: dict[str, Argument]) -> None:
        """Raise ValueError for what is unknown, missing, or of another type than its default."""
        for name, value in given.items():
            if name not in self.arguments:
                raise ValueError(f"arguments has {name!r}{nearest(name, self.arguments)}")
            if not _fits(value, default := self.arguments[name]):
                wanted = type(default).__name__
                raise ValueError(f"arguments.{name} must be of type {wanted}, got {value!r}")
        lacking = [name for name, default in self.arguments.items() if default is ...]
        for name in lacking:
            if name not in given:
                raise ValueError(f"arguments.{name} is missing")


def _fits(value: Argument, default: Any) -> bool:
    """Whether a value may stand where a default stands; an integer may for a float."""
    if default is ... or default is None:
        return True
    if isinstance(default, int | float) and not isinstance(default, bool):
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, type(default))


def _literal(node: ast.expr) -> Any:
    try:
        return ast.literal_eval(node)
    except ValueError:
        return None


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


@functools.cache
def _heuristics() -> dict[str, _Heuristic]:
    """The heuristics of the installed package, read from its source files."""
    spec = importlib.util.find_spec("nemo_curator")
    if spec is None or not spec.submodule_search_locations:
        raise PrerequisiteError(
            "NeMo Curator's filters need the package nemo-curator: "
            "pip install 'reasoning-factory[curator]'"
        )
    root = Path(spec.submodule_search_locations[0]).parent
    found = {}
    for module in _MODULES:
        tree = ast.parse((root / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))
        classes = [node for node in tree.body if isinstance(node, ast.ClassDef)]
        found.update({node.name: _Heuristic(module, node) for node in classes})
    return found


@functools.cache
def _make(name: str, arguments: tuple[tuple[str, Argument], ...]) -> Any:
    module = importlib.import_module(_heuristics()[name].module)
    return getattr(module, name)(**dict(arguments))
