"""Reports as pages: one file each, which loads nothing and runs no script.

What stands in a dataset is hostile: every text goes through a template that escapes it, control
and direction characters are spelled out, and the page's own policy forbids scripts and networks.
"""

from importlib import resources
from typing import Any

import jinja2

from factory.rowreport import share
from factory.terminal import visible


def render(template: str, **context: Any) -> str:
    """A page from a template of this package, in the style of the audit's page.

    Args:
        template: its name, such as `dedup.html.j2`.
        context: what it shows; texts are escaped.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("factory", "pages"), autoescape=True,
        undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    environment.filters.update(count="{:,}".format, visible=visible, share=share)
    style = resources.files("factory.audit").joinpath("site", "style.css").read_text("utf-8")
    return environment.get_template(template).render(style=style, **context)
