"""Reads the formulary: one TOML a drug, refused when a number lacks its unit or its source."""

from __future__ import annotations

import hashlib
import os
import tomllib
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib import metadata, resources
from pathlib import Path
from typing import Any

from qtwin.errors import InputError, unknown_drug, unknown_name
from qtwin.patient.medicine import inns_of_name
from qtwin.pharmacology.drug import (
    ENZYMES,
    RECEPTORS,
    ROUTES,
    ActiveMetabolite,
    Avoid,
    DoseOption,
    Drug,
    Inactivation,
)
from qtwin.pharmacology.outcome import OUTCOMES
from qtwin.pharmacology.quantity import Quantity

KINETIC_UNITS = {
    "bioavailability": "1",
    "clearance": "L/h",
    "volume": "L",
    "absorption": "1/h",
    "fraction_unbound": "1",
    "intercompartmental": "L/h",
    "peripheral_volume": "L",
}
_INACTIVATION_UNITS = {"kinact": "1/min", "ki": "umol/L"}
EFFECT_UNITS = {
    "adas_cog_max": "point",
    "adas_cog_max_moderate": "point",
    "adas_cog_ec50": "ng/mL",
    "amyloid_clearance": "1/year",
    "amyloid_half_effect": "mg/L",
    "aria_excess_0": "1/year",
    "aria_excess_1": "1/year",
    "aria_excess_2": "1/year",
    "systolic_bp_fall": "mmHg",
    "heart_rate_fall": "1",
    "mood_odds_ratio": "1",
    "behaviour_odds_ratio": "1",
    "pain_odds_ratio": "1",
    "bladder_odds_ratio": "1",
    "reflux_odds_ratio": "1",
    "qt_prolongation": "ms",
    "intolerance": "1",
}
_REQUIRED_KINETICS = ("bioavailability", "clearance", "volume", "fraction_unbound")
_KEYS = {
    "inn",
    "atc",
    "rxnorm",
    "class",
    "indications",
    "molar_mass",
    "dose",
    "kinetics",
    "metabolism",
    "activation",
} | {
    "active_metabolite",
    "inhibits",
    "inactivates",
    "affinity",
    "effects",
    "hazard_ratio",
    "acb",
    "avoid",
}


def _table(
    raw: Mapping[str, Any], section: str, units: Mapping[str, str], file: str
) -> dict[str, Quantity]:
    entries = raw.get(section, {})
    for key in entries:
        if key not in units:
            raise unknown_name(f"key in [{section}] of {file}", key, units)
    return {
        k: Quantity.read(v, where=f"{file} [{section}] {k}", unit=units[k])
        for k, v in entries.items()
    }


def _inactivation(raw: Mapping[str, Any], file: str) -> dict[str, Inactivation]:
    found = {}
    for enzyme, entry in raw.get("inactivates", {}).items():
        if enzyme not in ENZYMES:
            raise unknown_name(f"enzyme in [inactivates] of {file}", enzyme, ENZYMES)
        read = _table({enzyme: entry}, enzyme, _INACTIVATION_UNITS, f"{file} [inactivates]")
        for key in _INACTIVATION_UNITS:
            if key not in read:
                raise InputError(
                    f"{file} [inactivates.{enzyme}]: {key} is missing",
                    hint="kinact and ki are both needed",
                )
        found[enzyme] = Inactivation(kinact=read["kinact"], ki=read["ki"])
    return found


def _active_metabolite(raw: Mapping[str, Any], file: str) -> ActiveMetabolite | None:
    if "active_metabolite" not in raw:
        if raw.get("activation"):
            raise InputError(
                f"{file}: [active_metabolite] is missing beside [activation]",
                hint="give its name and share",
            )
        return None
    entry = raw["active_metabolite"]
    if set(entry) - {"harm_share"} != {"name", "share"}:
        raise InputError(
            f"{file} [active_metabolite]: keys {', '.join(sorted(entry))} came",
            hint="name and share are wanted, and harm_share where harms differ",
        )
    shares = {
        key: Quantity.read(entry[key], where=f"{file} [active_metabolite] {key}", unit="1")
        for key in ("share", "harm_share")
        if key in entry
    }
    for key, share in shares.items():
        if not 0.0 < share.value <= 1.0:
            raise InputError(
                f"{file} [active_metabolite]: {key} {share.value:g} came",
                hint="a number above 0, at most 1, is wanted",
            )
    return ActiveMetabolite(
        name=entry["name"], share=shares["share"], harm_share=shares.get("harm_share")
    )


