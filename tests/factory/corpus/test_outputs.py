"""Where kept rows may go."""

import gzip
import os
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from factory.corpus import open_corpus, output_paths
from factory.errors import ConfigError


@pytest.fixture
def data(tmp_path) -> Path:
    for name in ("in/a.parquet", "in/deep/b.parquet"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table({"text": ["x"] * 4}), tmp_path / name, row_group_size=2)
    (tmp_path / "in" / "c.jsonl.gz").write_bytes(gzip.compress(b""))
    return tmp_path / "in"


def test_a_directory_goes_into_a_directory_with_the_same_names(data):
    out = data.parent / "out"
    files = output_paths(open_corpus(str(data), part_bytes=50), out)
    assert [file.path.relative_to(out) for file in files] == [
        Path("a.parquet"), Path("c.jsonl.gz"), Path("deep/b.parquet")
    ]  # fmt: skip
    assert [len(file.parts) for file in files] == [2, 1, 2]
    assert not out.exists()


def test_a_file_goes_into_a_file_of_its_format(data):
    corpus = open_corpus(str(data / "a.parquet"))
    (file,) = output_paths(corpus, data / "new.parquet")
    assert file.path == data / "new.parquet"
    for name in ("new.jsonl", "new", "new.parquet.gz"):
        with pytest.raises(ConfigError, match=r"let its name end in \.parquet"):
            output_paths(corpus, data / name)
    corpus = open_corpus(str(data / "c.jsonl.gz"))
    assert output_paths(corpus, data / "new.json.gz")
    with pytest.raises(ConfigError, match=r"let its name end in \.jsonl\.gz"):
        output_paths(corpus, data / "new.jsonl")


@pytest.mark.parametrize(("given", "out", "message"), [
    ("in", "in", "is the input"), ("in", "in/out", "lies in the input"),
    ("in", ".", "holds the input"), ("in", "link", "is the input"),
    ("in", "link/out", "lies in the input"), ("link", "in/x/y", "lies in the input"),
    ("in/a.parquet", "in/a.parquet", "is the input"), ("in/a.parquet", "a-link.parquet",
                                                       "is the input"),
    ("in/a.parquet", "in", "holds the input"), ("in/*.parquet", "in", "holds the input"),
    ("in/**/*.parquet", "in/out", "lies in the input"), ("in", "in/../in/./out", "lies in"),
    ("in", "there", "is there already"), ("in/a.parquet", "there.parquet", "is there already"),
    ("in", "nowhere-link", "is there already"),
])  # fmt: skip
def test_an_output_that_would_harm_something_is_refused(data, monkeypatch, given, out, message):
    monkeypatch.chdir(data.parent)
    Path("link").symlink_to(data)
    Path("a-link.parquet").symlink_to(data / "a.parquet")
    Path("nowhere-link").symlink_to("nowhere")
    Path("there").mkdir()
    Path("there.parquet").touch()
    before = sorted(os.walk("."))
    with pytest.raises(ConfigError, match=message):
        output_paths(open_corpus(given), Path(out))
    assert sorted(os.walk(".")) == before


def test_what_was_begun_may_be_there(data):
    out = data.parent / "out"
    out.mkdir()
    assert len(output_paths(open_corpus(str(data)), out, resumed=True)) == 3


def test_kept_files_of_a_pattern_may_lie_beside_it(data):
    files = output_paths(open_corpus(str(data / "*.parquet")), data / "out")
    assert [file.path for file in files] == [data / "out" / "a.parquet"]
