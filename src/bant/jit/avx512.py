"""Instructions of AVX-512 that other machines need several for: x 2ⁿ, the exponent and the mantissa of a number.

LLVM knows them as intrinsics with a mask, one for each width of a register; shorter vectors than a register do not occur
(a scalar is put into one), longer ones are halved.
"""

from __future__ import annotations

from bant.jit.emit import Type, Value, type_of


def there(x: Value) -> bool:
    return {"avx512f", "avx512vl", "avx512dq"} <= x.code.module.features


def call(x: Value, name: str, *operands: Value | int) -> Value:
    """A masked AVX-512 instruction on values of x's type, in registers of 128 to 512 bits."""
    code, type = x.code, x.type
    kind, letters, unit = type.kind, "ps" if type.kind == "f32" else "pd", 4 if type.kind == "f32" else 2
    if not type.lanes:
        wide = type_of(kind, unit)
        padded = [_insert(o, wide) if isinstance(o, Value) else o for o in operands]
        result = call(padded[0], name, *padded)
        return code.emit(type, f"extractelement {wide.text} {result.name}, i64 0")
    bits = type.lanes * 128 // unit
    if bits > 512:
        halves = [[_half(o, k) if isinstance(o, Value) else o for o in operands] for k in (0, 1)]
        low, high = (call(half[0], name, *half) for half in halves)
        order = ", ".join(f"i32 {i}" for i in range(type.lanes))
        both = f"{low.type.text} {low.name}, {high.type.text} {high.name}"
        return code.emit(type, f"shufflevector {both}, <{type.lanes} x i32> <{order}>")
    mask = f"i{max(8, type.lanes)}"
    texts = [f"{type.text} {o.name}" if isinstance(o, Value) else f"i32 {o}" for o in operands]
    shapes = [type.text if isinstance(o, Value) else "i32" for o in operands]
    extra = ["i32 4"] if bits == 512 else []  # round as usual
    full = f"llvm.x86.avx512.mask.{name}.{letters}.{bits}"
    types = ", ".join([*shapes, type.text, mask, *(["i32"] if extra else [])])
    code.module.declarations[f"declare {type.text} @{full}({types})"] = None
    texts += [f"{type.text} zeroinitializer", f"{mask} -1", *extra]
    return code.emit(type, f"call {type.text} @{full}({', '.join(texts)})")


def _insert(x: Value, wide: Type) -> Value:
    return x.code.emit(wide, f"insertelement {wide.text} zeroinitializer, {x.type.text} {x.name}, i64 0")


def _half(x: Value, which: int) -> Value:
    lanes = x.type.lanes // 2
    order = ", ".join(f"i32 {i + which * lanes}" for i in range(lanes))
    text = x.type.text
    return x.code.emit(
        type_of(x.type.kind, lanes),
        f"shufflevector {text} {x.name}, {text} poison, <{lanes} x i32> <{order}>",
    )
