"""Generated blocks: the parts of a card that the manifest gives, told from what people write.

    <!-- generated: funnel sha256:5c1f0a2b9d3e4f60 -->
    ## What was dropped, and why
    ...
    <!-- end: funnel sha256:5c1f0a2b9d3e4f60 -->

The hash is that of what stands between, so that an edit inside is found. It closes the block too:
no text of a teacher's inside can know it. In the YAML header the same stands in comments. Text
outside of blocks is its writer's, and stays behind the block that it stands behind.
"""

import hashlib
import re
from dataclasses import dataclass

HEADER = "header"
_BEGIN = re.compile(r"^(<!--|#) generated: (([\w.-]+) sha256:([0-9a-f]{16}))(?: -->)?\n", re.M)
_FRONT = re.compile(r"\A---\n.*?^---\n", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Piece:
    """A generated block, or, without a name, what somebody wrote."""

    name: str
    text: str
    """With the marks."""
    edited: bool = False
    """Whether it is not as it was generated."""


def block(name: str, body: str, *, in_yaml: bool = False) -> str:
    """A text between its marks.

    Args:
        name: of the block.
        body: what was generated.
        in_yaml: whether the marks are comments of YAML.
    """
    body = body if body.endswith("\n") else f"{body}\n"
    mark, sign = f"{name} sha256:{_hash(body)}", "#" if in_yaml else "<!--"
    begin = f"{sign} generated: {mark}{'' if in_yaml else ' -->'}\n"
    return f"{begin}{body}{_end(sign, mark)}"


def pieces(text: str) -> list[Piece]:
    """A card's blocks and what stands between them, in order."""
    found: list[Piece] = []
    place = 0
    while match := _BEGIN.search(text, place):
        sign, mark, name, told = match.groups()
        if match.start() > place:
            found.append(Piece(name="", text=text[place : match.start()]))
        end = _end(sign, mark)
        closing = text.find(f"\n{end}", match.end() - 1) + 1
        if not closing:  # its end is gone: what there is of it cannot be told from what follows
            found.append(Piece(name=name, text=match[0], edited=True))
            place = match.end()
            continue
        place = closing + len(end)
        edited = _hash(text[match.end() : closing]) != told
        found.append(Piece(name=name, text=text[match.start() : place], edited=edited))
    if place < len(text):
        found.append(Piece(name="", text=text[place:]))
    return found


def blocks(text: str) -> dict[str, Piece]:
    """A card's generated blocks by name."""
    return {piece.name: piece for piece in pieces(text) if piece.name}


def edited_blocks(text: str) -> list[str]:
    """The names of blocks that were edited by hand, or that stand twice, in order."""
    found = [piece for piece in pieces(text) if piece.name]
    names = [piece.name for piece in found]
    odd = [piece.name for piece in found if piece.edited or names.count(piece.name) > 1]
    edited = list(dict.fromkeys(odd))
    return edited if HEADER in names or not _FRONT.match(text) else [HEADER, *edited]


def written_header(text: str) -> str:
    """What somebody wrote into a card's YAML header, beside the generated block."""
    front, own = _FRONT.match(text), blocks(text).get(HEADER)
    return front[0].replace(own.text, "").replace("---\n", "") if front and own else ""


def merged(old: str, fresh: str) -> str:
    """A card as it is generated now, with what somebody wrote around the blocks of an older one."""
    parts, names = [], set(blocks(fresh))
    written = _written(old, names)
    last = ""
    for piece in pieces(fresh):
        if piece.name:
            last = piece.name
            parts.append(piece.text)
        else:
            own = written.pop(last, "")
            parts.append(own if own.strip() not in ("", piece.text.strip()) else piece.text)
    return "".join(parts) + written.pop(last, "")


def _written(old: str, names: set[str]) -> dict[str, str]:
    """What somebody wrote, by the block before it, of those that are still there."""
    found: dict[str, str] = {}
    last = ""
    if HEADER not in blocks(old):  # rewritten as a whole
        old, last = _FRONT.sub("", old), HEADER
    for piece in pieces(old):
        if piece.name in names:
            last = piece.name
        elif not piece.name:
            found[last] = found.get(last, "") + piece.text
    return found


def _end(sign: str, mark: str) -> str:
    return f"{sign} end: {mark}{'' if sign == '#' else ' -->'}\n"


def _hash(body: str) -> str:
    return hashlib.sha256(body.encode("utf-8", "surrogatepass")).hexdigest()[:16]
