"""Verifiable instructions: whether an answer obeys what its prompt demands of its form.

The 25 instructions of IFEval (arXiv 2311.07911), by the ids and argument names of the released
reinforcement-learning rows (`args.instruction_id_list`, `args.instruction_kwargs`):

    check("length_constraints:number_words", {"num_words": 50, "relation": "less than"},
          prompt="", response="Short.")                                                # True

The verdicts are those of the official checker as lm-eval 0.4.13 carries it, quirks included; each
quirk is told where it is reproduced (`filters.constraints.rules`). The official checker draws a
missing argument at random, and fails on one that it does not know; here both are unjudged.
"""

from filters.constraints.checking import INSTRUCTION_IDS, check
from filters.constraints.filter import Constraints

__all__ = ["INSTRUCTION_IDS", "Constraints", "check"]
