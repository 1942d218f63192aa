"""A reward model through transformers: the score of a conversation's last turn.

Answers requests with `task = "score"`. The score is the model's one logit for the whole
conversation, with no squashing, as reward models are published.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, ClassVar, Literal

from factory.config import settings
from factory.errors import FactoryError, PrerequisiteError, TeacherError
from factory.licenses import require_known
from factory.records import Completion, Request
from factory.teachers import models
from factory.teachers.chat import ChatTokens
from factory.teachers.terms import Terms

_INSTALL = "pip install 'reasoning-factory[bundled]' (it needs torch and transformers)"
_BATCHES = 64
"""Taken at a time: enough that those of a batch are of one length, few to lose at a kill."""


@settings
class RewardConfig(Terms):
    """Table `[teacher]` with `kind = "reward"`."""

    kind: Literal["reward"] = "reward"
    model: str
    """An id of the Hub or a directory: a sequence classifier with one output."""
    revision: str = ""
    """Of a model of the Hub, where it must be stated; computed for a directory."""
    license: str
    """Terms of its output."""
    dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    """`auto` is the dtype that the model was saved in."""
    batch_size: int = 16
    """Conversations scored together."""
    max_length: int = 0
    """Tokens of a conversation; 0 is what the model allows. Longer ones are not scored."""

    limits: ClassVar[frozenset[str]] = Terms.limits | {"batch_size"}
    holds_model: ClassVar[bool] = True
    thinks: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        require_known(self.license)
        models.check(self.model, self.revision)
        if self.batch_size < 1:
            raise ValueError(f"batch_size must be > 0, got {self.batch_size}")
        if self.max_length < 0:
            raise ValueError(f"max_length must be >= 0, got {self.max_length}")

    def identity(self) -> tuple[str, str]:
        """(model, revision) for requests and records."""
        return models.identity(self.model, self.revision)


@dataclass(frozen=True, slots=True)
class Conversation:
    """The tokens of one request."""

    index: int
    tokens: Sequence[int]


class RewardTeacher:
    """Scores with a sequence classifier, which is loaded at the first request."""

    def __init__(self, config: RewardConfig, *, num_threads: int) -> None:
        self.config = config
        self.num_threads = num_threads
        self._scorer: Scorer | None = None

    def load(self) -> "Scorer":
        """The model, read and ready; kept from the first call on.

        Raises:
            FactoryError: it cannot be loaded, or does not put out one number.
        """
        if self._scorer is None:
            try:
                self._scorer = load_scorer(self.config, self.num_threads)
            except FactoryError:
                raise
            except ImportError as error:
                text = f'kind = "reward" needs {error.name}: {_INSTALL}'
                raise PrerequisiteError(text) from error
            except (OSError, ValueError, RuntimeError) as error:
                model, _ = self.config.identity()
                text = " ".join(str(error).split())
                raise TeacherError(f"transformers cannot load {model}: {text}") from error
        return self._scorer

    def generate(self, requests: Iterable[Request | None]) -> Iterator[tuple[int, Completion]]:
        """See `Teacher.generate`. Requests are sorted by length 64 batches at a time."""
        most = _BATCHES * self.config.batch_size
        taken, ready = 0, list[Request]()
        for request in chain(requests, [None]):
            if request is not None:
                ready.append(request)
            if ready and (request is None or len(ready) == most):
                for index, completion in self.load().score(ready):
                    yield taken + index, completion
                taken += len(ready)
                ready = []


class Scorer:
    """A loaded reward model.

    Args:
        model: in evaluation mode, with one output.
        tokenizer: its tokenizer, with a chat template.
        config: batch size and longest conversation.
        engine: what completions are to say of the engine.
    """

    def __init__(self, model: Any, tokenizer: Any, config: RewardConfig, engine: str) -> None:
        self.model = model
        self.chat = ChatTokens(tokenizer)
        self.engine = engine
        self.batch_size = config.batch_size
        allowed = getattr(model.config, "max_position_embeddings", 0)
        self.no_pad = model.config.get_text_config().pad_token_id is None
        self.max_length = min(filter(None, (config.max_length, allowed)), default=2**31)

    def score(self, requests: Sequence[Request]) -> Iterator[tuple[int, Completion]]:
        """Completions with a score, shortest conversations first."""
        conversations = []
        for index, request in enumerate(requests):
            tokens = self._tokens(request)
            if isinstance(tokens, str):
                yield index, Completion(finish_reason="error", error=tokens, engine=self.engine)
            else:
                conversations.append(Conversation(index, tokens))
        conversations.sort(key=lambda item: len(item.tokens))
        for start in range(0, len(conversations), self.batch_size):
            batch = conversations[start : start + self.batch_size]
            for item, score in zip(batch, self._logits(batch), strict=True):
                yield (
                    item.index,
                    Completion(score=score, prompt_tokens=len(item.tokens), engine=self.engine),
                )

    def _tokens(self, request: Request) -> tuple[int, ...] | str:
        """The conversation's tokens, or what is wrong with the request."""
        if request.task != "score":
            return f"wrong_task: {request.task}; this teacher answers score"
        try:
            tokens = self.chat(request)
        except ValueError as error:
            return f"bad_request: {' '.join(str(error).split())}"
        if not 0 < len(tokens) <= self.max_length:
            return f"context_overflow: {len(tokens)} tokens, {self.max_length} fit"
        return tokens

    def _logits(self, batch: Sequence[Conversation]) -> list[float]:
        """One number a conversation."""
        import torch

        width = len(batch[-1].tokens)
        text_config = self.model.config.get_text_config()
        if self.no_pad:
            # Any token that no conversation holds will do; one that ended a conversation would be
            # taken for padding, and the score read one token too early.
            seen = {token for item in batch for token in item.tokens}
            text_config.pad_token_id = next(i for i in range(2**31) if i not in seen)
        pad = text_config.pad_token_id
        ids_BT = torch.tensor([[*c.tokens, *[pad] * (width - len(c.tokens))] for c in batch])
        lengths_B1 = torch.tensor([[len(c.tokens)] for c in batch])
        mask_BT = (torch.arange(width) < lengths_B1).long()
        device = self.model.device
        with torch.inference_mode():
            logits_B1 = self.model(
                input_ids=ids_BT.to(device), attention_mask=mask_BT.to(device)
            ).logits
        scores: list[float] = logits_B1[:, 0].float().tolist()
        return scores


def load_scorer(config: RewardConfig, num_threads: int) -> Scorer:
    """Load the model that a config names.

    Raises:
        TeacherError: it is no sequence classifier with one output.
    """
    import torch
    import transformers

    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(num_threads)
    source, revision = models.locate(config.model), config.revision or None
    model, found = transformers.AutoModelForSequenceClassification.from_pretrained(
        source, revision=revision, dtype=config.dtype, output_loading_info=True
    )
    # transformers only warns of a head that it had to draw at random.
    if model.config.num_labels != 1 or found["missing_keys"]:
        name, _ = config.identity()
        raise TeacherError(f"{name} is no reward model: it has no classifier with one output")
    device = "cuda" if torch.cuda.is_available() else "cpu"
    dtype = str(model.dtype).removeprefix("torch.")
    return Scorer(
        model.to(device).eval(),
        transformers.AutoTokenizer.from_pretrained(source, revision=revision),
        config,
        f"transformers {transformers.__version__}, {device}, {dtype}",
    )
