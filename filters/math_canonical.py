"""One spelling for all answers that the fast path knows to be equal."""

from functools import lru_cache

from filters.math_compare import values_by_name
from filters.math_field import Unreadable, number
from filters.math_forms import (
    Form,
    Listing,
    Matrix,
    Named,
    Numeral,
    Opaque,
    Option,
    Quantity,
    Relation,
    Union,
    Word,
)
from filters.math_reading import read, squash
from filters.math_refusal import refused
from filters.math_text import clean


@lru_cache(maxsize=8192)
def canonical(answer: str) -> str:
    """One spelling for answers that are surely equal; for others, the text without white space."""
    if refused(answer):
        return "".join(answer.split())
    try:
        return _key(read(answer))
    except Unreadable:
        return squash(clean(answer))


def _labelled(form: Form) -> str:
    return f"{form.name} = {_key(form)}" if isinstance(form, Named) else _key(form)


def _key(form: Form) -> str:
    match form:
        case Quantity():
            unit = form.unit
            scaled = form.value
            mark = "%" if form.percent else ""
            if unit and unit.family:
                scaled = scaled * number(unit.factor**unit.exponent)
                mark += f" {unit.family}{unit.exponent}"
            return scaled.text + mark
        case Word():
            return form.text.lower()
        case Option():
            return f"1*{form.letter}"
        case Listing():
            keys = [_labelled(item) for item in values_by_name(form)]
            if form.brackets in ("", "{}"):
                keys = sorted(set(keys)) if form.brackets else sorted(keys)
            return form.brackets[:1] + ", ".join(keys) + form.brackets[1:]
        case Union():
            return " u ".join(sorted(_key(part) for part in form.parts))
        case Named():
            return _key(form.form)
        case Relation():
            return f"{form.text} {form.sign} 0"
        case Matrix():
            return "; ".join(" ".join(_key(cell) for cell in row) for row in form.rows)
        case Numeral():
            return f"{form.digits}_{form.base}"
        case Opaque():
            return form.text
