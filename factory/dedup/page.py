"""A dedup as a page for people: what the bands find, how large clusters are, twins side by side."""

from factory.dedup.differences import compare
from factory.dedup.findings import Example, Findings


def dedup_page(found: Findings) -> str:
    """The page as HTML, which loads nothing and runs no script."""
    from factory.pages import render
    from factory.pages.charts import similarity_chart, sizes_chart

    return render(
        "dedup.html.j2",
        f=found,
        similarity=similarity_chart(found.histogram, found.threshold, found.probability),
        sizes=sizes_chart(found.sizes),
        examples=[_compared(each) for each in found.examples],
    )


def _compared(example: Example) -> dict[str, object]:
    removed, kept = compare(example.text, example.twin_text)
    return {"example": example, "removed": removed, "kept": kept}
