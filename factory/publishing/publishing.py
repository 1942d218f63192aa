"""The way of a directory onto the Hub."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import CommitOperationAdd, CommitOperationDelete

from factory.errors import ConfigError
from factory.progress import Progress
from factory.publishing.contents import Contents, FileToSend, read_contents
from factory.publishing.hub import Hub, check_name
from factory.publishing.planning import Plan, make_plan
from factory.publishing.requests import remember_request
from factory.publishing.sending import IN_FLIGHT, send_all
from factory.publishing.session import watched_session


@dataclass(frozen=True, kw_only=True)
class PublishOptions:
    """How a directory is published."""

    private: bool | None = None
    """None: a new repository is private, one that is there stays as it is."""
    create_pr: bool = False
    revision: str | None = None
    """A branch; made from main where it is not there. With create_pr: the one that it is for."""
    license: str | None = None
    replace: bool = False
    """Shards that the repository holds and the manifest does not list are deleted."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of it."""

    url: str
    plan: Plan


def publish(
    path: Path,
    repo: str,
    options: PublishOptions | None = None,
    *,
    progress: Progress | None = None,
    in_flight: int = IN_FLIGHT,
) -> Outcome:
    """Bring a verified dataset or a student onto the Hub, or go on with that.

    Args:
        path: a run, a dataset's directory, a mixture, a downloaded copy, or a student.
        repo: ORG/NAME.
        options: private and into main by default.
        progress: is told what is done.
        in_flight: shards that are sent at once.

    Raises:
        ConfigError: the directory, the name, the token or the repository's contents do not fit.
        RunError: a shard is damaged, or the Hub does not do its part; the same command goes on.
    """
    options = options or PublishOptions()
    progress = progress or Progress(quiet=True)
    check_name(repo)
    with progress:
        progress.stage("comparing the files with the manifest")
        contents = read_contents(path, options.license)
        with watched_session(progress):
            hub = Hub(repo, contents.kind, progress)
            progress.say(f"{hub.url}, as {hub.user}")
            return _Publication(hub, contents, options, progress, in_flight).run()


@dataclass(frozen=True)
class _Publication:
    hub: Hub
    contents: Contents
    options: PublishOptions
    progress: Progress
    in_flight: int

    def run(self) -> Outcome:
        self.hub.check_card(self.contents.card)
        was_private = self._prepare()
        number = self._open_request()
        revision = f"refs/pr/{number}" if number else self.options.revision
        listed = self.hub.list_files(revision)
        plan = make_plan(self.contents, listed.files, replace=self.options.replace)
        url = f"{self.hub.url}/discussions/{number}" if number else self.hub.url
        if plan.send or plan.delete:
            new = self.options.create_pr and number is None
            committed = self._send(plan, revision, listed.commit, new)
            url = url if number else committed
            if new:
                remember_request(self.hub.url, self._title, int(url.rpartition("/")[2]))
        if self.options.private is False and was_private:
            self.hub.set_private(False)  # now that all of it is there
        return Outcome(url=url, plan=plan)

    def _prepare(self) -> bool:
        """See to the repository and its branch; returns whether it is private."""
        wanted = self.options.private
        private = self.hub.visibility()
        if private is None:
            private = wanted is not False
            self.hub.create(private)
        elif wanted and not private:
            self.hub.set_private(True)
            private = True
        branch = self.options.revision
        if branch and not self.hub.has_branch(branch):
            if self.options.create_pr or branch.startswith("refs/"):
                raise ConfigError(f"{self.hub.repo}: no branch {branch}; look at --revision")
            self.hub.create_branch(branch)
        return private

    @property
    def _title(self) -> str:
        to = f" to {self.options.revision}" if self.options.revision else ""
        return self.contents.title + (to if self.options.create_pr else "")

    def _open_request(self) -> int | None:
        return self.hub.open_request(self._title) if self.options.create_pr else None

    def _send(self, plan: Plan, revision: str | None, parent: str, new: bool) -> str:
        shards = {file.name for file in self.contents.shards}
        large = [file for file in plan.send if file.name in shards]
        total = len(shards)
        self.progress.stage("sending shards", total=total, done=total - len(large))
        additions = {file.name: _addition(file) for file in plan.send}
        send_all(
            large,
            lambda file: self.hub.upload(additions[file.name], revision, new),
            lambda _: self.progress.part_done({}),
            self.in_flight,
        )
        self.progress.stage("committing card and manifest")
        return self.hub.commit(
            [*additions.values(), *(CommitOperationDelete(name) for name in plan.delete)],
            self._title,
            revision=revision,
            parent=parent,
            new_request=new,
            done=self._whether_done(revision, new),
        )

    def _whether_done(self, revision: str | None, new: bool) -> Callable[[], str | None]:
        """For after a lost reply: where the commit is, if it was made."""

        def look() -> str | None:
            if new:
                number = self._open_request()
                return f"{self.hub.url}/discussions/{number}" if number else None
            listed = self.hub.list_files(revision)
            left = make_plan(self.contents, listed.files, replace=True)
            return None if left.send or left.delete else f"{self.hub.url}/commit/{listed.commit}"

        return look


def _addition(file: FileToSend) -> CommitOperationAdd:
    made = CommitOperationAdd(path_in_repo=file.name, path_or_fileobj=file.source)
    made.upload_info.sha256 = bytes.fromhex(file.sha256)  # known: not read for it once more
    return made
