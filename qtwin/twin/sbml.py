"""SBML Level 3 Version 2 export of a disease model for one patient, with the doses of an antibody
where there are some.

The equations come from the code that runs: `model.derivative` is parsed, its arrays become SBML
ids, and each formula is compared with the function at a few points before it is written. States are
parameters with rate rules, since they are not amounts of a substance. Time is in years and starts
at 0, when the states are `states0`. libSBML writes numbers to 15 digits.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, fields
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qtwin.atomic import write_atomically
from qtwin.errors import InputError, QtwinError, require_vendor
from qtwin.pharmacology.drug import Dose
from qtwin.pharmacology.prescription import read_dose
from qtwin.twin.disease.base import Derivative, DiseaseModel
from qtwin.twin.dosing import HOURS_PER_YEAR, antibody_dosing
from qtwin.twin.equations import WRITE_IT_PLAINLY, Source, plain
from qtwin.version import __version__

if TYPE_CHECKING:
    from qtwin.twin.twin import Twin

Array = NDArray[np.float64]
_DISCLAIMER = "Research software. Not a medical device; not for diagnosis or prescribing."
# Words that the formula language reads as something other than an id, in any case of letters.
_RESERVED = {
    "time",
    "avogadro",
    "pi",
    "exponentiale",
    "true",
    "false",
    "inf",
    "infinity",
    "nan",
    "notanumber",
    "delay",
    "rateof",
}
# (libSBML kind, multiplier, scale) of the units that can be expressed; None has no dimension.
# Others stand in the notes alone.
_UNITS: dict[str, tuple[str, float, int] | None] = {
    "1": None,
    "fraction": None,
    "fold over normal": None,
    "year": ("second", 365.25 * 86400.0, 0),
    "day": ("second", 86400.0, 0),
    "h": ("second", 3600.0, 0),
    "mg": ("gram", 1.0, -3),
    "L": ("litre", 1.0, 0),
}


@dataclass(frozen=True, kw_only=True)
class AntibodyInput:
    """Doses of an antibody into two compartments, and the removal rate rate_max C / (C +
    half_effect) that they add.

    Attributes:
        times_years, amounts_mg: (d,) when and how much, increasing times from 0 on.
        clearance_L_per_year: From the central compartment.
        central_L, peripheral_L: Volumes.
        intercompartmental_L_per_year: 0 for one compartment.
        rate_max_per_year: Removal rate at saturating concentration.
        half_effect_mg_per_L: Concentration at half of it.

    Raises:
        InputError: for doses out of order, or numbers outside their range.
    """

    times_years: Array
    amounts_mg: Array
    clearance_L_per_year: float
    central_L: float
    intercompartmental_L_per_year: float
    peripheral_L: float
    rate_max_per_year: float
    half_effect_mg_per_L: float

    def __post_init__(self) -> None:
        times, amounts = (
            np.asarray(a, dtype=np.float64) for a in (self.times_years, self.amounts_mg)
        )
        if times.ndim != 1 or times.shape != amounts.shape:
            raise InputError(
                f"{times.shape} dose times came with {amounts.shape} amounts",
                hint="give one amount a dose time",
            )
        if not (np.isfinite(times).all() and (times >= 0.0).all() and (np.diff(times) > 0.0).all()):
            raise InputError(
                "dose times must increase from 0 on",
                hint="sort them, and merge doses given at the same time",
            )
        if not (np.isfinite(amounts).all() and (amounts >= 0.0).all()):
            raise InputError(
                "a dose is negative or not finite", hint="give amounts in mg, from 0 on"
            )
        for name in (f.name for f in fields(self)[2:]):
            value = getattr(self, name)
            positive = name in ("central_L", "peripheral_L", "half_effect_mg_per_L")
            if not math.isfinite(value) or value < 0.0 or (positive and value == 0.0):
                raise InputError(
                    f"expected {name} {'above' if positive else 'from'} 0, got {value:g}",
                    hint="check the antibody's kinetics and their units",
                )


class _Ids:
    """Valid SBML ids, each given once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def new(self, name: str) -> str:
        first = re.sub(r"[^A-Za-z0-9_]", "_", name)
        if not first or first[0].isdigit() or first.lower() in _RESERVED:
            first = "_" + first
        id_, count = first, 1
        while id_ in self._taken:
            count += 1
            id_ = f"{first}_{count}"
        self._taken.add(id_)
        return id_


