"""A card's text: templates in which every part is a generated block."""

import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import jinja2

from factory.card.blocks import HEADER, block
from factory.card.header import card_metadata, yaml_header
from factory.card.pictures import LENGTHS, PICTURE
from factory.license_check import conflicts_of, licenses_in
from factory.licenses import AND, LICENSES
from factory.records import MODES
from factory.screened import judges_of
from factory.terminal import visible

_MOST_TOPICS = 25
"""Named on the card, the largest first; the others are counted together."""


def render_card(manifest: dict[str, Any], license: str | None = None) -> str:
    """The text of a run's card: the Hub's YAML and the body, all of it generated blocks.

    Args:
        manifest: of the run.
        license: that somebody decided on, in place of the computed one; the card says so.
    """
    return read_template("template.md.j2").render(
        **about(manifest),
        yaml=header_block(card_metadata(manifest, license)),
        license=license,
        pictures={"pass_rates": PICTURE, "lengths": LENGTHS},
    )


def about(manifest: dict[str, Any]) -> dict[str, Any]:
    """What templates say of a run, beside its manifest."""
    steps = {step["step"]: step for step in manifest["screening"]}
    checks = steps.pop("decontaminate", None)
    licenses = licenses_in(manifest)
    return {
        "m": manifest,
        "rows": {
            c: sum(s["rows"] for s in manifest["shards"] if s["config"] == c) for c in ("SFT", "RL")
        },
        "unthinking": [
            code(teacher["model"])
            for teacher in manifest["teachers"]
            if not teacher["thinks"] and set(MODES) & set(teacher["does"])
        ],
        "checks": checks,
        "judges": judges_of(checks or {}),
        "skipped_pairs": {
            name: each["counts"].get("skipped_pairs", 0) for name, each in steps.items()
        },
        "licenses": licenses,
        "conflicts": conflicts_of(licenses),
        "most_topics": _MOST_TOPICS,
        "modes": MODES,
    }


def header_block(metadata: dict[str, Any]) -> str:
    """A card's header between its lines."""
    return f"---\n{block(HEADER, yaml_header(metadata), in_yaml=True)}---\n"


def read_template(name: str) -> jinja2.Template:
    """A card's template, from the package where it was installed, or from a checkout.

    Args:
        name: of the file in data_cards; in the package it is `card_<name>`.
    """
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True, autoescape=False, loader=jinja2.FunctionLoader(_text),
    )  # fmt: skip
    environment.filters.update(
        fenced=fenced,
        count="{:,}".format,
        share=_share,
        cell=_cell,
        code=code,
        terms=_terms,
        latex=_latex,
    )
    environment.globals.update(generated=_generated)
    return environment.get_template(name)


def _text(name: str) -> str:
    installed = files("factory") / f"card_{name}"
    beside = Path(__file__).parents[2] / "data_cards" / name
    return (installed if installed.is_file() else beside).read_text()


def _generated(name: str, caller: Callable[[], str]) -> str:
    return block(name, caller().strip("\n"))


def fenced(text: str) -> str:
    """Text as a Markdown code block that it cannot end, whatever is in it."""
    text = visible(text)
    ticks = max([2, *(len(run) for run in re.findall(r"`+", text))]) + 1
    return f"{'`' * ticks}text\n{text}\n{'`' * ticks}"


def _cell(text: object) -> str:
    """Text that cannot end a Markdown table's cell or start HTML."""
    plain = " ".join(visible(str(text)).split())
    return re.sub(r"([\\|`*_<>\[\]])", r"\\\1", plain)


def code(text: object) -> str:
    """Text as inline code that it cannot end, nor the cell of a Markdown table."""
    plain = " ".join(visible(str(text)).split()).replace("|", r"\|")
    if "`" not in plain:
        return f"`{plain}`"
    ticks = "`" * (max(len(run) for run in re.findall(r"`+", plain)) + 1)
    return f"{ticks} {plain} {ticks}"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def _terms(license: str) -> str:
    """What the texts of a row's licences ask for."""
    names = license.split(AND)
    return "; ".join(LICENSES[name].says if name in LICENSES else "not known" for name in names)


def _latex(text: object) -> str:
    """Text inside the braces of a BibTeX field."""
    return re.sub(r"([&%$#_{}])", r"\\\1", re.sub(r"[\\~^]", " ", visible(str(text))))
