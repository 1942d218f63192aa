"""A stand-in of the Hub that the real client talks to, and small directories to publish."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from huggingface_hub import constants

from factory import store
from factory.card import render_card
from tests.factory.publishing.datasets import write_dataset
from tests.factory.publishing.hub_server import HubServer, serving

TOKEN = "hf_SecretOfTheTests"
CONTENT_WARNING = "ignore:Use 'content=:DeprecationWarning"
"""How the client itself calls httpx."""


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """A finished dataset: the demo's manifest over six small shards of its own."""
    return write_dataset(tmp_path / "dataset", [(2000 + n, n) for n in range(6)])


@pytest.fixture
def made(dataset: Path, tmp_path: Path) -> Path:
    """The run that it is of, as far as publishing looks at it."""
    run = tmp_path / "run"
    run.mkdir()
    (run / "plan.json").write_text("{}")
    dataset.rename(run / "dataset")
    return run


@pytest.fixture
def student(tmp_path: Path) -> Path:
    """A model's directory with two files of weights and what a trainer leaves behind."""
    root = tmp_path / "nano"
    root.mkdir()
    for name in ("model-00001-of-00002", "model-00002-of-00002"):
        header = {name: {"dtype": "U8", "shape": [6], "data_offsets": [0, 6]}}
        text = json.dumps(header).encode()
        data = len(text).to_bytes(8, "little") + text + b"weight"
        (root / f"{name}.safetensors").write_bytes(data)
    (root / "config.json").write_text('{"model_type": "llama"}')
    (root / "README.md").write_text("---\nlicense: apache-2.0\n---\n# Nano\n")
    (root / "optimizer.pt").write_bytes(b"pickle")
    (root / "checkpoint-5").mkdir()
    return root


@pytest.fixture
def naps(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made; none of them is waited for."""
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)
    return pauses


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Callable[[HubServer], HubServer]:
    """Sends the client of this process to a stand-in, as HF_ENDPOINT would at its start."""

    def to(server: HubServer) -> HubServer:
        server.user(TOKEN, "ada", "lab")
        monkeypatch.setattr(constants, "ENDPOINT", server.url)
        files = f"{server.url}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", files)
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", True)
        monkeypatch.setenv("HF_TOKEN", TOKEN)
        return server

    return to


@pytest.fixture
def hub(connect: Callable[[HubServer], HubServer]) -> Iterator[HubServer]:
    with serving() as server:
        yield connect(server)


class Spoil:
    """Changes that leave a dataset as its manifest says: what another run would have made."""

    def another_shard(self, dataset: Path) -> str:
        """The second shard with other bytes; returns its path."""
        manifest = json.loads((dataset / "manifest.json").read_text())
        shard = manifest["shards"][1]
        path = dataset / shard["path"]
        data = path.read_bytes()
        path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        shard["sha256"] = store.sha256(path)
        (dataset / "manifest.json").write_text(json.dumps(manifest))
        (dataset / "README.md").write_text(render_card(manifest))
        return str(shard["path"])

    def without_a_shard(self, dataset: Path) -> str:
        """The second shard gone; returns its path."""
        manifest = json.loads((dataset / "manifest.json").read_text())
        shard = manifest["shards"].pop(1)
        (dataset / shard["path"]).unlink()
        (dataset / "manifest.json").write_text(json.dumps(manifest))
        (dataset / "README.md").write_text(render_card(manifest))
        return str(shard["path"])


@pytest.fixture
def spoil() -> Spoil:
    return Spoil()
