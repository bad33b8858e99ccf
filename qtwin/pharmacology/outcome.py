"""Clinical outcomes that drugs make more or less likely, with their baseline hazard and what an event costs."""

from __future__ import annotations

OUTCOMES = ("stroke", "bleeding", "bradycardia", "falls", "arrhythmia", "death")
