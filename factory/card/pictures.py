"""The pictures beside a card, drawn from the manifest."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

from factory.records import MODES

PICTURE = "pass_rates.png"
LENGTHS = "lengths.png"
_COLOURS = ("#2b6cb0", "#c05621")


def draw_pictures(manifest: dict[str, Any]) -> dict[str, bytes]:
    """The pictures beside a run's card, by their names."""
    return {PICTURE: draw_pass_rates(manifest), LENGTHS: draw_lengths(manifest)}


def draw_pass_rates(manifest: dict[str, Any]) -> bytes:
    """A PNG: prompts asked and answers kept by pass rate, one panel a mode."""

    def draw(panel: Any, mode: str, colour: str) -> None:
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

    return _panels(draw, "number")


def draw_lengths(manifest: dict[str, Any]) -> bytes:
    """A PNG: kept answers by their length in characters, in bins that double, one panel a mode."""
    found = manifest["lengths"]
    last = max((len(found[mode]["histogram"]) for mode in MODES), default=0)

    def draw(panel: Any, mode: str, colour: str) -> None:
        lengths = found[mode]
        bins = lengths["histogram"]
        panel.bar(range(len(bins)), bins, 0.92, color=colour)
        mean = "none kept" if lengths["mean"] is None else f"mean {lengths['mean']:,.0f}"
        panel.set_title(f"reasoning {mode}: {mean}", fontsize=10)
        panel.set_xlim(-0.6, max(last, 1) - 0.4)
        ticks = list(range(0, last, max(1, last // 8)))
        panel.set_xticks(ticks, [f"{1 << place:,}" for place in ticks], rotation=45, fontsize=8)
        panel.set_xlabel("characters of an answer, from")

    return _panels(draw, "answers kept")


def _panels(draw: Callable[[Any, str, str], None], label: str) -> bytes:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 3), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(1, len(MODES), sharey=True)
    for panel, mode, colour in zip(panels, MODES, _COLOURS, strict=True):
        draw(panel, mode, colour)
    panels[0].set_ylabel(label)
    picture = BytesIO()
    figure.savefig(picture, format="png", dpi=110, metadata={"Software": None})
    return picture.getvalue()
