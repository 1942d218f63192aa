"""Who may import whom, and what importing the packages must not cost."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "factory": {"factory"},
    "filters": {"filters", "factory"},
    "pipelines": {"pipelines", "filters", "factory"},
    "training": {"training", "filters", "factory"},
}
DASK_FILES = {"cluster.py", "engine.py", "stages.py", "rehearsal.py", "partwork.py"}
COMMANDS = {ROOT / "factory" / "cli.py", *(ROOT / "factory" / "commands").glob("*.py")}
CARRIED = {ROOT / "training" / "students" / "model.py"}
"""A checkpoint carries it with what it imports relatively, and transformers runs the copies."""
HEAVY = {"torch", "transformers", "trl", "vllm", "ray"}


def imports(path: Path) -> list[tuple[str, bool]]:
    """(module, whether it is imported at the top level) for each absolute import of a file."""
    tree = ast.parse(path.read_text())
    found = []
    for node in ast.walk(tree):
        top = node in tree.body
        if isinstance(node, ast.Import):
            found += [(alias.name, top) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.module
            if node.level == 1 and path in CARRIED:
                continue
            assert node.level == 0, f"{path}: relative import"
            private = [a.name for a in node.names if a.name.startswith("_") and a.name[:2] != "__"]
            assert not private, f"{path}: imports private names {private}"
            found.append((node.module, top))
    return found


def files() -> list[Path]:
    return [path for package in MAY_IMPORT for path in sorted((ROOT / package).rglob("*.py"))]


@pytest.mark.parametrize("path", files(), ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_point_one_way(path: Path):
    package = path.relative_to(ROOT).parts[0]
    for module, top in imports(path):
        owner = module.split(".")[0]
        if owner not in MAY_IMPORT or owner in MAY_IMPORT[package]:
            continue
        assert path in COMMANDS, f"{path} imports {module}"
        assert not top, f"{path} imports {module} at the top level"


def test_only_the_engine_knows_dask():
    users = {
        path.name
        for path in (ROOT / "factory").rglob("*.py")
        if any(module.split(".")[0] in ("dask", "distributed") for module, _ in imports(path))
    }
    assert users <= DASK_FILES


@pytest.mark.parametrize(
    "package", ["factory.cli", "factory.engine", "filters", "pipelines", "training"]
)
def test_importing_a_package_loads_nothing_heavy(package: str):
    code = f"import sys, {package}; print(*[m for m in {sorted(HEAVY)} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_every_public_name_of_factory_and_filters_has_a_docstring():
    for path in [p for p in files() if p.parts[len(ROOT.parts)] in ("factory", "filters")]:
        tree = ast.parse(path.read_text())
        assert ast.get_docstring(tree), path
        for node in tree.body:
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                assert ast.get_docstring(node), f"{path}: {node.name}"
