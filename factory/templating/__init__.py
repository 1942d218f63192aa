"""Chat templates: the project's own, and a lint of what a template does to a dataset's rows.

found = lint(Path("runs/demo"), "bundled", template="chatml", max_length=4096)
found.require_sound()
"""

from factory.templating.lint import Lint, lint
from factory.templating.report import lint_table
from factory.templating.rules import RULES
from factory.templating.tokenizers import TEMPLATES, load_tokenizer, read_template

__all__ = ["RULES", "TEMPLATES", "Lint", "lint", "lint_table", "load_tokenizer", "read_template"]
