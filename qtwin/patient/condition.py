"""FHIR Conditions -> diagnoses, by SNOMED CT code or by the start of an ICD-10 code."""

from __future__ import annotations

from typing import Any

from qtwin.patient.element import codes, words
from qtwin.patient.person import Condition

_CODES = {
    "alzheimer_disease": ("26929004", "416975007", "416780008", "G30", "F00"),
    "hypertension": ("38341003", "59621000", "I10"),
    "depression": ("35489007", "370143000", "F32", "F33"),
    "atrial_fibrillation": ("49436004", "282825002", "440059007", "I48"),
    "heart_failure": ("84114007", "I50"),
    "diabetes": ("73211009", "44054006", "E11"),
    "vascular_disease": ("399957001", "I70", "I25"),
    "stroke": ("230690007", "I63"),
    "psychosis": ("69322001", "F06.0", "F22", "F28", "F29"),
    "agitation": ("24199005", "162221009", "R45.1"),
}
_OVER = frozenset({"inactive", "remission", "resolved"})
_WRONG = frozenset({"refuted", "entered-in-error"})


def _means(code: str, known: str) -> bool:
    return code == known if known.isdigit() else code.upper().startswith(known)


def read_condition(resource: dict[str, Any]) -> tuple[Condition | None, list[str]]:
    """A diagnosis that holds now, None if it was refuted or is over; and notes."""
    text = words(resource.get("code"))
    stated = [code for _, code in codes(resource.get("clinicalStatus"))]
    verified = [code for _, code in codes(resource.get("verificationStatus"))]
    if _WRONG & set(verified) or _OVER & set(stated):
        return None, [f"condition {text!r} is {[*verified, *stated][0]} and not used"]
    found = [code for _, code in codes(resource.get("code"))]
    key = next((key for key, known in _CODES.items() for code in found for k in known if _means(code, k)), "")
    return Condition(key=key, code=found[0] if found else "", display=text), []
