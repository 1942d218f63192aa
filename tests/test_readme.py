"""What the README says of the checks, said again by Python."""

from pathlib import Path

README = (Path(__file__).parents[1] / "README.md").read_text()


def test_the_checks_say_what_the_readme_says():
    (block,) = (
        block.partition("```")[0]
        for block in README.split("```python\n")[1:]
        if "from filters" in block
    )
    names: dict[str, object] = {}
    said = 0
    for line in block.splitlines():
        code, sign, comment = line.partition("  # ")
        if sign:
            assert repr(eval(code, names)) == comment.split(";")[0], line
            said += 1
        else:
            exec(code, names)
    assert said == 4
