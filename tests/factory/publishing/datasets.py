"""Datasets of any size that verify: the demo's manifest over shards of random bytes."""

import json
import random
from collections.abc import Sequence
from pathlib import Path

from factory import store
from factory.card import PICTURE, render_card

DEMO = Path(__file__).parents[3] / "data_cards" / "demo"
_PIECE = 1 << 20


def write_dataset(root: Path, shards: Sequence[tuple[int, int]]) -> Path:
    """A finished dataset's directory.

    Args:
        root: where to.
        shards: bytes and seed of each; all but the last are of config SFT.
    """
    manifest = json.loads((DEMO / "manifest.json").read_text())
    listed = []
    for number, (size, seed) in enumerate(shards):
        last = number == len(shards) - 1
        config, count = ("RL", 1) if last else ("SFT", len(shards) - 1)
        name = f"{config}/math/v1-{0 if last else number:05d}-of-{count:05d}.parquet"
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        draw = random.Random(seed)
        with path.open("wb") as file:
            for begin in range(0, size, _PIECE):
                file.write(draw.randbytes(min(_PIECE, size - begin)))
        entry = {"path": name, "config": config, "split": "math", "rows": 5, "bytes": size}
        listed.append({**entry, "sha256": store.sha256(path), "ids": []})
    manifest["shards"] = listed
    (root / "recipe.toml").write_text('pipeline = "math"\n')
    (root / PICTURE).write_bytes((DEMO / PICTURE).read_bytes())
    (root / "README.md").write_text(render_card(manifest))
    store.write_json(root / "manifest.json", manifest)
    return root
