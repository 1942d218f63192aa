"""`factory publish`."""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from factory.terminal import plain


def publish_command(
    path: Annotated[
        Path,
        typer.Argument(help="A run, a dataset's directory, a mixture, a copy, or a student."),
    ],
    repo: Annotated[str, typer.Option(help="The repository on the Hub, ORG/NAME.")],
    private: Annotated[
        bool | None,
        typer.Option(
            "--private/--public",
            help="A new repository is private; one that is there stays as it is.",
            show_default=False,
        ),
    ] = None,
    create_pr: Annotated[
        bool, typer.Option("--create-pr", help="Propose it; an open request of yours goes on.")
    ] = False,
    revision: Annotated[
        str | None, typer.Option(help="A branch, made from main where it is not there.")
    ] = None,
    license: Annotated[
        str | None, typer.Option(help="In place of the computed licence; the card says so.")
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Delete shards there that the manifest does not list.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List what would be sent; the Hub is not asked.")
    ] = False,
) -> None:
    """Bring a finished dataset or a student onto the Hub, or go on with an upload cut off."""
    from factory.progress import Progress
    from factory.publishing import PublishOptions, publish
    from factory.publishing.contents import read_contents
    from factory.publishing.hub import check_name

    console = Console()
    if dry_run:
        check_name(repo)
        contents = read_contents(path, license)
        title = f"{contents.title}: to the {contents.kind} {repo}"
        console.print(_files_table(title, [(f.name, f.size) for f in contents.files]))
        if contents.left_out:
            console.print(plain(f"stays here: {', '.join(contents.left_out)}"))
        return
    options = PublishOptions(
        private=private, create_pr=create_pr, revision=revision, license=license, replace=replace
    )
    outcome = publish(path, repo, options, progress=Progress())
    sent, there = outcome.plan.send, outcome.plan.there
    size = sum(file.size for file in sent)
    deleted = f", {len(outcome.plan.delete)} deleted" if outcome.plan.delete else ""
    console.print(
        plain(
            f"{len(sent)} files of {size:,} bytes are new, {len(there)} were there already{deleted}"
        )
    )
    console.print(plain(outcome.url), soft_wrap=True)


def _files_table(title: str, files: list[tuple[str, int]]) -> Table:
    table = Table(title=title, title_justify="left")
    table.add_column("file")
    table.add_column("bytes", justify="right")
    for name, size in files:
        table.add_row(plain(name), f"{size:,}")
    table.add_section()
    table.add_row(f"{len(files)} files", f"{sum(size for _, size in files):,}")
    return table
