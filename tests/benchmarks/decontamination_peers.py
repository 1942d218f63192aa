"""Peers' n-gram decontamination of one corpus; run in an environment that has them.

    python tests/benchmarks/decontamination_peers.py TOOL CORPUS BENCH OUT

    decon       AllenAI's, in Rust (`pip install decontaminate`, Python 3.12): its own settings, one
                thread
    datatrove   NGramsDecontFilter (`pip install datatrove[processing] spacy xxhash`), 8-grams of
                its English tokenizer, read from and written to JSON lines

CORPUS is a directory of JSON lines with `text` and `id`, BENCH a file of JSON lines with `id` and
`question`. Its last line of output is JSON: seconds of the processor, and the ids of the rows that
it would remove.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path


def decon(corpus: Path, bench: Path, out: Path) -> tuple[float, list[str]]:
    """(seconds of the processor, ids)."""
    import decon as tool  # type: ignore[import-not-found]  # not in this environment

    evals = out / "evals"
    evals.mkdir()
    lines = [json.loads(line) for line in bench.read_text().splitlines()]
    with (evals / "bench.jsonl").open("w") as file:
        for number, item in enumerate(lines):
            entry = {"eval_key": "bench", "eval_instance_index": number, "doc_id": number}
            entry |= {"split": "test", "question": item["question"], "answer": ""}
            entry |= {"fingerprint": item["id"], "is_correct": True}
            file.write(json.dumps(entry) + "\n")
    started = time.process_time()
    config = tool.Config(str(corpus), str(evals), str(out / "report"), worker_threads=1)
    tool.detect(config)
    seconds = time.process_time() - started
    ids = set()
    for report in (out / "report").glob("*.jsonl"):
        name = report.name.rsplit("-simple-", 1)[0]
        rows = (corpus / f"{name}.jsonl").read_text().splitlines()
        found = [json.loads(line) for line in report.read_text().splitlines()]
        ids |= {json.loads(rows[each["training_line"]])["id"] for each in found}
    return seconds, sorted(ids)


def datatrove(corpus: Path, bench: Path, out: Path) -> tuple[float, list[str]]:
    """(seconds of the processor, ids)."""
    import numpy as np
    from datatrove.executor import LocalPipelineExecutor  # type: ignore[import-not-found]  # as above
    from datatrove.pipeline.decont import NGramsDecontConfig, NGramsDecontFilter  # type: ignore[import-not-found]  # as above
    from datatrove.pipeline.readers import JsonlReader  # type: ignore[import-not-found]  # as above
    from datatrove.pipeline.writers import JsonlWriter  # type: ignore[import-not-found]  # as above
    from datatrove.utils.text import ngrams, simplify_text  # type: ignore[import-not-found]  # as above

    config = NGramsDecontConfig(n_grams=8)
    index = out / "index"
    index.mkdir()
    removed = JsonlWriter(str(out / "removed"), compression=None)
    step = NGramsDecontFilter(str(index), config=config, exclusion_writer=removed)
    hashes = set()  # as its indexer makes them, which wants lighteval
    for line in bench.read_text().splitlines():
        words = step.tokenizer.word_tokenize(
            simplify_text(json.loads(line)["question"], config.norm_config)
        )
        hashes |= {step.hash_func(" ".join(gram)) for gram in ngrams(words, 8)}
    np.array(sorted(hashes), config.hash_config.np_descr).tofile(index / "bench.index.hashes")
    steps = [JsonlReader(str(corpus)), step, JsonlWriter(str(out / "kept"), compression=None)]
    step.load_index_hashes()
    started = time.process_time()
    LocalPipelineExecutor(steps, workers=1, tasks=1, logging_dir=str(out / "log")).run()
    seconds = time.process_time() - started
    lines = [line for path in (out / "removed").glob("*") for line in path.read_text().splitlines()]
    return seconds, sorted({json.loads(line)["id"] for line in lines})


TOOLS: dict[str, Callable[[Path, Path, Path], tuple[float, list[str]]]] = {
    "decon": decon,
    "datatrove": datatrove,
}


def main() -> None:
    """Run one tool."""
    tool, corpus, bench, out = sys.argv[1:]
    Path(out).mkdir(parents=True)
    seconds, ids = TOOLS[tool](Path(corpus), Path(bench), Path(out))
    print("\n" + json.dumps({"seconds": seconds, "ids": ids}))


if __name__ == "__main__":
    main()
