"""What numba cannot say: unaligned words, wide products and vectors, as LLVM instructions.

Vectors are of one fixed width, which LLVM cuts to what the machine has: AVX-512, AVX2 and NEON run
the same code with the same result. Nothing here checks bounds: callers leave `SLACK` bytes after
what they read and write. Places and counts are int64.
"""

from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

from factory.shingles.compiled import cache_for

SLACK = 128
BLOCK = 64
"""Bytes that `classify` takes at a time."""
AT_ONCE = 12
"""Bits that `first_bits` takes at a time: more than a block of 64 letters mostly has tokens."""
I8, I32, I64, I128 = (ir.IntType(bits) for bits in (8, 32, 64, 128))
_BYTES = ir.VectorType(I8, BLOCK)
_P = ParamSpec("_P")
_F = TypeVar("_F", bound=Callable[..., Any])


def native(function: _F) -> _F:
    """Compile a function on its first call, to run without Python's lock, and keep it on disk."""
    compiled: Any = njit(nogil=True, error_model="numpy")(function)
    compiled._cache = cache_for(function)
    return compiled  # type: ignore[no-any-return]  # called as the function is


def part(function: _F) -> _F:
    """As `native` for what only native functions call: kept with them alone."""
    compiled: _F = njit(
        nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True
    )(function)
    return compiled


def inlined(function: _F) -> _F:
    """As `part`, written into each caller: LLVM by itself leaves a call."""
    compiled: _F = njit(
        nogil=True,
        error_model="numpy",
        no_cpython_wrapper=True,
        no_cfunc_wrapper=True,
        forceinline=True,
    )(function)
    return compiled


def instruction(define: Callable[Concatenate[Any, _P], Any]) -> Callable[_P, Any]:
    """A function for kernels that is written in LLVM's instructions."""
    wrapped: Callable[_P, Any] = intrinsic(define)
    return wrapped


def pointer(context: Any, builder: Any, array: Any, value: Any, index: Any, to: ir.Type) -> Any:
    """The address of an element of an array, as a pointer to `to`."""
    data = context.make_array(array)(context, builder, value).data
    return builder.bitcast(builder.gep(data, [index]), to.as_pointer())


@instruction
def load64(typing: Any, array: Any, index: Any) -> Any:
    """Eight bytes of an array of bytes, the first one lowest."""

    def write(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value, place = arguments
        return builder.load(pointer(context, builder, array, value, place, I64), align=1)

    return types.uint64(array, types.int64), write


@instruction
def copy64(typing: Any, source: Any, start: Any, target: Any, place: Any) -> Any:
    """Copy 64 bytes from one array of bytes to another."""

    def write(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value, start_at, target_value, place_at = arguments
        block = builder.load(pointer(context, builder, source, value, start_at, _BYTES), align=1)
        to = pointer(context, builder, target, target_value, place_at, _BYTES)
        builder.store(block, to, align=1)
        return context.get_dummy_value()

    return types.void(source, types.int64, target, types.int64), write


@instruction
def product(typing: Any, a: Any, b: Any) -> Any:
    """The two halves of the 128-bit product of two uint64, xored."""

    def write(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        wide = builder.mul(*(builder.zext(argument, I128) for argument in arguments))
        high = builder.trunc(builder.lshr(wide, ir.Constant(I128, 64)), I64)
        return builder.xor(builder.trunc(wide, I64), high)

    return types.uint64(types.uint64, types.uint64), write


@instruction
def count_bits(typing: Any, mask: Any) -> Any:
    """How many bits of a uint64 are set, as int64."""

    def write(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), write


@instruction
def first_bit(typing: Any, mask: Any) -> Any:
    """The place of the lowest set bit of a uint64, 64 where there is none, as int64."""

    def write(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 0))

    return types.int64(types.uint64), write


@instruction
def classify(typing: Any, source: Any, start: Any, target: Any, place: Any) -> Any:
    """Fold 64 ASCII bytes into `target` and tell what each is.

    Returns:
        Three masks, uint64, a bit a byte: word, white space, not ASCII (copied as it is).
    """

    def write(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value, start_at, target_value, place_at = arguments
        block = builder.load(pointer(context, builder, source, value, start_at, _BYTES), align=1)

        def every(byte: int) -> ir.Constant:
            return ir.Constant(_BYTES, [byte] * BLOCK)

        def within(low: int, high: int) -> Any:
            return builder.icmp_unsigned("<=", builder.sub(block, every(low)), every(high - low))

        block = builder.select(
            within(ord("A"), ord("Z")), builder.add(block, every(ord("a") - ord("A"))), block
        )
        to = pointer(context, builder, target, target_value, place_at, _BYTES)
        builder.store(block, to, align=1)
        word = builder.or_(within(ord("a"), ord("z")), within(ord("0"), ord("9")))
        word = builder.or_(word, within(ord("_"), ord("_")))
        space = builder.or_(within(0x09, 0x0D), within(0x1C, 0x20))
        wide = within(0x80, 0xFF)
        masks = [builder.bitcast(bits, I64) for bits in (word, space, wide)]
        return context.make_tuple(builder, signature.return_type, masks)

    returned = types.UniTuple(types.uint64, 3)
    return returned(source, types.int64, target, types.int64), write


@instruction
def first_bits(typing: Any, mask: Any, base: Any, out: Any, place: Any) -> Any:
    """Write `base` plus the place of each of the 12 lowest set bits of a mask to an int64 array.

    Always 12 are written, from `out[place]` on. Returns the mask without those bits.
    """

    def write(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        bits, base_value, value, place_at = arguments
        for step in range(AT_ONCE):
            lowest = builder.cttz(bits, ir.Constant(ir.IntType(1), 0))
            index = builder.add(place_at, ir.Constant(I64, step))
            to = pointer(context, builder, out, value, index, I64)
            builder.store(builder.add(base_value, lowest), to)
            bits = builder.and_(bits, builder.sub(bits, ir.Constant(I64, 1)))
        return bits

    return types.uint64(types.uint64, types.int64, out, types.int64), write
