"""The native kernels, compiled by a small dedup and a small decontamination of real files."""

import json
from pathlib import Path
from tempfile import TemporaryDirectory

from distributed import Client, LocalCluster

from factory.corpus import TextColumns, open_corpus
from factory.decontamination.items import Item
from factory.decontamination.ngrams import Ngrams
from factory.decontamination.run import decontaminate
from factory.dedup import Exact, MinHash, dedup, parse_keep
from factory.progress import Progress

_WORDS = [f"word{number}" for number in range(12)]


def compile_kernels() -> None:
    """Do what compiles them, unless they are kept on disk already: then it takes two seconds."""
    texts = [" ".join(_WORDS), " ".join(_WORDS[:-1]), " ".join(_WORDS), "something else"]
    with (
        TemporaryDirectory() as name,
        LocalCluster(
            n_workers=1, threads_per_worker=1, processes=False, dashboard_address="127.0.0.1:0"
        ) as cluster,
        Client(cluster) as client,
    ):
        directory = Path(name)
        data = directory / "data.jsonl"
        data.write_text("".join(json.dumps({"text": text}) + "\n" for text in texts))
        corpus, progress = open_corpus(str(data)), Progress(quiet=True)
        for method in (MinHash(), Exact()):
            dedup(
                corpus,
                method,
                columns=TextColumns(),
                keep=parse_keep("longest"),
                work=directory / method.name,
                client=client,
                progress=progress,
            )
        decontaminate(
            corpus,
            [Item(benchmark="b", id="1", text=texts[0])],
            method=Ngrams(),
            columns=TextColumns(),
            work=directory / "decontamination",
            client=client,
            progress=progress,
        )
