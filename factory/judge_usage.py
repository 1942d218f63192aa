"""What it took to have a judge asked about prompts that are near to benchmark items."""

from typing import TYPE_CHECKING

from factory.asking import replay
from factory.records import Completion, Request
from factory.worker import open_ledger

if TYPE_CHECKING:
    from factory.decontamination.hearing import Court
    from factory.decontamination.search import Search


def judge_usage(court: "Court", search: "Search", num_parts: int) -> dict[str, int]:
    """Completions and tokens of all that was asked, paid now or recalled; equal requests once.

    Args:
        court: the judge, and where its replies are.
        search: whose candidates it was asked about.
        num_parts: of the prompts.
    """
    from factory.decontamination.benchmark_texts import benchmark_texts
    from factory.decontamination.hearing import pairs

    reader = open_ledger(court.ledger)

    def recall(request: Request) -> Completion:
        return reader.get(request.key) or Completion(finish_reason="error", error="failed")

    texts = benchmark_texts(search.items()).texts
    seen: set[tuple[str, ...]] = set()
    usage = {"completions": 0, "prompt_tokens": 0, "completion_tokens": 0}
    for part in range(num_parts):
        for passage, item in pairs(search.path("candidates", part), texts):
            said = replay(court.judging(passage, item), recall)
            if said.request_keys not in seen:
                seen.add(said.request_keys)
                usage["completions"] += len(said.request_keys)
                usage["prompt_tokens"] += said.prompt_tokens
                usage["completion_tokens"] += said.completion_tokens
    return usage
