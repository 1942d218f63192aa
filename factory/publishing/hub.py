"""One repository of the Hub, by the real client, with errors that say what to do."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import httpx
from huggingface_hub import (
    CommitOperationAdd,
    CommitOperationDelete,
    HfApi,
    get_token,
    is_offline_mode,
)
from huggingface_hub.errors import (
    HFValidationError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoFile
from huggingface_hub.utils import (
    build_hf_headers,
    get_session,
    hf_raise_for_status,
    validate_repo_id,
)

from factory.errors import ConfigError, PrerequisiteError
from factory.progress import Progress
from factory.publishing.contents import Kind
from factory.publishing.patience import Patience
from factory.publishing.refusals import LOG_IN, explained
from factory.publishing.requests import remembered_request

Result = TypeVar("Result")
_FIRST_ATTEMPTS = 4


@dataclass(frozen=True, kw_only=True)
class Listed:
    """What a revision of a repository holds."""

    commit: str
    files: dict[str, RepoFile]


def check_name(repo: str) -> None:
    """Refuse the name of a repository that the Hub would not take.

    Raises:
        ConfigError: it is not ORG/NAME.
    """
    try:
        validate_repo_id(repo)
    except HFValidationError as error:
        raise ConfigError(f"--repo {repo!r}: {error}") from error
    if "/" not in repo:
        raise ConfigError(f"--repo {repo!r}: say whose it is, as in ORG/{repo}")


class Hub:
    """A repository, whether it is there yet or not.

    Args:
        repo: ORG/NAME.
        kind: of the repository.
        progress: is told what is waited for.

    Raises:
        PrerequisiteError: nobody is logged in, or the Hub is switched off.
    """

    def __init__(self, repo: str, kind: Kind, progress: Progress) -> None:
        if is_offline_mode():
            raise PrerequisiteError(
                "HF_HUB_OFFLINE is set, and publishing needs the Hub; unset it, or look at what "
                "would be sent with --dry-run"
            )
        token = get_token()
        if not token:
            raise PrerequisiteError(f"nobody is logged in to the Hub; {LOG_IN}")
        if not (token.isascii() and token.isprintable() and " " not in token):
            raise PrerequisiteError(f"the Hub's token holds characters that no token has; {LOG_IN}")
        self.repo, self.kind = repo, kind
        self._token = token
        self._api = HfApi(token=token, library_name="reasoning-factory")
        self._patience = Patience(progress)

    @cached_property
    def user(self) -> str:
        """Whose token it is.

        Raises:
            PrerequisiteError: the Hub does not accept it.
        """
        return str(self._whoami["name"])

    @cached_property
    def _whoami(self) -> dict[str, Any]:
        ask: Callable[[], dict[str, Any]] = self._api.whoami
        return self._ask(self._api.endpoint, ask, attempts=_FIRST_ATTEMPTS)

    @property
    def url(self) -> str:
        """Where people look at it."""
        return f"{self._api.endpoint}/{'datasets/' if self.kind == 'dataset' else ''}{self.repo}"

    def visibility(self) -> bool | None:
        """Whether it is private; None where there is no such repository, or none to be seen."""

        def look() -> bool | None:
            try:
                return bool(self._api.repo_info(self.repo, repo_type=self.kind).private)
            except RepositoryNotFoundError:
                return None

        return self._ask("info", look)

    def has_branch(self, branch: str) -> bool:
        """Whether it has a branch, a tag or a commit of that name."""

        def look() -> bool:
            try:
                self._api.repo_info(self.repo, repo_type=self.kind, revision=branch)
            except RevisionNotFoundError:
                return False
            return True

        return self._ask("branch", look)

    def check_card(self, text: str) -> None:
        """Let the Hub say whether it would take a card: before the shards are sent, not after."""

        def ask() -> None:
            address = f"{self._api.endpoint}/api/validate-yaml"
            body = {"content": text, "repoType": self.kind}
            headers = build_hf_headers(token=self._token, library_name="reasoning-factory")
            hf_raise_for_status(get_session().post(address, json=body, headers=headers))

        self._ask("card", ask)

    def create(self, private: bool) -> None:
        """Make it; nothing happens where it is there."""
        self._ask(
            "create",
            lambda: self._api.create_repo(
                self.repo, repo_type=self.kind, private=private, exist_ok=True
            ),
        )

    def set_private(self, private: bool) -> None:
        """Show it to everybody, or to nobody else."""
        self._ask(
            "visibility",
            lambda: self._api.update_repo_settings(self.repo, repo_type=self.kind, private=private),
        )

    def create_branch(self, branch: str) -> None:
        """Make a branch from main; nothing happens where it is there."""
        self._ask(
            "branch",
            lambda: self._api.create_branch(
                self.repo, repo_type=self.kind, branch=branch, exist_ok=True
            ),
        )

    def list_files(self, revision: str | None) -> Listed:
        """What a revision holds, and at which commit."""

        def listed() -> Listed:
            where: dict[str, Any] = {"repo_type": self.kind, "revision": revision}
            commit = str(self._api.repo_info(self.repo, **where).sha)
            where["revision"] = commit
            tree = self._api.list_repo_tree(self.repo, recursive=True, **where)
            files = {each.path: each for each in tree if isinstance(each, RepoFile)}
            return Listed(commit=commit, files=files)

        return self._ask("list", listed)

    def open_request(self, title: str) -> int | None:
        """The number of this user's open pull request; the newest of several.

        Args:
            title: its title, or the one that it was opened from here with.
        """
        remembered = remembered_request(self.url, title)

        def numbers() -> list[int]:
            found = self._api.get_repo_discussions(
                self.repo,
                repo_type=self.kind,
                author=self.user,
                discussion_type="pull_request",
            )
            return [
                each.num
                for each in found
                if each.is_pull_request
                and each.status in ("open", "draft")
                and (each.title == title or each.num == remembered)
            ]

        return max(self._ask("pull requests", numbers), default=None)

    def upload(self, addition: CommitOperationAdd, revision: str | None, new_request: bool) -> None:
        """Bring the bytes of a large file; nothing is sent where the Hub has them."""
        self._ask(
            addition.path_in_repo,
            lambda: self._api.preupload_lfs_files(
                self.repo,
                [addition],
                repo_type=self.kind,
                revision=revision,
                create_pr=new_request,
                free_memory=False,
            ),
        )

    def commit(
        self,
        operations: Iterable[CommitOperationAdd | CommitOperationDelete],
        title: str,
        *,
        revision: str | None,
        parent: str,
        new_request: bool,
        done: Callable[[], str | None],
    ) -> str:
        """The one commit; returns where people look at it.

        Args:
            operations: what it brings and what it removes.
            title: its title, and a new pull request's.
            revision: the branch, or the pull request's.
            parent: the commit that was looked at before; if another one came, nothing is changed.
            new_request: open a pull request for it.
            done: asked where the reply was lost, whether it was made all the same.
        """

        def send() -> str:
            made = self._api.create_commit(
                self.repo,
                list(operations),
                commit_message=title,
                repo_type=self.kind,
                revision=revision,
                create_pr=new_request,
                parent_commit=parent,
            )
            return str(made.pr_url or made.commit_url)

        return self._ask("commit", send, meanwhile=done)

    def _ask(
        self,
        what: str,
        function: Callable[[], Result],
        attempts: int | None = None,
        meanwhile: Callable[[], Result | None] = lambda: None,
    ) -> Result:
        name = what if "://" in what else f"{self.repo}: {what}"
        try:
            return self._patience.call(name, function, attempts=attempts, meanwhile=meanwhile)
        except (httpx.HTTPError, httpx.InvalidURL, RuntimeError, ValueError, OSError) as error:
            # The client raises all of them for what went wrong over there.
            raise explained(name, error, self._rights, self._hide) from error

    def _rights(self) -> str:
        """What the token may do, for who was refused."""
        owner, _, name = self.repo.partition("/")
        teams = [str(each["name"]) for each in self._whoami.get("orgs", [])]
        role = self._whoami.get("auth", {}).get("accessToken", {}).get("role")
        if owner not in (self.user, *teams):
            names = " or ".join([self.user, *teams])
            return (
                f"{owner} is not yours: the token is {self.user}'s, which publishes as {names}; "
                f"give --repo {self.user}/{name}, or --create-pr to propose it where it is"
            )
        if role == "read":
            return "the token may only read; make one that may write at settings/tokens"
        return f"the token of {self.user} may not write to {owner}; make one that may"

    def _hide(self, text: str) -> str:
        return text.replace(self._token, "***")
