"""The official IFEval checker, as the package lm-eval carries it, run as it is.

Only its four files are loaded, under stand-ins for the packages around them, so that lm-eval may be
installed without its dependencies. Punkt's tables are written to where NLTK looks for a download.
langdetect is seeded as ours is.
"""

import importlib
import importlib.util
import sys
import types
from pathlib import Path
from typing import Any

import langdetect
import nltk
from punkt.data import load_bundled

PROMPT = "Write something about a river."


def is_installed() -> bool:
    return importlib.util.find_spec("lm_eval") is not None


def load(folder: Path) -> Any:
    """lm_eval.tasks.ifeval.utils; `folder` is for NLTK's tables."""
    _write_punkt(folder / "tokenizers/punkt_tab/english")
    nltk.data.path.insert(0, str(folder))
    langdetect.DetectorFactory.seed = 0
    spec = importlib.util.find_spec("lm_eval")
    assert spec
    assert spec.submodule_search_locations
    (root,) = spec.submodule_search_locations
    for name, path in (("lm_eval", root), ("lm_eval.tasks", f"{root}/tasks")):
        stand_in = types.ModuleType(name)
        stand_in.__path__ = [path]
        sys.modules.setdefault(name, stand_in)
    return importlib.import_module("lm_eval.tasks.ifeval.utils")


def verdict(official: Any, instruction: str, kwargs: dict[str, Any], response: str) -> str:
    """`-`, `l` or `b`: followed neither way, only loosely, or both ways; `s` strictly only."""
    example = official.InputExample(0, [instruction], PROMPT, [kwargs])
    strict = official.test_instruction_following_strict(example, response)
    loose = official.test_instruction_following_loose(example, response)
    return symbol(strict.follow_instruction_list[0], loose.follow_instruction_list[0])


def symbol(strict: bool, loose: bool) -> str:
    return {(False, False): "-", (False, True): "l", (True, True): "b", (True, False): "s"}[
        strict, loose
    ]


def _write_punkt(folder: Path) -> None:
    tables = load_bundled("english")
    folder.mkdir(parents=True, exist_ok=True)
    lines = {
        "abbrev_types.txt": sorted(tables.abbrev_types),
        "sent_starters.txt": sorted(tables.sent_starters),
        "collocations.tab": ["\t".join(pair) for pair in sorted(tables.collocations)],
        "ortho_context.tab": [f"{word}\t{flags}" for word, flags in tables.ortho_context.items()],
    }
    for name, content in lines.items():
        (folder / name).write_text("\n".join(content) + "\n", encoding="utf-8")
