"""What a benchmark says about the machine and the versions it ran on."""

import os
import platform
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from factory.versions import versions


def describe() -> str:
    """Processor, cores, Python and packages, in one line."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    model = next((line.split(": ")[1] for line in lines if line.startswith("model name")), "?")
    flags = next((line for line in lines if line.startswith("flags")), "")
    extras = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if flag in flags]
    packages = ", ".join(f"{name} {version}" for name, version in versions().items())
    return (
        f"{model or platform.machine()} ({', '.join(extras)}), {os.cpu_count()} cores; {packages}"
    )


def spread(values: Sequence[float]) -> str:
    """Median, and lowest to highest."""
    return f"{median(values):.2f} ({min(values):.2f} to {max(values):.2f})"
