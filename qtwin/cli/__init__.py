"""The command line: composes the rooms. Heavy imports happen inside the commands, so that ``--help`` answers at once.

Exit codes: 0 ok, 1 failed run, 2 bad input, 3 interrupted and resumable.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from qtwin import __version__
from qtwin.errors import QtwinError

app = typer.Typer(
    name="qtwin",
    help="Digital twins of patients, and an honest answer to whether a quantum computer helps to treat them. Research software.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
audit_app = typer.Typer(help="What was done with whose record.", no_args_is_help=True, rich_markup_mode=None)
twin_app = typer.Typer(help="Build and question a twin.", no_args_is_help=True, rich_markup_mode=None)
drugs_app = typer.Typer(help="The formulary, each number with its source.", rich_markup_mode=None, invoke_without_command=True)
measured_app = typer.Typer(
    help="Measured drug combinations and interaction lists as optimisation problems.", no_args_is_help=True, rich_markup_mode=None
)
app.add_typer(twin_app, name="twin")
app.add_typer(measured_app, name="measured")
app.add_typer(audit_app, name="audit")
app.add_typer(drugs_app, name="drugs")
jobs_app = typer.Typer(help="Paid jobs: submitted once, never lost.", no_args_is_help=True, rich_markup_mode=None)
app.add_typer(jobs_app, name="jobs")

Log = Annotated[Path | None, typer.Option("--log", help="The log's file; default: $QTWIN_AUDIT_LOG or the data folder.")]
Yes = Annotated[bool, typer.Option("--yes", help="Buy paid jobs within the budget without asking.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, for machines.")]


def _version(value: bool) -> None:
    if value:
        typer.echo(f"qtwin {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    pass


@app.command()
def run(
    spec: Annotated[Path, typer.Argument(help="Experiment file (TOML).")],
    out: Annotated[Path | None, typer.Option("--out", help="Output folder; default: out/<name of the spec>.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget finished stages and start over.")] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """One experiment, from a patient's record to a verdict; an interrupted run goes on where it stopped."""
    from qtwin.cli.check import check_experiment

    checked = check_experiment(spec)
    from qtwin.cli.hardware import paid
    from qtwin.cli.run import run_experiment  # the simulators, imported once everything has been checked

    with paid(checked, mode="run", yes=yes):
        result = run_experiment(checked, out or Path("out") / spec.stem, fresh=fresh)
    if as_json:
        typer.echo(json.dumps(result))


@app.command()
def problem(
    spec: Annotated[Path, typer.Argument(help="Experiment file (TOML).")],
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write: .json, .qubo, .lp or .qasm.")],
    layers: Annotated[int, typer.Option("--layers", min=1, help="Depth of the circuit in a .qasm file.")] = 1,
    as_json: Json = False,
) -> None:
    """Write what the solvers of an experiment see, for solvers elsewhere."""
    from qtwin.cli.problem import check_output

    check_output(output)
    from qtwin.cli.check import check_experiment

    checked = check_experiment(spec)
    from qtwin.cli.problem import export_problem

    told = export_problem(checked, output, layers=layers)
    if as_json:
        typer.echo(json.dumps(told))


@app.command()
def solve(
    file: Annotated[Path, typer.Argument(help="Instance: .json, .qubo or .lp, ours or from elsewhere.")],
    solver: Annotated[str, typer.Option("--solver", help="Name from qtwin solvers; default: by size and structure.")] = "",
    backend: Annotated[str, typer.Option("--backend", help="Name from qtwin backends, for solvers that run circuits.")] = "",
    option: Annotated[list[str] | None, typer.Option("--option", help="key=value of the solver; repeatable.")] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the solver.")] = 0,
    time_limit: Annotated[float | None, typer.Option("--time-limit", min=0.001, help="Seconds.")] = None,
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Where result.json goes; default: nowhere.")] = None,
    as_json: Json = False,
) -> None:
    """Solve an instance file with any solver."""
    from qtwin.cli.solve import solve_file

    told = solve_file(file, solver=solver, backend=backend, options=option or (), seed=seed, time_limit_s=time_limit, out=output)
    if as_json:
        typer.echo(json.dumps(told))


