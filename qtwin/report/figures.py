"""Every figure of a result, in the order of the page.

To add one: write a function and add a line to `TABLE`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from qtwin.report import accuracy, course, decision_pictures, effect, pareto, race
from qtwin.report import interactions as spectrum
from qtwin.report.chart import Figure

TABLE: dict[str, Callable[[Mapping[str, Any]], Figure | None]] = {
    "benefit_harm": effect.picture,
    "pareto": pareto.picture,
    "patient_course": course.course_picture,
    "p_optimal": decision_pictures.set_picture,
    "tornado": decision_pictures.tornado_picture,
    "solver_comparison": race.picture,
    "twin_fit": course.fit_picture,
    "encoded_against_true": accuracy.picture,
    "interaction_spectrum": spectrum.picture,
}


def draw(result: Mapping[str, Any]) -> dict[str, Figure]:
    """The figures that this result has the numbers for, by name."""
    drawn = {name: function(result) for name, function in TABLE.items()}
    return {name: picture for name, picture in drawn.items() if picture is not None}
