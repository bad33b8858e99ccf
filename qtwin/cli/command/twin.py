"""`qtwin twin`: build and question a twin."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from qtwin.cli.command.option import Json

app = typer.Typer(help="Build and question a twin.", no_args_is_help=True, rich_markup_mode=None)


@app.command("build")
def twin_build(
    bundle: Annotated[
        Path,
        typer.Argument(
            help="FHIR R4 or R5 Bundle (JSON) or bulk export (NDJSON), or table of visits (CSV)."
        ),
    ],
    genotypes: Annotated[
        Path | None, typer.Option("--genotypes", help="PharmCAT 3.1 report (JSON).")
    ] = None,
    output: Annotated[
        Path,
        typer.Option("-o", "--output", help="Where the twin goes; its ensemble goes beside it."),
    ] = Path("twin.json"),
    disease_model: Annotated[str, typer.Option("--disease", help="Disease model.")] = "alzheimer",
    ensemble_size: Annotated[
        int, typer.Option("--ensemble-size", min=100, help="Posterior members.")
    ] = 2048,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of all draws.")] = 1,
    consent: Annotated[
        list[str] | None,
        typer.Option(
            "--consent",
            help="State a consent that the record does not hold: simulation, research; repeatable.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Record to calibrated twin."""
    from qtwin.cli.show import terminal
    from qtwin.patient.person import describe
    from qtwin.patient.record import read_patient
    from qtwin.twin.store import check_target, save
    from qtwin.twin.twin import Twin

    check_target(output)
    patient = read_patient(bundle, genotypes, consent=consent or ())
    terminal.record(describe(patient), patient.missing, patient.notes)
    with terminal.stage("Twin") as found:
        twin = Twin.fit(
            patient, disease_model, n_members=ensemble_size, seed=seed, out_of_scope="accept"
        )
        found.append(f"{twin.n_members:,} members, {twin.posterior.method}")
    written = save(twin, output)
    for line in written["warnings"]:
        terminal.warn(line)
    from qtwin.cli.twin import show_saved

    show_saved(twin, output, written["ensemble"], prior_driven=False)
    if as_json:
        typer.echo(json.dumps(written))


