"""Which tokenizer and which chat template are looked at.

A tokenizer is `bundled`, a directory, or an id of the Hub, `org/name` or `org/name@REVISION`, as
teachers' models are. A template is the tokenizer's own, a file, or one of this project's by name.
"""

from pathlib import Path
from typing import Any

from factory.errors import ConfigError, PrerequisiteError
from factory.teachers.bundled import model_directory
from factory.teachers.models import BUNDLED, is_local

TEMPLATES = {
    "llama-nemotron": Path(__file__).with_name("llama_nemotron.jinja"),
    "chatml": Path(__file__).with_name("chatml.jinja"),
}
"""The project's own templates: the original's format, and its rules in ChatML."""
_FILES = ("tokenizer.json", "tokenizer_config.json", "tokenizer.model")
_INSTALL = "pip install 'reasoning-factory[bundled]', or [train] (it needs transformers)"


def read_template(name: str) -> str:
    """The text of one of the project's templates, or of a file.

    Raises:
        ConfigError: there is neither.
    """
    path = TEMPLATES.get(name, Path(name).expanduser())
    try:
        return path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        known = ", ".join(TEMPLATES)
        raise ConfigError(
            f"template {name!r} cannot be read ({error}); give a Jinja file, or one of {known}"
        ) from error


def load_tokenizer(name: str, template: str | None = None) -> Any:
    """A tokenizer of transformers that has a chat template.

    Args:
        name: see above.
        template: takes the place of its own, see `read_template`.

    Raises:
        ConfigError: it has no template, or the one that is given cannot be read.
        PrerequisiteError: transformers is missing, or the tokenizer is not there.
    """
    text = None if template is None else read_template(template)
    try:
        import transformers
    except ImportError as error:
        raise PrerequisiteError(f"a tokenizer needs {error.name}: {_INSTALL}") from error
    where, revision = _locate(name)
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            where, revision=revision, clean_up_tokenization_spaces=False
        )
    except (OSError, ValueError, KeyError) as error:
        reason = " ".join(str(error).split())[:200]
        raise PrerequisiteError(
            f"tokenizer {name!r} cannot be loaded: {reason}; give a directory that holds one, an "
            f"id of the Hub, or {BUNDLED}"
        ) from error
    if text is not None:
        tokenizer.chat_template = text
    if not isinstance(tokenizer.chat_template, str):
        raise ConfigError(
            f"tokenizer {name!r} has no chat template of its own; give --template FILE, or "
            f"--template {suggested(tokenizer)}"
        )
    return tokenizer


def _locate(name: str) -> tuple[str, str | None]:
    """What transformers is told: (directory or id, revision)."""
    if name == BUNDLED:
        return str(model_directory()), None
    if not is_local(name):
        where, _, revision = name.partition("@")
        return where, revision or None
    folder = Path(name).expanduser()
    if not any((folder / each).is_file() for each in _FILES):
        raise PrerequisiteError(f"tokenizer {name!r} is no directory with a {_FILES[0]}")
    return str(folder), None


def suggested(tokenizer: Any) -> str:
    """The project's template whose turns end with a token that the tokenizer has."""
    has_chatml = {"<|im_start|>", "<|im_end|>"} <= set(tokenizer.get_added_vocab())
    return "chatml" if has_chatml else "llama-nemotron"
