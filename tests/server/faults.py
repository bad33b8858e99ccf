"""A campaign of randomised faults: the ledger and the real client library against the loopback
server, or against another one.

    python -m tests.server.faults --runs 200 --seed 7 [--server http://127.0.0.1:8765]
    [--every-step]

Each run has an instance and a ledger of its own. Processes are forked, killed with SIGKILL at a
named step or at a random time, run two at once, meet a full disk, an expired token, a clock that is
set, a line that is not safe, a session that has ended, answers that are lost, doubled, garbled,
cut, another's or a gateway's page, refusals, listings that lag, repeat, miscount and show jobs of
others, and damaged results. In the end nobody disturbs, and the ledger must hold the one job that
lives at the provider, with its whole result; no other job was cancelled, no access token was
written, and every file is its owner's alone.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
import traceback
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from qtwin.backend.hardware.ibm.provider import IbmProvider
from qtwin.backend.hardware.ledger.fetch import fetch, good_result
from qtwin.backend.hardware.ledger.store import Ledger, Order
from qtwin.backend.hardware.ledger.submit import Pace, submit
from qtwin.errors import QtwinError
from tests.server.loopback import CRN, MACHINE

PACE = Pace(settle_s=0.45, attempts=5, first_wait_s=0.03, longest_wait_s=0.3, poll_s=0.06)
KEY = "secret-key-of-the-campaign-0123456789"
STEPS = (
    "opened",
    "intent",
    "leased",
    "before the request",
    "sending",
    "taken",
    "answered",
    "submitted",
    "asking what became of it",
    "found",
    "not taken",
    "settled",
)
EITHER = (
    "400",
    "401",
    "404",
    "409",
    "413",
    "429",
    "429_date",
    "429_words",
    "500",
    "503",
    "quota",
    "html",
    "html_404",
    "html_502",
)
EITHER += (
    "redirect",
    "reset",
    "nonsense",
    "garbage",
    "truncated",
    "short",
    "empty",
    "object",
    "null",
    "list",
)
EITHER += ("null_id", "empty_id", "int_id", "list_id", "no_id", "ghost_id", "foreign_id")
POSTS = (
    "twice",
    "twice",
    "slow",
    "hang_after",
    *(f"{kind}_{when}" for kind in EITHER for when in ("before", "after")),
)
BROKEN = (
    "429",
    "500",
    "503",
    "html",
    "html_404",
    "html_502",
    "reset",
    "nonsense",
    "garbage",
    "truncated",
    "short",
    "empty",
    "null",
)
LISTS = (*BROKEN, "object", "list", "twice", "repeat", "nothing", "null_id", "untagged")
STATUSES = (*BROKEN, "404", "object", "other", "odd", "untagged", "string", "redirect")
RESULTS = (*BROKEN, "404", "object", "list")
METRICS = (*BROKEN, "404", "pending", "zero", "negative", "object")
CANCELS = (
    "500_before",
    "reset_after",
    "409_before",
    "404_before",
    "html_404_before",
    "html_after",
    "ignored",
)


def ask(url: str, path: str, told: Any = None) -> Any:
    data = None if told is None else json.dumps(told).encode()
    with urllib.request.urlopen(
        urllib.request.Request(url + path, data=data), timeout=30
    ) as answer:
        return json.loads(answer.read())


def order(payload: bytes, crn: str, session_id: str = "") -> Order:
    request = {"kind": "sample", "n_qubits": 2, "shots": 64, "parameters": [[0.3]], "run": crn}
    told = {
        "provider": "ibm",
        "backend": MACHINE,
        "program": "executor",
        "instance": crn,
        "session_id": session_id,
    }
    return Order(payload=payload, request=request, **told)


def plan(seed: int) -> dict[str, Any]:
    """What goes wrong in one run."""
    rng = np.random.default_rng(seed)

    def some(kinds: tuple[str, ...], most: int) -> list[str]:
        return [str(x) for x in rng.choice(kinds, size=int(rng.integers(0, most + 1)))]

    def chance(share: float) -> bool:
        return bool(rng.random() < share)

    kills = [
        ("none", None),
        ("step", str(rng.choice(STEPS))),
        ("time", float(rng.uniform(0.0, 1.2))),
    ]
    kill = kills[int(rng.choice(3, p=[0.2, 0.5, 0.3]))]
    return {
        "seed": seed,
        "post": some(POSTS, 4),
        "list": some(LISTS, 3),
        "status": some(STATUSES, 3),
        "result": some(RESULTS, 3),
        "metrics": some(METRICS, 1),
        "cancel": some(CANCELS, 2),
        "foreign": int(rng.choice([0, 3, 5])),
        "unfiltered": chance(0.4),
        "page": int(rng.choice([0, 0, 1, 2])),
        "count": str(rng.choice(["right", "right", "none", "more", "fewer", "text"])),
        "listing_lag_s": float(rng.choice([0.0, 0.0, 0.15, 0.3])),
        "session": str(rng.choice(["", "", "open", "closed", "gone"])),
        "clock": (str(rng.choice(STEPS)), float(rng.choice([-7200.0, -1.0, 7200.0])))
        if chance(0.3)
        else None,
        "unsafe": chance(0.1),
        "kill": kill,
        "kills": int(rng.integers(1, 4)),
        "together": chance(0.3),
        "full": str(rng.choice(STEPS)) if chance(0.2) else "",
        "expire": chance(0.2),
        "iam": ["500"] if chance(0.1) else [],
    }


def plan_of_step(k: int) -> dict[str, Any]:
    """The k-th of all steps, killed there once, on a line that works, loses the answer, takes
    twice, refuses, names no job.
    """
    posts = ([], ["reset_after"], ["twice"], ["503_before"], ["ghost_id_after"])
    step, post = STEPS[k % len(STEPS)], posts[k // len(STEPS) % len(posts)]
    calm = {
        "result": [],
        "listing_lag_s": 0.3,
        "kills": 1,
        "together": False,
        "full": "",
        "expire": False,
        "iam": [],
    }
    return {
        "seed": k,
        "post": post,
        "kill": ("step", step),
        "session": "",
        "clock": None,
        "unsafe": False,
        **calm,
    }


def client(
    folder: Path,
    wanted: Order,
    *,
    kill_at: str = "",
    full_at: str = "",
    clock: tuple[str, float] | None = None,
    unsafe: bool = False,
    fetching: bool = False,
) -> int:
    """One process of a user: write the intent, submit, or fetch; its exit code."""
    if unsafe:  # as with a clock that makes every certificate invalid: this port speaks no TLS
        os.environ["QTWIN_IBM_RUNTIME_URL"] = os.environ["QTWIN_IBM_RUNTIME_URL"].replace(
            "http:", "https:"
        )
    os.umask(0o022)
    real = time.time

    def progress(step: str) -> None:
        if clock is not None and step == clock[0]:
            time.time = lambda: real() + clock[1]
        if step == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)
        if step == full_at:  # from now on no file of this process grows
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1, resource.RLIM_INFINITY))

    try:
        progress("opened")
        ledger, provider = Ledger(folder / "jobs.sqlite"), IbmProvider()
        key = ledger.intend(wanted).key
        progress("intent")
        if fetching:
            return 0 if fetch(ledger, provider, key, pace=PACE).state == "DONE" else 3
        submit(ledger, provider, key, pace=PACE, progress=progress)
    except QtwinError as error:
        (folder / "errors.txt").open("a").write(
            f"{type(error).__name__}: {error.message} | {error.hint}\n"
        )
        return 10
    except BaseException:
        try:
            (folder / "bugs.txt").open("a").write(traceback.format_exc())
        except OSError:
            return 12
        return 11
    return 0


def forked(body: Callable[[], int]) -> int:
    pid = os.fork()
    if pid == 0:
        code = 12
        try:
            code = body()
        finally:
            os._exit(code)
    return pid


def waited(pid: int, limit_s: float = 240.0) -> int:
    """Exit code, negative for a signal; five attempts to open a line may take half a minute
    each.
    """
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return -99


def run(faults: dict[str, Any], url: str, payload: bytes, answer: str) -> dict[str, Any]:
    """One run; what was found in the end."""
    seed = faults["seed"]
    crn = CRN.format(name=f"run-{seed}-{os.getpid()}")
    os.environ |= {"QISKIT_IBM_INSTANCE": crn}
    kinds = (
        "post",
        "list",
        "status",
        "result",
        "metrics",
        "cancel",
        "foreign",
        "unfiltered",
        "page",
        "count",
        "listing_lag_s",
    )
    told = {k: faults[k] for k in kinds if k in faults}
    if faults["session"] in ("open", "closed"):
        session = {
            "id": "s1",
            "state": faults["session"],
            "accepting_jobs": faults["session"] == "open",
        }
        told["sessions"] = {"s1": session}
    wanted = order(payload, crn, "s1" if faults["session"] else "")
    ask(url, f"/control/{crn}", told | {"answer": answer, "run_s": 1e9, "delay_s": 0.1})
    codes: list[int] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        how, when = faults["kill"]
        for _ in range(faults["kills"]):
            if faults["expire"]:
                ask(url, f"/control/{crn}", {"expire": True, "iam": faults["iam"]})
            kill_at = when if how == "step" else ""
            worse = {
                "full_at": faults["full"],
                "clock": faults["clock"],
                "unsafe": faults["unsafe"],
            }
            first = forked(
                lambda at=kill_at, worse=worse: client(folder, wanted, kill_at=at, **worse)
            )
            second = forked(lambda: client(folder, wanted)) if faults["together"] else 0
            if how == "time":
                time.sleep(when)
                os.kill(first, signal.SIGKILL)
            codes.append(waited(first))
            if second:
                codes.append(waited(second))
        # nobody disturbs any more, but answers that were ordered to fail still do
        for _ in range(12):
            codes.append(waited(forked(lambda: client(folder, wanted))))
            if codes[-1] == 0:
                break
        ask(url, f"/control/{crn}", {"run_s": 0.0})
        for _ in range(16):
            codes.append(waited(forked(lambda: client(folder, wanted, fetching=True))))
            if codes[-1] == 0:
                break
        found = ask(url, f"/control/{crn}")
        live = [j for j in found["jobs"] if j["status"] != "Cancelled" and not j.get("foreign")]
        open_files = [p.name for p in folder.glob("jobs.sqlite*") if p.stat().st_mode & 0o077]
        tokens = [token[:40] for token in ask(url, "/control/server")["tokens"]]
        ledger = Ledger(folder / "jobs.sqlite")
        entry = ledger.get(wanted.key)
        kept = (good_result(ledger, entry.key) or b"").decode()
        ledger.close()
        written = b"".join(p.read_bytes() for p in folder.iterdir())
        errors = (
            (folder / "errors.txt").read_text().splitlines()
            if (folder / "errors.txt").exists()
            else []
        )
        bugs = (folder / "bugs.txt").read_text() if (folder / "bugs.txt").exists() else ""
    return {
        "plan": faults,
        "codes": codes,
        "live": len(live),
        "jobs": sum(not j.get("foreign") for j in found["jobs"]),
        "posts": found["posts"],
        "state": entry.state,
        "lost": int(
            entry.state != "DONE" or kept != answer or [j["id"] for j in live] != [entry.job_id]
        ),
        "duplicated": max(0, len(live) - 1),
        "wrongly_cancelled": found["wrongly_cancelled"],
        "leaked": any(secret.encode() in written for secret in (KEY, *tokens)),
        "readable_by_others": open_files,
        "errors": errors[-3:],
        "bugs": bugs,
        "hung": codes.count(-99),
    }


def small_job() -> tuple[bytes, str]:
    """A payload of the real primitive and a result of the real post-processing format."""
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter
    from qiskit.providers.fake_provider import GenericBackendV2

    from qtwin.backend.hardware.ibm.payload import sampler_payload
    from tests.server.simulate import Machine

    circuit = QuantumCircuit(2)
    circuit.rx(Parameter("p0"), 0)
    circuit.cx(0, 1)
    circuit.measure_all()
    backend = GenericBackendV2(2, basis_gates=["cx", "rx", "rz"])
    payload = sampler_payload(backend, circuit, np.array([[0.3]]), shots=64, options={})
    return payload, Machine(noise=False)(json.loads(payload))


def campaign(plans: list[dict[str, Any]], *, url: str, at_once: int) -> list[dict[str, Any]]:
    payload, answer = small_job()
    import requests  # noqa: F401 - what the children need is imported once
    from qiskit_ibm_runtime import QiskitRuntimeService  # noqa: F401
    from sqlalchemy.dialects import sqlite  # noqa: F401

    results: list[dict[str, Any]] = []
    waiting, running = list(plans), {}
    with tempfile.TemporaryDirectory() as name:
        while waiting or running:
            while waiting and len(running) < at_once:
                faults = waiting.pop(0)
                place = Path(name) / f"{faults['seed']}.json"

                def body(faults: dict[str, Any] = faults, place: Path = place) -> int:
                    place.write_text(json.dumps(run(faults, url, payload, answer)))
                    return 0

                running[forked(body)] = place
            pid, status = os.wait()
            place = running.pop(pid)
            if status or not place.exists():
                results.append(
                    {
                        "plan": place.stem,
                        "lost": 1,
                        "duplicated": 0,
                        "bugs": f"the run itself ended with {status}",
                    }
                )
            else:
                results.append(json.loads(place.read_text()))
    return results


def _killed_at(result: dict[str, Any]) -> str:
    how, when = (
        result["plan"]["kill"] if isinstance(result["plan"], dict) else ("none", None)
    ) or ("none", None)
    return (
        "not killed"
        if -9 not in result.get("codes", [])
        else str(when)
        if how == "step"
        else "any time"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("QTWIN_FAULT_SEED", "1")))
    parser.add_argument(
        "--every-step",
        action="store_true",
        help="no chance: a kill at each step on four kinds of line",
    )
    parser.add_argument("--at-once", type=int, default=6)
    parser.add_argument("--server", default="", help="address of a server that is running already")
    parser.add_argument("--verbose", action="store_true")
    arguments = parser.parse_args()
    url, process = arguments.server, None
    try:
        if not url:
            process = subprocess.Popen(
                [sys.executable, "-m", "tests.server.loopback", "--port", "0"],
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, "QTWIN_LOOPBACK_WITH_PARENT": "1"},
            )
            assert process.stdout is not None
            lines = [
                process.stdout.readline().removeprefix("export ").strip().partition("=")
                for _ in range(6)
            ]
            os.environ |= {key: value for key, _, value in lines}
            url = os.environ["IAM_URL"].removesuffix("/iam")
        else:
            names = {
                "IAM_URL": "iam",
                "GLOBAL_SEARCH_URL": "search",
                "GLOBAL_CATALOG_URL": "catalog",
            }
            os.environ |= {key: f"{url}/{path}" for key, path in names.items()} | {
                "QTWIN_IBM_RUNTIME_URL": f"{url}/api/v1"
            }
        os.environ |= {"QISKIT_IBM_TOKEN": KEY, "QTWIN_IBM_TIMEOUT_S": "2.5"}
        started = time.perf_counter()
        first = arguments.seed * 1_000_003
        plans = [plan(k) for k in range(first, first + arguments.runs)]
        if arguments.every_step:
            plans = [plan_of_step(k) for k in range(5 * len(STEPS))]
        results = campaign(plans, url=url, at_once=arguments.at_once)
        raw_keys = ask(url, "/control/server")["raw_keys"]
    finally:
        if process is not None:
            process.kill()
            process.wait()
    faulty = (
        "lost",
        "duplicated",
        "wrongly_cancelled",
        "bugs",
        "leaked",
        "readable_by_others",
        "hung",
    )
    bad = [r for r in results if any(r.get(name) for name in faulty)]
    print(
        json.dumps(
            {
                "runs": len(results),
                "seed": arguments.seed,
                "lost": sum(r["lost"] for r in results),
                "duplicated": sum(r["duplicated"] for r in results),
                "wrongly_cancelled": sum(r.get("wrongly_cancelled", 0) for r in results),
                "readable_by_others": sum(bool(r.get("readable_by_others")) for r in results),
                "killed": sum(code == -9 for r in results for code in r.get("codes", [])),
                "killed_at": dict(sorted(Counter(_killed_at(r) for r in results).items())),
                "refused": sum(code == 10 for r in results for code in r.get("codes", [])),
                "jobs_made": sum(r.get("jobs", 0) for r in results),
                "bugs": sum(bool(r["bugs"]) for r in results),
                "hung": sum(r.get("hung", 0) for r in results),
                "keys_in_files": sum(bool(r.get("leaked")) for r in results),
                "raw_keys_sent": raw_keys,
                "wall_s": round(time.perf_counter() - started, 1),
                "bad": results if arguments.verbose else bad,
            }
        )
    )
    return 1 if bad else 0


if __name__ == "__main__":
    raise SystemExit(main())
