"""Finished datasets in the forms that trainers read.

export(Path("runs/demo"), Path("demo-trl"), format="trl", tokenizer="bundled", template="chatml")
"""

from factory.export.exporting import Exported, export
from factory.export.formats import FORMATS, NAMES, Format

__all__ = ["FORMATS", "NAMES", "Exported", "Format", "export"]
