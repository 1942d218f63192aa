"""Datasets of the Hub, as a stand-in of `datasets` gives them."""

import datasets
import huggingface_hub
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from factory.corpus import TextColumns, open_corpus, read_texts
from factory.errors import ConfigError, PrerequisiteError
from factory.foreign_files import batches

NUM_FILES = 3


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Stands in for the Hub with a directory; `calls` says what was asked."""
    source = tmp_path / "source"
    source.mkdir()
    for i in range(NUM_FILES):
        table = pa.table({"text": [f"{i}-{j}" for j in range(1500)], "n": range(1500)})
        pq.write_table(table, source / f"train-{i}.parquet", row_group_size=400)
    pq.write_table(pa.table({"text": ["t"], "n": [1]}), source / "test-0.parquet")
    load, names = datasets.load_dataset, datasets.get_dataset_split_names
    calls = []

    class Hub:
        error: Exception | None = None
        last_file = NUM_FILES

        def load(self, data, config, *, split, revision, streaming):
            calls.append((data, config, split, revision))
            if self.error:
                raise self.error
            stream = load(str(source), split=split, streaming=streaming)
            shard = stream.shard

            def cut_off(num_shards, index):
                if index >= self.last_file:
                    raise ConnectionError("the line is dead")
                return shard(num_shards, index)

            stream.shard = cut_off
            return stream

    found = Hub()
    found.calls = calls
    monkeypatch.setattr(datasets, "load_dataset", found.load)
    monkeypatch.setattr(
        datasets, "get_dataset_split_names",
        lambda data, config, revision: names(str(source)),
    )  # fmt: skip

    class Api:
        def dataset_info(self, data, revision=None):
            calls.append(data)
            return type("Info", (), {"sha": f"commit-{len(calls)}"})()

    monkeypatch.setattr(huggingface_hub, "HfApi", Api)
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    return found


def rows(corpus):
    return [
        text
        for part in corpus.parts
        for batch in read_texts(part, TextColumns())
        for text in batch.texts.to_pylist()
    ]


EXPECTED = [f"{i}-{j}" for i in range(NUM_FILES) for j in range(1500)]


def test_a_dataset_is_fetched_once_into_a_file_for_each_of_its_files(hub, tmp_path):
    corpus = open_corpus("org/name", split="train", cache=tmp_path / "cache")
    assert rows(corpus) == EXPECTED
    assert len(corpus.files) == NUM_FILES
    assert not corpus.single_file
    asked = len(hub.calls)
    hub.error = ConnectionError("no network")
    again = open_corpus("org/name", split="train", cache=tmp_path / "cache")
    assert again.fingerprint == corpus.fingerprint
    assert len(hub.calls) == asked
    assert "huggingface" in str(pq.read_schema(corpus.parts[0].path).metadata)


def test_a_fetch_that_was_cut_off_goes_on_with_the_same_commit(hub, tmp_path):
    hub.last_file = 2
    with pytest.raises(PrerequisiteError, match="the line is dead"):
        open_corpus("org/name", split="train", cache=tmp_path / "cache")
    done = sorted((tmp_path / "cache").rglob("*.parquet"))
    times = [path.stat().st_mtime_ns for path in done]
    assert len(done) == 2
    hub.last_file = NUM_FILES
    assert rows(open_corpus("org/name", split="train", cache=tmp_path / "cache")) == EXPECTED
    assert [path.stat().st_mtime_ns for path in done] == times
    revisions = {call[3] for call in hub.calls if isinstance(call, tuple)}
    assert revisions == {"commit-1"}


def test_splits_and_configurations_lie_apart(hub, tmp_path):
    for config, split, num in ((None, "test", 1), ("SFT", "test", 1), (None, "train", 4500)):
        corpus = open_corpus("org/name", config=config, split=split, cache=tmp_path)
        assert len(rows(corpus)) == num
    assert len({corpus.parts[0].path.parent for corpus in [corpus]}) == 1
    assert len([each for each in tmp_path.iterdir() if each.name.startswith("org")]) == 3


def test_the_cache_is_the_user_s_where_none_is_given(hub, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    corpus = open_corpus("org/name", split="test")
    assert corpus.parts[0].path.is_relative_to(tmp_path / "home" / "reasoning-factory" / "hub")


def test_which_split_must_be_said(hub, tmp_path):
    with pytest.raises(ConfigError, match="has splits train, test; say which with --split"):
        open_corpus("org/name", cache=tmp_path / "cache")
    with pytest.raises(ConfigError, match="has splits train, test; say which with --split"):
        list(batches("org/name"))


def test_what_the_hub_refuses_is_told_with_the_way_out(hub, tmp_path):
    hub.error = FileNotFoundError("no such dataset")
    for read in (lambda: open_corpus("org/name", split="train", cache=tmp_path / "cache"),
                 lambda: list(batches("org/name", split="train"))):  # fmt: skip
        with pytest.raises(PrerequisiteError, match="cannot be had from the Hub: no such dataset"):
            read()


def test_rows_of_the_hub_are_streamed_for_a_check(hub):
    found = list(batches("org/name", split="test"))
    assert [batch.rows for batch in found] == [({"text": "t", "n": 1},)]