class _Document:
    """An SBML document under construction; libSBML reports failure by return codes, which are
    raised here.
    """

    def __init__(self, ids: _Ids, name: str) -> None:
        import libsbml

        self._libsbml: Any = libsbml
        self._units: dict[str, str] = {}
        self.document: Any = libsbml.SBMLDocument(3, 2)
        self.model: Any = self.document.createModel()
        self._done(self.model.setId(ids.new(name)))
        self._done(self.model.setName(name))
        self._done(self.model.setTimeUnits(self._unit("year")))

    def _done(self, code: int) -> None:
        if code != self._libsbml.LIBSBML_OPERATION_SUCCESS:
            raise QtwinError(
                "libSBML refused a part of the document: "
                f"{self._libsbml.OperationReturnValue_toString(code)}",
                hint="report it, with the disease model",
            )

    def math(self, formula: str) -> Any:
        tree = self._libsbml.parseL3Formula(formula)
        if tree is None:
            raise QtwinError(
                f"libSBML cannot read {formula!r}: {self._libsbml.getLastParseL3Error()}",
                hint="report it, with the disease model",
            )
        return tree

    def _unit(self, unit: str) -> str:
        """The id of a unit, or nothing where SBML cannot express it."""
        above, *below = unit.split("/")
        parts = [(above, 1), *((part, -1) for part in below)]
        if any(part not in _UNITS for part, _ in parts):
            return ""
        kinds = [(known, power) for part, power in parts if (known := _UNITS[part]) is not None]
        if not kinds:
            return "dimensionless"
        if unit not in self._units:
            words = [re.sub(r"[^A-Za-z0-9_]", "_", part) for part in unit.split("/")]
            self._units[unit] = (
                "_per_".join(words) if above != "1" else "per_" + "_per_".join(words[1:])
            )
            definition = self.model.createUnitDefinition()
            self._done(definition.setId(self._units[unit]))
            for (kind, multiplier, scale), power in kinds:
                made = definition.createUnit()
                self._done(made.setKind(self._libsbml.UnitKind_forName(kind)))
                self._done(made.setMultiplier(multiplier))
                self._done(made.setScale(scale))
                self._done(made.setExponent(power))
        return self._units[unit]

    def parameter(
        self, id_: str, unit: str, value: float | None, *, name: str = "", constant: bool = True
    ) -> None:
        made = self.model.createParameter()
        self._done(made.setId(id_))
        self._done(made.setName(name or id_))
        self._done(made.setConstant(constant))
        if value is not None:
            self._done(made.setValue(float(value)))
        if self._unit(unit):
            self._done(made.setUnits(self._unit(unit)))

    def rate(self, id_: str, formula: str) -> None:
        self._rule(self.model.createRateRule(), id_, formula)

    def assignment(self, id_: str, formula: str) -> None:
        self._rule(self.model.createAssignmentRule(), id_, formula)

    def _rule(self, rule: Any, id_: str, formula: str) -> None:
        self._done(rule.setVariable(id_))
        self._done(rule.setMath(self.math(formula)))

    def event(self, id_: str, condition: str, target: str, formula: str) -> None:
        """Once, when the condition becomes true after the start, give the target the formula's
        value.
        """
        event = self.model.createEvent()
        self._done(event.setId(id_))
        self._done(event.setUseValuesFromTriggerTime(True))
        trigger = event.createTrigger()
        self._done(trigger.setInitialValue(True))
        self._done(trigger.setPersistent(True))
        self._done(trigger.setMath(self.math(condition)))
        assignment = event.createEventAssignment()
        self._done(assignment.setVariable(target))
        self._done(assignment.setMath(self.math(formula)))

    def notes(self, html: str) -> None:
        self._done(self.model.setNotes(f'<body xmlns="http://www.w3.org/1999/xhtml">{html}</body>'))

    def value(self, formula: str, values: dict[str, float]) -> float:
        """A formula's value at time 0, as libSBML understands it."""
        scratch = self._libsbml.SBMLDocument(3, 2)
        model = scratch.createModel()
        for id_, number in values.items():
            made = model.createParameter()
            self._done(made.setId(id_))
            self._done(made.setValue(float(number)))
        return float(self._libsbml.SBMLTransforms.evaluateASTNode(self.math(formula), model))

    def text(self) -> str:
        """The document, once libSBML finds no error in it; units that SBML cannot express are no
        error.
        """
        self.document.setConsistencyChecks(self._libsbml.LIBSBML_CAT_UNITS_CONSISTENCY, False)
        self.document.checkConsistency()
        log = self.document.getErrorLog()
        if any(
            log.getNumFailsWithSeverity(s)
            for s in (self._libsbml.LIBSBML_SEV_ERROR, self._libsbml.LIBSBML_SEV_FATAL)
        ):
            raise QtwinError(
                f"the SBML document is not valid: {log.toString().strip()}",
                hint="report it, with the disease model",
            )
        return str(self._libsbml.writeSBMLToString(self.document))


