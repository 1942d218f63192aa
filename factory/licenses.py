"""The licence of a row, computed from its prompt's source and its teachers' output terms.

Of permissive licences a row keeps the one that asks most of whoever passes the data on; what asks
more than that stands beside it, as in `cc-by-4.0 AND llama3.3`. Such a row can be made and kept;
whether it may be published somebody has to decide, and `factory.license_check` names what stands
against it. The lines say where a licence's own text asks for it. They are no legal advice.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from factory.errors import ConfigError

Kind = Literal["permissive", "share-alike", "conditions", "refuses"]
AND = " AND "


@dataclass(frozen=True, kw_only=True, slots=True)
class License:
    """One that rows or teachers may come under."""

    kind: Kind
    """`permissive` asks at most for names; `share-alike` passes itself on; `conditions` reaches
    models that are trained on the text; `refuses` forbids what the data is for."""
    says: str
    """What its own text asks for, and where."""
    on_hub: bool = True
    """Whether the Hub knows the identifier."""


def _llama(version: str) -> License:
    says = (
        f"Llama {version} Community License 1.b.i: a distributed model that was trained on outputs "
        'begins its name with "Llama"; products with Llama materials show "Built with Llama"'
    )
    return License(kind="conditions", says=says)


def _improves_no_other(name: str) -> License:
    says = f"{name} 1.b.v: outputs may not be used to improve any other large language model"
    return License(kind="refuses", says=says)


_CC = "Creative Commons {} 3.a: name the creator, the licence and what was changed"
_SHARED = "Creative Commons {} 3.b: what is adapted from it comes under the same licence"
_SOLD = "Creative Commons {} 2.a: no commercial use"

LICENSES = {
    "nvidia-open-model-license": License(
        kind="permissive",
        says="NVIDIA Open Model License: NVIDIA claims no ownership of outputs",
        on_hub=False,
    ),
    "cc0-1.0": License(kind="permissive", says="CC0 2: all rights are waived"),
    "mit": License(kind="permissive", says="MIT: keep the notice"),
    "bsd-3-clause": License(kind="permissive", says="BSD 1 to 3: keep the notice, use no names"),
    "apache-2.0": License(kind="permissive", says="Apache 4: keep notices, say what was changed"),
    "odc-by": License(kind="permissive", says="ODC-By 4.2: keep the notice of the database"),
    "cc-by-4.0": License(kind="permissive", says=_CC.format("BY 4.0")),
    "cc-by-sa-3.0": License(
        kind="share-alike",
        says="Creative Commons BY-SA 3.0 4.b: the same licence, or a later version of it",
    ),
    "cc-by-sa-4.0": License(kind="share-alike", says=_SHARED.format("BY-SA 4.0")),
    "odbl": License(kind="share-alike", says="ODbL 4.4: derived databases come under ODbL"),
    "llama3.1": _llama("3.1"),
    "llama3.2": _llama("3.2"),
    "llama3.3": _llama("3.3"),
    "gemma": License(
        kind="conditions",
        says=(
            "Gemma Terms 1.1(e), 3.3: Google claims no rights in outputs; a model that was trained "
            "on them to perform like Gemma is a derivative under the same terms"
        ),
    ),
    "qwen": License(
        kind="conditions",
        says=(
            "Qwen License Agreement, rules of use: a distributed model that was trained on "
            'outputs shows "Built with Qwen" or "Improved using Qwen"'
        ),
        on_hub=False,
    ),
    "deepseek": License(
        kind="conditions",
        says=(
            "DeepSeek Model License: DeepSeek claims no rights in outputs; models distilled from "
            "them are derivatives, which the restrictions of use go with"
        ),
        on_hub=False,
    ),
    "llama2": _improves_no_other("Llama 2 Community License"),
    "llama3": _improves_no_other("Llama 3 Community License"),
    "qwen-research": License(
        kind="refuses", says="Qwen Research License: non-commercial use only", on_hub=False
    ),
    "cc-by-nc-3.0": License(kind="refuses", says="Creative Commons BY-NC 3.0 4.b: not for profit"),
    "cc-by-nc-4.0": License(kind="refuses", says=_SOLD.format("BY-NC 4.0")),
    "cc-by-nc-sa-4.0": License(kind="refuses", says=_SOLD.format("BY-NC-SA 4.0")),
    "cc-by-nc-nd-4.0": License(kind="refuses", says=_SOLD.format("BY-NC-ND 4.0")),
    "cc-by-nd-4.0": License(
        kind="refuses", says="Creative Commons BY-ND 4.0 2.a: adapted material may not be shared"
    ),
}
"""By identifier; permissive ones from the one that asks least to the one that asks most."""

PERMISSIVE = tuple(name for name, each in LICENSES.items() if each.kind == "permissive")
SHARE_ALIKE = tuple(name for name, each in LICENSES.items() if each.kind == "share-alike")


def require_known(license: str) -> None:
    """Refuse, with a `ValueError`, a licence that is not in the table."""
    if unknown := [name for name in license.split(AND) if name not in LICENSES]:
        known = ", ".join(LICENSES)
        text = f"license {unknown[0]!r} is not one that can be combined; known: {known}"
        raise ValueError(text)


def combine(*licenses: str) -> str:
    """The licence of a work made of parts under the given ones.

    Raises:
        ConfigError: an unknown licence.
    """
    try:
        for license in licenses:
            require_known(license)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    return _combined(licenses)


def combine_rows(licenses: Iterable[str]) -> str | None:
    """The same for the licences of rows as they say them, where some may be unknown; None for none.

    Unknown ones are kept as they are.
    """
    return _combined(licenses) or None


def _combined(licenses: Iterable[str]) -> str:
    parts = {name for license in licenses for name in license.split(AND)}
    if "cc-by-sa-4.0" in parts:
        parts.discard("cc-by-sa-3.0")  # which may be passed on under a later version
    strict = sorted(name for name in parts if name not in PERMISSIVE)
    if not parts or any(name in SHARE_ALIKE for name in strict):
        return AND.join(strict)  # the permissive ones allow what a share-alike licence asks for
    free = [name for name in PERMISSIVE if name in parts]
    return AND.join([*free[-1:], *strict])


def hub_licenses(license: str | None) -> dict[str, Any]:
    """The keys of a card's header that say a licence."""
    if not license:
        return {}
    names = license.split(AND)
    if any(name not in LICENSES or not LICENSES[name].on_hub for name in names):
        return {"license": "other", "license_name": "-and-".join(names).replace(" ", "-").lower()}
    return {"license": names[0] if len(names) == 1 else names}
