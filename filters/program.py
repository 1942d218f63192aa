"""Programs in answers: the fenced block that is meant, and whether it parses.

Fences are CommonMark's (spec 0.31, section 4.5): three or more backticks or tildes, closed by at
least as many of the same sign. Policy: only the text after the think block is read; a fence that
is never closed is no program (the answer was cut); of several programs the last one counts. An
opening fence may stand deeper than CommonMark allows outside lists, because answers put programs
into list items; a closing one stands at most three columns deeper than its opening.

`CodeSyntax` is the paper's own policy (arXiv 2505.00949, section 3.2): what parses is kept, nothing
is executed. `filters.unit_tests` executes.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

from factory.config import settings
from factory.errors import Unjudged
from factory.records import Response, Verdict
from filters.syntax import is_valid, parse, top_level_names

LANGUAGES: dict[str, frozenset[str]] = {
    "python": frozenset({"python", "py", "python3"}),
    "cpp": frozenset({"cpp", "c++", "cc", "cxx"}),
}
"""The words after a fence that name a language."""

Several = Literal["last", "drop"]

_OPEN = re.compile(r"([ \t]*)(`{3,}(?=[^`]*\Z)|~{3,})(.*)")
_CLOSE = re.compile(r"([ \t]*)(`{3,}|~{3,})[ \t]*")
_THINK, _THINK_END = "<think>", "</think>"


@dataclass(frozen=True, kw_only=True, slots=True)
class Fence:
    """A fenced code block."""

    tag: str
    """The first word after the opening fence, in lower case; may be empty."""
    code: str
    closed: bool


def fences(text: str) -> Iterator[Fence]:
    """The fenced code blocks of a text, in order, in linear time."""
    opened: re.Match[str] | None = None
    lines: list[str] = []
    for line in text.splitlines() if "\r" in text else text.split("\n"):
        if opened is None:
            if "```" in line or "~~~" in line:
                opened = _OPEN.fullmatch(line)
                lines = []
        elif _closes(line, opened):
            yield _fence(opened, lines, closed=True)
            opened = None
        else:
            lines.append(line)
    if opened is not None:
        yield _fence(opened, lines, closed=False)


def _closes(line: str, opened: re.Match[str]) -> bool:
    match = _CLOSE.fullmatch(line) if "```" in line or "~~~" in line else None
    return (
        match is not None
        and match[2][0] == opened[2][0]
        and len(match[2]) >= len(opened[2])
        and len(match[1]) <= len(opened[1]) + 3
    )


def _fence(opened: re.Match[str], lines: list[str], *, closed: bool) -> Fence:
    depth = len(opened[1])
    words = opened[3].split(maxsplit=1)
    if not closed and lines[-1:] == [""]:
        lines = lines[:-1]  # the text's own end
    code = "\n".join(line[min(depth, len(line) - len(line.lstrip(" \t"))) :] for line in lines)
    return Fence(tag=words[0].lower() if words else "", code=code, closed=closed)


def programs(answer: str, language: str, *, bare: bool = True) -> list[str]:
    """The closed, filled programs of an answer, in order.

    Args:
        answer: the text after the think block. Where tags are left in it, because the block is
            malformed, only what follows the last `</think>` counts, and nothing of an open block.
        language: a key of `LANGUAGES`.
        bare: whether blocks without a language count where none names the language.
    """
    tail = answer.rpartition(_THINK_END)[2]
    if _THINK in tail:
        return []
    filled = [fence for fence in fences(tail) if fence.closed and fence.code.strip()]
    tagged = [fence.code for fence in filled if fence.tag in LANGUAGES[language]]
    return tagged or [fence.code for fence in filled if bare and not fence.tag]


def fenced(program: str, language: str) -> str:
    """A program as a teacher would write it, in a fence that nothing in the program closes."""
    longest = max(map(len, re.findall(r"`{3,}", program)), default=2)
    ticks = "`" * (longest + 1)
    return f"{ticks}{language}\n{program}\n{ticks}"


def language_of(response: Response) -> str:
    """The language that the prompt asks for.

    Raises:
        Unjudged: `unsupported_language`, none included.
    """
    language = response.prompt.language
    if language not in LANGUAGES:
        raise Unjudged("unsupported_language")
    return language


@settings
class CodeSyntax:
    """Drop answers without a program that parses; nothing is executed.

    A fence inside the think block drops the answer, as in the paper: a student should not learn to
    write its programs there.
    """

    name: ClassVar[str] = "code_syntax.v2"
    REASONS: ClassVar[tuple[str, ...]] = (
        "",
        "no_program",
        "fence_in_reasoning",
        "several_programs",
        "program_too_long",
        "syntax_error",
        "no_entry_point",
    )
    """Reason by score; 0 parses."""

    bare_fences: bool = True
    """Whether a fence without a language counts where none names the prompt's."""
    several: Several = "last"
    """Of several programs the last one counts, or the answer is dropped."""
    fence_in_reasoning: Literal["drop", "ignore"] = "drop"
    """What a fence inside the think block does."""
    entry_point: bool = False
    """Whether the program must define, at its top level, every entry point of the tests; of
    `Solution().add` the class."""
    max_characters: int = 100_000
    """A longer program is dropped unread."""

    def __post_init__(self) -> None:
        if self.max_characters < 1:
            raise ValueError(f"max_characters must be > 0, got {self.max_characters}")

    def score(self, response: Response) -> float:
        """The place of the program's defect in `REASONS`, 0 where there is none.

        Raises:
            Unjudged: `unsupported_language`.
        """
        return float(self.REASONS.index(self._defect(response, language_of(response))))

    def judge(self, score: float) -> Verdict:
        """Keep what parses."""
        return Verdict.drop(self.REASONS[int(score)]) if score else Verdict.keep()

    def _defect(self, response: Response, language: str) -> str:
        if self.fence_in_reasoning == "drop" and any(fences(response.reasoning)):
            return "fence_in_reasoning"
        found = programs(response.answer, language, bare=self.bare_fences)
        if not found:
            return "no_program"
        if len(found) > 1 and self.several == "drop":
            return "several_programs"
        if len(found[-1]) > self.max_characters:
            return "program_too_long"
        return self._syntax_defect(response, found[-1], language)

    def _syntax_defect(self, response: Response, program: str, language: str) -> str:
        root = parse(program, language)
        if not is_valid(root, language):
            return "syntax_error"
        if self.entry_point:
            points = {test.entry_point for test in response.prompt.tests if test.entry_point}
            wanted = {re.split(r"[.(]", point)[0] for point in points}
            if not wanted <= set(top_level_names(root)):
                return "no_entry_point"
        return ""
