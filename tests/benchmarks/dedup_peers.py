"""The peers' near-duplicate removal, each from parquet to the parquet of the rows that it keeps.

    PEERS/bin/python tests/benchmarks/dedup_peers.py TOOL IN OUT [--threads 2]

Runs in the environment of `peers.txt`, which knows nothing of the factory. All take word 5-grams
folded in case, 128 permutations and the threshold 0.8; each is used as its own documentation shows
for a whole data set, with what it has for several cores. Where a tool wants n-grams handed to it,
they are made by the shortest Python there is, in two processes.

    gaoya              bulk insert, bulk query with its check of the signatures; 21 bands of 6,
                       as it derives; the first of those that are similar is kept
    rensa              RMinHashDeduplicator.add_pairs (full R-MinHash, 16 bands, signatures checked)
    datasketch         MinHash.generator with xxhash in two processes; insert what finds nothing
    text-dedup         its program, xxh3
    datatrove          its four stages, two workers, English tokenizer (spaCy), 11 buckets of 11,
                       which put the middle of the curve at 0.80, numbers left as they are
    datatrove-spaces   the same with its tokenizer that splits at white space
"""

import argparse
import multiprocessing
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

NGRAM, NUM_PERM, THRESHOLD = 5, 128, 0.8
BATCH = 2_000


def shingles(text: str) -> list[str]:
    """Word 5-grams folded in case; a shorter text is one."""
    words = text.lower().split()
    last = max(len(words) - NGRAM, 0)
    return [" ".join(words[i : i + NGRAM]) for i in range(last + 1)]


def batches(texts: Sequence[str]) -> Iterator[Sequence[str]]:
    """Texts in runs that are worth sending to a process."""
    return (texts[i : i + BATCH] for i in range(0, len(texts), BATCH))


def in_processes(
    work: Callable[[Sequence[str]], list[object]], texts: Sequence[str], threads: int
) -> Iterator[object]:
    """What `work` makes of each text, in order."""
    with multiprocessing.get_context("fork").Pool(threads) as pool:
        for results in pool.imap(work, batches(texts)):
            yield from results


def gaoya(texts: list[str], threads: int) -> list[bool]:
    """Whether each is kept."""
    from gaoya.minhash import MinHashStringIndex

    index = MinHashStringIndex(
        hash_size=32,
        jaccard_threshold=THRESHOLD,
        num_bands=None,
        band_size=None,
        num_hashes=NUM_PERM,
        analyzer="word",
        lowercase=True,
        ngram_range=(NGRAM, NGRAM),
        id_container="smallvec",
    )
    index.par_bulk_insert_docs(list(range(len(texts))), texts)
    kept = [True] * len(texts)
    for start in range(0, len(texts), BATCH):
        # What has gone is not asked for: a text that thousands share would cost their square.
        rows = [row for row in range(start, min(start + BATCH, len(texts))) if kept[row]]
        for row, similar in zip(rows, index.par_bulk_query([texts[r] for r in rows]), strict=True):
            if kept[row]:
                for other in similar:
                    if other > row:
                        kept[other] = False
    return kept


def rensa_sketches(texts: Sequence[str]) -> list[object]:
    """R-MinHashes over all the 5-grams."""
    from rensa import RMinHash

    return list(RMinHash.from_token_sets([shingles(t) for t in texts], num_perm=NUM_PERM, seed=42))


def rensa(texts: list[str], threads: int) -> list[bool]:
    """Whether each is kept."""
    from rensa import RMinHashDeduplicator

    index = RMinHashDeduplicator(
        threshold=THRESHOLD, num_perm=NUM_PERM, use_lsh=True, num_bands=16, seed=42
    )
    sketches = in_processes(rensa_sketches, texts, threads)
    return list(index.add_pairs((str(row), sketch) for row, sketch in enumerate(sketches)))


def datasketch_values(texts: Sequence[str]) -> list[object]:
    """Hash values over all the 5-grams."""
    from datasketch import MinHash
    from xxhash import xxh32_intdigest

    sets = ([shingle.encode() for shingle in shingles(text)] for text in texts)
    made = MinHash.generator(sets, num_perm=NUM_PERM, hashfunc=xxh32_intdigest)
    return [sketch.hashvalues for sketch in made]


def datasketch(texts: list[str], threads: int) -> list[bool]:
    """Whether each is kept."""
    from datasketch import LeanMinHash, MinHashLSH

    index = MinHashLSH(threshold=THRESHOLD, num_perm=NUM_PERM)
    kept = []
    for row, values in enumerate(in_processes(datasketch_values, texts, threads)):
        sketch = LeanMinHash(seed=1, hashvalues=values, scheme="affine32")
        kept.append(not index.query(sketch))
        if kept[-1]:
            index.insert(row, sketch, check_duplication=False)
    return kept


