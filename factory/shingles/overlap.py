"""How much two sorted sets of hashes have in common, eight by eight."""

from typing import Any

from llvmlite import ir
from numba import types

from factory.shingles.hashing import Array, Int
from factory.shingles.lanes import I64, instruction, native, part, pointer
from factory.shingles.vectors import spread

_EIGHT = ir.VectorType(I64, 8)


@instruction
def equal_pairs(typing: Any, a: Any, i: Any, b: Any, j: Any) -> Any:
    """How many of `a[i:i + 8]` are among `b[j:j + 8]`, as int64; the values of each differ."""

    def write(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value, first, other, second = arguments
        theirs = builder.load(pointer(context, builder, b, other, second, _EIGHT), align=8)
        found = None
        for step in range(8):
            place = builder.add(first, ir.Constant(I64, step))
            ours = builder.load(pointer(context, builder, a, value, place, I64))
            same = builder.icmp_unsigned("==", spread(builder, ours, _EIGHT), theirs)
            found = same if found is None else builder.or_(found, same)
        bits = builder.bitcast(found, ir.IntType(8))
        return builder.zext(builder.ctpop(bits), I64)

    return types.int64(a, types.int64, b, types.int64), write


@part
def in_common(a: Array, b: Array) -> Int:
    """How many values two sorted sets share."""
    i = j = common = 0
    while i + 8 <= a.size and j + 8 <= b.size:
        common += equal_pairs(a, i, b, j)
        x, y = a[i + 7], b[j + 7]
        i += 8 if x <= y else 0
        j += 8 if y <= x else 0
    while i < a.size and j < b.size:
        x, y = a[i], b[j]
        common += x == y
        i += x <= y
        j += y <= x
    return common


@native
def jaccard(a: Array, b: Array) -> float:
    """Similarity in [0, 1] of two sorted sets; two empty ones are equal."""
    common = in_common(a, b)
    union = a.size + b.size - common
    return common / union if union else 1.0
