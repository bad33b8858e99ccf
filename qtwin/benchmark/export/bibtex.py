"""BibTeX of the methods that a result used, from the citations that solvers carry."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_WORK = re.compile(r"^(?P<authors>.+?),? (?P<year>(?:19|20)\d\d)[a-z]?(?:,\s*(?P<where>.+))?$")
_ARXIV = re.compile(r"arXiv:\s*(?P<number>\d{4}\.\d{4,5}|[a-z-]+/\d{7})")


def works(citation: str) -> list[str]:
    """The single works of a citation such as 'Farhi, Goldstone 2014, arXiv:1411.4028; Zhou et al. 2020, PRX 10:021067'.

    What names no year, such as 'none needed', is no work.
    """
    return [work.strip() for work in citation.split(";") if re.search(r"(19|20)\d\d", work)]


def entry(work: str) -> tuple[str, str]:
    """(key, entry) of one work; what cannot be taken apart stays whole in its title, so that nothing is lost."""
    found = _WORK.match(work)
    authors, year, where = (found["authors"], found["year"], found["where"] or "") if found else (work, "", "")
    key = _plain(re.split(r"[ ,]", authors)[0]).lower() + (year or "nd") + _initials(where)
    fields = {"author": " and ".join(_authors(authors)) if found else "", "year": year, "howpublished": where, "note": work}
    arxiv = _ARXIV.search(work)
    if arxiv:
        fields |= {"eprint": arxiv["number"], "archiveprefix": "arXiv"}
    lines = [f"  {name} = {{{_escaped(value)}}}," for name, value in fields.items() if value]
    return key, "@misc{" + key + ",\n" + "\n".join(lines) + "\n}\n"


def bibtex(citations: Iterable[str]) -> str:
    """All works once, by key; two works of one key get a letter behind it."""
    entries: dict[str, str] = {}
    for work in sorted({w for c in citations for w in works(c)}):
        key, text = entry(work)
        wanted, letter = key, "a"
        while key in entries:
            letter = chr(ord(letter) + 1)
            key = wanted + letter
        entries[key] = text.replace("{" + wanted + ",", "{" + key + ",", 1)
    return "\n".join(entries[key] for key in sorted(entries))


def _authors(text: str) -> list[str]:
    names = [n.strip() for n in re.split(r",| and | & ", text.replace(" et al.", ", others").replace(" et al", ", others"))]
    return [n for n in names if n]


def _initials(where: str) -> str:
    return "".join(word[0] for word in re.findall(r"[A-Za-z]+", where)[:2]).lower()


def _plain(text: str) -> str:
    """Letters of the ASCII alphabet only, for a key."""
    flat = unicodedata.normalize("NFKD", text)
    return re.sub(r"[^A-Za-z]", "", flat) or "anonymous"


def _escaped(text: str) -> str:
    return re.sub(r"([&%#_$])", r"\\\1", text)
