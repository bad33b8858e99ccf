"""What a file is by its first lines, where its suffix does not tell."""

from __future__ import annotations

import re

_COMMENT = re.compile(r"\s*(?:[#\\]|c(?:\s|$))")
_WHOLE = re.compile(r"\d+")
_LOOKED_AT = 1 << 16
"""Characters in which the first line that is no comment is looked for."""


def suffix_by_content(text: str) -> str:
    """The suffix that such a file has elsewhere; "" for a kind that is not known."""
    head = text[:_LOOKED_AT]
    if head.lstrip()[:1] == "{":
        return ".json"
    if re.match(r"\s*(?:\\.*\n\s*)*(?:min|max)", head, re.IGNORECASE):
        return ".lp"
    lines = head.split("\n")
    words = next((line.split() for line in lines if line.strip() and not _COMMENT.match(line)), [])
    if words[:2] == ["p", "qubo"]:
        return ".qubo"
    if not words or not all(map(_WHOLE.fullmatch, words)):
        return ""
    if any(line.startswith("# ObjectiveOffset") for line in lines):
        return ".qs"
    return {1: ".bqp", 2: ".mc"}.get(len(words), "")
