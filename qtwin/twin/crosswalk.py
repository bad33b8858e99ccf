"""MoCA -> MMSE: a published crosswalk, used where no MMSE was taken on the day.

Equivalent scores are those of Fasnacht et al. 2023 (J Am Geriatr Soc 71:869, 10.1111/jgs.18124), by equipercentile equating;
there are none below 2 points. Their error is that of one person's converted score against the MMSE of the same day: root mean
square 2.61 to 2.94 points over four published crosswalks in 506 patients ("Validation of four methods for converting scores on
the Montreal Cognitive Assessment to scores on the Mini-Mental State Examination-2", J Clin Neurol); the largest is taken.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qtwin.patient.person import Visit

LOWEST_MOCA = 2.0
_MMSE = (7, 9, 10, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 25, 26, 27, 27, 28, 28, 29, 29, 30, 30, 30, 30)
"""MMSE of 2, 3, ... 30 points of MoCA."""
ERROR_POINTS = 2.94
READ_AS_MMSE = f"MoCA is taken as MMSE by a published crosswalk (Fasnacht 2023), with an error of {ERROR_POINTS:g} points"


def mmse_of_moca(moca: float) -> float:
    """Equivalent MMSE of a MoCA score; between whole points on the line between them.

    Raises:
        ValueError: for a score that the crosswalk does not cover.
    """
    if not LOWEST_MOCA <= moca <= 30.0:
        raise ValueError(f"the crosswalk covers {LOWEST_MOCA:g} to 30 points of MoCA, {moca:g} came")
    return float(np.interp(moca, np.arange(LOWEST_MOCA, 31.0), _MMSE))


def converted(visits: Sequence[Visit]) -> list[Visit]:
    """The MoCA scores of days without an MMSE, as MMSE."""
    known = {v.date for v in visits if v.biomarker == "mmse"}
    usable = [v for v in visits if v.biomarker == "moca" and v.value >= LOWEST_MOCA and v.date not in known]
    return [Visit(date=v.date, biomarker="mmse", value=mmse_of_moca(v.value), unit=v.unit) for v in usable]