@app.command("update")
def twin_update(
    twin: Annotated[Path, typer.Argument(help="Twin (JSON), from qtwin twin build.")],
    record: Annotated[
        Path,
        typer.Argument(help="Further record: FHIR Bundle (JSON, NDJSON) or table of visits (CSV)."),
    ],
    genotypes: Annotated[
        Path | None, typer.Option("--genotypes", help="PharmCAT 3 report (JSON).")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Where the twin goes; default: in its place."),
    ] = None,
    consent: Annotated[
        list[str] | None,
        typer.Option(
            "--consent",
            help="State a consent that the further record does not hold: simulation, research; "
            "repeatable.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """A further record into a twin: visits, medicines, genotypes, conditions; the same record twice
    changes nothing.
    """
    from qtwin.cli.show import terminal
    from qtwin.twin.update import update_stored

    updated, written = update_stored(
        twin, record, genotypes, output, consent=consent or (), progress=terminal
    )
    from qtwin.cli.twin import show_saved

    show_saved(updated, output or twin, written["ensemble"], prior_driven=True)
    if as_json:
        typer.echo(json.dumps(written))


@app.command("simulate")
def twin_simulate(
    twin: Annotated[Path, typer.Argument(help="Twin (JSON), from qtwin twin build.")],
    drug: Annotated[
        list[str] | None,
        typer.Option("--drug", help="donepezil, donepezil:5mg, metoprolol:50mg/12h; repeatable."),
    ] = None,
    years: Annotated[
        float, typer.Option("--years", min=0.1, max=20.0, help="How far ahead.")
    ] = 1.5,
    as_json: Json = False,
) -> None:
    """What a regimen would do, beside taking nothing and the medicines of the record."""
    from qtwin.cli.twin import show_forecast
    from qtwin.twin.twin import Twin

    found = Twin.load(twin).simulate_regimen(drug or [], years=years)
    show_forecast(found)
    if as_json:
        typer.echo(json.dumps(found.to_json()))


@app.command("design")
def twin_design(
    twin: Annotated[Path, typer.Argument(help="Twin (JSON), from qtwin twin build.")],
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the measurement noise.")] = 0,
    as_json: Json = False,
) -> None:
    """Which measurement is expected to be most informative for its price, and when to come back."""
    from qtwin.cli.twin import show_advice
    from qtwin.twin.twin import Twin

    advice = Twin.load(twin).next_measurement(seed=seed)
    show_advice(advice)
    if as_json:
        typer.echo(json.dumps(advice.to_json()))


@app.command("cohort")
def twin_cohort(
    visits: Annotated[
        Path,
        typer.Argument(help="Table of visits (CSV): a row a visit with subject, time and MMSE."),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for report.html, figures and result.json.")
    ] = None,
    subject: Annotated[str | None, typer.Option("--subject", help="Column of the subject.")] = None,
    time: Annotated[str | None, typer.Option("--time", help="Column of age or time.")] = None,
    mmse: Annotated[str | None, typer.Option("--mmse", help="Column of the MMSE.")] = None,
    time_unit: Annotated[
        str | None, typer.Option("--time-unit", help="years, months, weeks or days.")
    ] = None,
    scale: Annotated[
        str | None,
        typer.Option("--scale", help="points, impairment ((30 - points)/30) or fraction."),
    ] = None,
    disease_model: Annotated[str, typer.Option("--disease", help="Disease model.")] = "alzheimer",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of all draws.")] = 0,
    consent: Annotated[
        list[str] | None,
        typer.Option(
            "--consent",
            help="State the consent under which the table is used: research, simulation.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """A twin for every subject of a cohort, and how well it forecasts the held-out last MMSE."""
    from qtwin.cli.show import terminal
    from qtwin.cli.twin import show_cohort
    from qtwin.studies.cohort.run import run

    result = run(
        visits,
        out,
        subject=subject,
        time_column=time,
        mmse=mmse,
        time_unit=time_unit,
        scale=scale,
        disease=disease_model,
        seed=seed,
        consent=consent or (),
        progress=terminal,
    )
    show_cohort(result)
    if as_json:
        typer.echo(json.dumps(result.to_json()))


@app.command("sbc")
def twin_sbc(
    out: Annotated[
        Path, typer.Option("--out", help="Folder for report.html, figures and result.json.")
    ] = Path("out/sbc"),
    patients: Annotated[
        int, typer.Option("--patients", min=20, help="Simulated patients of each schedule.")
    ] = 200,
    visits: Annotated[
        list[int] | None, typer.Option("--visits", min=1, help="Numbers of visits; repeatable.")
    ] = None,
    disease_model: Annotated[
        str, typer.Option("--disease", help="Model that is checked.")
    ] = "alzheimer",
    other: Annotated[
        str,
        typer.Option(
            "--other", help="Model whose patients test what happens when the equations are wrong."
        ),
    ] = "hao-2022",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of all draws.")] = 0,
    ensemble_size: Annotated[
        int, typer.Option("--ensemble-size", min=100, help="Posterior members of each patient.")
    ] = 2048,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Forget finished stages and start over.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Whether the posterior is right: simulation-based calibration and coverage; an interrupted run
    goes on.
    """
    from qtwin.cli.show import terminal
    from qtwin.cli.twin import show_calibration
    from qtwin.studies.validation.run import run
    from qtwin.twin.validation import N_VISITS

    result = run(
        disease_model,
        out,
        other=other,
        n_patients=patients,
        n_visits=visits or N_VISITS,
        n_members=ensemble_size,
        seed=seed,
        overwrite=overwrite,
        progress=terminal,
    )
    show_calibration(result)
    if as_json:
        typer.echo(json.dumps(result.to_json()))


@app.command("export")
def twin_export(
    twin: Annotated[Path, typer.Argument(help="Twin (JSON), from qtwin twin build.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="SBML file (.xml).")] = Path(
        "model.xml"
    ),
    drug: Annotated[
        str | None, typer.Option("--drug", help="Antibody to dose, such as lecanemab.")
    ] = None,
    years: Annotated[
        float, typer.Option("--years", min=0.1, max=10.0, help="How long it is dosed.")
    ] = 1.5,
) -> None:
    """The disease model as SBML Level 3, with the doses of an antibody (needs python-libsbml)."""
    from qtwin.cli.show import terminal
    from qtwin.twin.twin import Twin

    written = Twin.load(twin).to_sbml(output, antibody=drug, years=years)
    terminal.note(f"{written}: the mean person of the posterior, time 0 is the last visit, years")


@app.command("external-validation")
def twin_external_validation(
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for report.html, figures and result.json.")
    ] = None,
    patients: Annotated[
        int, typer.Option("--patients", min=100, help="Simulated patients in each arm.")
    ] = 2000,
    as_json: Json = False,
) -> None:
    """The twin beside published figures: targets, checks, exposure ratios; misses in red."""
    from qtwin.cli.show import terminal
    from qtwin.cli.twin import show_external
    from qtwin.studies.validation.run import run_external

    result = run_external(out, n_per_arm=patients, progress=terminal)
    show_external(result)
    if as_json:
        typer.echo(json.dumps(result.to_json()))
