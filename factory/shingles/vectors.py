"""The loops over shingles in vectors: n-grams of hashes, and minima under permutations.

Vectors are of 512 bits, which LLVM cuts to what the machine has. As it is written out here, a loop
keeps its sums or minima in registers, whatever LLVM thinks of vectors of that width.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils

from factory.shingles import constants
from factory.shingles.lanes import I32, I64, instruction, pointer

PERMUTATIONS = 64
"""Permutations that `least` takes at a time."""
_WIDTH = 16
_LONG = ir.VectorType(I64, _WIDTH)
_SIXTEEN = ir.VectorType(I32, _WIDTH)

_MURMUR = ((16, 0x85EBCA6B), (13, 0xC2B2AE35), (16, 1))
_SPLITMIX = ((30, constants.MIX_1), (27, constants.MIX_2), (31, 1))


def every(vector: ir.VectorType, value: int) -> ir.Constant:
    """A vector of one constant."""
    return ir.Constant(vector, [value] * vector.count)


def spread(builder: Any, value: Any, vector: ir.VectorType) -> Any:
    """A vector of one number."""
    nothing = ir.Constant(vector, ir.Undefined)
    lane = builder.insert_element(nothing, value, ir.Constant(I32, 0))
    places = ir.VectorType(I32, vector.count)
    return builder.shuffle_vector(lane, nothing, every(places, 0))


def _mixed(builder: Any, value: Any, steps: tuple[tuple[int, int], ...]) -> Any:
    """Rounds of x = (x ^ x >> shift) * factor."""
    for shift, factor in steps:
        value = builder.xor(value, builder.lshr(value, every(value.type, shift)))
        value = builder.mul(value, every(value.type, factor))
    return value


@instruction
def combine(typing: Any, tokens: Any, total: Any, size: Any, powers: Any) -> Any:
    """Turn the hashes of tokens into the first `total` hashes of `size` tokens each, in place.

    None is 0. `powers` are those of the base, from the first on. Up to 15 hashes more are
    overwritten, and what follows them is read.
    """

    def write(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value, end, count, power_value = arguments
        zero, one, step = (ir.Constant(I64, number) for number in (0, 1, 16))
        last = builder.sub(count, one)

        def at(place: Any) -> Any:
            return pointer(context, builder, tokens, value, place, _LONG)

        with cgutils.for_range_slice(builder, zero, end, step) as (i, _):
            sums = cgutils.alloca_once_value(
                builder, builder.load(at(builder.add(i, last)), align=8)
            )
            with cgutils.for_range_slice(builder, zero, last, one) as (j, _):
                place = pointer(context, builder, powers, power_value, builder.sub(last, j), I64)
                power = spread(builder, builder.load(place), _LONG)
                term = builder.mul(builder.load(at(builder.add(i, j)), align=8), power)
                builder.store(builder.add(builder.load(sums), term), sums)
            mixed = _mixed(builder, builder.load(sums), _SPLITMIX)
            none = builder.zext(builder.icmp_unsigned("==", mixed, every(_LONG, 0)), _LONG)
            builder.store(builder.or_(mixed, none), at(i), align=8)
        return context.get_dummy_value()

    return types.void(tokens, types.int64, types.int64, powers), write


@instruction
def prepare(typing: Any, hashes: Any, start: Any, count: Any, out: Any) -> Any:
    """Write what `least` takes of `count` hashes from `start`: their upper halves, mixed.

    The mixing is the 32-bit finaliser of MurmurHash3, as datasketch applies it. `out` is uint32; up
    to 15 more are read and written.
    """

    def write(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value, first, end, out_value = arguments
        zero, step = ir.Constant(I64, 0), ir.Constant(I64, _WIDTH)
        with cgutils.for_range_slice(builder, zero, end, step) as (i, _):
            place = pointer(context, builder, hashes, value, builder.add(first, i), _LONG)
            block = builder.load(place, align=8)
            half = builder.trunc(builder.lshr(block, every(_LONG, 32)), _SIXTEEN)
            to = pointer(context, builder, out, out_value, i, _SIXTEEN)
            builder.store(_mixed(builder, half, _MURMUR), to, align=4)
        return context.get_dummy_value()

    return types.void(hashes, types.int64, types.int64, out), write


@instruction
def least(
    typing: Any, hashes: Any, count: Any, factors: Any, shifts: Any, first: Any, out: Any
) -> Any:
    """Lower `out[first:first + 64]` to the least of `factor * hash + shift` modulo 2**32.

    One value a permutation, over the first `count` hashes. All arrays are uint32.
    """

    def write(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value, end, factor_value, shift_value, start, out_value = arguments
        steps = range(0, PERMUTATIONS, _WIDTH)
        places = [builder.add(start, ir.Constant(I64, step)) for step in steps]

        def at(kind: Any, array: Any, place: Any) -> Any:
            return pointer(context, builder, kind, array, place, _SIXTEEN)

        factor = [builder.load(at(factors, factor_value, place), align=4) for place in places]
        shift = [builder.load(at(shifts, shift_value, place), align=4) for place in places]
        outs = [at(out, out_value, place) for place in places]
        minima = [
            cgutils.alloca_once_value(builder, builder.load(place, align=4)) for place in outs
        ]
        lanes = list(zip(factor, shift, minima, strict=True))
        with cgutils.for_range(builder, end) as loop:
            one = builder.load(pointer(context, builder, hashes, value, loop.index, I32))
            hashed = spread(builder, one, _SIXTEEN)
            for a, b, minimum in lanes:
                permuted = builder.add(builder.mul(hashed, a), b)
                old = builder.load(minimum)
                lower = builder.icmp_unsigned("<", permuted, old)
                builder.store(builder.select(lower, permuted, old), minimum)
        for place, minimum in zip(outs, minima, strict=True):
            builder.store(builder.load(minimum), place, align=4)
        return context.get_dummy_value()

    returned = types.void(hashes, types.int64, factors, shifts, types.int64, out)
    return returned, write
