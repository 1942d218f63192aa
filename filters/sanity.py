r"""What was asked for is there: the box that the prompt wants around its answer.

NVIDIA's tutorial on `nvidia/Llama-Nemotron-Post-Training-Dataset` (NeMo Curator,
`tutorials/text/llama-nemotron-data-curation`) drops five kinds of malformed rows. Four are about
think tags, which `filters.format.ThinkTags` checks; the fifth is here:

    empty think block                           think_tags         empty_reasoning
    opening tag without a closing one           think_tags         tag_not_closed
    any tag with reasoning off                  think_tags         tag_with_reasoning_off
    no tag with reasoning on                    think_tags         no_block
    \boxed in the prompt and not in the output  boxed_when_asked   box_missing
"""

from typing import ClassVar

from factory.config import settings
from factory.records import Response, Verdict
from filters.math_extraction import boxes

_BOX = "\\boxed"


@settings
class BoxedWhenAsked:
    r"""Drop answers without `\boxed` to prompts with it.

    The box must stand in the answer: NVIDIA also accepts one that is in the reasoning only.
    """

    name: ClassVar[str] = "boxed_when_asked.v1"

    def score(self, response: Response) -> float:
        """0 where the user asked for a box and the answer has none, else 1."""
        asked = any(_BOX in turn.content for turn in response.prompt.input if turn.role == "user")
        return float(not asked or _BOX in response.answer)

    def judge(self, score: float) -> Verdict:
        """Drop what lacks the box."""
        return Verdict.keep() if score else Verdict.drop("box_missing")


@settings
class OneBox:
    """Drop answers with several different boxes: which one is the final answer is a guess.

    `FinalAnswer` takes the last one; NVIDIA's recipes for fine-tuning may leave such answers out.
    """

    name: ClassVar[str] = "one_box.v1"

    def score(self, response: Response) -> float:
        """How many boxes with different contents the answer has; white space does not count."""
        return float(len({"".join(box.split()) for box in boxes(response.answer)}))

    def judge(self, score: float) -> Verdict:
        """Keep one box, or none."""
        return Verdict.drop("several_boxes") if score > 1 else Verdict.keep()
