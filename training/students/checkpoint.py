"""A student's directory, read without loading the model: configuration, names and shapes."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from torch import Tensor

from factory.errors import ConfigError
from training.students.config import DeciLMConfig
from training.students.model import DeciLMForCausalLM


def read_config(directory: Path) -> DeciLMConfig:
    """The configuration of a checkpoint.

    Raises:
        ConfigError: it is missing, of another format or contradicts itself; the message names the
            layer where there is one.
    """
    path = directory / "config.json"
    try:
        table: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: cannot be read as JSON: {error}") from error
    for key, value in {
        "model_type": DeciLMConfig.model_type,
        "architectures": ["DeciLMForCausalLM"],
        "intermediate_size": None,
        "num_key_value_heads": None,
    }.items():
        if table.get(key) != value:
            raise ConfigError(f"{path}: {key} must be {value!r}, got {table.get(key)!r}")
    if not isinstance(table.get("block_configs"), list):
        raise ConfigError(f"{path}: block_configs must be a list with one block for each layer")
    try:
        config: DeciLMConfig = DeciLMConfig.from_dict(table)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{path}: {error}") from error
    return config


def on_meta(config: DeciLMConfig) -> DeciLMForCausalLM:
    """The model without memory for its weights: 253 billion parameters in seconds."""
    with torch.device("meta"):
        return DeciLMForCausalLM(config)


def layer_of(name: str) -> str:
    """`"layer 3: "` for a weight of that layer, nothing for one outside the layers."""
    parts = name.split(".")
    return f"layer {parts[2]}: " if parts[:2] == ["model", "layers"] else ""


class Weights:
    """The safetensors files of a directory, read tensor by tensor.

    Raises:
        ConfigError: there are none, or one is damaged.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.shapes: dict[str, tuple[int, ...]] = {}
        self._files: dict[str, Path] = {}
        for path in sorted(directory.glob("*.safetensors")):
            try:
                with safe_open(path, "pt") as file:
                    for name in file.keys():  # noqa: SIM118 - it is no mapping
                        self.shapes[name] = tuple(file.get_slice(name).get_shape())
                        self._files[name] = path
            except SafetensorError as error:
                raise ConfigError(f"{path}: damaged: {error}") from error
        if not self.shapes:
            raise ConfigError(f"{directory}: no *.safetensors in it")

    def load(self, names: Iterable[str]) -> dict[str, Tensor]:
        """Those of the tensors that exist, by name, as they were saved.

        Raises:
            ConfigError: one has values that are not finite.
        """
        tensors = {}
        for name in names:
            if name in self._files:
                with safe_open(self._files[name], "pt") as file:
                    tensors[name] = file.get_tensor(name)
        self.require_finite(tensors)
        return tensors

    def require_finite(self, tensors: Mapping[str, Tensor]) -> None:
        """Raises ConfigError for the first of these weights that is not finite."""
        for name, tensor in tensors.items():
            if not tensor.isfinite().all():
                raise ConfigError(f"{self.directory}: {layer_of(name)}{name} is not finite")

    def require_shapes(self, model: DeciLMForCausalLM) -> None:
        """Compare with what the configuration asks for.

        Raises:
            ConfigError: a weight is missing, unknown or of another shape.
        """
        expected = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
        tied = set(model._tied_weights_keys) if model.config.tie_word_embeddings else set()
        for name, shape in expected.items():
            where = f"{self.directory}: {layer_of(name)}"
            found = self.shapes.get(name)
            if found is None and name not in tied:
                raise ConfigError(f"{where}{name} is missing; config.json asks for {shape}")
            if found not in (None, shape):
                raise ConfigError(f"{where}{name} is {found}, and config.json asks for {shape}")
        if unknown := sorted(set(self.shapes) - set(expected)):
            raise ConfigError(
                f"{self.directory}: {layer_of(unknown[0])}{unknown[0]} is not part of the model"
                f" that config.json describes ({len(unknown)} such weights)"
            )