def text_dedup(source: Path, out: Path, threads: int) -> None:
    """Run its program; what it saves for `datasets` is then written as parquet."""
    from datasets import load_from_disk

    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        command = [sys.executable, "-m", "text_dedup.minhash"]
        command += ["--path", "parquet", "--data_files", f"{source}/*.parquet", "--split", "train"]
        command += ["--cache_dir", f"{folder}/cache", "--output", f"{folder}/kept"]
        command += ["--column", "text", "--ngram", str(NGRAM), "--num_perm", str(NUM_PERM)]
        command += ["--threshold", str(THRESHOLD), "--hash_func", "xxh3"]
        command += ["--num_proc", str(threads)]
        subprocess.run(command, check=True, cwd=folder, stdout=sys.stderr)
        load_from_disk(f"{folder}/kept").to_parquet(str(out / "part-00000.parquet"))


def datatrove(source: Path, out: Path, threads: int, language: str) -> None:
    """Signatures, buckets, clusters, filter: the stages of its own example."""
    from datatrove.executor import LocalPipelineExecutor
    from datatrove.pipeline.dedup import MinhashDedupSignature
    from datatrove.pipeline.dedup.minhash import (
        MinhashConfig,
        MinhashDedupBuckets,
        MinhashDedupCluster,
        MinhashDedupFilter,
    )
    from datatrove.pipeline.readers import ParquetReader
    from datatrove.pipeline.writers import ParquetWriter
    from datatrove.utils.text import TextNormConfig

    norm = TextNormConfig(norm_numbers=False)
    config = MinhashConfig(n_grams=NGRAM, num_buckets=11, hashes_per_bucket=11, norm_config=norm)
    files = sorted(source.glob("*.parquet"))
    tasks = len(files)
    # It infers the schema from the first row, and leaves out what is 0 there.
    writer = ParquetWriter(
        str(out), schema=pq.read_schema(files[0]), expand_metadata=True, compression="zstd"
    )

    def read() -> ParquetReader:
        return ParquetReader(str(source), text_key="text", id_key="id")

    with tempfile.TemporaryDirectory(dir=out.parent) as folder:
        signatures, buckets, removed = (f"{folder}/{name}" for name in ("sigs", "pairs", "gone"))
        stages: list[tuple[list[object], int]] = [
            ([read(), MinhashDedupSignature(signatures, config=config, language=language)], tasks),
            ([MinhashDedupBuckets(signatures, buckets, config=config)], config.num_buckets),
            ([MinhashDedupCluster(buckets, removed, config=config)], 1),
            ([read(), MinhashDedupFilter(removed), writer], tasks),
        ]
        for number, (steps, count) in enumerate(stages):
            LocalPipelineExecutor(
                pipeline=steps,
                tasks=count,
                workers=min(threads, count),
                logging_dir=f"{folder}/logs{number}",
            ).run()


def write_kept(table: pa.Table, kept: Iterable[bool], out: Path) -> None:
    """The rows that are kept, as zstd parquet."""
    rows = table.filter(pa.array(list(kept)))
    pq.write_table(rows, out / "part-00000.parquet", compression="zstd", compression_level=1)


TABLES: dict[str, Callable[[list[str], int], list[bool]]] = {
    "gaoya": gaoya,
    "rensa": rensa,
    "datasketch": datasketch,
}
"""Those that answer for a list of texts in memory; the others read and write files themselves."""
TOOLS = (*TABLES, "text-dedup", "datatrove", "datatrove-spaces")


def main() -> None:
    """Run one tool."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("tool", choices=TOOLS)
    parser.add_argument("source", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    os.environ["RAYON_NUM_THREADS"] = str(options.threads)
    shutil.rmtree(options.out, ignore_errors=True)
    options.out.mkdir(parents=True)
    source, out = options.source.resolve(), options.out.resolve()
    if options.tool == "text-dedup":
        text_dedup(source, out, options.threads)
    elif options.tool in TABLES:
        table = pq.read_table(source)
        texts = pc.fill_null(table["text"], "").to_pylist()
        write_kept(table, TABLES[options.tool](texts, options.threads), out)
    else:
        language = "grt_Beng" if options.tool == "datatrove-spaces" else "eng"
        datatrove(source, out, options.threads, language)


if __name__ == "__main__":
    main()