def read_drug(text: str, *, file: str) -> Drug:
    """Parse one drug file.

    Raises:
        InputError: for anything missing, unknown, out of range, or a number without unit, status or
            source.
    """
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{file} is not TOML: {error}", hint="correct the file") from error
    for key in raw:
        if key not in _KEYS:
            raise unknown_name(f"key in {file}", key, _KEYS)
    for key in (
        "inn",
        "atc",
        "rxnorm",
        "class",
        "indications",
        "molar_mass",
        "dose",
        "kinetics",
        "metabolism",
    ):
        if key not in raw:
            raise InputError(
                f"{file}: {key} is missing", hint="see an existing drug file for the layout"
            )
    kinetics = _table(raw, "kinetics", KINETIC_UNITS, file)
    missing = [k for k in _REQUIRED_KINETICS if k not in kinetics]
    if missing:
        raise InputError(
            f"{file}: [kinetics] {missing[0]} is missing",
            hint="the twin needs it to find a concentration",
        )
    metabolism, activation = (
        _table(raw, section, dict.fromkeys(ROUTES, "1"), file)
        for section in ("metabolism", "activation")
    )
    for section, fractions in (("metabolism", metabolism), ("activation", activation)):
        if sum(q.value for q in fractions.values()) > 1.0 + 1e-9:
            raise InputError(
                f"{file}: fractions in [{section}] add to more than 1", hint=f"correct [{section}]"
            )
    inhibits = _table(raw, "inhibits", dict.fromkeys(ROUTES, "1"), file)
    inactivates = _inactivation(raw, file)
    both = sorted(set(inhibits) & set(inactivates))
    if both:
        raise InputError(
            f"{file}: {both[0]} is in [inhibits] and in [inactivates]", hint="give one of the two"
        )
    doses = tuple(
        DoseOption(amount_mg=float(d["amount_mg"]), interval_h=float(d["interval_h"]))
        for d in raw["dose"]
    )
    if not doses or any(d.amount_mg <= 0 or d.interval_h <= 0 for d in doses):
        raise InputError(
            f"{file}: a dose needs a positive amount_mg and interval_h", hint="correct [[dose]]"
        )
    avoid = tuple(
        Avoid(
            drug_class=a.get("class", ""),
            inn=a.get("inn", ""),
            reason=a["reason"],
            source=a["source"],
        )
        for a in raw.get("avoid", [])
    )
    return Drug(
        inn=raw["inn"],
        atc=raw["atc"],
        rxnorm=str(raw["rxnorm"]),
        drug_class=raw["class"],
        indications=tuple(raw["indications"]),
        molar_mass=Quantity.read(raw["molar_mass"], where=f"{file} molar_mass", unit="g/mol"),
        doses=doses,
        kinetics=kinetics,
        metabolism=metabolism,
        activation=activation,
        active_metabolite=_active_metabolite(raw, file),
        inhibits=inhibits,
        inactivates=inactivates,
        affinity=_table(raw, "affinity", dict.fromkeys(RECEPTORS, "nmol/L"), file),
        effects=_table(raw, "effects", EFFECT_UNITS, file),
        hazard_ratio=_table(raw, "hazard_ratio", dict.fromkeys(OUTCOMES, "1"), file),
        acb=Quantity.read(raw["acb"], where=f"{file} acb", unit="score") if "acb" in raw else None,
        avoid=avoid,
    )


FOLDERS = "QTWIN_DRUGS"
"""Environment variable with further folders of drug files, separated as in PATH."""
GROUP = "qtwin.drugs"
"""Entry points of packages that bring drug files: each names a package, whose folder holds them."""


def _further_folders() -> Iterator[Path]:
    for text in filter(None, os.environ.get(FOLDERS, "").split(os.pathsep)):
        if not Path(text).is_dir():
            raise InputError(
                f"{FOLDERS} names {text}, which is no folder", hint="correct it, or take it out"
            )
        yield Path(text)
    for point in metadata.entry_points(group=GROUP):
        try:
            yield Path(str(resources.files(point.value)))
        except (ModuleNotFoundError, TypeError) as error:
            hint = "reinstall its package, or remove it"
            raise InputError(
                f"the drug files of {point.name!r} cannot be found: {error}", hint=hint
            ) from None


def _files() -> list[Path]:
    folder = Path(str(resources.files("qtwin"))) / "data" / "drugs"
    return [
        *sorted(folder.glob("*.toml")),
        *(p for further in _further_folders() for p in sorted(further.glob("*.toml"))),
    ]


@lru_cache(maxsize=1)
def formulary() -> Mapping[str, Drug]:
    """INN to drug, for every file in ``qtwin/data/drugs``, the folders of QTWIN_DRUGS and installed
    packages of drug files.

    Raises:
        InputError: for a file that is no drug, or two files for one drug.

    Example:
        >>> import qtwin as qt
        >>> qt.drugs()['donepezil'].reference.amount_mg
        10.0
    """
    found: dict[str, Drug] = {}
    for path in _files():
        made = read_drug(path.read_text(encoding="utf-8"), file=path.name)
        if made.inn in found:
            raise InputError(
                f"{path.name}: {made.inn} has a file already",
                hint="one file a drug: take one of them out",
            )
        found[made.inn] = made
    return dict(sorted(found.items()))


def drug(name: str) -> Drug:
    """One drug by its INN, or by a brand name that means it alone.

    Raises:
        InputError: if it is not in the formulary; no other drug is suggested for it.
    """
    table = formulary()
    if name in table:
        return table[name]
    inns = inns_of_name(name)
    if len(inns) == 1 and inns[0] in table:
        return table[inns[0]]
    if len(inns) > 1:
        raise InputError(
            f"{name!r} is a combination of {' and '.join(inns)}", hint="name each drug"
        )
    told = (
        f"{inns[0]} is a medicine that the formulary has no file for"
        if inns
        else "name drugs by their INN"
    )
    raise unknown_drug("drug", name, table, hint=told)


@lru_cache(maxsize=1)
def version() -> str:
    """First 12 hex digits of the SHA-256 over all drug and outcome files: the data version that
    results carry.
    """
    digest = hashlib.sha256()
    for path in [*_files(), *sorted(p for p in _files()[0].parents[1].glob("*.toml"))]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
