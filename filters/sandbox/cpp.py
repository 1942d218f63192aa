"""C++ by the system's compiler, which is run in the sandbox too: a source can name any file."""

import shutil
from dataclasses import dataclass

from factory.errors import PrerequisiteError
from filters.sandbox import shell
from filters.sandbox.limits import Limits, Outcome
from filters.sandbox.warm import run

COMPILING = Limits(cpu_s=30.0, memory_mb=2048, file_mb=128)
_STANDARD = "c++20"


@dataclass(frozen=True)
class Compiled:
    """What the compiler made.

    Attributes:
        binary: the program; empty where it made none.
        outcome: how the compiler ended; its messages are in `outcome.stderr`.
    """

    binary: bytes
    outcome: Outcome


def compile_cpp(
    source: str, *, limits: Limits = COMPILING, allow_unsandboxed: bool = False
) -> Compiled:
    """Compile a program; run it with `run(["./program"], files={"program": compiled.binary})`.

    Raises:
        PrerequisiteError: g++, bubblewrap or namespaces are missing.
    """
    if not shutil.which("g++", path=shell.PATH):
        raise PrerequisiteError("C++ programs need g++ in /usr/bin; install the package g++")
    outcome = run(
        ["g++", f"-std={_STANDARD}", "-O2", "-o", "program", "program.cpp"],
        files={"program.cpp": source.encode(errors="surrogatepass")},
        limits=limits,
        collect="program",
        allow_unsandboxed=allow_unsandboxed,
    )
    done = outcome.status == "exited" and outcome.exit_code == 0
    return Compiled(binary=(outcome.collected or b"") if done else b"", outcome=outcome)
