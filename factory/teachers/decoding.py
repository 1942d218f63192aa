"""Batched decoding of a transformers causal language model, a completion at a time.

A plain loop around the model that does less work than `generate`: the tokens that all requests of a
batch share (few-shot turns) are computed once, equal prompts (k samples) are computed once, the
key-value cache grows in steps instead of being copied at each token, finished rows leave the batch
as soon as a quarter of it is idle, and each completion is handed on when it ends, not when its
batch does.

Token t of a request is found by inverting the nucleus's distribution at the t-th uniform number of
the request's own seed, so that what a request draws does not depend on its neighbours (its logits
may, in the last bits: a matrix product rounds differently at another batch size).

Shapes: B rows of a batch, S suffix tokens, T all tokens so far, V vocabulary, K candidates.

This is the one module of the package that imports torch; load it where a model is at hand.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from transformers import AttentionInterface, AttentionMaskInterface
from transformers.cache_utils import Cache, DynamicLayer
from transformers.integrations.sdpa_attention import sdpa_attention_forward
from transformers.masking_utils import sdpa_mask

from factory.records import Completion, Request
from factory.seeds import digest

_CANDIDATES = 256
"""Most likely tokens looked at first; a nucleus that needs more gets the whole vocabulary."""
_ROOM = 64
"""Tokens by which the cache grows."""


class GrowingLayer(DynamicLayer):  # type: ignore[misc]  # transformers has no types
    """A layer's keys and values as views into buffers that have room for further tokens."""

    keys: torch.Tensor
    values: torch.Tensor
    _room: tuple[torch.Tensor, torch.Tensor] | None = None

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, *args: Any, **kwargs: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Append states of shape (B, heads, new tokens, head size); return all of them."""
        if not self.is_initialized:
            self.lazy_initialization(key_states, value_states)
        seen = self.get_seq_length()
        total = seen + key_states.shape[-2]
        room = self._room
        # Rows may have been selected since: then keys and values are tensors of their own.
        if room is None or room[0].shape[-2] < total or not _starts(self.keys, room[0]):
            batch, heads, _, size = key_states.shape
            room = (
                key_states.new_empty(batch, heads, total + _ROOM, size),
                value_states.new_empty(batch, heads, total + _ROOM, size),
            )
            if seen:
                room[0][:, :, :seen] = self.keys
                room[1][:, :, :seen] = self.values
            self._room = room
        room[0][:, :, seen:total] = key_states
        room[1][:, :, seen:total] = value_states
        self.keys, self.values = room[0][:, :, :total], room[1][:, :, :total]
        return self.keys, self.values


def _starts(view: torch.Tensor, buffer: torch.Tensor) -> bool:
    return view.shape[0] == buffer.shape[0] and view.data_ptr() == buffer.data_ptr()


def grouped_attention(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    mask: Any,
    **options: Any,
) -> tuple[torch.Tensor, None]:
    """Attention that reads each key-value head once when a single token is decoded.

    The query heads of one key-value head become its query positions, which is the same sum; the
    usual way copies the cache for every query head first, three times for SmolLM2.
    """
    batch, heads, length, size = query.shape
    if length > 1:
        output, _ = sdpa_attention_forward(module, query, key, value, mask, **options)
        return output, None
    grouped = query.view(batch, key.shape[1], heads // key.shape[1], size)
    output = torch.nn.functional.scaled_dot_product_attention(
        grouped, key, value, attn_mask=mask, scale=options.get("scaling")
    )
    return output.reshape(batch, 1, heads, size), None


ATTENTION = "grouped"
"""The name under which transformers finds `grouped_attention`."""
AttentionInterface.register(ATTENTION, grouped_attention)
AttentionMaskInterface.register(ATTENTION, sdpa_mask)


@dataclass(slots=True)
class Row:
    """One request on its way through a batch."""

    index: int
    request: Request
    tokens: list[int]
    uniforms: torch.Tensor
    generated: list[int] = field(default_factory=list)


class Decoder:
    """Answers requests with one model.

    Args:
        model: a causal language model in evaluation mode.
        tokenizer: its tokenizer, with a chat template.
        batch_size: sequences decoded together at most.
        engine: what completions are to say of the engine.
    """

    def __init__(self, model: Any, tokenizer: Any, *, batch_size: int, engine: str) -> None:
        model.set_attn_implementation(ATTENTION)
        self.model = model
        self.tokenizer = tokenizer
        self.batch_size = batch_size
        self.engine = engine

    def generate(self, requests: Iterable[Request]) -> Iterator[tuple[int, Completion]]:
        """See `Teacher.generate`."""
        longest = self.model.config.max_position_embeddings
        fitting = []
        for index, request in enumerate(requests):
            row = self._row(index, request)
            length, limit = len(row.tokens), request.sampling.max_tokens
            if length + limit <= longest:
                fitting.append(row)
                continue
            error = f"context_overflow: {length} + {limit} tokens, {longest} fit"
            yield index, Completion(finish_reason="error", error=error, engine=self.engine)
        for batch in _batches(fitting, self.batch_size):
            for row, reason in self._decode(batch):
                yield row.index, self._complete(row, reason)

    def _row(self, index: int, request: Request) -> Row:
        turns = [{"role": turn.role, "content": turn.content} for turn in request.messages]
        text = self.tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
        tokens = self.tokenizer(text + request.prefix, add_special_tokens=False).input_ids
        generator = torch.Generator().manual_seed(request.seed)
        uniforms = torch.rand(request.sampling.max_tokens, generator=generator)
        return Row(index, request, tokens, uniforms)

    def _complete(self, row: Row, reason: str) -> Completion:
        text = self.tokenizer.decode(row.generated, skip_special_tokens=True)
        return Completion(
            text=_before(text, row.request.stop),
            finish_reason=reason,
            prompt_tokens=len(row.tokens),
            completion_tokens=len(row.generated),
            engine=self.engine,
        )

    @torch.inference_mode()
    def _step(self, past: Cache, ids_BS: Any, mask_BT: torch.Tensor) -> torch.Tensor:
        """Logits (B, V) after the given tokens, which the cache takes in."""
        width = len(ids_BS[0])
        positions_BT = (mask_BT.cumsum(1) - 1).clamp(min=0)
        logits_B1V: torch.Tensor = self.model(
            input_ids=torch.tensor(ids_BS, device=mask_BT.device),
            attention_mask=mask_BT,
            position_ids=positions_BT[:, -width:],
            past_key_values=past,
            use_cache=True,
            logits_to_keep=1,
        ).logits
        return logits_B1V[:, -1]

    @torch.inference_mode()
    def _prefill(self, rows: Sequence[Row]) -> tuple[torch.Tensor, Cache, torch.Tensor]:
        """(next token's logits (B, V), cache, attention mask (B, T)) of a batch's prompts."""
        unique = sorted({tuple(row.tokens) for row in rows})
        # At least one token must be left to compute the next one's logits from.
        shared = unique[0][: min(_common_length(unique[0], unique[-1]), len(unique[0]) - 1)]
        past = Cache(layer_class_to_replicate=GrowingLayer)
        device = self.model.device
        if shared:
            self._step(past, [shared], torch.ones(1, len(shared), dtype=torch.long, device=device))
            past.batch_repeat_interleave(len(unique))
        suffixes = [list(tokens[len(shared) :]) for tokens in unique]
        width = max(map(len, suffixes))
        padding = [width - len(suffix) for suffix in suffixes]
        ids_BS = [[0] * pad + suffix for pad, suffix in zip(padding, suffixes, strict=True)]
        mask = [[1] * len(shared) + [0] * pad + [1] * (width - pad) for pad in padding]
        mask_BT = torch.tensor(mask, device=device)
        logits_BV = self._step(past, ids_BS, mask_BT)
        place = {tokens: position for position, tokens in enumerate(unique)}
        rows_B = torch.tensor([place[tuple(row.tokens)] for row in rows], device=device)
        past.batch_select_indices(rows_B)
        return logits_BV[rows_B], past, mask_BT[rows_B]

    def _decode(self, rows: list[Row]) -> Iterator[tuple[Row, str]]:
        """Decode one batch; yield (row, finish reason) as each row ends."""
        logits_BV, past, mask_BT = self._prefill(rows)
        batch: list[Row | None] = list(rows)  # a row that has ended leaves None in its place
        while True:
            tokens_B = draw(logits_BV.float().cpu(), batch)
            for position, row in enumerate(batch):
                if row is None:
                    continue
                row.generated.append(tokens_B[position])
                if reason := self._finish_reason(row):
                    batch[position] = None
                    yield row, reason
            running = [position for position, row in enumerate(batch) if row]
            if not running:
                return
            if len(running) <= 0.75 * len(batch):
                keep = torch.tensor(running, device=mask_BT.device)
                past.batch_select_indices(keep)
                mask_BT = mask_BT[keep]
                tokens_B = [tokens_B[position] for position in running]
                batch = [batch[position] for position in running]
            mask_BT = torch.nn.functional.pad(mask_BT, (0, 1), value=1)
            logits_BV = self._step(past, [[token] for token in tokens_B], mask_BT)

    def _finish_reason(self, row: Row) -> str:
        """`stop`, `length`, or nothing while the row goes on."""
        if row.generated[-1] == self.tokenizer.eos_token_id:
            return "stop"
        if row.request.stop:
            # A stop string is short; the last tokens hold it if it has just been completed.
            tail = self.tokenizer.decode(row.generated[-16:])
            if any(stop in tail for stop in row.request.stop):
                return "stop"
        return "length" if len(row.generated) >= row.request.sampling.max_tokens else ""


def _common_length(first: Sequence[int], last: Sequence[int]) -> int:
    """How many leading tokens two sequences share; of a sorted list, all between share them too."""
    pairs = zip(first, last, strict=False)
    return next((i for i, (a, b) in enumerate(pairs) if a != b), min(len(first), len(last)))


def _batches(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    """Rows with the same earlier turns and the same limit together, then by length.

    What a batch shares is computed once, so it pays more to share few-shot turns than to fill up
    every batch.
    """
    groups: dict[tuple[int, str], list[Row]] = {}
    for row in rows:
        shots = digest([asdict(turn) for turn in row.request.messages[:-1]])
        groups.setdefault((-row.request.sampling.max_tokens, shots), []).append(row)
    for key in sorted(groups):
        group = sorted(groups[key], key=lambda row: (-len(row.tokens), row.tokens))
        for start in range(0, len(group), size):
            yield group[start : start + size]


def _before(text: str, stops: Iterable[str]) -> str:
    """The text up to the first of the stop strings."""
    return text[: min([text.find(stop) for stop in stops if stop in text], default=len(text))]


def draw(logits_BV: torch.Tensor, rows: Sequence[Row | None]) -> list[int]:
    """The next token of each row: greedy, or drawn from the nucleus of its distribution."""
    greedy_B = logits_BV.argmax(-1)
    drawn = [(b, row) for b, row in enumerate(rows) if row and row.request.sampling.temperature > 0]
    if not drawn:
        return greedy_B.tolist()
    sampling = [row.request.sampling for _, row in drawn]
    temperature_B1 = torch.tensor([[s.temperature] for s in sampling])
    top_p_B1 = torch.tensor([[s.top_p] for s in sampling])
    uniform_B1 = torch.stack([row.uniforms[len(row.generated)] for _, row in drawn])[:, None]
    places = [b for b, _ in drawn]
    probs_BV = torch.softmax(logits_BV[places] / temperature_B1, dim=-1)
    probs_BK, tokens_BK = probs_BV.topk(min(_CANDIDATES, probs_BV.shape[-1]), dim=-1)
    if bool((probs_BK.sum(-1, keepdim=True) < top_p_B1).any()):
        probs_BK, tokens_BK = probs_BV.sort(dim=-1, descending=True)
    mass_BK = probs_BK.cumsum(-1)
    # The nucleus: the fewest most likely tokens whose mass reaches top_p.
    last_B1 = (mass_BK < top_p_B1).sum(-1, keepdim=True).clamp(max=mass_BK.shape[-1] - 1)
    target_B1 = uniform_B1 * mass_BK.gather(-1, last_B1)
    chosen_B1 = (mass_BK <= target_B1).sum(-1, keepdim=True).minimum(last_B1)
    greedy_B[places] = tokens_BK.gather(-1, chosen_B1)[:, 0]
    return greedy_B.tolist()
