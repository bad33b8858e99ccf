"""Consents: what together they allow."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from qtwin.errors import InputError
from qtwin.patient.consent import read_consent

TODAY = dt.date(2025, 6, 1)


def _consent(*purposes: str, **more: Any) -> dict[str, Any]:
    provision = {"purpose": [{"code": p} for p in purposes], **more}
    return {"status": "active", "scope": {"coding": [{"code": "research"}]}, "provision": provision}


def test_permits_add_up_and_denials_win() -> None:
    consents = [
        _consent("research", "simulation", period={"end": "2030-01-01"}),
        _consent("teaching", period={"end": "2028-01-01"}),
        _consent("simulation", type="deny"),
        _consent("marketing", period={"end": "2020-01-01"}),
    ]
    found = read_consent(consents, TODAY)
    assert found is not None
    assert found.scopes == ("research", "teaching")
    assert found.expires == dt.date(2028, 1, 1)


def test_without_a_purpose_the_scope_counts() -> None:
    found = read_consent([_consent()], TODAY)
    assert found is not None
    assert found.scopes == ("research",)
    assert read_consent([], TODAY) is None


@pytest.mark.parametrize(
    ("consents", "words"),
    [
        ([{**_consent("research"), "status": "rejected"}], "'rejected', not active"),
        ([_consent("research", period={"end": "2025-05-31"})], "expired on 2025-05-31"),
        ([_consent("research", period={"start": "2025-06-02"})], "starts only on 2025-06-02"),
        ([_consent("research"), _consent(type="deny")], "denies the use"),
        ([_consent("research"), _consent("research", type="deny")], "allows nothing"),
    ],
)
def test_no_valid_consent_is_refused(consents: list[dict[str, Any]], words: str) -> None:
    with pytest.raises(InputError) as caught:
        read_consent(consents, TODAY)
    assert words in caught.value.message