def _check_formulas(
    document: _Document,
    derivative: Derivative,
    rates: list[str],
    values: dict[str, float],
    n_states: int,
    removal: str,
) -> None:
    """Compare the formulas with the function that runs, near the patient; `values` holds states,
    then parameters, by id.

    Raises:
        InputError: if they disagree anywhere.
    """
    rng = np.random.default_rng(0)
    for spread, base in ((0.0, 0.0), (0.01, 0.7), (0.01, 2.3)):
        at = {
            k: x * (1.0 + spread * rng.uniform(-1.0, 1.0)) + 0.01 * spread * rng.random()
            for k, x in values.items()
        }
        point, wanted = np.array(list(at.values())), np.full(n_states, np.nan)
        with np.errstate(all="ignore"):
            derivative(0.0, point[:n_states], point[n_states:], base, wanted)
        came = np.array([document.value(formula, {**at, removal: base}) for formula in rates])
        scale = np.max(np.abs([*wanted[np.isfinite(wanted)], *point[:n_states]]))
        if not np.allclose(came, wanted, rtol=1e-8, atol=1e-12 * scale, equal_nan=True):
            raise InputError(
                f"the formulas read from {plain(derivative).__qualname__} give the rates "
                f"{came}, the function gives {wanted}",
                hint=WRITE_IT_PLAINLY,
            )


def _add_antibody(
    document: _Document, ids: _Ids, given: AntibodyInput, removal: str, base: str
) -> None:
    """Two compartments, an event a dose, and the removal that the concentration adds to the
    base.
    """
    table = (
        ("antibody_clearance", "L/year", given.clearance_L_per_year),
        ("antibody_central_volume", "L", given.central_L),
        ("antibody_exchange", "L/year", given.intercompartmental_L_per_year),
        ("antibody_peripheral_volume", "L", given.peripheral_L),
        ("antibody_rate_max", "1/year", given.rate_max_per_year),
        ("antibody_half_effect", "mg/L", given.half_effect_mg_per_L),
    )
    own = [ids.new(name) for name, _, _ in table]
    for id_, (name, unit, value) in zip(own, table, strict=True):
        document.parameter(id_, unit, value, name=name)
    cl, v1, q, v2, rate_max, half = own
    a1, a2, c = (
        ids.new("antibody_central"),
        ids.new("antibody_peripheral"),
        ids.new("antibody_concentration"),
    )
    doses = [
        (float(t), float(mg)) for t, mg in zip(given.times_years, given.amounts_mg, strict=True)
    ]
    document.parameter(a1, "mg", sum(mg for t, mg in doses if t == 0.0), constant=False)
    document.parameter(a2, "mg", 0.0, constant=False)
    document.parameter(c, "mg/L", None, constant=False)
    document.rate(a1, f"{q} / {v2} * {a2} - ({cl} + {q}) / {v1} * {a1}")
    document.rate(a2, f"{q} / {v1} * {a1} - {q} / {v2} * {a2}")
    document.assignment(c, f"{a1} / {v1}")
    document.assignment(removal, f"{base} + {rate_max} * {c} / ({c} + {half})")
    for number, (t, mg) in enumerate(doses, start=1):
        if t > 0.0:
            amount, when = ids.new(f"dose_{number}"), ids.new(f"dose_{number}_time")
            document.parameter(amount, "mg", mg)
            document.parameter(when, "year", t)
            document.event(
                ids.new(f"give_dose_{number}"), f"time >= {when}", a1, f"{a1} + {amount}"
            )


def _notes(
    model: DiseaseModel, function: Callable[..., None], ids: list[str], *, at_start: bool
) -> str:
    table = [
        (id_, *column) for id_, column in zip(ids, [*model.states, *model.parameters], strict=True)
    ]
    rows = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in table
    )
    dose = (
        "<p>A dose at time 0 is in the initial amount of the central compartment.</p>"
        if at_start
        else ""
    )
    return (
        f"<p><b>{_DISCLAIMER}</b></p>"
        f"<p>Disease model {escape(model.name)}: {escape(model.reference)}.</p>"
        "<p>Equations read from "
        f"{escape(f'{function.__module__}.{function.__qualname__}')}, qtwin "
        f"{__version__}.</p>"
        f"<p>One patient; time in years of 365.25 days from the states given here.</p>{dose}"
        f"<table><tr><th>id</th><th>name</th><th>unit</th></tr>{rows}</table>"
    )


