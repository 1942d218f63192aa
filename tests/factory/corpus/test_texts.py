"""What is compared of a row, whatever its column is made of."""

import gzip
import json

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from factory.corpus import TextColumns, check_columns, chosen_columns, open_corpus, read_texts
from factory.errors import ConfigError, RunError

TURNS = [
    [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Hello"}],
    None,
    [],
    [{"role": "user", "content": None}, {"role": "assistant", "content": "é"}],
    [{"role": "tool", "content": ""}],
]
SAID = ["Hi\nHello", None, "", "\né", ""]


def parquet(path, table, **more):
    pq.write_table(table if isinstance(table, pa.Table) else pa.table(table), path, **more)
    return path


def lines(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def read(path, *columns, part_bytes=64 << 20, **more):
    """(texts, problems) of a whole corpus; rows are counted on through its parts."""
    texts, problems = [], []
    for part in open_corpus(str(path), part_bytes=part_bytes).parts:
        start, first = 0, len(texts)
        for batch in read_texts(part, TextColumns(column=columns), **more):
            assert batch.start == start
            assert batch.texts.type == pa.large_string()
            batch.texts.validate(full=True)
            texts += batch.texts.to_pylist()
            problems += [(first + row, why) for row, why in batch.problems]
            start += len(batch.texts)
    assert [row for row, _ in problems] == [row for row, t in enumerate(texts) if t is None]
    return texts, problems


@pytest.mark.parametrize("kind", [
    pa.string(), pa.large_string(), pa.string_view(), pa.binary(), pa.large_binary(),
    pa.binary_view(), pa.dictionary(pa.int8(), pa.string()), pa.json_(),
], ids=str)  # fmt: skip
def test_every_kind_of_string_is_text_and_null_is_a_problem(tmp_path, kind):
    values = ["one", None, "", "ü"]
    if pa.types.is_dictionary(kind):
        array = pa.array(values).dictionary_encode().cast(kind)
    else:
        array = pa.array(values).cast(kind)
    path = parquet(tmp_path / "a.parquet", {"text": array})
    assert read(path) == (values, [(1, "null_text")])


@pytest.mark.parametrize("outer", [pa.list_, pa.large_list, pa.list_view], ids=lambda f: f.__name__)
@pytest.mark.parametrize("names", [("role", "content"), ("from", "value")], ids="/".join)
def test_turns_are_joined_by_line_breaks(tmp_path, outer, names):
    who, what = names
    kind = outer(pa.struct([(who, pa.string()), (what, pa.string())]))
    rows = [
        None if row is None else [{who: t["role"], what: t["content"]} for t in row]
        for row in TURNS
    ]
    table = pa.table({"messages": pa.array(rows, kind), "id": range(5)})
    path = parquet(tmp_path / "a.parquet", table, row_group_size=2)
    assert read(path) == (SAID, [(1, "null_text")])
    assert read(path, batch_bytes=1) == (SAID, [(1, "null_text")])


def test_turns_as_json_text_and_in_json_lines_are_the_same_text(tmp_path):
    said = [json.dumps(row, indent=1) if row is not None else None for row in TURNS]
    path = parquet(tmp_path / "a.parquet", {"messages": said})
    expected = ["[]" if text == "" and row == [] else text
                for text, row in zip(SAID, TURNS, strict=True)]  # fmt: skip
    assert read(path) == (expected, [(1, "null_text")])
    path = lines(tmp_path / "b.jsonl", [{"messages": row} for row in TURNS])
    assert read(path) == (SAID, [(1, "null_text")])
    path = lines(tmp_path / "c.jsonl", [{"messages": row} for row in said])
    assert read(path) == (expected, [(1, "null_text")])


def test_a_turn_may_be_in_parts_and_dictionaries_of_lists_are_turns_too(tmp_path):
    parts = [[{"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "image"},
                                           {"type": "text", "text": "b"}]},
              {"role": "assistant", "content": [{"type": "text", "text": "c"}]}]]  # fmt: skip
    assert read(parquet(tmp_path / "a.parquet", {"messages": parts}))[0] == ["ab\nc"]
    assert read(lines(tmp_path / "b.jsonl", [{"messages": parts[0]}]))[0] == ["ab\nc"]
    columns = [{"from": ["human", "gpt"], "value": ["a", "b"]}]
    assert read(parquet(tmp_path / "c.parquet", {"conversations": columns}))[0] == ["a\nb"]


def test_text_that_only_looks_like_turns_stays(tmp_path):
    odd = ["[{", '[{"content": "a"}, 1]', '[{"x": 1}]', "[1]", ' [ {"content": "a"}]', "[]"]
    expected = [*odd[:4], "a", "[]"]
    assert read(parquet(tmp_path / "a.parquet", {"text": odd}))[0] == expected
    assert read(lines(tmp_path / "b.jsonl", [{"text": text} for text in odd]))[0] == expected


def test_fields_of_structs_and_a_column_with_a_dot_in_its_name(tmp_path):
    rows = [{"a": {"b": {"c": "deep"}, "x": 1}, "a.b": "flat", "n": 1},
            {"a": {"b": None, "x": 2}, "a.b": None, "n": 2},
            {"a": None, "a.b": "z", "n": 3}]  # fmt: skip
    for path in (parquet(tmp_path / "a.parquet", pa.Table.from_pylist(rows)),
                 lines(tmp_path / "b.jsonl", rows)):  # fmt: skip
        assert read(path, "a.b.c")[0] == ["deep", None, None]
        assert read(path, "a.b")[0] == ["flat", None, "z"]


def test_several_columns_are_joined_and_nulls_among_them_left_out(tmp_path):
    rows = [{"p": "a", "q": "b"}, {"p": None, "q": "b"}, {"p": "a", "q": None},
            {"p": None, "q": None}, {"p": "", "q": ""}]  # fmt: skip
    for path in (parquet(tmp_path / "a.parquet", pa.Table.from_pylist(rows)),
                 lines(tmp_path / "b.jsonl", rows)):  # fmt: skip
        assert read(path, "p", "q") == (["a\nb", "b", "a", None, "\n"], [(3, "null_text")])
        assert read(path, "q", "p")[0][0] == "b\na"


@pytest.mark.parametrize(("names", "chosen"), [
    ("id text messages", "text"), ("messages input output", "messages"),
    ("conversations id", "conversations"), ("output input category", "input output"),
    ("problem generated_solution", "problem generated_solution"), ("question answer", "question"),
    ("instruction input output", "instruction input output"), ("prompt completion",
                                                               "prompt completion"),
])  # fmt: skip
def test_the_usual_columns_are_found(tmp_path, names, chosen):
    row = dict.fromkeys(names.split(), "x")
    for path in (parquet(tmp_path / "a.parquet", pa.Table.from_pylist([row])),
                 lines(tmp_path / "b.jsonl", [{}, row])):  # fmt: skip
        (part,) = open_corpus(str(path)).parts
        assert chosen_columns(part, TextColumns()) == tuple(chosen.split())


def test_invalid_utf8_is_a_problem_of_its_row_alone(tmp_path):
    good, bad = b"fine \xc3\xa9", b"\xff broken"
    plain = pa.array([good, bad, None, good]).view(pa.string())
    expected = (["fine é", None, None, "fine é"], [(1, "not_utf8"), (2, "null_text")])
    assert read(parquet(tmp_path / "a.parquet", {"text": plain})) == expected
    assert read(parquet(tmp_path / "b.parquet", {"text": plain.cast(pa.binary())})) == expected
    turns = pa.ListArray.from_arrays([0, 1, 2, 3, 4], pa.StructArray.from_arrays(
        [pa.array(["user"] * 4), plain], ["role", "content"]))  # fmt: skip
    assert read(parquet(tmp_path / "c.parquet", {"messages": turns})) == (
        ["fine é", None, "", "fine é"], [(1, "not_utf8")])  # fmt: skip
    both = parquet(tmp_path / "d.parquet", {"p": plain, "q": ["x"] * 4})
    assert read(both, "p", "q") == (["fine é\nx", None, "x", "fine é\nx"], [(1, "not_utf8")])


def test_bad_lines_are_listed_and_the_others_read(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes(
        b'{"text": "a"}\r\n\n  \t\n{"text": "b", "x": NaN}\n{\n[1]\n"text"\n{"text": "\xff"}\n'
        b'{"text": 5}\n{"text": null}\n{}\n{"text": "\\ud800!"}\n{"text": [1]}\n'
        b'{"text": "c", "y": 1e999}\n{"text": ""}'
    )
    expected = [
        ("a", None), ("b", None), (None, "not_json"), (None, "not_an_object"),
        (None, "not_an_object"), (None, "not_utf8"), (None, "not_text"), (None, "null_text"),
        (None, "null_text"), ("?!", None), (None, "not_text"), ("c", None), ("", None),
    ]  # fmt: skip
    for part_bytes in (64 << 20, 1):
        texts, problems = read(path, part_bytes=part_bytes)
        assert texts == [text for text, _ in expected]
        assert problems == [(row, why) for row, (_, why) in enumerate(expected) if why]


def test_several_objects_in_a_line_are_no_row_more(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"text": "a"}{"text": "b"}\n{"text":\n"c"}\n')
    assert read(path, "text") == ([None] * 3, [(row, "not_json") for row in range(3)])


@pytest.mark.parametrize("batch_bytes", [1, 3000, 16 << 20])
def test_the_same_rows_in_batches_of_any_size(tmp_path, batch_bytes):
    texts = ["x" * (i * 37 % 200) for i in range(300)]
    table = pa.table({"text": texts, "n": range(300)})
    paths = [parquet(tmp_path / "a.parquet", table, row_group_size=70),
             lines(tmp_path / "b.jsonl", table.to_pylist()), tmp_path / "c.jsonl.gz",
             tmp_path / "d.jsonl.zst"]  # fmt: skip
    paths[2].write_bytes(gzip.compress(paths[1].read_bytes()))
    with pa.output_stream(str(paths[3]), compression="zstd") as file:
        file.write(paths[1].read_bytes())
    for path in paths:
        assert read(path, batch_bytes=batch_bytes) == (texts, [])
        (part,) = open_corpus(str(path)).parts
        batches = list(read_texts(part, TextColumns(), extra=["n"], batch_bytes=batch_bytes))
        assert (len(batches) == 1) == (batch_bytes > 1 << 20)
        assert pl.concat(batch.extra for batch in batches)["n"].to_list() == list(range(300))


def test_long_texts_that_share_a_dictionary_do_not_come_together(tmp_path):
    texts = ["a" * 100_000, "b" * 100_000] * 2000
    path = parquet(tmp_path / "a.parquet", {"text": texts})
    assert path.stat().st_size < 100_000
    (part,) = open_corpus(str(path)).parts
    num_rows = 0
    for batch in read_texts(part, TextColumns(), batch_bytes=1 << 20):
        assert batch.texts.nbytes < 2 << 20
        assert pa.total_allocated_bytes() < 100 << 20
        assert batch.texts[0].as_py() in (texts[0], texts[1])
        num_rows += len(batch.texts)
    assert num_rows == 4000


def test_a_text_of_50_mb_is_a_text(tmp_path):
    huge = "x " * (25 << 20)
    table = pa.table({"text": ["a", huge, "b"]})
    for path in (parquet(tmp_path / "a.parquet", table), lines(tmp_path / "b.jsonl",
                                                              table.to_pylist())):  # fmt: skip
        texts, problems = read(path)
        assert [len(text) for text in texts] == [1, len(huge), 1]
        assert problems == []


def test_other_columns_come_as_a_frame(tmp_path):
    rows = [{"text": "a", "id": "x", "score": 1.5, "meta": {"when": 3}, "tags": ["p"]},
            {"text": None, "id": None, "score": 2.5, "meta": None, "tags": None}]  # fmt: skip
    extra = ("id", "score", "meta.when", "tags", "text")
    for path in (parquet(tmp_path / "a.parquet", pa.Table.from_pylist(rows)),
                 lines(tmp_path / "b.jsonl", rows)):  # fmt: skip
        (part,) = open_corpus(str(path)).parts
        (batch,) = read_texts(part, TextColumns(), extra=extra)
        assert batch.extra.to_dicts() == [
            {"id": "x", "score": 1.5, "meta.when": 3, "tags": ["p"], "text": "a"},
            {"id": None, "score": 2.5, "meta.when": None, "tags": None, "text": None},
        ]
        assert batch.extra.columns == list(extra)


def test_hostile_values_of_other_columns_harm_no_frame(tmp_path):
    bad = pa.array([b"\xff!", b"ok"]).view(pa.string())
    nested = pa.StructArray.from_arrays([bad], ["x"])
    codes = pa.DictionaryArray.from_arrays([1, 0], pa.array(["p", "q"]))
    said = pa.array(["1", "2"], pa.json_())
    table = {"text": ["a", "b"], "s": bad, "n": nested, "c": codes, "j": said}
    (part,) = open_corpus(str(parquet(tmp_path / "a.parquet", table))).parts
    (batch,) = read_texts(part, TextColumns(), extra=["s", "n", "c", "j"])
    assert batch.extra.to_dicts() == [
        {"s": "\ufffd!", "n": None, "c": "q", "j": "1"}, {"s": "ok", "n": {"x": "ok"}, "c": "p",
                                                         "j": "2"},
    ]  # fmt: skip
    values = [1, "two", {"x": 1}, ["y"], 2**80, "\ud800", None, True]
    path = lines(tmp_path / "b.jsonl", [{"text": "t", "v": value} for value in values])
    (part,) = open_corpus(str(path)).parts
    (batch,) = read_texts(part, TextColumns(), extra=["v"])
    assert len(batch.extra) == len(values)
    assert batch.extra["v"].to_list()[1] == "two"


def test_only_the_needed_columns_are_read(tmp_path):
    table = {"other": ["x" * 50, "y" * 50], "text": ["a", "b"], "messages": [TURNS[0]] * 2}
    path = parquet(tmp_path / "a.parquet", table, compression="none")
    chunk = pq.read_metadata(path).row_group(0).column(0)
    data = bytearray(path.read_bytes())
    start = chunk.dictionary_page_offset or chunk.data_page_offset
    data[start : start + chunk.total_compressed_size] = b"\0" * chunk.total_compressed_size
    path.write_bytes(data)
    assert read(path)[0] == ["a", "b"]
    with pytest.raises(RunError, match=r"a\.parquet: row group 0: cannot be read"):
        read(path, "other")


@pytest.mark.parametrize("name", ["a.parquet", "a.jsonl"])
def test_a_missing_column_is_named_with_those_there_are(tmp_path, name):
    rows = [{"prompt_text": "x", "n": 1, "who": {"is": "y"}}] * 3
    path = tmp_path / name
    if name == "a.parquet":
        parquet(path, pa.Table.from_pylist(rows))
    else:
        lines(path, rows)
    for columns, extra, message in [
        (("prompt_txt",), (), "no column 'prompt_txt'; did you mean prompt_text?"),
        (("who.was",), (), "no column 'who.was'"),
        ((), (), "none of the usual columns of text"),
        (("prompt_text",), ("scoer",), "no column 'scoer'"),
    ]:
        with pytest.raises(ConfigError) as error:
            read(path, *columns, extra=extra)
        assert message in str(error.value)
        assert str(error.value).startswith(f"{path}: ")
        assert "its columns: n, prompt_text, who" in str(error.value)


def test_a_column_that_is_no_text_is_told_with_its_type(tmp_path):
    path = parquet(tmp_path / "a.parquet", {"n": [1], "l": [[1]], "s": [{"x": 1}]})
    for name in "nls":
        with pytest.raises(ConfigError, match=f"column '{name}' is .*; name one of text"):
            read(path, name)


def test_one_file_among_many_without_the_column_is_named_before_anything_starts(tmp_path):
    parquet(tmp_path / "a.parquet", {"text": ["x"], "id": ["1"]})
    parquet(tmp_path / "b.parquet", {"txt": ["x"], "id": ["2"]})
    corpus = open_corpus(str(tmp_path))
    with pytest.raises(ConfigError, match=r"b\.parquet: has no column 'text'"):
        check_columns(corpus, TextColumns(column=("text",)))
    check_columns(corpus, TextColumns(column=("id",)), extra=["id"])


def test_a_damaged_page_is_found_with_its_row_group(tmp_path):
    path = parquet(tmp_path / "a.parquet", {"text": [f"text {i}" * 50 for i in range(300)]},
                   row_group_size=100, write_page_checksum=True, use_dictionary=False,
                   compression="none")  # fmt: skip
    data = bytearray(path.read_bytes())
    chunk = pq.read_metadata(path).row_group(1).column(0)
    data[chunk.data_page_offset + chunk.total_compressed_size - 9] ^= 1
    path.write_bytes(data)
    (part,) = open_corpus(str(path)).parts
    with pytest.raises(RunError, match=r"a\.parquet: row group 1: cannot be read: .*get the file"):
        list(read_texts(part, TextColumns()))


@pytest.mark.parametrize("suffix", ["gz", "zst"])
def test_a_cut_compressed_file_is_named(tmp_path, suffix):
    path = tmp_path / f"a.jsonl.{suffix}"
    data = b"".join(b'{"text": "%d"}\n' % (i * i) for i in range(10_000))
    packed = gzip.compress(data) if suffix == "gz" else pa.compress(data, "zstd", asbytes=True)
    path.write_bytes(packed[:-100])
    (part,) = open_corpus(str(path)).parts
    with pytest.raises(RunError, match=rf"a\.jsonl\.{suffix}: cannot be read"):
        list(read_texts(part, TextColumns()))


def test_columns_must_have_names():
    with pytest.raises(ValueError, match="column must name columns"):
        TextColumns(column=("",))
