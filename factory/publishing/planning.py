"""What is to be sent to a repository, given what lies there."""

from dataclasses import dataclass
from pathlib import Path

from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils.sha import git_hash

from factory.errors import ConfigError
from factory.publishing.contents import Contents, FileToSend


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What one commit changes."""

    send: tuple[FileToSend, ...]
    """In order, shards first."""
    there: tuple[FileToSend, ...]
    """In the repository already, byte for byte."""
    delete: tuple[str, ...]
    """Shards that are not of this dataset any more."""


def make_plan(contents: Contents, listed: dict[str, RepoFile], *, replace: bool) -> Plan:
    """What is missing, and what would be in the way.

    Args:
        contents: what the directory gives.
        listed: what the repository holds, by name.
        replace: shards of ours that are not among the contents may go.

    Raises:
        ConfigError: the repository holds files that would be loaded together with these.
    """
    names = {file.name for file in contents.files}
    others = sorted(n for n in listed if contents.is_loaded(n) and n not in names)
    strange = [name for name in others if not contents.is_ours(name)]
    if strange:
        raise ConfigError(
            f"the repository holds {_some(strange)}, which was not made here and would be loaded "
            "with this; delete it there, or give another --repo"
        )
    if others and not replace:
        raise ConfigError(
            f"the repository holds {_some(others)}, which the manifest does not list and which "
            "would be loaded with this; --replace deletes it in the same commit"
        )
    there: list[FileToSend] = []
    send: list[FileToSend] = []
    for file in contents.files:
        (there if is_same(file, listed.get(file.name)) else send).append(file)
    return Plan(send=tuple(send), there=tuple(there), delete=tuple(others))


def is_same(file: FileToSend, found: RepoFile | None) -> bool:
    """Whether a repository's file has the bytes of this one."""
    if found is None or found.size != file.size:
        return False
    if found.lfs is not None:
        return bool(found.lfs.sha256 == file.sha256)
    data = file.source.read_bytes() if isinstance(file.source, Path) else file.source
    return bool(git_hash(data) == found.blob_id)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
