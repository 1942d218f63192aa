"""Datasets of the Hub: streamed, or fetched once and kept as parquet files.

One file is kept for each file of the dataset, written whole or not at all, so that a fetch that
was cut off goes on with the files that are missing. A list of them is written last: its presence
means complete, and the Hub is not asked again.
"""

import contextlib
import itertools
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
import pyarrow.parquet as pq

from factory import store
from factory.errors import ConfigError, PrerequisiteError

_BATCH_ROWS = 1000
_GROUP_BYTES = 32 << 20
_LIST = "complete.txt"
_REVISION = "revision.txt"
_COMMIT = re.compile(r"[0-9a-f]{40}")


def hub_stream(
    data: str, config: str | None, split: str | None, revision: str | None = None
) -> Any:
    """A dataset of the Hub as `datasets` streams it.

    Args:
        data: its id.
        config: such as `SFT`.
        split: such as `math`; not needed where there is one.
        revision: a commit; the newest by default.

    Raises:
        ConfigError: it has several splits, and none is named.
    """
    import datasets  # type: ignore[import-untyped]  # it has no stubs

    if split is None:
        names = datasets.get_dataset_split_names(data, config, revision=revision)
        if len(names) > 1:
            raise ConfigError(
                f"{data}: has splits {', '.join(names)}; say which with --split, or with split in "
                "a recipe"
            )
        split = names[0]
    return datasets.load_dataset(data, config, split=split, revision=revision, streaming=True)


@contextlib.contextmanager
def asking_hub(data: str) -> Iterator[None]:
    """Tell what goes wrong with the Hub as an error that names the dataset.

    Raises:
        PrerequisiteError: the dataset cannot be had.
    """
    import datasets
    import httpx

    try:
        yield
    except (OSError, ValueError, datasets.exceptions.DatasetsError, httpx.HTTPError) as error:
        reason = " ".join(str(error).split())[:200]
        raise PrerequisiteError(
            f"{data}: is no file here, and cannot be had from the Hub: {reason}; give a path, or "
            "see to the network and HF_TOKEN"
        ) from error


@dataclass(frozen=True, kw_only=True, slots=True)
class HubData:
    """A dataset of the Hub, or its first rows, as parquet files in a cache."""

    data: str
    """Its id."""
    config: str | None = None
    """Such as `SFT`."""
    split: str | None = None
    """Such as `math`; not needed where there is one."""
    revision: str = ""
    """A commit, a branch or a tag; what is newest when it is fetched by default."""
    limit: int | None = None
    """The first rows alone; more of a file than that is not fetched."""
    cache: Path | None = None
    """The directory that such directories lie in; the user's own by default."""

    @property
    def directory(self) -> Path:
        """Where it is kept."""
        home = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
        names = [self.data, self.config or "default", self.split or "only"]
        names += [self.revision] if self.revision else []
        names += [f"first-{self.limit}"] if self.limit else []
        name = "--".join(re.sub(r"[^\w.-]", "--", each) for each in names)
        return (self.cache or home / "reasoning-factory" / "hub") / name

    def commit(self) -> str:
        """The commit that is fetched, the same after a fetch was cut off.

        Raises:
            PrerequisiteError: the Hub does not tell it.
        """
        if _COMMIT.fullmatch(self.revision):
            return self.revision
        path = replace(self, limit=None).directory / _REVISION
        if not path.exists():
            from huggingface_hub import HfApi

            with asking_hub(self.data):
                said = HfApi().dataset_info(self.data, revision=self.revision or None).sha
            store.write_text(path, said or "main")
        return path.read_text()

    def fetch(self) -> Path:
        """The directory with its files, fetched where it is not there.

        Raises:
            ConfigError: it has several splits, and none is named.
            PrerequisiteError: it cannot be had.
            RunError: the cache cannot be written.
        """
        directory = self.directory
        if (directory / _LIST).exists():
            return directory
        commit = self.commit()
        with asking_hub(self.data):
            stream = hub_stream(self.data, self.config, self.split, commit)
            number = 1 if self.limit else stream.num_shards
        paths = [directory / f"part-{i:05d}-of-{number:05d}.parquet" for i in range(number)]
        for index, path in enumerate(paths):
            if not path.exists():
                with asking_hub(self.data):
                    shard = stream.take(self.limit) if self.limit else stream.shard(number, index)
                _fetch_shard(self.data, shard, path)
        store.remove_temporaries([directory])
        store.write_text(directory / _LIST, "".join(f"{path.name}\n" for path in paths))
        return directory


def _fetch_shard(data: str, shard: Any, path: Path) -> None:
    def write(file: IO[bytes]) -> None:
        tables = _tables(data, shard)
        first = next(tables, None)
        schema = shard.features.arrow_schema if first is None else first.schema
        with pq.ParquetWriter(file, schema, compression="zstd", write_page_checksum=True) as writer:
            for table in [] if first is None else itertools.chain([first], tables):
                writer.write_table(table.cast(schema))

    store.write_atomic(path, write)


def _tables(data: str, shard: Any) -> Iterator[pa.Table]:
    """The rows of a shard in tables, each of a good size for a row group."""
    batches: list[pa.Table] = []
    size = 0
    with asking_hub(data):
        for batch in shard.with_format("arrow").iter(batch_size=_BATCH_ROWS):
            batches.append(batch)
            size += batch.nbytes
            if size > _GROUP_BYTES:
                yield pa.concat_tables(batches)
                batches, size = [], 0
        if batches:
            yield pa.concat_tables(batches)
