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
        Path, typer.Argument(help="FHIR R4 or R5 Bundle (JSON) or bulk export (NDJSON), or table of visits (CSV).")
    ],
    genotypes: Annotated[Path | None, typer.Option("--genotypes", help="PharmCAT 3.1 report (JSON).")] = None,
    output: Annotated[Path, typer.Option("-o", "--output", help="Where the twin goes; its ensemble goes beside it.")] = Path(
        "twin.json"
    ),
    disease_model: Annotated[str, typer.Option("--disease", help="Disease model.")] = "alzheimer",
    members: Annotated[int, typer.Option("--members", min=100, help="Posterior members.")] = 2048,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of all draws.")] = 1,
    consent: Annotated[
        list[str] | None,
        typer.Option("--consent", help="State a consent that the record does not hold: simulation, research; repeatable."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Record to calibrated twin."""
    from qtwin.cli.twin import build

    built = build(bundle, genotypes, output, disease_model=disease_model, members=members, seed=seed, consent=consent or ())
    if as_json:
        typer.echo(json.dumps(built))


@app.command("update")
def twin_update(
    twin: Annotated[Path, typer.Argument(help="Twin (JSON), from qtwin twin build.")],
    record: Annotated[Path, typer.Argument(help="Further record: FHIR Bundle (JSON, NDJSON) or table of visits (CSV).")],
    genotypes: Annotated[Path | None, typer.Option("--genotypes", help="PharmCAT 3 report (JSON).")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Where the twin goes; default: in its place.")] = None,
    consent: Annotated[
        list[str] | None,
        typer.Option(
            "--consent", help="State a consent that the further record does not hold: simulation, research; repeatable."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """A further record into a twin: visits, medicines, genotypes, conditions; the same record twice changes nothing."""
    from qtwin.cli.update import bring_up_to_date

    updated = bring_up_to_date(twin, record, genotypes, output, consent or ())
    if as_json:
        typer.echo(json.dumps(updated))


@app.command("simulate")
def twin_simulate(
    twin: Annotated[Path, typer.Argument(help="Twin (JSON), from qtwin twin build.")],
    drug: Annotated[
        list[str] | None, typer.Option("--drug", help="donepezil, donepezil:5mg, metoprolol:50mg/12h; repeatable.")
    ] = None,
    years: Annotated[float, typer.Option("--years", min=0.1, max=20.0, help="How far ahead.")] = 1.5,
    as_json: Json = False,
) -> None:
    """What a regimen would do, beside taking nothing and the medicines of the record."""
    from qtwin.cli.whatif import simulate

    played = simulate(twin, drug or [], years=years)
    if as_json:
        typer.echo(json.dumps(played))


@app.command("next")
def twin_next(
    twin: Annotated[Path, typer.Argument(help="Twin (JSON), from qtwin twin build.")],
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the measurement noise.")] = 0,
    as_json: Json = False,
) -> None:
    """Which measurement would teach most for its price, and when to come back."""
    from qtwin.cli.whatif import next_measurement

    advice = next_measurement(twin, seed=seed)
    if as_json:
        typer.echo(json.dumps(advice))


@app.command("cohort")
def twin_cohort(
    visits: Annotated[Path, typer.Argument(help="Table of visits (CSV): a row a visit with subject, time and MMSE.")],
    out: Annotated[Path | None, typer.Option("--out", help="Folder for report.html, figures and result.json.")] = None,
    subject: Annotated[str | None, typer.Option("--subject", help="Column of the subject.")] = None,
    time: Annotated[str | None, typer.Option("--time", help="Column of age or time.")] = None,
    mmse: Annotated[str | None, typer.Option("--mmse", help="Column of the MMSE.")] = None,
    time_unit: Annotated[str | None, typer.Option("--time-unit", help="years, months, weeks or days.")] = None,
    scale: Annotated[str | None, typer.Option("--scale", help="points, impairment ((30 - points)/30) or fraction.")] = None,
    disease_model: Annotated[str, typer.Option("--disease", help="Disease model.")] = "alzheimer",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of all draws.")] = 0,
    consent: Annotated[
        list[str] | None, typer.Option("--consent", help="State the consent under which the table is used: research, simulation.")
    ] = None,
    as_json: Json = False,
) -> None:
    """A twin for every subject of a cohort, and how well it forecasts the held-out last MMSE."""
    from qtwin.cli.cohort import run_cohort

    result = run_cohort(
        visits,
        out,
        subject=subject,
        time_column=time,
        mmse=mmse,
        time_unit=time_unit,
        scale=scale,
        disease_model=disease_model,
        seed=seed,
        consent=consent or (),
    )
    if as_json:
        typer.echo(json.dumps(result))


@app.command("validate")
def twin_validate(
    out: Annotated[Path, typer.Option("--out", help="Folder for report.html, figures and result.json.")] = Path("out/validation"),
    patients: Annotated[int, typer.Option("--patients", min=20, help="Simulated patients of each schedule.")] = 200,
    visits: Annotated[list[int] | None, typer.Option("--visits", min=1, help="Numbers of visits; repeatable.")] = None,
    disease_model: Annotated[str, typer.Option("--disease", help="Model that is checked.")] = "alzheimer",
    other: Annotated[
        str, typer.Option("--other", help="Model whose patients test what happens when the equations are wrong.")
    ] = "hao-2022",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of all draws.")] = 0,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget finished stages and start over.")] = False,
    as_json: Json = False,
) -> None:
    """Whether the posterior is right: simulation-based calibration and coverage; an interrupted run goes on."""
    from qtwin.cli.validate import validate

    result = validate(
        out, disease_model=disease_model, other=other, patients=patients, visits=visits or (1, 2, 3, 5, 7), seed=seed, fresh=fresh
    )
    if as_json:
        typer.echo(json.dumps(result))


@app.command("export")
def twin_export(
    twin: Annotated[Path, typer.Argument(help="Twin (JSON), from qtwin twin build.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="SBML file (.xml).")] = Path("model.xml"),
    drug: Annotated[str | None, typer.Option("--drug", help="Antibody to dose, such as lecanemab.")] = None,
    years: Annotated[float, typer.Option("--years", min=0.1, max=10.0, help="How long it is dosed.")] = 1.5,
) -> None:
    """The disease model as SBML Level 3, with the doses of an antibody (needs python-libsbml)."""
    from qtwin.cli.export import export

    export(twin, output, drug=drug, years=years)


@app.command("check")
def twin_check(
    out: Annotated[Path | None, typer.Option("--out", help="Folder for report.html, figures and result.json.")] = None,
    patients: Annotated[int, typer.Option("--patients", min=100, help="Simulated patients in each arm.")] = 2000,
    as_json: Json = False,
) -> None:
    """The twin beside published figures: targets, checks, exposure ratios; misses in red."""
    from qtwin.cli.published import check

    result = check(out, n_per_arm=patients, as_json=as_json)
    if as_json:
        typer.echo(json.dumps(result))
