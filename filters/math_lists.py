"""Reading lists, tuples, sets, intervals, unions, ratios and matrices."""

import re
from typing import Final

from filters.math_field import INFINITE, Unreadable
from filters.math_forms import (
    MAX_ITEMS,
    Form,
    Listing,
    Matrix,
    Named,
    Quantity,
    Reading,
    Relation,
    Union,
)
from filters.math_quantities import GROUPED, without_commas
from filters.math_relations import bracketed_whole
from filters.math_text import closing, split

_JOINED: Final = re.compile(r"^ *(?:and|or) | (?:and|or) *$|^ *(?:and|or) *$")
_CONDITION: Final = re.compile(
    r" ?([a-z]) ?(?:\\in ?(?:\\mathbb ?\{?R\}? ?|\\R ?))?(?:\||:|\\mid(?![a-z])) ?(.+)"
)
_THOUSANDS: Final = re.compile(r"[1-9]\d{0,2}(?:,\d{3})*,0\d\d(?:,\d{3})*")
"""A number that no one can mean as a pair: `(1,000)` is no `(1, 0)`."""
_MATRIX: Final = re.compile(
    r"[(\[]? ?\\begin ?\{([pbvBV]?matrix|array)\} ?(?:\{[clr| ]*\})?(.*)\\end ?\{\1\} ?[)\]]?",
    re.DOTALL,
)


def union(text: str, form: Reading) -> Form | None:
    """Sets joined by `\\cup`; None where none are."""
    if "\\cup" not in text:
        return None
    parts = split(text, "\\cup")
    if len(parts) == 1:
        return None
    sets = tuple(form(part) for part in parts)
    if not all(isinstance(each, Listing) and each.brackets for each in sets):
        raise Unreadable("a union of what are no sets")
    return Union(sets)


def bare_list(text: str, form: Reading) -> Form | None:
    """A list without brackets, or the two values of a plus-minus."""
    if GROUPED.match(text) and without_commas(text) is not None:
        return None
    parts = _parts(text)
    if len(parts) > 1:
        items = [form(part) for part in parts]
        if " or " in text and (joined := _either(items)):
            return joined
        return _flat("", _named_alike(items))
    if ("\\pm" in text or "\\mp" in text) and not bracketed_whole(text):
        return _both_signs(text, form)
    return None


def _parts(text: str) -> list[str]:
    """The elements of a list, between commas, semicolons or `and`."""
    if ", " in text and re.search(r"\d,\d{3}(?!\d)", text):
        text = re.sub(r"(?<=\d),(?=\d{3}(?!\d))", "", text)
    parts = [text]
    for separator in (";", ",", " and ", " or "):
        parts = [piece for part in parts for piece in split(part, separator)]
    parts = [_JOINED.sub("", part).strip() for part in parts]
    parts = [part for part in parts if part]
    if len(parts) > MAX_ITEMS:
        raise Unreadable("a long list")
    return parts


def _named_alike(items: list[Form]) -> list[Form]:
    """`x = 1, 2` names both."""
    first = items[0]
    if isinstance(first, Named) and not any(isinstance(item, Named) for item in items[1:]):
        if any(isinstance(item, Relation) for item in items[1:]):
            raise Unreadable("a list of relations")
        return [first.form, *items[1:]]
    return items


def _either(items: list[Form]) -> Form | None:
    """`x < 1 or x > 2` as the union of two intervals."""
    sets = [item.form for item in items if isinstance(item, Named)]
    names = {item.name for item in items if isinstance(item, Named)}
    if len(names) > 1 or len(sets) < len(items) or not all(_is_interval(each) for each in sets):
        return None
    return Named(names.pop(), Union(tuple(sets)))


def _is_interval(form: Form) -> bool:
    return isinstance(form, Listing) and len(form.items) == 2 and form.brackets not in ("", "{}")


def _flat(brackets: str, items: list[Form]) -> Listing:
    """A listing whose plus-minus elements are two elements each."""
    flat: list[Form] = []
    for item in items:
        inner = item.form if isinstance(item, Named) else item
        if isinstance(inner, Listing) and inner.brackets == "" and brackets in ("", "{}"):
            flat += inner.items
        else:
            flat.append(item)
    return Listing(brackets, tuple(flat))


def _both_signs(text: str, form: Reading) -> Form | None:
    plus = text.replace("\\pm", "+").replace("\\mp", "-")
    minus = text.replace("\\pm", "-").replace("\\mp", "+")
    if text.count("\\pm") + text.count("\\mp") > 4:
        raise Unreadable("many signs")
    return Listing("", (form(plus), form(minus)))


def bracketed(text: str, form: Reading) -> Form | None:
    """A tuple, an interval or a set; what stands in brackets alone, where that is all."""
    braces = text.startswith("\\{")
    left = "{" if braces else text[:1]
    if left not in ("(", "[", "{") or closing(text, 0) != len(text) - 1:
        return None
    right = text[-1]
    inside = text[2:-2] if braces else text[1:-1]
    if braces != text.endswith("\\}"):
        return None
    if braces and ("|" in inside or ":" in inside or "\\mid" in inside):
        return _by_condition(inside, form)
    if _THOUSANDS.fullmatch(inside) and left + right == "()":
        return form(inside)
    parts = split(inside, ",") if "," in inside else split(inside, ";")
    if len(parts) > MAX_ITEMS or not all(part.strip() for part in parts):
        raise Unreadable("list")
    if len(parts) == 1 and not braces:
        if left + right != "()":
            return None
        inner = form(inside)
        return inner if not isinstance(inner, Quantity) else None
    return _open_at_infinity(_flat(left + right, [form(part) for part in parts]))


def _by_condition(inside: str, form: Reading) -> Form:
    """`\\{x \\mid x > 5\\}` as what is said of x."""
    found = _CONDITION.fullmatch(inside)
    said = form(found[2]) if found else None
    if not isinstance(said, Named) or found is None or said.name != found[1]:
        raise Unreadable("a set by its condition")
    return said.form


def _open_at_infinity(listing: Listing) -> Listing:
    """An interval that no bracket closes at infinity."""
    if len(listing.items) != 2 or listing.brackets == "{}":
        return listing
    ends = [isinstance(end, Quantity) and INFINITE in end.value.atoms for end in listing.items]
    left, right = listing.brackets[0], listing.brackets[1]
    return Listing(("(" if ends[0] else left) + (")" if ends[1] else right), listing.items)


def ratio(text: str, form: Reading) -> Form | None:
    """A ratio or a time of day."""
    parts = text.split(":")
    if not 2 <= len(parts) <= 6 or not all(part.strip() for part in parts):
        return None
    brackets = "h:m" if re.match(r"\d{1,2}:\d\d(?!\d)", text) else ":"
    return Listing(brackets, tuple(form(part) for part in parts))


def matrix(text: str, form: Reading) -> Form | None:
    """Rows of elements; None where no environment begins."""
    if "\\begin" not in text:
        return None
    found = _MATRIX.fullmatch(text)
    if not found or "\\begin" in found[2] or found[1] in ("vmatrix", "Vmatrix"):
        raise Unreadable("matrix")
    rows = [row for row in found[2].split("\\\\") if row.strip()]
    if sum(row.count("&") + 1 for row in rows) > MAX_ITEMS:
        raise Unreadable("a large matrix")
    return Matrix(tuple(tuple(form(cell) for cell in row.split("&")) for row in rows))
