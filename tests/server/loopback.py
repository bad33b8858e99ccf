"""A server on loopback that speaks the REST API of IBM Quantum, with faults on demand.

    python -m tests.server.loopback --port 8765 [--simulate]

The real client library talks to it when these are set (the first lines that it prints): IAM_URL, GLOBAL_SEARCH_URL,
GLOBAL_CATALOG_URL and QTWIN_IBM_RUNTIME_URL. Nothing but the standard library is needed unless jobs are to be simulated.

Every service instance (CRN) is a world of its own, made when it is named first. Faults are set for one of them by
``POST /control/CRN`` with a JSON object; what it holds is read by ``GET /control/CRN``:

    post        actions for the next submissions: ok, twice (taken twice, one answer), slow, reset_before, reset_after,
                hang_after, garbage_after, 500_after, 503_before, 429_before, 401_before, 413_before
    list        actions for the next listings: ok, 500, 429, 401, reset, garbage
    result      actions for the next results: ok, truncated, garbage, empty, 500, reset
    listing_lag_s, run_s, delay_s    a job is listed only after the first, done after the second; slow answers take the third
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
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

CRN = "crn:v1:bluemix:public:quantum-computing:us-east:a/loopback:{name}::"
MACHINE = "ibm_fez"


class World:
    """One service instance: its jobs and its faults."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.jobs: dict[str, dict[str, Any]] = {}
        self.sessions: dict[str, dict[str, Any]] = {}
        self.actions: dict[str, deque[str]] = {name: deque() for name in ("post", "list", "result")}
        self.settings: dict[str, Any] = {"listing_lag_s": 0.0, "run_s": 0.0, "delay_s": 0.1, "answer": "{}"}
        self.posts = 0
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

    def status(self, job: dict[str, Any]) -> str:
        if job["status"] == "Queued" and time.time() - job["at"] >= self.settings["run_s"]:
            job["status"] = "Completed"
        return str(job["status"])


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, port: int = 0, *, machine: Callable[[dict[str, Any]], str] | None = None, folder: Path | None = None
    ) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.worlds: dict[str, World] = {}
        self.tokens: set[str] = set()
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
            plan = {"overview_ui": {"en": {"display_name": "Open"}}, "metadata": {"pricing": {"type": "free"}}, "id": path[-1]}
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
        if action != "ok":
            return self._send(int(action), {"errorMessage": "the identity service is out of order", "errorCode": "X"})
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
            {"crn": c, "name": c.split(":")[-3], "tags": [], "service_plan_unique_id": "plan", "doc": {"extensions": {"x": 1}}}
            for c in crns
        ]
        return self._send(200, {"items": items, "limit": 100})

    def _control(self, method: str, crn: str) -> None:
        if crn == "server":
            return self._send(200, {"raw_keys": self.server.raw_keys})
        world = self.server.world(crn)
        if method == "POST":
            told = json.loads(self.body or b"{}")
            with world.lock:
                for kind, actions in told.items():
                    if kind in world.actions:
                        world.actions[kind].extend(actions)
                    elif kind in world.settings:
                        world.settings[kind] = actions
            if told.get("expire"):
                with self.server.lock:
                    self.server.tokens.clear()
            if told.get("iam"):
                with self.server.lock:
                    self.server.iam.extend(told["iam"])
        with world.lock:
            shown = [{k: v for k, v in j.items() if k != "params"} | {"status": world.status(j)} for j in world.jobs.values()]
            bodies = list(world.bodies)
        return self._send(200, {"jobs": shown, "posts": world.posts, "sessions": world.sessions, "bodies": bodies})

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
            usage = {"usage_consumed_seconds": 1, "usage_limit_seconds": 600, "usage_remaining_seconds": 599}
            return self._send(200, usage)
        if path[0] == "sessions":
            return self._sessions(method, path[1:], world)
        if path == ["jobs"]:
            return self._post(world) if method == "POST" else self._list(world)
        return self._job(method, path[1:], world)

    def _backends(self, path: list[str]) -> None:
        if not path:
            device = {"name": MACHINE, "class": "real", "status": {"name": "online"}, "queue_length": 0, "qubits": 156}
            return self._send(200, {"devices": [device]})
        if path[0] != MACHINE:
            return self._refuse(404, "no such backend")
        if path[1] == "status":
            return self._send(200, {"state": True, "status": "active", "length_queue": 0, "backend_version": "1.2.8"})
        kind = {"configuration": "conf", "properties": "props"}[path[1]]
        return self._send_raw(200, next(self.server.folder.glob(f"{kind}_*.json")).read_bytes())

    def _sessions(self, method: str, path: list[str], world: World) -> None:
        if method == "POST":
            session = {"id": secrets.token_hex(8), "state": "open", "accepting_jobs": True, **json.loads(self.body)}
            world.sessions[session["id"]] = session
            return self._send(200, session)
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
        if action == "reset_before":
            return self._reset()
        if action.endswith("_before"):
            return self._refuse(int(action[:3]), "try again")
        job = world.take(body)
        if action == "twice":
            world.take(body)
        if action == "reset_after":
            return self._reset()
        if action == "hang_after":
            time.sleep(world.settings["delay_s"] * 30)
            return self._reset()
        if action == "slow":
            time.sleep(world.settings["delay_s"])
        if action == "garbage_after":
            return self._send_raw(200, b"<html>gateway")
        if action == "500_after":
            return self._refuse(500, "internal error")
        return self._send(200, {"id": job["id"], "backend": job["backend"]})

    def _list(self, world: World) -> None:
        action = world.next("list")
        if action == "reset":
            return self._reset()
        if action == "garbage":
            return self._send_raw(200, b"{")
        if action != "ok":
            return self._refuse(int(action), "try again")
        wanted = set(self.query.get("tags", []))
        seen = time.time() - world.settings["listing_lag_s"]
        with world.lock:
            found = [j for j in world.jobs.values() if wanted <= set(j["tags"]) and j["at"] <= seen]
        found.sort(key=lambda j: -j["at"])
        offset, limit = int(self.query.get("offset", ["0"])[0]), int(self.query.get("limit", ["10"])[0])
        page = [self._shown(world, j) for j in found[offset : offset + limit]]
        return self._send(200, {"jobs": page, "count": len(found), "limit": limit, "offset": offset})

    def _job(self, method: str, path: list[str], world: World) -> None:
        job = world.jobs.get(path[0])
        if job is None:
            return self._refuse(404, "no such job")
        what = path[1] if len(path) > 1 else ""
        if what == "cancel":
            if world.status(job) in ("Completed", "Failed", "Cancelled"):
                return self._refuse(409, "the job has ended")
            job["status"] = "Cancelled"
            return self._send_raw(204, b"")
        if what == "results":
            return self._result(world, job)
        if what == "metrics":
            usage = {"quantum_seconds": 2, "qpu_charge_time_seconds": 2, "status": "final"}
            return self._send(200, {"usage": usage, "timestamps": {"created": job["created"]}})
        if method == "DELETE":
            return self._send_raw(204, b"")
        return self._send(200, self._shown(world, job))

    def _result(self, world: World, job: dict[str, Any]) -> None:
        action = world.next("result")
        if action == "reset":
            return self._reset()
        if action == "500":
            return self._refuse(500, "internal error")
        if self.server.machine is not None and "answer" not in job:
            job["answer"] = self.server.machine(job["params"])
        answer = str(job.get("answer", world.settings["answer"])).encode()
        cut = {"truncated": answer[: len(answer) // 2], "garbage": b"\x00\xff" * 50, "empty": b""}
        return self._send_raw(200, cut.get(action, answer))

    def _shown(self, world: World, job: dict[str, Any]) -> dict[str, Any]:
        shown = {k: job[k] for k in ("id", "backend", "tags", "program", "created", "session_id")}
        status = world.status(job)
        return shown | {"status": status, "state": {"status": status}, "cost": 600, "private": False}

    def _refuse(self, status: int, message: str) -> None:
        headers = {"Retry-After": "0.05"} if status == 429 else {}
        self._send_raw(status, json.dumps({"error": {"message": message, "code": status}}).encode(), headers)

    def _send(self, status: int, value: Any) -> None:
        self._send_raw(status, json.dumps(value).encode())

    def _send_raw(self, status: int, raw: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", "Content-Length": str(len(raw)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        if status != 204:
            self.wfile.write(raw)

    def _reset(self) -> None:
        """Break the line without an answer."""
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)


def _token() -> str:
    """A JSON web token that nobody could forge, or needs to."""
    now = int(time.time())
    parts = [{"alg": "HS256", "typ": "JWT"}, {"iat": now, "exp": now + 3600, "jti": secrets.token_hex(8)}]
    packed = [base64.urlsafe_b64encode(json.dumps(p).encode()).rstrip(b"=").decode() for p in parts]
    return ".".join([*packed, secrets.token_urlsafe(32)])


def _snapshot() -> Path:
    """The folder of the snapshot of ibm_fez that the client's package ships; nothing of it is imported."""
    import importlib.util

    found = importlib.util.find_spec("qiskit_ibm_runtime")
    if found is None or found.origin is None:
        raise SystemExit("qiskit-ibm-runtime is not installed")
    return Path(found.origin).parent / "fake_provider" / "backends" / "fez"


def main() -> None:
    parser = argparse.ArgumentParser(description="IBM Quantum's REST API on loopback, with faults on demand.")
    parser.add_argument("--port", type=int, default=8765)
    parser.add_argument("--simulate", action="store_true", help="run the jobs on Aer with the noise of ibm_fez")
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
