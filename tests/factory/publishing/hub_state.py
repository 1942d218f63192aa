"""What a stand-in of the Hub holds: users, repositories, commits, pull requests, large objects."""

import base64
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from huggingface_hub.utils.sha import git_hash

LFS_SUFFIXES = (".parquet", ".safetensors", ".png")
REGULAR_AT_MOST = 10_000_000


class Refused(Exception):
    """A request gets this reply."""

    def __init__(self, status: int, text: str, code: str = "") -> None:
        super().__init__(text)
        self.status, self.text, self.code = status, text, code


@dataclass(frozen=True)
class Stored:
    """A file of a commit; what is large lies among the objects of its repository."""

    data: bytes
    lfs: tuple[str, int] | None = None

    def row(self, path: str) -> dict[str, Any]:
        size = self.lfs[1] if self.lfs else len(self.data)
        row = {"type": "file", "path": path, "size": size, "oid": git_hash(self.data)}
        if self.lfs:
            row["lfs"] = {"oid": self.lfs[0], "size": size, "pointerSize": 134}
        return row


@dataclass
class Repo:
    kind: str
    name: str
    private: bool
    commits: dict[str, dict[str, Stored]] = field(default_factory=dict)
    messages: dict[str, str] = field(default_factory=dict)
    heads: dict[str, str] = field(default_factory=dict)
    requests: list[dict[str, Any]] = field(default_factory=list)
    objects: dict[str, bytes | None] = field(default_factory=dict)
    """Large objects by sha256; None where the bytes were not kept."""

    def __post_init__(self) -> None:
        self.add("main", {".gitattributes": Stored(b"*.parquet filter=lfs\n")}, "initial commit")

    def add(self, branch: str, files: dict[str, Stored], message: str) -> str:
        commit = hashlib.sha1(f"{self.name} {len(self.commits)}".encode()).hexdigest()
        self.commits[commit], self.messages[commit] = files, message
        self.heads[branch] = commit
        return commit

    def resolve(self, revision: str) -> str:
        commit = self.heads.get(revision, revision)
        if commit not in self.commits:
            raise Refused(404, f"Invalid rev id: {revision}", "RevisionNotFound")
        return commit

    def files(self, revision: str = "main") -> dict[str, Stored]:
        return self.commits[self.resolve(revision)]

    def commit(self, revision: str, lines: bytes, user: str, new_request: bool) -> dict[str, Any]:
        """Apply the NDJSON of a commit."""
        head = self.resolve(revision)
        items = [json.loads(line) for line in lines.splitlines()]
        values = [(item["key"], item["value"]) for item in items]
        assert values[0][0] == "header", values[0]
        title = values[0][1]["summary"]
        if values[0][1].get("parentCommit", head) != head:
            raise Refused(412, "A commit has happened since. Please refresh and try again.")
        files = dict(self.files(revision))
        for key, value in values[1:]:
            path = value["path"]
            if key == "file":
                files[path] = Stored(base64.b64decode(value["content"]))
            elif key == "lfsFile":
                if value["oid"] not in self.objects:
                    raise Refused(400, f"LFS pointer of {path} points to a file that isn't there")
                files[path] = Stored(b"", (value["oid"], value["size"]))
            elif key == "deletedFile":
                del files[path]
            else:
                raise Refused(400, f"unknown operation {key}")
        place = f"/{self.kind}s/{self.name}".replace("/models", "")
        if not new_request:
            commit = self.add(revision, files, title)
            return {"commitOid": commit, "commitUrl": f"{place}/commit/{commit}"}
        number = len(self.requests) + 1
        self.requests.append({"num": number, "title": title, "author": user, "status": "open"})
        commit = self.add(f"refs/pr/{number}", files, title)
        url = f"{place}/discussions/{number}"
        told = {"commitOid": commit, "commitUrl": f"{place}/commit/{commit}"}
        return {**told, "pullRequestUrl": url}

    def download(self, folder: Path, revision: str = "main") -> Path:
        """Lay a revision out on the disk, as a downloaded copy."""
        for name, stored in self.files(revision).items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            data = self.objects[stored.lfs[0]] if stored.lfs else stored.data
            assert data is not None, name
            path.write_bytes(data)
        return folder


@dataclass
class State:
    """Everything."""

    repos: dict[tuple[str, str], Repo] = field(default_factory=dict)
    users: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What whoami says, by token."""

    def repo(self, kind: str, name: str, user: dict[str, Any]) -> Repo:
        found = self.repos.get((kind, name))
        if found is None or (found.private and not may_write(user, name)):
            raise Refused(404, "Repository not found", "RepoNotFound")
        return found

    def create(self, kind: str, name: str, private: bool, user: dict[str, Any]) -> Repo:
        if not may_write(user, name):
            owner = name.split("/")[0]
            text = f"You don't have the rights to create a {kind} under the namespace {owner!r}"
            raise Refused(403, text)
        return self.repos.setdefault((kind, name), Repo(kind, name, private))


def may_write(user: dict[str, Any], name: str) -> bool:
    owner = name.split("/")[0]
    writes = user["auth"]["accessToken"]["role"] == "write"
    return writes and owner in (user["name"], *(org["name"] for org in user["orgs"]))