@app.command()
def generate(
    family: Annotated[
        str, typer.Argument(help="dense, three-regular, wishart, frustrated-loops, xorsat, cardinality, twin, ...")
    ],
    n: Annotated[int, typer.Option("-n", "--variables", min=1, help="Decision variables.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="File to write: .json, .qubo or .lp.")],
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the instance.")] = 0,
    option: Annotated[list[str] | None, typer.Option("--option", help="key=value of the family; repeatable.")] = None,
    as_json: Json = False,
) -> None:
    """Make an instance with a known optimum, a known hardness or an invented patient behind it."""
    from qtwin.cli.generate import generate_file

    told = generate_file(family, n, output, seed=seed, options=option or ())
    if as_json:
        typer.echo(json.dumps(told))


@twin_app.command("build")
def twin_build(
    bundle: Annotated[Path, typer.Argument(help="FHIR R4 or R5 Bundle (JSON), or table of visits (CSV).")],
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


@twin_app.command("update")
def twin_update(
    twin: Annotated[Path, typer.Argument(help="Twin (JSON), from qtwin twin build.")],
    visits: Annotated[Path, typer.Argument(help="Further visits: FHIR Bundle (JSON) or table (CSV).")],
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Where the twin goes; default: in its place.")] = None,
    as_json: Json = False,
) -> None:
    """Further visits into a twin; in any order, and twice the same changes nothing."""
    from qtwin.cli.update import bring_up_to_date

    updated = bring_up_to_date(twin, visits, output)
    if as_json:
        typer.echo(json.dumps(updated))


@twin_app.command("simulate")
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


@twin_app.command("next")
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


@twin_app.command("cohort")
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


@twin_app.command("validate")
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


@twin_app.command("export")
def twin_export(
    twin: Annotated[Path, typer.Argument(help="Twin (JSON), from qtwin twin build.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="SBML file (.xml).")] = Path("model.xml"),
    drug: Annotated[str | None, typer.Option("--drug", help="Antibody to dose, such as lecanemab.")] = None,
    years: Annotated[float, typer.Option("--years", min=0.1, max=10.0, help="How long it is dosed.")] = 1.5,
) -> None:
    """The disease model as SBML Level 3, with the doses of an antibody (needs python-libsbml)."""
    from qtwin.cli.export import export

    export(twin, output, drug=drug, years=years)


@twin_app.command("check")
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


@app.command()
def trial(
    spec: Annotated[Path, typer.Argument(help="Trial protocol (TOML).")],
    out: Annotated[Path | None, typer.Option("--out", help="Output folder; default: out/<name of the spec>.")] = None,
    as_json: Json = False,
) -> None:
    """A virtual trial: effect, who benefits, dose response, power."""
    from qtwin.cli.trial import run_trial

    result = run_trial(spec, out or Path("out") / spec.stem)
    if as_json:
        typer.echo(json.dumps(result))


@app.command()
def bench(
    spec: Annotated[Path, typer.Argument(help="Sweep (TOML): families, sizes, solvers.")],
    out: Annotated[Path | None, typer.Option("--out", help="Output folder; default: out/<name of the sweep>.")] = None,
    store: Annotated[str, typer.Option("--store", help="Database URL for the records; default: records.sqlite in --out.")] = "",
    scheduler: Annotated[str, typer.Option("--scheduler", help="Dask scheduler, such as tcp://host:8786.")] = "",
    workers: Annotated[int | None, typer.Option("--workers", min=0, help="Local processes; default: the file's.")] = None,
    as_json: Json = False,
) -> None:
    """Run a sweep of instances and solvers; finished tasks are kept and never run again."""
    from qtwin.cli.bench import run_bench

    result = run_bench(spec, out or Path("out") / spec.stem, store=store, scheduler=scheduler, workers=workers)
    if as_json:
        typer.echo(json.dumps(result))


@app.command()
def mitigation(
    spec: Annotated[Path, typer.Argument(help="Study (TOML), such as experiments/mitigation.toml.")],
    out: Annotated[Path | None, typer.Option("--out", help="Output folder; default: out/<name of the study>.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget finished stages and start over.")] = False,
    as_json: Json = False,
) -> None:
    """What each way to treat noise is worth on a snapshot of a device, beside none and beside tossed coins."""
    from qtwin.cli.mitigation import run_mitigation

    result = run_mitigation(spec, out or Path("out") / spec.stem, fresh=fresh)
    if as_json:
        typer.echo(json.dumps(result))


@app.command()
def scaling(
    spec: Annotated[Path, typer.Argument(help="Scaling study (TOML): family, sizes, layers.")],
    out: Annotated[Path | None, typer.Option("--out", help="Output folder; default: out/<name of the study>.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget finished stages and start over.")] = False,
    as_json: Json = False,
) -> None:
    """How the success of fixed-angle QAOA falls with size, beside a published exponent."""
    from qtwin.cli.scaling import run_scaling

    result = run_scaling(spec, out or Path("out") / spec.stem, fresh=fresh)
    if as_json:
        typer.echo(json.dumps(result))


@app.command("map")
def advantage_map(
    results: Annotated[
        list[Path], typer.Argument(help="result.json files, folders that hold some, or the file of a map (TOML), run first.")
    ],
    out: Annotated[Path, typer.Option("--out", help="Output folder.")] = Path("out/map"),
    data: Annotated[Path | None, typer.Option("--data", help="Folder of the measured tables that a map names.")] = None,
    as_json: Json = False,
) -> None:
    """Where classical wins, where it is open, and what a quantum machine would need to change that."""
    from qtwin.cli.map import run_map

    written = run_map(results, out, data=data)
    if as_json:
        typer.echo(json.dumps(written))


@app.command()
def molecule(
    spec: Annotated[Path | None, typer.Argument(help="Molecule (TOML); or --drug and --receptor.")] = None,
    twin: Annotated[Path | None, typer.Option("--twin", help="Twin (JSON) whose drug and receptor are asked about.")] = None,
    drug: Annotated[str, typer.Option("--drug", help="INN of the drug.")] = "",
    receptor: Annotated[str, typer.Option("--receptor", help="Gene of its receptor, such as ADRB1.")] = "",
    out: Annotated[Path | None, typer.Option("--out", help="Output folder; default: out/<name of the spec>.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Forget finished stages and start over.")] = False,
    as_json: Json = False,
) -> None:
    """Energies of a molecule, or of a drug's contact with its receptor, by all methods side by side."""
    if spec is not None:
        from qtwin.cli.molecule import run_molecule

        result = run_molecule(spec, out or Path("out") / spec.stem, fresh=fresh)
    else:
        from qtwin.cli.molecule_contact import run_contact_of

        result = run_contact_of(drug, receptor, twin, out, fresh=fresh)
    if as_json:
        typer.echo(json.dumps(result))


@measured_app.command("combinations")
def measured_combinations(
    pairs: Annotated[Path, typer.Argument(help="Table of pairs (CSV): drug_1, drug_2, context, synergy; or a column a context.")],
    singles: Annotated[
        Path | None, typer.Option("--singles", help="Single effects (CSV): drug, context, effect; or wide.")
    ] = None,
    context: Annotated[
        str | None, typer.Option("--context", help="One context alone, such as a cell line; default: all.")
    ] = None,
    size: Annotated[int, typer.Option("--size", min=1, help="Drugs to choose.")] = 3,
    objective: Annotated[str, typer.Option("--objective", help="mean or log-linear.")] = "mean",
    noise_sd: Annotated[
        float | None, typer.Option("--noise-sd", help="Noise of one pair measurement; default: from pairs measured twice.")
    ] = None,
    draws: Annotated[int, typer.Option("--draws", min=100, help="Draws of the coefficients.")] = 1000,
    full_effect: Annotated[float, typer.Option("--full-effect", help="Effect at which nothing grows (log-linear).")] = 100.0,
    floor: Annotated[float, typer.Option("--floor", help="Least growth that is followed (log-linear).")] = 0.01,
    column: Annotated[list[str] | None, typer.Option("--column", help="role=name, such as synergy=zip; repeatable.")] = None,
    index_map: Annotated[Path | None, typer.Option("--index-map", help="Drug index to name (JSON).")] = None,
    sampler: Annotated[
        list[str] | None, typer.Option("--sampler", help="Solver whose samples are judged on covering; repeatable.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of all draws.")] = 0,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Output folder; default: out/<name of the table>.")] = None,
    as_json: Json = False,
) -> None:
    """Measured pairs as a choice of drugs: the proven optimum, and how likely it is to be the best."""
    from qtwin.cli.measured import run_combinations

    result = run_combinations(
        pairs,
        singles,
        out or Path("out") / pairs.stem,
        context=context,
        size=size,
        objective=objective,
        noise_sd=noise_sd,
        draws=draws,
        full_effect=full_effect,
        floor=floor,
        columns=column or (),
        index_map=index_map,
        samplers=sampler or (),
        seed=seed,
    )
    if as_json:
        typer.echo(json.dumps(result))


@measured_app.command("order")
def measured_order(
    sets: Annotated[Path, typer.Argument(help="Measured sets (CSV or xlsx): drug_1, drug_2, ..., score; pairs and larger sets.")],
    kind: Annotated[
        str, typer.Option("--kind", help="score (0: no interaction), ratio (1: none, log2 is taken) or growth (with singles).")
    ] = "score",
    sheet: Annotated[str, typer.Option("--sheet", help="Sheet of a workbook.")] = "",
    leave_out: Annotated[
        list[str] | None, typer.Option("--leave-out", help="Group (column subset) whose lines are not used; repeatable.")
    ] = None,
    score: Annotated[str, typer.Option("--score", help="Column of the value.")] = "",
    seed: Annotated[int, typer.Option("--seed", min=0, help="Seed of the bootstrap.")] = 0,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Output folder; default: out/<name of the file>.")] = None,
    as_json: Json = False,
) -> None:
    """Whether singles and pairs predict what three and more drugs do together."""
    from qtwin.cli.measured_order import run_order

    result = run_order(
        sets, out or Path("out") / sets.stem, kind=kind, sheet=sheet, leave_out=leave_out or (), score=score, seed=seed
    )
    if as_json:
        typer.echo(json.dumps(result))


@measured_app.command("interactions")
def measured_interactions(
    source: Annotated[
        str, typer.Argument(help="List of interacting drugs, or a shipped graph: falqon-six-drugs, falqon-covid-19.")
    ],
    size: Annotated[int, typer.Option("--size", min=1, help="Drugs in the synergistic choice.")] = 3,
    harm: Annotated[float, typer.Option("--harm", help="What a harmful pair costs.")] = 3.5,
    solver: Annotated[str, typer.Option("--solver", help="Who proves the optimum.")] = "cp-sat",
    time_limit: Annotated[float, typer.Option("--time-limit", min=0.1, help="Its limit in seconds.")] = 60.0,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Its seed.")] = 0,
    quantum: Annotated[
        bool,
        typer.Option("--quantum", help="Also re-run the published quantum comparison with its ablation (up to 12 drugs)."),
    ] = False,
    out: Annotated[Path | None, typer.Option("-o", "--out", help="Output folder; default: out/<name of the list>.")] = None,
    as_json: Json = False,
) -> None:
    """The largest safe subset of interacting drugs, and the most synergistic few, with proof."""
    from qtwin.cli.measured_interactions import run_interactions

    result = run_interactions(
        source,
        out or Path("out") / Path(source).stem,
        size=size,
        harm=harm,
        solver=solver,
        time_limit_s=time_limit,
        seed=seed,
        quantum=quantum,
    )
    if as_json:
        typer.echo(json.dumps(result))


@audit_app.command("verify")
def audit_verify(log: Log = None, as_json: Json = False) -> None:
    """Check that no entry was changed, removed, inserted, moved or cut off."""
    from qtwin.cli.audit import verify_log

    verified = verify_log(log, as_json=as_json)
    if as_json:
        typer.echo(json.dumps(verified))


@audit_app.command("list")
def audit_list(log: Log = None, as_json: Json = False) -> None:
    """Show the entries, oldest first."""
    from qtwin.cli.audit import list_log

    list_log(log, as_json=as_json)


Ledgers = Annotated[str, typer.Option("--ledger", help="File or database URL; default: $QTWIN_LEDGER or the data folder.")]
Names = Annotated[list[str] | None, typer.Argument(help="Jobs by the start of their key, or the provider's identifier.")]


@jobs_app.command("submit")
def jobs_submit(
    spec: Annotated[Path, typer.Argument(help="Experiment file (TOML) with a [hardware] section.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Estimate time and price; send nothing.")] = False,
    out: Annotated[Path | None, typer.Option("--out", help="Output folder; default: out/<name of the spec>.")] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Send the paid jobs of an experiment, each once, and do not wait; the same command goes on after a crash."""
    from qtwin.cli.check import check_experiment

    checked = check_experiment(spec)
    from qtwin.cli.jobs import submit_jobs

    told = submit_jobs(checked, out or Path("out") / spec.stem, dry_run=dry_run, yes=yes)
    if as_json:
        typer.echo(json.dumps(told))


@jobs_app.command("list")
def jobs_list(ledger: Ledgers = "", as_json: Json = False) -> None:
    """All jobs of the ledger; asks nobody."""
    from qtwin.cli.jobs import list_jobs

    told = list_jobs(ledger)
    if as_json:
        typer.echo(json.dumps(told))


@jobs_app.command("show")
def jobs_show(
    job: Annotated[str, typer.Argument(help="Start of its key, or the provider's identifier.")],
    export: Annotated[Path | None, typer.Option("--export", help="Folder for circuit, calibration and raw result.")] = None,
    ledger: Ledgers = "",
    as_json: Json = False,
) -> None:
    """One job: what was planned, what left the machine, what happened when."""
    from qtwin.cli.jobs import show_job

    told = show_job(job, ledger, export=export)
    if as_json:
        typer.echo(json.dumps(told))


@jobs_app.command("fetch")
def jobs_fetch(
    jobs: Names = None,
    wait: Annotated[bool, typer.Option("--wait", help="Until all have ended.")] = False,
    ledger: Ledgers = "",
    as_json: Json = False,
) -> None:
    """Bring results home, of all jobs or of those named; exits with 3 while some have not ended."""
    from qtwin.cli.jobs import fetch_jobs

    told = fetch_jobs(jobs or (), ledger, wait=wait)
    if as_json:
        typer.echo(json.dumps(told))
    if any(not row["final"] for row in told):
        raise typer.Exit(3)


@jobs_app.command("cancel")
def jobs_cancel(
    jobs: Annotated[list[str], typer.Argument(help="Start of the key, or the provider's identifier.")],
    ledger: Ledgers = "",
    as_json: Json = False,
) -> None:
    """Stop jobs, at the provider and in the ledger."""
    from qtwin.cli.jobs import cancel_jobs

    told = cancel_jobs(jobs, ledger)
    if as_json:
        typer.echo(json.dumps(told))


@jobs_app.command("reconcile")
def jobs_reconcile(ledger: Ledgers = "", as_json: Json = False) -> None:
    """Find out what became of jobs whose sending was cut off, and cancel duplicates; sends nothing."""
    from qtwin.cli.jobs import reconcile_jobs

    told = reconcile_jobs(ledger)
    if as_json:
        typer.echo(json.dumps(told))


@drugs_app.callback()
def drugs(context: typer.Context, as_json: Json = False) -> None:
    """List the formulary."""
    if context.invoked_subcommand is None:
        from qtwin.cli.listing import list_drugs

        list_drugs(as_json=as_json)


@drugs_app.command("exposure")
def drugs_exposure(
    inn: Annotated[str, typer.Argument(help="INN of the drug whose exposure is asked for.")],
    beside: Annotated[
        list[str] | None, typer.Option("--with", help="Drug taken with it, such as paroxetine or paroxetine:40mg; repeatable.")
    ] = None,
    cyp2d6: Annotated[float | None, typer.Option("--cyp2d6", min=0.0, help="CYP2D6 activity score; reference 2.")] = None,
    cyp2c19: Annotated[str | None, typer.Option("--cyp2c19", help="CYP2C19 phenotype, such as 'poor metabolizer'.")] = None,
    as_json: Json = False,
) -> None:
    """Predicted exposure ratio of a drug beside others and with a genotype, and measured ratios where known."""
    from qtwin.cli.listing import show_exposure

    show_exposure(inn, beside or [], cyp2d6=cyp2d6, cyp2c19=cyp2c19, as_json=as_json)


@drugs_app.command("show")
def drugs_show(inn: Annotated[str, typer.Argument(help="INN of the drug.")], as_json: Json = False) -> None:
    """Every number of one drug, with unit, status and source."""
    from qtwin.cli.listing import show_drug

    show_drug(inn, as_json=as_json)


@app.command()
def solvers(as_json: Json = False) -> None:
    """The solvers, with what each guarantees."""
    from qtwin.cli.listing import list_solvers

    list_solvers(as_json=as_json)


@app.command()
def backends(as_json: Json = False) -> None:
    """Where circuits can run, and what is missing."""
    from qtwin.cli.listing import list_backends

    list_backends(as_json=as_json)


@app.command()
def diseases(as_json: Json = False) -> None:
    """The disease models."""
    from qtwin.cli.listing import list_diseases

    list_diseases(as_json=as_json)


@app.command()
def doctor(
    online: Annotated[
        bool, typer.Option("--online", help="Ask IBM Quantum whether the account works, and for its machines.")
    ] = False,
    as_json: Json = False,
) -> None:
    """What is installed, what is missing, and how to get it."""
    from qtwin.cli.doctor import examine

    if not examine(as_json=as_json, online=online):
        raise typer.Exit(1)


_SIGINT = 130


def _fail(message: str, hint: str, code: int) -> int:
    sys.stderr.write(f"error: {message}\n" + (f"hint: {hint}\n" if hint else ""))
    return code


def main(arguments: list[str] | None = None) -> None:
    """Entry point: turns every understood failure into ``error:``, a hint and an exit code."""
    # Our own kernels and the vendors' share the cores; more threads than cores only fight.
    os.environ.setdefault("OMP_NUM_THREADS", str(os.cpu_count() or 1))
    code: Any = 0
    try:
        code = app(args=arguments, standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        code = _SIGINT
    except QtwinError as error:
        code = _fail(error.message, error.hint, error.exit_code)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except ModuleNotFoundError as error:
        code = _fail(f"the package that brings {error.name!r} is not installed", "qtwin doctor lists what is missing", 2)
    except MemoryError:
        code = _fail("out of memory", "take fewer candidates or members", 1)
    except OSError as error:
        code = _fail(
            f"{error.strerror or error}: {error.filename or ''}".strip(": "), "check the path, its permissions and free space", 1
        )
    except Exception as error:
        if type(error).__module__.startswith("click") or type(error).__module__.startswith("typer"):
            show = getattr(error, "format_message", None)
            code = _fail(show() if show else str(error), "see qtwin --help", 2)
        else:
            raise
    if code == _SIGINT:  # also how typer hands back a Ctrl-C
        code = _fail("interrupted", "finished stages are kept; run the same command again to go on", 3)
    sys.exit(code if isinstance(code, int) else 0)
