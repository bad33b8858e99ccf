"""What a finished figure is: two drawings of the same data, its numbers, and words for those who cannot see it."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Picture:
    """One figure of the page.

    Attributes:
        name: File name without ending, also the anchor on the page.
        title: What is drawn, in a few words.
        caption: How to read it, in a sentence or two.
        alt: What it shows, in numbers.
        wide, narrow: PNG bytes for a desk and for a phone.
        csv: The numbers behind it, with a header line.
    """

    name: str
    title: str
    caption: str
    alt: str
    wide: bytes
    narrow: bytes
    csv: str

    @property
    def wide_uri(self) -> str:
        """The wide drawing as a data URI."""
        return "data:image/png;base64," + base64.b64encode(self.wide).decode()

    @property
    def narrow_uri(self) -> str:
        """The narrow drawing as a data URI."""
        return "data:image/png;base64," + base64.b64encode(self.narrow).decode()

    @property
    def csv_uri(self) -> str:
        """The numbers as a data URI."""
        return "data:text/csv;charset=utf-8;base64," + base64.b64encode(self.csv.encode()).decode()

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the wide drawing in CSS pixels (half its own), so that the page does not jump while loading."""
        return int.from_bytes(self.wide[16:20], "big") // 2, int.from_bytes(self.wide[20:24], "big") // 2


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """CSV text; None becomes an empty cell."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(["" if cell is None else cell for cell in row] for row in rows)
    return text.getvalue()
