"""What it took to have judges asked about prompts that are near to benchmark items."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from factory.records import Completion, Request
from factory.worker import open_ledger

if TYPE_CHECKING:
    from factory.decontamination.hearing import Court
    from factory.decontamination.search import Search


def judge_usage(
    courts: "Sequence[Court]", search: "Search", num_parts: int
) -> list[dict[str, int]]:
    """For each judge, completions and tokens of all that it was asked; equal requests once.

    Whether they were paid now or recalled.

    Args:
        courts: the judges in their order, and where their replies are.
        search: whose candidates they were asked about.
        num_parts: of the prompts.
    """
    from factory.decontamination.benchmark_texts import benchmark_texts
    from factory.decontamination.hearing import judgements, pairs

    reader = open_ledger(courts[0].ledger)

    def recall(request: Request) -> Completion:
        return reader.get(request.key) or Completion(finish_reason="error", error="failed")

    texts = benchmark_texts(search.items()).texts
    seen: set[tuple[str, ...]] = set()
    usages = [{"completions": 0, "prompt_tokens": 0, "completion_tokens": 0} for _ in courts]
    for part in range(num_parts):
        for pair in pairs(search.path("candidates", part), texts):
            for usage, said in zip(usages, judgements(courts, *pair, recall), strict=False):
                if said.request_keys not in seen:
                    seen.add(said.request_keys)
                    usage["completions"] += len(said.request_keys)
                    usage["prompt_tokens"] += said.prompt_tokens
                    usage["completion_tokens"] += said.completion_tokens
    return usages
