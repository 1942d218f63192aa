"""The licence of a row, computed from its prompt's source and its teacher's output terms.

The table orders permissive licences by what they ask of whoever passes the data on; a row that
combines two is offered under the stricter one. What cannot be combined, or is not in the table, is
refused: somebody has to decide.
"""

from factory.errors import ConfigError

PERMISSIVE = ("cc0-1.0", "mit", "bsd-3-clause", "apache-2.0", "odc-by", "cc-by-4.0")
"""Hub identifiers, from the one that asks least to the one that asks most."""
SHARE_ALIKE = ("cc-by-sa-4.0",)
"""Accept permissive parts and pass their own terms on; two different ones do not combine."""


def require_known(license: str) -> None:
    """Refuse, with a `ValueError`, a licence that is not in the table."""
    if license not in PERMISSIVE + SHARE_ALIKE:
        known = ", ".join(PERMISSIVE + SHARE_ALIKE)
        raise ValueError(f"license {license!r} is not one that can be combined; known: {known}")


def combine(*licenses: str) -> str:
    """The licence of a work made of parts under the given ones.

    Raises:
        ConfigError: an unknown licence, or two that do not combine.
    """
    try:
        for license in licenses:
            require_known(license)
    except ValueError as error:
        raise ConfigError(str(error)) from None
    viral = sorted({license for license in licenses if license in SHARE_ALIKE})
    if len(viral) > 1:
        raise ConfigError(f"licences {' and '.join(viral)} cannot be combined in one work")
    return viral[0] if viral else max(licenses, key=PERMISSIVE.index)
