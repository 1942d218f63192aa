"""Anyone's dataset, in parts: parquet, JSON lines or a dataset of the Hub, and what is kept of it.

corpus = open_corpus("data/")
for batch in read_texts(corpus.parts[0], TextColumns()):
    ...                                                  # batch.texts: Arrow large strings
for file in output_paths(corpus, Path("deduped")):
    write_kept(file.parts, removed, file.path)           # removed(part) -> rows to leave out
"""

from factory.corpus.columns import TextColumns
from factory.corpus.kept import write_kept
from factory.corpus.outputs import OutputFile, output_paths
from factory.corpus.parts import Corpus, Part, open_corpus
from factory.corpus.rows import TextBatch
from factory.corpus.texts import check_columns, chosen_columns, read_texts

__all__ = [
    "Corpus",
    "OutputFile",
    "Part",
    "TextBatch",
    "TextColumns",
    "check_columns",
    "chosen_columns",
    "open_corpus",
    "output_paths",
    "read_texts",
    "write_kept",
]
