"""A server on loopback that speaks the REST API of IBM Quantum, with faults on demand.

    python -m tests.server.loopback --port 8765 [--simulate]

The real client library talks to it when these are set (the first lines that it prints): IAM_URL,
GLOBAL_SEARCH_URL, GLOBAL_CATALOG_URL and QTWIN_IBM_RUNTIME_URL. Nothing but the standard library is
needed unless jobs are to be simulated.

Every service instance (CRN) is a world of its own, made when it is named first. Faults are set for
one of them by ``POST /control/CRN`` with a JSON object; what it holds is read by ``GET
/control/CRN``:

    post        actions for the next submissions: ok, twice (taken twice, one answer), slow, or a
                kind of answer with _before (nothing was taken) or _after (it was): see `ANSWERS`;
                and ghost_id, foreign_id, which name a job that is not there or is somebody else's
    list        actions for the next listings: ok, one of `ANSWERS`, twice (each job twice), repeat
                (the first page whatever the offset), nothing, null_id, untagged
    status      actions for the next questions about a job: ok, one of `ANSWERS`, other (about
                another job), odd (a status that nobody knows), untagged, string (the status without
                its object)
    result      actions for the next results: ok, one of `ANSWERS`
    metrics     actions for the next questions about usage: ok, one of `ANSWERS`, pending, zero,
                negative
    cancel      actions for the next cancellations: ok, one of `ANSWERS` with _before or _after,
                ignored
    session     actions for the next sessions to be opened: ok, one of `ANSWERS`
    unfiltered  true: listings show all jobs, whatever tag is asked for
    page        the most that a page of a listing holds; 0 for what was asked
    count       what a listing says of its length: right, none, more, fewer, text
    foreign     this many jobs of others are added: with other tags, with none, with null
    sessions    sessions to be added, by identifier
    listing_lag_s, run_s, delay_s    a job is listed only after the first, done after the second;
                                     slow answers take the third
    answer      the result of every job, as text
    expire      true: all access tokens given so far are refused from now on
    iam         actions for the next requests for an access token: ok, 500, 400
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import secrets
import socket
import struct
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

ANSWERS = {
    "400": "refused",
    "401": "the access token is refused",
    "404": "there is no such thing",
    "409": "refused",
    "413": "too large",
    "429": "too many requests, with Retry-After in seconds",
    "429_date": "the same with a date",
    "429_words": "the same with words that are no time",
    "500": "an error of the server",
    "503": "an error of the server, with Retry-After",
    "quota": "403: the plan's time is used up",
    "html": "200 and a page",
    "html_404": "404 and a page of some gateway",
    "html_502": "502 and a page",
    "redirect": "307 to somewhere else",
    "reset": "the line breaks",
    "hang": "no answer for long, then the line breaks",
    "nonsense": "bytes that are no HTTP",
    "garbage": "200 and bytes that are no JSON",
    "truncated": "200 and the first half of the right body",
    "short": "fewer bytes than announced",
    "empty": "200 and nothing",
    "object": "200 and {}",
    "null": "200 and null",
    "list": "200 and []",
    "null_id": "the right body without its identifier",
    "empty_id": "the same with an empty one",
    "int_id": "the same with a number",
    "list_id": "the same with a list",
    "no_id": "the same with none",
}
"""Kinds of answers that are not the right one. Refusals and pages repeat the access token, which
nobody may print or keep.
"""
CRN = "crn:v1:bluemix:public:quantum-computing:us-east:a/loopback:{name}::"
MACHINE = "ibm_fez"


class World:
    """One service instance: its jobs and its faults."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.jobs: dict[str, dict[str, Any]] = {}
        self.sessions: dict[str, dict[str, Any]] = {}
        kinds = ("post", "list", "status", "result", "metrics", "cancel", "session")
        self.actions: dict[str, deque[str]] = {name: deque() for name in kinds}
        self.settings: dict[str, Any] = {
            "listing_lag_s": 0.0,
            "run_s": 0.0,
            "delay_s": 0.1,
            "answer": "{}",
        }
        self.settings |= {"unfiltered": False, "page": 0, "count": "right"}
        self.posts = 0
        self.wrongly_cancelled = 0
        self.bodies: list[str] = []

    def next(self, kind: str) -> str:
        with self.lock:
            return self.actions[kind].popleft() if self.actions[kind] else "ok"

    def take(self, body: dict[str, Any]) -> dict[str, Any]:
        job_id = "d" + secrets.token_hex(9)
        job = {
            "id": job_id,
            "backend": body["backend"],
            "tags": body.get("tags", []),
            "program": {"id": body["program_id"]},
            "created": datetime.now(UTC).isoformat(),
            "at": time.time(),
            "params": body["params"],
            "session_id": body.get("session_id"),
            "status": "Queued",
        }
        with self.lock:
            self.jobs[job_id] = job
        return job

    def crowd(self, n: int) -> None:
        """Jobs of others, older and newer than ours."""
        for k in range(n):
            body = {
                "backend": MACHINE,
                "program_id": "executor",
                "params": {},
                "tags": ([], None, ["somebody", "else"])[k % 3],
            }
            job = self.take(body)
            job |= {
                "foreign": True,
                "status": "Running",
                "order": job["at"] + (1e6 if k % 2 else -1e6),
            }

    def cancel(self, job: dict[str, Any]) -> None:
        """Cancel, and note whether it was another's job or the last of ours that lived."""
        ours = [
            j for j in self.jobs.values() if j["tags"] == job["tags"] and j["status"] != "Cancelled"
        ]
        self.wrongly_cancelled += bool(job.get("foreign")) or len(ours) < 2
        job["status"] = "Cancelled"

    def status(self, job: dict[str, Any]) -> str:
        if job["status"] == "Queued" and time.time() - job["at"] >= self.settings["run_s"]:
            job["status"] = "Completed"
        return str(job["status"])


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        port: int = 0,
        *,
        machine: Callable[[dict[str, Any]], str] | None = None,
        folder: Path | None = None,
    ) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.worlds: dict[str, World] = {}
        self.tokens: set[str] = set()
        self.issued: set[str] = set()
        self.iam: deque[str] = deque()
        self.lock = threading.Lock()
        self.raw_keys = 0
        self.machine = machine
        self.folder = folder or _snapshot()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def environment(self, name: str = "default") -> dict[str, str]:
        """What the client needs to find this server."""
        return {
            "IAM_URL": f"{self.url}/iam",
            "GLOBAL_SEARCH_URL": f"{self.url}/search",
            "GLOBAL_CATALOG_URL": f"{self.url}/catalog",
            "QTWIN_IBM_RUNTIME_URL": f"{self.url}/api/v1",
            "QISKIT_IBM_INSTANCE": CRN.format(name=name),
        }

    def world(self, crn: str) -> World:
        with self.lock:
            return self.worlds.setdefault(crn, World())

    def handle_error(self, request: Any, client_address: Any) -> None:
        if os.environ.get("QTWIN_LOOPBACK_TELLS"):
            traceback.print_exc()  # clients are killed here on purpose, so this is quiet otherwise


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, *_: Any) -> None:
        pass

    def do_GET(self) -> None:
        self._route("GET")

    def do_POST(self) -> None:
        self._route("POST")

    def do_DELETE(self) -> None:
        self._route("DELETE")

    def do_PATCH(self) -> None:
        self._route("PATCH")

    def do_PUT(self) -> None:
        self._route("PUT")

    def _route(self, method: str) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length)
        parts = urlsplit(self.path)
        self.query = parse_qs(parts.query)
        path = [unquote(p) for p in parts.path.split("/") if p]
        if path[:1] == ["iam"]:
            return self._iam()
        if path[:1] == ["search"]:
            return self._search()
        if path[:1] == ["catalog"]:
            plan = {
                "overview_ui": {"en": {"display_name": "Open"}},
                "metadata": {"pricing": {"type": "free"}},
                "id": path[-1],
            }
            return self._send(200, plan)
        if path[:1] == ["control"]:
            return self._control(method, "/".join(path[1:]))
        if path[:2] == ["api", "v1"]:
            return self._runtime(method, path[2:])
        return self._send(404, {"error": {"message": "no such place", "code": 404}})

    def _iam(self) -> None:
        with self.server.lock:
            action = self.server.iam.popleft() if self.server.iam else "ok"
            if action == "ok":
                token = _token()
                self.server.tokens.add(token)
                self.server.issued.add(token)
        if action != "ok":
            return self._send(
                int(action),
                {"errorMessage": "the identity service is out of order", "errorCode": "X"},
            )
        now = int(time.time())
        grant = {
            "access_token": token,
            "refresh_token": "none",
            "token_type": "Bearer",
            "expires_in": 3600,
            "expiration": now + 3600,
        }
        return self._send(200, grant)

    def _search(self) -> None:
        crns = list(self.server.worlds) or [CRN.format(name="default")]
        items = [
            {
                "crn": c,
                "name": c.split(":")[-3],
                "tags": [],
                "service_plan_unique_id": "plan",
                "doc": {"extensions": {"x": 1}},
            }
            for c in crns
        ]
        return self._send(200, {"items": items, "limit": 100})

    def _control(self, method: str, crn: str) -> None:
        if crn == "server":
            return self._send(
                200, {"raw_keys": self.server.raw_keys, "tokens": sorted(self.server.issued)}
            )
        world = self.server.world(crn)
        if method == "POST":
            told = json.loads(self.body or b"{}")
            with world.lock:
                for kind, actions in told.items():
                    if kind in world.actions:
                        world.actions[kind].extend(actions)
                    elif kind in world.settings:
                        world.settings[kind] = actions
                world.sessions |= told.get("sessions", {})
            world.crowd(int(told.get("foreign", 0)))
            if told.get("expire"):
                with self.server.lock:
                    self.server.tokens.clear()
            if told.get("iam"):
                with self.server.lock:
                    self.server.iam.extend(told["iam"])
        with world.lock:
            shown = [
                {k: v for k, v in j.items() if k != "params"} | {"status": world.status(j)}
                for j in world.jobs.values()
            ]
            bodies = list(world.bodies)
        told = {"jobs": shown, "posts": world.posts, "sessions": world.sessions, "bodies": bodies}
        return self._send(200, told | {"wrongly_cancelled": world.wrongly_cancelled})

    def _runtime(self, method: str, path: list[str]) -> None:
        authorisation = self.headers.get("Authorization", "")
        if not authorisation.startswith("Bearer "):
            self.server.raw_keys += 1
        if authorisation.removeprefix("Bearer ") not in self.server.tokens:
            return self._refuse(401, "the access token is not valid")
        world = self.server.world(self.headers.get("Service-CRN", ""))
        if path[0] == "backends":
            return self._backends(path[1:])
        if path == ["instances", "usage"]:
            usage = {
                "usage_consumed_seconds": 1,
                "usage_limit_seconds": 600,
                "usage_remaining_seconds": 599,
            }
            return self._send(200, usage)
        if path[0] == "sessions":
            return self._sessions(method, path[1:], world)
        if path == ["jobs"]:
            return self._post(world) if method == "POST" else self._list(world)
        return self._job(method, path[1:], world)

    def _backends(self, path: list[str]) -> None:
        if not path:
            device = {
                "name": MACHINE,
                "class": "real",
                "status": {"name": "online"},
                "queue_length": 0,
                "qubits": 156,
            }
            return self._send(200, {"devices": [device]})
        if path[0] != MACHINE:
            return self._refuse(404, "no such backend")
        if path[1] == "status":
            return self._send(
                200,
                {"state": True, "status": "active", "length_queue": 0, "backend_version": "1.2.8"},
            )
        kind = {"configuration": "conf", "properties": "props"}[path[1]]
        return self._send_raw(200, next(self.server.folder.glob(f"{kind}_*.json")).read_bytes())

    def _sessions(self, method: str, path: list[str], world: World) -> None:
        if method == "POST":
            session = {
                "id": secrets.token_hex(8),
                "state": "open",
                "accepting_jobs": True,
                **json.loads(self.body),
            }
            world.sessions[session["id"]] = session
            return self._answer(world.next("session"), session, world)
        session = world.sessions.get(path[0])
        if session is None:
            return self._refuse(404, "no such session")
        if method == "PATCH":
            session |= json.loads(self.body)
        if method == "DELETE":
            session |= {"state": "closed", "accepting_jobs": False}
        return self._send(200, session)

    def _post(self, world: World) -> None:
        action = world.next("post")
        body = json.loads(self.body)
        with world.lock:
            world.posts += 1
            world.bodies = [*world.bodies[-2:], self.body.decode()]
        session_id = body.get("session_id")
        session = world.sessions.get(session_id)
        if session_id and (session is None or not session["accepting_jobs"]):
            return self._refuse(400, "Session is closed.", code=1217)
        kind, _, when = action.rpartition("_")
        if when == "before":
            return self._answer(kind, {"id": "d" + secrets.token_hex(9), "backend": MACHINE}, world)
        job = world.take(body)
        if action == "twice":
            world.take(body)
        if action == "slow":
            time.sleep(world.settings["delay_s"])
        return self._answer(
            kind if when == "after" else "ok", {"id": job["id"], "backend": job["backend"]}, world
        )

    def _list(self, world: World) -> None:
        action = world.next("list")
        wanted = set(self.query.get("tags", []))
        seen = time.time() - world.settings["listing_lag_s"]
        whole = world.settings["unfiltered"]
        with world.lock:
            found = [
                j
                for j in world.jobs.values()
                if (whole or wanted <= set(j["tags"] or [])) and j["at"] <= seen
            ]
        found.sort(key=lambda j: -j.get("order", j["at"]))
        offset, limit = (
            int(self.query.get("offset", ["0"])[0]),
            int(self.query.get("limit", ["10"])[0]),
        )
        offset = 0 if action == "repeat" else offset
        limit = min(limit, world.settings["page"] or limit)
        page = [self._shown(world, j) for j in found[offset : offset + limit]]
        if action == "twice":
            page = [j for j in page for _ in range(2)]
        if action == "untagged":
            page = [j | {"tags": None} for j in page]
        if action == "null_id":
            page = [j | {"id": None} for j in page]
        told = {
            "jobs": [] if action == "nothing" else page,
            "count": len(found),
            "limit": limit,
            "offset": offset,
        }
        count = world.settings["count"]
        told["count"] = {
            "none": None,
            "more": len(found) + 3,
            "fewer": min(1, len(found)),
            "text": "many",
        }.get(count, len(found))
        return self._answer(
            action if action in ANSWERS and action != "null_id" else "ok", told, world
        )

    def _job(self, method: str, path: list[str], world: World) -> None:
        job = world.jobs.get(path[0])
        if job is None:
            return self._refuse(404, "no such job")
        what = path[1] if len(path) > 1 else ""
        if what == "cancel":
            kind, _, when = world.next("cancel").rpartition("_")
            if when == "before":
                return self._answer(kind, {}, world)
            if world.status(job) in ("Completed", "Failed", "Cancelled"):
                return self._refuse(409, "the job has ended")
            if when != "ignored":
                world.cancel(job)
            return self._answer(kind, {}, world) if when == "after" else self._send_raw(204, b"")
        if what == "results":
            return self._result(world, job)
        if what == "metrics":
            action = world.next("metrics")
            usage: dict[str, Any] = {
                "quantum_seconds": 2,
                "qpu_charge_time_seconds": 2,
                "status": "final",
            }
            if action in ("pending", "zero", "negative"):
                seconds = -1 if action == "negative" else 0
                usage = {"quantum_seconds": seconds, "qpu_charge_time_seconds": seconds}
                usage |= {"status": "pending"} if action == "pending" else {}
            return self._answer(
                action, {"usage": usage, "timestamps": {"created": job["created"]}}, world
            )
        if method == "DELETE":
            return self._send_raw(204, b"")
        action, told = world.next("status"), self._shown(world, job)
        if action == "other":
            told["id"] = "d" + secrets.token_hex(9)
        if action == "odd":
            told |= {"status": "Paused", "state": {"status": "Paused", "reason": "nobody knows"}}
        if action == "string":
            told["state"] = told["status"]
        if action == "untagged":
            told["tags"] = None
        return self._answer(action, told, world)

    def _result(self, world: World, job: dict[str, Any]) -> None:
        action = world.next("result")
        if action not in ("ok", "truncated", "short"):
            return self._answer(action, {}, world)
        if self.server.machine is not None and "answer" not in job:
            job["answer"] = self.server.machine(job["params"])
        answer = str(job.get("answer", world.settings["answer"])).encode()
        return self._send_raw(
            200,
            answer[: len(answer) // 2] if action == "truncated" else answer,
            short=action == "short",
        )

    def _answer(self, kind: str, right: dict[str, Any], world: World) -> None:
        """The right answer, or one of `ANSWERS`."""
        ids = {
            "null_id": None,
            "empty_id": "",
            "int_id": 7,
            "list_id": ["d1"],
            "ghost_id": "d" + secrets.token_hex(9),
        }
        ids["foreign_id"] = next(
            (j["id"] for j in world.jobs.values() if j.get("foreign")), ids["ghost_id"]
        )
        text = json.dumps(right)
        page = (
            f"<html><body>gateway; {self.headers.get('Authorization', '')}</body></html>".encode()
        )
        bodies = {
            "html": page,
            "garbage": b"\x00\xff" * 50,
            "empty": b"",
            "object": b"{}",
            "null": b"null",
            "list": b"[]",
        }
        bodies["truncated"] = text[: len(text) // 2].encode()
        if kind in ("reset", "hang"):
            time.sleep(world.settings["delay_s"] * 30 if kind == "hang" else 0.0)
            return self._reset()
        if kind == "nonsense":
            self.wfile.write(b"\x15\x03\x01\x00\x02\x02\x46" * 3)
            self.close_connection = True
            return None
        if kind == "quota":
            return self._refuse(403, "Usage limit of the plan exceeded.", code=1304)
        if kind[:3].isdigit():
            date = formatdate(time.time() + 1.0, usegmt=True)
            after = {"429": "0.05", "503": "0.1", "429_date": date, "429_words": "soon"}
            return self._refuse(int(kind[:3]), "try again", retry_after=after.get(kind, ""))
        if kind.startswith("html_"):
            return self._send_raw(int(kind[5:]), page, {"Content-Type": "text/html"})
        if kind == "redirect":
            return self._send_raw(307, b"", {"Location": f"{self.server.url}/elsewhere"})
        if kind == "short":
            return self._send_raw(200, text.encode(), short=True)
        if kind in bodies:
            return self._send_raw(200, bodies[kind])
        if kind in ids:
            right = right | {"id": ids[kind]}
        return self._send(
            200, {k: v for k, v in right.items() if k != "id"} if kind == "no_id" else right
        )

    def _shown(self, world: World, job: dict[str, Any]) -> dict[str, Any]:
        shown = {
            k: job.get(k) for k in ("id", "backend", "tags", "program", "created", "session_id")
        }
        status = world.status(job)
        return shown | {
            "status": status,
            "state": {"status": status},
            "cost": 600,
            "private": False,
        }

    def _refuse(self, status: int, message: str, *, code: int = 0, retry_after: str = "") -> None:
        told = {
            "code": code or status,
            "message": f"{message} (asked with {self.headers.get('Authorization', 'no key')})",
        }
        headers = {"Retry-After": retry_after} if retry_after else {}
        self._send_raw(status, json.dumps({"error": told}).encode(), headers)

    def _send(self, status: int, value: Any) -> None:
        self._send_raw(status, json.dumps(value).encode())

    def _send_raw(
        self, status: int, raw: bytes, headers: dict[str, str] | None = None, *, short: bool = False
    ) -> None:
        self.send_response(status)
        length = len(raw) + (9 if short else 0)
        for name, value in {
            "Content-Type": "application/json",
            "Content-Length": str(length),
            **(headers or {}),
        }.items():
            self.send_header(name, value)
        self.end_headers()
        if status != 204:
            self.wfile.write(raw)
        if short:
            self.close_connection = True

    def _reset(self) -> None:
        """Break the line without an answer."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


def _token() -> str:
    """A JSON web token that nobody could forge, or needs to."""
    now = int(time.time())
    parts = [
        {"alg": "HS256", "typ": "JWT"},
        {"iat": now, "exp": now + 3600, "jti": secrets.token_hex(8)},
    ]
    packed = [base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in parts]
    return ".".join([*packed, secrets.token_urlsafe(32)])


def _snapshot() -> Path:
    """The folder of the snapshot of ibm_fez that the client's package ships; nothing of it is
    imported.
    """
    import importlib.util

    found = importlib.util.find_spec("qiskit_ibm_runtime")
    if found is None or found.origin is None:
        raise SystemExit("qiskit-ibm-runtime is not installed")
    return Path(found.origin).parent / "fake_provider" / "backends" / "fez"


def main() -> None:
    parser = argparse.ArgumentParser(
        description="IBM Quantum's REST API on loopback, with faults on demand."
    )
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument(
        "--simulate", action="store_true", help="run the jobs on Aer with the noise of ibm_fez"
    )
    arguments = parser.parse_args()
    machine = None
    if arguments.simulate:
        from tests.server.simulate import Machine

        machine = Machine()
    server = Server(arguments.port, machine=machine)
    for name, value in server.environment().items():
        print(f"export {name}={value}", flush=True)
    print("export QISKIT_IBM_TOKEN=any-key-will-do-here", flush=True)
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1.0)
        os._exit(0)

    if os.environ.get("QTWIN_LOOPBACK_WITH_PARENT"):
        threading.Thread(target=watch, daemon=True).start()
    server.serve_forever(poll_interval=0.05)


if __name__ == "__main__":
    main()
