"""Arguments and options that several commands have."""

from pathlib import Path
from typing import Annotated

import typer

RunPath = Annotated[Path, typer.Argument(help="A run's directory.", metavar="RUN")]
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="A filter's field, final_answer.timeout_s=5; may be repeated."),
]
SetKeyOption = Annotated[
    list[str] | None,
    typer.Option("--set", help="A key of the recipe, math.num_prompts=100; may be repeated."),
]
OutOption = Annotated[
    Path | None, typer.Option(help="A new file for all rows, .parquet or .jsonl.")
]
WorkersOption = Annotated[
    int | None, typer.Option(min=1, help="Processes; as many as there are processors by default.")
]
