"""A stand-in of the Hub on loopback, for the real client: what `factory publish` asks of it.

It speaks what the client of huggingface_hub 1.33 speaks without xet: whoami, create, info, tree in
pages, preupload, the LFS batch with PUT, multipart and verify, commits as NDJSON, branches,
settings and pull requests. `fail` makes it misbehave. It counts the bytes of large objects as they
come, so that what a killed client had sent is known.
"""

import hashlib
import json
import re
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from tests.factory.publishing.hub_state import (
    LFS_SUFFIXES,
    REGULAR_AT_MOST,
    Refused,
    Repo,
    State,
    may_write,
)

PAGE = 7
"""Files in a page of a tree."""
_KEPT_AT_MOST = 50_000_000
_API = r"/api/(dataset|model)s/([\w.-]+/[\w.-]+)"


class HungUp(Exception):
    """The connection ends without a reply."""


@dataclass
class Fault:
    """What goes wrong with requests whose line holds a text."""

    where: str
    status: int = 0
    """The reply; 0 to hang up."""
    times: int = 1
    after: str = "nothing"
    """Hang up after `nothing`, `half` of the body, or `all`: done, and only the reply is lost."""
    headers: dict[str, str] = field(default_factory=dict)
    text: str = "a fault of the test"


class HubServer(ThreadingHTTPServer):
    """Listens on a free port of loopback."""

    daemon_threads = True

    def __init__(self, *, keep: bool = True, multipart_over: int = 1 << 40) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.state = State()
        self.keep = keep
        self.multipart_over = multipart_over
        self.faults: list[Fault] = []
        self.lines: list[str] = []
        """Every request, `METHOD path`."""
        self.received: Counter[str] = Counter()
        """Bytes that came of each large object, over all attempts."""
        self.completed: Counter[str] = Counter()
        """How often each large object came whole."""
        self.parts: dict[tuple[str, int], bytes] = {}
        self.lock = threading.RLock()
        self.on_bytes: Callable[[int], None] = lambda total: None
        """Told the bytes of large objects that came in all."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def fail(self, where: str, status: int = 0, **fields: Any) -> Fault:
        self.faults.append(Fault(where, status, **fields))
        return self.faults[-1]

    def asked(self, text: str) -> int:
        """How many requests held a text."""
        return sum(text in line for line in self.lines)

    def user(self, token: str, name: str, *orgs: str, role: str = "write") -> None:
        self.state.users[token] = {
            "type": "user",
            "name": name,
            "orgs": [{"name": org, "roleInOrg": "write"} for org in orgs],
            "auth": {"type": "access_token", "accessToken": {"displayName": "t", "role": role}},
        }

    def repo(self, name: str, kind: str = "dataset") -> Repo:
        return self.state.repos[kind, name]

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that was killed is no error."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or each reply waits for the client's delayed acknowledgement
    server: HubServer

    def log_message(self, format: str, *arguments: Any) -> None:
        """Nothing: the tests read `lines`."""

    def do_GET(self) -> None:
        self._answer()

    do_POST = do_PUT = do_HEAD = do_GET

    def _answer(self) -> None:
        line = f"{self.command} {unquote(self.path)}"
        self.left = int(self.headers.get("Content-Length") or 0)
        with self.server.lock:
            self.server.lines.append(line)
            fault = next((f for f in self.server.faults if f.times and f.where in line), None)
            if fault:
                fault.times -= 1
        try:
            if fault and fault.status:
                self._drain(self.left)
                body = {"error": fault.text}
                return self._reply(fault.status, body, fault.headers)
            if fault and fault.after != "all":
                self._drain(self.left // 2 if fault.after == "half" else 0)
                raise HungUp
            status, body, headers = self._handled(line)
            if fault:
                raise HungUp
            self._reply(status, body, headers)
        except Refused as refused:
            self._drain(self.left)
            headers = {"X-Error-Code": refused.code} if refused.code else {}
            self._reply(refused.status, {"error": refused.text}, headers)
        except HungUp:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)

    def _reply(self, status: int, body: Any, headers: dict[str, str]) -> None:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def _drain(self, size: int) -> None:
        while size > 0 and (chunk := self.rfile.read(min(size, 1 << 20))):
            size -= len(chunk)
            self.left -= len(chunk)

    def _body(self) -> bytes:
        data = self.rfile.read(self.left)
        self.left = 0
        return data

    def _json(self) -> Any:
        return json.loads(self._body() or b"{}")

    def _handled(self, line: str) -> tuple[int, Any, dict[str, str]]:
        if self.path.startswith("/lfs/"):
            return self._large()
        user = self.server.state.users.get(self.headers.get("Authorization", "")[7:])
        if user is None:
            raise Refused(401, "Invalid username or password.")
        body = self._body()
        with self.server.lock:
            return self._api(user, body)

    def _api(self, user: dict[str, Any], body: bytes) -> tuple[int, Any, dict[str, str]]:
        address = urlsplit(self.path)
        path, query = address.path, parse_qs(address.query)
        if path == "/api/whoami-v2":
            return 200, user, {}
        if path == "/api/validate-yaml":
            text = json.loads(body)["content"]
            if "not-a-licence" in text:
                error = {"message": '"license" must be one of the known ones'}
                return 400, {"errors": [error], "warnings": []}, {}
            return 200, {"errors": [], "warnings": []}, {}
        if path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked['organization']}/{asked['name']}"
            kind, private = asked.get("type", "model"), asked.get("visibility") == "private"
            place = f"datasets/{name}" if kind == "dataset" else name
            told = {"url": f"{self.server.url}/{place}"}
            if (kind, name) in self.server.state.repos and may_write(user, name):
                return 409, {**told, "error": f"You already created this {kind} repo"}, {}
            self.server.state.create(kind, name, private, user)
            return 200, told, {}
        if found := re.fullmatch(
            r"/(datasets/)?([\w.-]+/[\w.-]+)\.git/info/lfs/objects/batch", path
        ):
            repo = self.server.state.repo("dataset" if found[1] else "model", found[2], user)
            return 200, self._batch(repo, json.loads(body), user), {}
        if found := re.fullmatch(rf"{_API}(?:/([\w-]+)(?:/([^/]+))?)?", path):
            repo = self.server.state.repo(found[1], found[2], user)
            return self._of_repo(repo, found[3], unquote(found[4] or "main"), query, body, user)
        if found := re.fullmatch(r"/datasets/([\w.-]+/[\w.-]+)/resolve/([^/]+)/(.+)", path):
            repo = self.server.state.repo("dataset", found[1], user)
            return self._file(repo, unquote(found[2]), unquote(found[3]))
        raise Refused(404, f"the stand-in has no {self.command} {path}")

    def _file(self, repo: Repo, revision: str, path: str) -> tuple[int, bytes, dict[str, str]]:
        """A file that is not large, as it lies in a commit."""
        stored = repo.files(revision).get(path)
        if stored is None:
            raise Refused(404, "Entry not found", "EntryNotFound")
        tag = hashlib.sha256(stored.data).hexdigest()
        headers = {"ETag": f'"{tag}"', "X-Repo-Commit": repo.resolve(revision)}
        return 200, stored.data, headers

    def _of_repo(
        self,
        repo: Repo,
        what: str | None,
        revision: str,
        query: dict[str, list[str]],
        body: bytes,
        user: dict[str, Any],
    ) -> tuple[int, Any, dict[str, str]]:
        proposed = "create_pr" in query or revision.startswith("refs/pr/")
        if self.command != "GET" and not proposed and not may_write(user, repo.name):
            raise Refused(403, "You don't have write access to this repo")
        if what in (None, "revision"):
            tells = {"id": repo.name, "sha": repo.resolve(revision), "private": repo.private}
            return 200, {**tells, "tags": [], "likes": 0, "downloads": 0, "siblings": []}, {}
        if what == "tree":
            rows = [each.row(path) for path, each in sorted(repo.files(revision).items())]
            first = int(query.get("cursor", ["0"])[0])
            headers = {}
            if first + PAGE < len(rows):
                here = self.path.partition("?")[0]
                next_page = f"{self.server.url}{here}?recursive=True&cursor={first + PAGE}"
                headers["Link"] = f'<{next_page}>; rel="next"'
            return 200, rows[first : first + PAGE], headers
        if what == "preupload":
            files = [self._mode(repo, revision, each) for each in json.loads(body)["files"]]
            return 200, {"files": files}, {}
        if what == "commit":
            made = repo.commit(revision, body, user["name"], "create_pr" in query)
            urls = {k: f"{self.server.url}{v}" for k, v in made.items() if k.endswith("Url")}
            return 200, {**made, **urls}, {}
        if what == "branch":
            if revision in repo.heads:
                raise Refused(409, "Reference already exists")
            repo.heads[revision] = repo.heads["main"]
            return 200, {}, {}
        if what == "settings":
            repo.private = json.loads(body)["visibility"] == "private"
            return 200, {"private": repo.private}, {}
        if what == "discussions":
            author = query.get("author", [""])[0]
            found = [
                {
                    **each,
                    "author": {"name": each["author"]},
                    "createdAt": "2026-11-27T00:00:00.000Z",
                    "repo": {"name": repo.name, "type": repo.kind},
                    "isPullRequest": True,
                }
                for each in repo.requests
                if author in ("", each["author"])
            ]
            return 200, {"discussions": found, "count": len(found), "start": 0}, {}
        raise Refused(404, f"the stand-in has no {self.command} {what}")

    def _mode(self, repo: Repo, revision: str, file: dict[str, Any]) -> dict[str, Any]:
        path = file["path"]
        large = path.endswith(LFS_SUFFIXES) or file["size"] > REGULAR_AT_MOST
        told = {"path": path, "uploadMode": "lfs" if large else "regular", "shouldIgnore": False}
        if stored := repo.files(revision).get(path):
            told["oid"] = stored.lfs[0] if stored.lfs else stored.row(path)["oid"]
        return told

    def _batch(self, repo: Repo, asked: dict[str, Any], user: dict[str, Any]) -> dict[str, Any]:
        ref = asked.get("ref", {}).get("name", "refs/pr/")
        if not ref.startswith("refs/pr/") and not may_write(user, repo.name):
            raise Refused(403, "You don't have write access to this repo")
        told = []
        for each in asked["objects"]:
            oid, size = each["oid"], each["size"]
            place = f"{self.server.url}/lfs/{repo.kind}/{repo.name}/{oid}/{size}"
            upload: dict[str, Any] = {"href": f"{place}/whole?X-Amz-Signature=secret"}
            if size > self.server.multipart_over:
                chunk = self.server.multipart_over
                parts = range(1, -(-size // chunk) + 1)
                header = {f"{n:05d}": f"{place}/part-{n}?X-Amz-Signature=secret" for n in parts}
                upload = {
                    "href": f"{place}/complete",
                    "header": {"chunk_size": str(chunk), **header},
                }
            actions = {"upload": upload, "verify": {"href": f"{place}/verify"}}
            there = oid in repo.objects
            told.append({"oid": oid, "size": size, **({} if there else {"actions": actions})})
        return {"transfer": "basic", "objects": told}

    def _large(self) -> tuple[int, Any, dict[str, str]]:
        _, _, kind, owner, name, oid, size, what = urlsplit(self.path).path.split("/")
        repo = self.server.state.repos.get((kind, f"{owner}/{name}"))
        if repo is None:
            raise Refused(404, "Repository not found", "RepoNotFound")
        if what == "verify":
            self._body()
            if oid not in repo.objects:
                raise Refused(404, "Object does not exist")
            return 200, {}, {}
        if what == "complete":
            numbers = [part["partNumber"] for part in self._json()["parts"]]
            data = b"".join(self.server.parts[oid, number] for number in numbers)
            return self._store(repo, oid, int(size), sha256(data).hexdigest(), data)
        kept = BytesIO()
        keep = self.server.keep and self.left <= _KEPT_AT_MOST
        digest = sha256()
        for chunk in self._chunks(oid):
            digest.update(chunk)
            if keep:
                kept.write(chunk)
        if what.startswith("part-"):
            self.server.parts[oid, int(what[5:])] = kept.getvalue()
            return 200, {}, {"ETag": f'"{what}"'}
        data = kept.getvalue() if keep else None
        return self._store(repo, oid, int(size), digest.hexdigest(), data)

    def _store(
        self, repo: Repo, oid: str, size: int, found: str, data: bytes | None
    ) -> tuple[int, Any, dict[str, str]]:
        if found != oid or (data is not None and len(data) != size):
            raise Refused(400, "the content does not have this sha256")
        with self.server.lock:
            repo.objects[oid] = data
            self.server.completed[oid] += 1
        return 200, {}, {}

    def _chunks(self, oid: str) -> Iterator[bytes]:
        while self.left:
            chunk = self.rfile.read1(min(self.left, 1 << 18))
            if not chunk:
                raise HungUp
            self.left -= len(chunk)
            with self.server.lock:
                self.server.received[oid] += len(chunk)
                self.server.on_bytes(self.server.received.total())
            yield chunk


@contextmanager
def serving(**options: Any) -> Iterator[HubServer]:
    """A stand-in that ends with the block."""
    with HubServer(**options) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
