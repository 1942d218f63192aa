"""A decontamination as a page for people: benchmarks, items, and rows with what was found."""

from factory.decontamination.findings import Findings
from factory.decontamination.report import around


def decontamination_page(found: Findings) -> str:
    """The page as HTML, which loads nothing and runs no script."""
    from factory.pages import render

    examples = [
        dict(zip(("before", "span", "after"), around(each), strict=True), example=each)
        for each in found.examples
    ]
    return render("decontamination.html.j2", f=found, examples=examples)
