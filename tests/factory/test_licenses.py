import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from factory.dataset_card import write_dataset_card
from factory.datasetdir import DatasetDirectory
from factory.errors import ConfigError
from factory.license_check import check_license
from factory.licenses import LICENSES, combine, hub_licenses
from factory.publishing.cards import dataset_card

DEMO = Path(__file__).parents[2] / "data_cards" / "demo"


@pytest.mark.parametrize(
    ("parts", "whole"),
    [
        (["apache-2.0", "apache-2.0"], "apache-2.0"),
        (["mit", "apache-2.0"], "apache-2.0"),
        (["cc-by-4.0", "apache-2.0"], "cc-by-4.0"),
        (["cc0-1.0"], "cc0-1.0"),
        (["cc-by-sa-4.0", "mit"], "cc-by-sa-4.0"),
        (["cc-by-sa-3.0", "cc-by-sa-4.0"], "cc-by-sa-4.0"),
        (["nvidia-open-model-license", "cc0-1.0"], "cc0-1.0"),
    ],
)
def test_a_row_has_the_stricter_of_its_licences(parts, whole):
    assert combine(*parts) == whole


@pytest.mark.parametrize(
    ("parts", "row"),
    [
        (["cc-by-4.0", "llama3.3", "mit"], "cc-by-4.0 AND llama3.3"),
        (["cc-by-4.0 AND qwen", "llama3.3"], "cc-by-4.0 AND llama3.3 AND qwen"),
        (["mit", "cc-by-nc-4.0"], "mit AND cc-by-nc-4.0"),
        (["cc-by-sa-4.0", "odbl", "mit"], "cc-by-sa-4.0 AND odbl"),
    ],
)
def test_what_does_not_go_under_one_licence_stands_beside_it(parts, row):
    assert combine(*parts) == row


def test_an_unknown_licence_is_refused():
    with pytest.raises(ConfigError, match="license 'llama9' is not one that can be combined"):
        combine("apache-2.0", "llama9")


@pytest.mark.parametrize("name", LICENSES)
def test_every_licence_says_where_its_text_asks_for_what(name):
    assert LICENSES[name].says


@pytest.mark.parametrize(
    ("whole", "header"),
    [
        ("apache-2.0", {"license": "apache-2.0"}),
        ("cc-by-4.0 AND llama3.3", {"license": ["cc-by-4.0", "llama3.3"]}),
        ("cc-by-4.0 AND qwen", {"license": "other", "license_name": "cc-by-4.0-and-qwen"}),
        (None, {}),
    ],
)
def test_the_hub_is_told_in_identifiers_that_it_knows(whole, header):
    assert hub_licenses(whole) == header


def dataset(folder: Path, rows: dict[str, str | None]) -> DatasetDirectory:
    """One shard with rows of these ids and licences."""
    table = pa.table({"license": pa.array(rows.values(), pa.string()), "id": list(rows)})
    pq.write_table(table, folder / "shard.parquet")
    shards = [{"path": "shard.parquet", "config": "SFT", "split": "math", "rows": len(rows)}]
    return DatasetDirectory(root=folder, manifest={"shards": shards})


def test_rows_that_combine_are_published_under_the_strictest(tmp_path):
    found = check_license(dataset(tmp_path, {"a": "mit", "b": "cc-by-4.0", "c": "mit"}))
    assert found.license == "cc-by-4.0"
    assert found.rows == {"cc-by-4.0": 1, "mit": 2}
    assert found.conflicts == ()
    found.require_one()


@pytest.mark.parametrize(
    ("license", "why"),
    [
        ("cc-by-4.0 AND llama3.3", 'llama3.3 has conditions .* begins its name with "Llama"'),
        ("cc-by-nc-4.0", "cc-by-nc-4.0 refuses: .* no commercial use"),
        ("mit AND llama3", "llama3 refuses: .* any other large language model"),
        ("my own", "licence 'my own' is not known"),
        (None, "licence 'none given' is not known"),
    ],
)
def test_what_stands_against_publishing_is_told_with_its_rows(tmp_path, license, why):
    rows = {"a": "mit", **{f"row-{n}": license for n in range(5)}}
    found = check_license(dataset(tmp_path, rows))
    told = rf"5 rows \(row-0, row-1, row-2, \.\.\.\): {why}.*--license ID"
    with pytest.raises(ConfigError, match=told):
        found.require_one()


def test_publishing_is_refused_with_the_rows_until_somebody_decides(tmp_path):
    found = dataset(tmp_path, {"math-1": "mit", "math-2": "cc-by-4.0 AND llama3.3"})
    manifest = json.loads((DEMO / "manifest.json").read_text())
    manifest |= {"licenses": {"mit": 1, "cc-by-4.0 AND llama3.3": 1}}
    manifest |= {"rl": {"licenses": {}, "left_out": {}}, "license": "cc-by-4.0 AND llama3.3"}
    found.manifest.update({**manifest, "shards": [{**found.shards[0], "bytes": 1, "sha256": ""}]})
    card = write_dataset_card(found)
    with pytest.raises(ConfigError, match=r"1 row \(math-2\): llama3.3 has conditions"):
        dataset_card(found, None)
    text = dataset_card(found, "llama3.3")
    assert "\nlicense: llama3.3\n" in text
    assert "`llama3.3` was set by whoever published this" in text
    card.write_text(text)
    assert dataset_card(found, None) == text, "a copy says under what it was published"


def test_two_licences_that_both_want_the_whole_are_a_conflict(tmp_path):
    found = check_license(dataset(tmp_path, {"a": "cc-by-sa-4.0", "b": "mit", "c": "odbl"}))
    (conflict,) = found.conflicts
    assert str(conflict) == (
        "2 rows (a, c): cc-by-sa-4.0 and odbl both want the whole under themselves"
    )
    one = check_license(dataset(tmp_path, {"a": "cc-by-sa-4.0", "b": "cc-by-sa-3.0"}))
    assert (one.license, one.conflicts) == ("cc-by-sa-4.0", ())
