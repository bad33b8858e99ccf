"""The result of a virtual trial, typed, and its page.

Intervals named `low` and `high` are 95 % confidence intervals.
"""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from qtwin.studies.result import SheetResult
from qtwin.twin.protocol import Protocol
from qtwin.twin.trial_analysis import ArmResult, DosePoint, Effect, Power, Predictor, Subgroup

if TYPE_CHECKING:
    import pandas as pd

    from qtwin.report.sheet import Sheet, Table

_TABLES = ("effects", "arms", "subgroups", "predictors", "power", "dose_response")


class TrialResult(SheetResult):
    """What a virtual trial found.

    Attributes:
        spec: The protocol; `spec_hash` its SHA-256.
        n_screened: Patients looked at until all arms were full.
        unit: Of the endpoint.
        arms: Change from baseline at every assessment, losses and ARIA-E, an arm each.
        effects: Every arm after the first against the first.
        subgroups, predictors, power: Of the arm with the clearest effect.
        dose_response: Effect by dose rate.

    Example:
        >>> import qtwin as qt
        >>> protocol = qt.TrialProtocol.shipped('clarity-ad', n_per_arm=60, power_sizes=(50,))
        >>> result = qt.run_trial(protocol)
        >>> result.clearest.low < result.clearest.difference < result.clearest.high
        True
    """

    schema_: Literal["qtwin.trial/1"] = Field(default="qtwin.trial/1", alias="schema")
    title: str
    spec: Protocol
    spec_hash: str
    seed: int
    wall_s: dict[str, float]
    n_screened: int
    unit: str
    arms: tuple[ArmResult, ...]
    effects: tuple[Effect, ...]
    subgroups: tuple[Subgroup, ...]
    predictors: tuple[Predictor, ...]
    power: tuple[Power, ...]
    dose_response: tuple[DosePoint, ...]

    @property
    def clearest(self) -> Effect:
        """The effect with the smallest p-value."""
        return min(self.effects, key=lambda e: e.p_value)

    def to_pandas(
        self,
        table: Literal[
            "effects", "arms", "subgroups", "predictors", "power", "dose_response"
        ] = "effects",
    ) -> pd.DataFrame:
        """A table of the result; "arms" has a row an arm and assessment, the others a row an
        entry.
        """
        import pandas as pd

        if table == "arms":
            weeks = (0.0, *self.spec.weeks)
            return pd.DataFrame(
                [
                    {
                        "arm": a.name,
                        "week": w,
                        "n": a.n_observed[k],
                        "change": a.change[k],
                        "low": a.low[k],
                        "high": a.high[k],
                    }
                    for a in self.arms
                    for k, w in enumerate(weeks)
                ]
            )
        rows: dict[str, Any] = {name: getattr(self, name) for name in _TABLES}
        return pd.DataFrame([dataclasses.asdict(row) for row in rows[table]])

    def sheet(self) -> Sheet:
        """The page, drawn from the result alone."""
        from qtwin.report import trial_pictures as pictures
        from qtwin.report.sheet import Section, Sheet

        e, protocol = self.clearest, self.spec
        forest = pictures.subgroup_picture(
            self.subgroups, arm=e.arm, overall=(e.difference, e.low, e.high), unit=self.unit
        )
        change = pictures.change_picture(
            self.arms, protocol.weeks, endpoint=protocol.endpoint, unit=self.unit
        )
        doses = (
            [pictures.dose_picture(self.dose_response, unit=self.unit)]
            if len(self.dose_response) > 1
            else []
        )
        return Sheet(
            kind="virtual trial",
            title=self.title,
            verdict=self.verdict,
            points=[x for x in (protocol.question, protocol.decision_rule) if x],
            cards=self._cards(),
            warnings=self.warnings,
            sections=[
                Section(
                    anchor="effect",
                    title="Effect",
                    pictures=[change],
                    tables=[self._effect_table()],
                ),
                Section(
                    anchor="who",
                    title="Who benefits",
                    pictures=[pictures.predictor_picture(self.predictors), forest],
                ),
                Section(
                    anchor="dose",
                    title="Dose and size",
                    pictures=[*doses, pictures.power_picture(self.power, arm=e.arm)],
                ),
                Section(anchor="harms", title="Harms and losses", tables=[self._harm_table()]),
            ],
            facts={
                "Protocol": self.spec_hash,
                "Seed": str(self.seed),
                "Data": self.versions["formulary"],
                "Versions": f"qtwin {self.versions['qtwin']}, Python {self.versions['python']}",
                "Time": f"{self.wall_s['simulation']:.2f} s to simulate, "
                f"{self.wall_s['all']:.1f} s "
                "with the analysis",
                "Patients": "virtual: drawn from the model's prior with the protocol's "
                "baselines; no "
                "record was read",
            },
        )

    def _cards(self) -> list[tuple[str, str, str]]:
        from qtwin.report.number import number

        e = self.clearest
        said = f"95 % confidence interval {number(e.low)} to {number(e.high)}, p = {e.p_value:.2g}"
        slowed = (
            f"95 % confidence interval {100 * e.slowing_low:.0f} to {100 * e.slowing_high:.0f} %"
        )
        return [
            ("Effect", f"{number(e.difference)} {self.unit}", said),
            ("Slowing", f"{100 * e.slowing:.0f} %", slowed),
            (
                "True effect",
                f"{number(e.true_difference)} {self.unit}",
                "mean over all patients, which only a simulation knows",
            ),
            (
                "Screened",
                f"{self.n_screened:,}",
                f"for {sum(a.n_randomised for a in self.arms):,} randomised",
            ),
        ]

    def effect_rows(self) -> list[tuple[str, ...]]:
        """Arm, difference, its interval, p-value, slowing with its interval, and true effect, in
        words.
        """
        from qtwin.report.number import number

        return [
            (
                e.arm,
                number(e.difference),
                f"{number(e.low)} to {number(e.high)}",
                f"{e.p_value:.2g}",
                f"{100 * e.slowing:.0f} % ({100 * e.slowing_low:.0f} to "
                f"{100 * e.slowing_high:.0f})",
                number(e.true_difference),
            )
            for e in self.effects
        ]

    def _effect_table(self) -> Table:
        from qtwin.report.sheet import Table

        header = (
            "Arm",
            f"Difference ({self.unit})",
            "95 % confidence interval",
            "p",
            "Slowing",
            "True effect",
        )
        rows = self.effect_rows()
        return Table(
            title="Effect at the last assessment",
            header=header,
            rows=rows,
            numeric=frozenset(range(1, 6)),
        )

    def _harm_table(self) -> Table:
        from qtwin.report.sheet import Table

        return Table(
            title="ARIA-E by APOE e4 copies beyond placebo's, treatment ended early, lost",
            header=("Arm", "0 copies", "1 copy", "2 copies", "Ended early", "Lost"),
            rows=[
                (
                    a.name,
                    *("nobody" if p is None else f"{100 * p:.1f} %" for p in a.aria_by_e4),
                    f"{100 * a.stopped_early:.0f} %",
                    f"{100 * (1 - a.n_observed[-1] / a.n_randomised):.0f} %",
                )
                for a in self.arms
            ],
            numeric=frozenset(range(1, 6)),
        )