def to_sbml(
    model: DiseaseModel,
    parameters: Array,
    states0: Array,
    *,
    removal_per_year: float = 0.0,
    antibody: AntibodyInput | None = None,
) -> str:
    """A disease model of one patient as an SBML Level 3 Version 2 document.

    Args:
        model: The disease model.
        parameters: (P,) parameters of the patient.
        states0: (S,) states at time 0.
        removal_per_year: Constant amyloid removal rate.
        antibody: Doses whose removal is added; None for none.

    Raises:
        MissingVendorError: if python-libsbml is not installed.
        InputError: for shapes that do not fit the model, numbers that are not finite, or a
            right-hand side that cannot be read.
    """
    require_vendor("libsbml", package="python-libsbml", needed_by="SBML export")
    p, y = np.asarray(parameters, dtype=np.float64), np.asarray(states0, dtype=np.float64)
    for what, array, columns in (("parameters", p, model.parameters), ("states0", y, model.states)):
        if array.shape != (len(columns),):
            raise InputError(
                f"expected {what} of shape ({len(columns)},), got {array.shape}",
                hint="export one patient at a time",
            )
    if not (np.isfinite(p).all() and np.isfinite(y).all() and math.isfinite(removal_per_year)):
        raise InputError(
            "a parameter, state or removal rate is not finite",
            hint="check the record and the prior",
        )
    ids = _Ids()
    document = _Document(ids, model.name)
    states, own = (
        [ids.new(name) for name, _ in model.states],
        [ids.new(name) for name, _ in model.parameters],
    )
    removal = ids.new("removal")
    function = plain(model.derivative)
    rates = Source(function, states, own, removal).rates
    values = dict(zip([*states, *own], np.concatenate([y, p]).tolist(), strict=True))
    _check_formulas(document, model.derivative, rates, values, len(states), removal)
    for id_, (name, unit), value in zip(states, model.states, y, strict=True):
        document.parameter(id_, unit, value, name=name, constant=False)
    for id_, (name, unit), value in zip(own, model.parameters, p, strict=True):
        document.parameter(id_, unit, value, name=name)
    if antibody is None:
        document.parameter(removal, "1/year", removal_per_year)
    else:
        base = ids.new("removal_base")
        document.parameter(base, "1/year", removal_per_year)
        document.parameter(removal, "1/year", None, constant=False)
        _add_antibody(document, ids, antibody, removal, base)
    for id_, formula in zip(states, rates, strict=True):
        document.rate(id_, formula)
    document.notes(
        _notes(
            model,
            function,
            [*states, *own],
            at_start=antibody is not None and 0.0 in antibody.times_years,
        )
    )
    return document.text()


def write_twin(
    twin: Twin, path: Path, *, antibody: str | Dose | None = None, years: float = 1.5
) -> Path:
    """Write the model of the posterior's mean person, see `Twin.to_sbml`."""
    if path.suffix not in (".xml", ".sbml"):
        raise InputError(f"expected a .xml file for the model, got {path}", hint="name it NAME.xml")
    p = twin.posterior
    parameters = np.average(p.parameters, axis=0, weights=p.weights)
    states = np.average(p.state_now, axis=0, weights=p.weights)
    doses = None
    if antibody is not None:
        dose = read_dose(antibody) if isinstance(antibody, str) else antibody
        times = np.arange(0.0, years, dose.interval_h / HOURS_PER_YEAR, dtype=np.float64)
        one = np.ones(1)
        given = antibody_dosing(
            dose.drug,
            times,
            np.full(len(times), dose.amount_mg),
            clearance_factor=one,
            effect_factor=one,
        )
        doses = AntibodyInput(
            times_years=given.times_years,
            amounts_mg=given.amounts_mg,
            clearance_L_per_year=float(given.clearance_L_per_year[0]),
            central_L=given.central_L,
            intercompartmental_L_per_year=given.intercompartmental_L_per_year,
            peripheral_L=given.peripheral_L,
            rate_max_per_year=float(given.rate_max_per_year[0]),
            half_effect_mg_per_L=given.half_effect_mg_per_L,
        )
    text = to_sbml(twin.model, parameters, states, antibody=doses)

    def write(target: Path) -> None:
        target.write_text(text, encoding="utf-8")

    write_atomically(path, write)
    return path
