"""The card: the dataset's README.md for the Hub, made from the manifest and nothing else."""

import re
from importlib.resources import files
from io import BytesIO
from pathlib import Path
from typing import Any

import jinja2
import yaml

from factory import store
from factory.records import MODES
from factory.screened import judges_of
from factory.terminal import visible

PICTURE = "pass_rates.png"
_MOST_TOPICS = 25
"""Named on the card, the largest first; the others are counted together."""
_SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
    (100_000_000, "10M<n<100M"),
)


def write_card(manifest: dict[str, Any], dataset: Path) -> Path:
    """Write the card and its picture; returns the card's path."""
    store.write_bytes(dataset / PICTURE, draw_pass_rates(manifest))
    path = dataset / "README.md"
    store.write_text(path, render_card(manifest))
    return path


def render_card(manifest: dict[str, Any]) -> str:
    """The card's text: the Hub's YAML and the body."""
    template = read_template("template.md.j2", "card_template.md.j2")
    rows = {
        c: sum(s["rows"] for s in manifest["shards"] if s["config"] == c) for c in ("SFT", "RL")
    }
    unthinking = [
        f"`{teacher['model']}`"
        for teacher in manifest["teachers"]
        if not teacher["thinks"] and set(MODES) & set(teacher["does"])
    ]
    steps = {step["step"]: step for step in manifest["screening"]}
    checks = steps.pop("decontaminate", None)
    return template.render(
        checks=checks,
        judges=judges_of(checks or {}),
        skipped_pairs={
            name: each["counts"].get("skipped_pairs", 0) for name, each in steps.items()
        },
        unthinking=unthinking,
        most_topics=_MOST_TOPICS,
        m=manifest,
        yaml=yaml_header(card_metadata(manifest)),
        rows=rows,
        modes=MODES,
        picture=PICTURE,
    )


def read_template(name: str, packaged: str) -> jinja2.Template:
    """A card's template, in the package where it was installed, or beside it in a checkout.

    Args:
        name: of the file in data_cards.
        packaged: its name in the package.
    """
    environment = jinja2.Environment(
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
        keep_trailing_newline=True, autoescape=False,
    )  # fmt: skip
    environment.filters.update(fenced=fenced, count="{:,}".format, share=_share, cell=_cell)
    installed = files("factory") / packaged
    beside = Path(__file__).parent.parent / "data_cards" / name
    return environment.from_string((installed if installed.is_file() else beside).read_text())


def yaml_header(metadata: dict[str, Any]) -> str:
    """A card's header as text."""
    return yaml.safe_dump(metadata, sort_keys=False, allow_unicode=True)


def card_metadata(manifest: dict[str, Any]) -> dict[str, Any]:
    """The card's YAML header, as the Hub's dataset-card specification has it."""
    rows = sum(shard["rows"] for shard in manifest["shards"] if shard["config"] == "SFT")
    header: dict[str, Any] = {
        "pretty_name": f"{manifest['pipeline']} {manifest['version']}, reasoning on and off",
        "language": ["en"],
        "task_categories": ["text-generation", "question-answering"],
        "size_categories": [size_category(rows)],
        "annotations_creators": ["machine-generated"],
        "tags": ["synthetic", "reasoning", "reasoning-factory", manifest["pipeline"]],
        "configs": configs(manifest["shards"]),
    }
    if manifest["license"]:
        header = {"license": manifest["license"], **header}
    return header


def configs(shards: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The configurations of a dataset with these shards, as a card's header names them."""
    by_name: dict[str, dict[str, Any]] = {}
    for shard in shards:
        config = by_name.setdefault(
            shard["config"], {"config_name": shard["config"], "data_files": []}
        )
        pattern = {"split": shard["split"], "path": f"{shard['config']}/{shard['split']}/*.parquet"}
        if pattern not in config["data_files"]:
            config["data_files"].append(pattern)
    found = list(by_name.values())
    if found:  # SFT comes first; `datasets` loads no empty split, so it is left out without rows
        found[0]["default"] = True
    return found


def size_category(rows: int) -> str:
    """The Hub's bucket for a number of rows."""
    return next((name for limit, name in _SIZES if rows < limit), "100M<n<1B")


def fenced(text: str) -> str:
    """Text as a Markdown code block that it cannot end, whatever is in it."""
    text = visible(text)
    ticks = max([2, *(len(run) for run in re.findall(r"`+", text))]) + 1
    return f"{'`' * ticks}text\n{text}\n{'`' * ticks}"


def _cell(text: object) -> str:
    """Text that cannot end a Markdown table's cell or start HTML."""
    plain = " ".join(visible(str(text)).split())
    return re.sub(r"([\\|`*_<>\[\]])", r"\\\1", plain)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.1%}" if whole else "-"


def draw_pass_rates(manifest: dict[str, Any]) -> bytes:
    """A PNG: prompts asked and answers kept by pass rate, one panel a mode."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(MODES), sharey=True)
    for panel, mode, colour in zip(panels, MODES, ("#2b6cb0", "#c05621"), strict=True):
        rates = manifest["pass_rates"][mode]
        bins = rates["histogram"]
        width = 1 / len(bins)
        centres = [width * (i + 0.5) for i in range(len(bins))]
        panel.bar(centres, bins, width * 0.92, color=colour, label="prompts asked")
        kept = manifest["accepted_pass_rates"][mode]["histogram"]
        style = {"fill": False, "edgecolor": "black", "linewidth": 1.2}
        panel.bar(centres, kept, width * 0.92, label="answers kept", **style)
        panel.legend(fontsize=8)
        mean = "no prompt judged" if rates["mean"] is None else f"mean {rates['mean']:.2f}"
        panel.set_title(f"reasoning {mode}: {mean}", fontsize=10)
        panel.set_xlim(0, 1)
        panel.set_xlabel("pass rate of a prompt")
    panels[0].set_ylabel("number")
    picture = BytesIO()
    figure.savefig(picture, format="png", dpi=110, metadata={"Software": None})
    return picture.getvalue()
