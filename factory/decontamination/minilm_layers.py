"""The layers of the bundled embedding model, in plain torch.

torch's own encoder layer computes what transformers' BertModel does.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch


@dataclass(frozen=True, slots=True)
class Network:
    """The layers in one precision."""

    words: "torch.Tensor"
    positions: "torch.Tensor"
    norm: Any
    encoder: Any

    def __call__(self, ids_BT: "torch.Tensor", mask_BT: "torch.Tensor") -> "torch.Tensor":
        """float32 vectors of length 1, shape (B, 384)."""
        import torch

        states_BTD = self.norm(self.words[ids_BT] + self.positions[: ids_BT.shape[1]])
        padded = None if bool(mask_BT.all()) else ~mask_BT
        states_BTD = self.encoder(states_BTD, src_key_padding_mask=padded).float()
        mean_BD = (states_BTD * mask_BT[:, :, None]).sum(1) / mask_BT.sum(1)[:, None]
        return torch.nn.functional.normalize(mean_BD, dim=1)


def load_network(path: Path, dtype_name: str) -> Network:
    """The network from a file of weights, on a GPU where there is one."""
    import torch
    from safetensors.torch import load_file

    weights = load_file(path)
    norm = torch.nn.LayerNorm(384, eps=1e-12)
    _fill(norm, weights, "embeddings.LayerNorm")
    layer = torch.nn.TransformerEncoderLayer(384, 12, 1536, 0.0, "gelu", 1e-12, batch_first=True)
    encoder = torch.nn.TransformerEncoder(layer, 6, enable_nested_tensor=False)
    for number, each in enumerate(encoder.layers):
        _fill_layer(each, weights, f"encoder.layer.{number}")
    kinds = weights["embeddings.token_type_embeddings.weight"][0]  # all tokens are of the first
    device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = getattr(torch, dtype_name)
    return Network(
        words=weights["embeddings.word_embeddings.weight"].to(device, dtype),
        positions=(weights["embeddings.position_embeddings.weight"] + kinds).to(device, dtype),
        norm=norm.to(device, dtype).eval(),
        encoder=encoder.to(device, dtype).eval(),
    )


def _fill_layer(layer: Any, weights: dict[str, Any], prefix: str) -> None:
    import torch

    names = [f"{prefix}.attention.self.{part}" for part in ("query", "key", "value")]
    with torch.no_grad():
        attention = layer.self_attn
        attention.in_proj_weight.copy_(torch.cat([weights[f"{name}.weight"] for name in names]))
        attention.in_proj_bias.copy_(torch.cat([weights[f"{name}.bias"] for name in names]))
    _fill(layer.self_attn.out_proj, weights, f"{prefix}.attention.output.dense")
    _fill(layer.norm1, weights, f"{prefix}.attention.output.LayerNorm")
    _fill(layer.linear1, weights, f"{prefix}.intermediate.dense")
    _fill(layer.linear2, weights, f"{prefix}.output.dense")
    _fill(layer.norm2, weights, f"{prefix}.output.LayerNorm")


def _fill(module: Any, weights: dict[str, Any], name: str) -> None:
    module.load_state_dict({kind: weights[f"{name}.{kind}"] for kind in ("weight", "bias")})
