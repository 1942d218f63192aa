"""The judges of a command: teachers of a recipe, what they may cost, where replies are kept."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from factory.budget import Caps
from factory.cluster import check_sees
from factory.decontamination.embedding import Embedding, read_embedding
from factory.decontamination.judging import Judge, as_written, check_judges
from factory.errors import ConfigError
from factory.partwork import Client
from factory.progress import Progress
from factory.spend import Prices, paid_rows
from factory.teachers import TeacherConfig
from factory.teachers.models import is_local

if TYPE_CHECKING:
    from factory.decontamination.hearing import Court
    from factory.recipe import LoadedRecipe


def judge_ledger() -> Path:
    """Where replies of judges are kept where no ledger is named, so that none is paid for twice."""
    cache_home = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    return cache_home / "reasoning-factory" / "judge-ledger"


@dataclass(frozen=True, kw_only=True)
class AskedJudges:
    """Who is asked about near rows, and how."""

    judges: tuple[tuple[Judge, TeacherConfig], ...]
    """In the order in which they are asked, each with the teacher that it names."""
    seed: int
    caps: Caps
    max_error_share: float
    ledger: Path

    @property
    def prices(self) -> Prices:
        """What tokens cost."""
        return Prices({judge.teacher: config.priced() for judge, config in self.judges})

    @property
    def holds_model(self) -> bool:
        """Whether one of them is a model that a worker holds."""
        return any(config.holds_model for _, config in self.judges)

    def described(self) -> dict[str, Any] | Sequence[dict[str, Any]]:
        """What decides the replies; of each judge where there are several."""
        found = []
        for judge, config in self.judges:
            model, revision = config.identity()
            found.append({"model": model, "revision": revision, "seed": self.seed, **asdict(judge)})
        return as_written(found)

    @contextmanager
    def opened(
        self, client: Client, progress: Progress, run_id: str
    ) -> "Iterator[tuple[Court, ...]]":
        """The way to each, for as long as the block lasts.

        Args:
            client: of the cluster.
            progress: is told what tokens cost.
            run_id: names what is paid for, the same for every start of the same work.
        """
        from factory.decontamination.courts import open_courts

        progress.prices = self.prices
        with open_courts(
            client, self.judges, ledger=self.ledger, run_id=run_id, seed=self.seed,
            caps=self.caps, max_error_share=self.max_error_share,
        ) as courts:  # fmt: skip
            check_sees(client, [self.ledger])
            yield courts

    def paid(self, run_id: str) -> list[dict[str, Any]]:
        """What the work has paid for, over all its starts, as a run's manifest has it."""
        return paid_rows(self.prices, self.ledger, run_id)


def deciding(embedding: Embedding) -> dict[str, Any]:
    """The settings of a model that decide what is near; not where it is served."""
    fields = asdict(embedding)
    return {name: value for name, value in fields.items() if name not in embedding.limits}


def judges_of(
    recipe: "LoadedRecipe",
    names: Sequence[str],
    *,
    both_orders: bool = False,
    max_cost: float | None = None,
    ledger: Path | None = None,
) -> AskedJudges:
    """Teachers of a recipe as the judges.

    Args:
        recipe: with its `[teachers]` and `[limits]`.
        names: of the teachers, in the order in which they are asked; `teacher` where there is one
            without a name.
        both_orders: ask again with the texts swapped where it is no yes.
        max_cost: US dollars, instead of the recipe's.
        ledger: where replies are kept.

    Raises:
        ConfigError: the recipe has no such teacher, or one is named twice.
    """
    teachers, limits = recipe.recipe.by_name, recipe.recipe.limits
    check_judges(names, teachers, f"{recipe.path}: --judge")
    return AskedJudges(
        judges=tuple(
            (Judge(teacher=name, both_orders=both_orders), teachers[name]) for name in names
        ),
        seed=recipe.recipe.seed,
        caps=Caps(
            max_cost=limits.max_cost if max_cost is None else max_cost,
            max_tokens=limits.max_tokens,
        ),
        max_error_share=limits.max_error_share,
        ledger=(ledger or judge_ledger()).absolute(),
    )


def embedding_of(name: str, similarity: float | None = None) -> Embedding:
    """The model that a command names.

    Args:
        name: `bundled`; for sentence-transformers a directory, or an id of the Hub with its
            revision, `org/name@main`; or the address of a server with the name of its model,
            `http://127.0.0.1:8000/v1#NAME`.
        similarity: from which an item is near, instead of the default.

    Raises:
        ConfigError: naming what is wrong.
    """
    if name == "bundled":
        table: dict[str, Any] = {"kind": "bundled"}
    elif name.startswith(("http://", "https://")):
        address, _, model = name.partition("#")
        if not model:
            raise ConfigError(f"--embed {name}: say which model it serves, {name}#NAME")
        table = {"kind": "http", "base_urls": [address], "model": model}
    elif name and is_local(name):
        table = {"kind": "local", "model": name}
    else:
        model, _, revision = name.partition("@")
        if not revision:
            raise ConfigError(
                f"--embed {name!r}: must be bundled, a directory, a server, or an id of the Hub "
                "with its revision, such as org/name@main"
            )
        table = {"kind": "local", "model": model, "revision": revision}
    if similarity is not None:
        table["threshold"] = similarity
    return read_embedding(table, where=f"--embed {name}")
