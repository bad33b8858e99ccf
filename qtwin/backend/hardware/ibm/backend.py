"""``ibm:NAME``: circuits on an IBM machine, every job through the ledger.

A job that the ledger knows already is not bought again: its stored result is read, or it is waited
for. So the same command after a crash, or on another day, continues where it stopped.
"""

from __future__ import annotations

import time
from dataclasses import replace
from importlib.metadata import version
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from qtwin.backend.base import (
    Ansatz,
    Backend,
    Capabilities,
    Estimate,
    Samples,
    check,
    check_angles,
    check_observable,
    check_shots,
)
from qtwin.backend.hardware.ibm.connection import find_account
from qtwin.backend.hardware.ibm.machine import Machine, ask_machine, remember_machine
from qtwin.backend.hardware.ibm.payload import (
    Decoupling,
    Mode,
    Options,
    bits_of,
    decoded,
    values_of,
)
from qtwin.backend.hardware.ibm.prepare import Asked, prepare
from qtwin.backend.hardware.ibm.provider import IbmProvider
from qtwin.backend.hardware.ledger import Entry, Ledger
from qtwin.backend.hardware.ledger.fetch import fetch, good_result
from qtwin.backend.hardware.ledger.store import key_of
from qtwin.backend.hardware.ledger.submit import submit
from qtwin.backend.hardware.mask import Mask
from qtwin.backend.hardware.price import Estimate as Price
from qtwin.backend.hardware.price import PendingError, Permission, current, longest_s
from qtwin.backend.hardware.provider import ProviderError
from qtwin.encoding.pauli import PauliSum
from qtwin.errors import InputError, QtwinError, require_vendor

_WIDEST = 156
_ODD = 10
"""Looks at a job whose status is not known here before it is waited for no longer."""


@final
class IbmBackend(Backend):
    """An IBM machine behind the ledger; nothing is sent without a permission
    (`qtwin.backend.hardware.price`).

    Args:
        device: The machine's name, such as ibm_fez.
        mode: Each job alone, or jobs together in a batch or a session.
        twirling: Random Pauli frames around two-qubit gates and measurements.
        decoupling: Pulses on idle qubits.
        resilience: Of expectation values: 0 none, 1 readout mitigation, 2 zero-noise extrapolation
            as well.
        fractional: RZZ and RX gates of free angle where the machine has them; each set of angles is
            a job then.
        private: Permute variables and flip bits by a secret that stays here.
        jitter: Share of what could change the solution by which coefficients are disturbed, 0 for
            none.
        max_session_s: After which a batch or session ends by itself.
    """

    def __init__(
        self,
        *,
        device: str = "",
        mode: Mode = "job",
        twirling: bool = False,
        decoupling: Decoupling = "none",
        resilience: int = 1,
        fractional: bool = False,
        private: bool = True,
        jitter: float = 0.0,
        max_session_s: int = 3600,
    ) -> None:
        require_vendor(
            "qiskit_ibm_runtime", package="qiskit-ibm-runtime", needed_by="backend 'ibm'"
        )
        if not device:
            find_account()
            raise InputError(
                "no machine is named",
                hint="write ibm:NAME, such as ibm:ibm_fez; qtwin doctor --online lists yours",
            )
        if resilience not in (0, 1, 2):
            raise InputError(f"expected resilience 0, 1 or 2, got {resilience}", hint="1 is usual")
        if not 0.0 <= jitter < 1.0:
            raise InputError(
                f"expected a jitter of 0 to below 1, got {jitter}", hint="leave it out"
            )
        if not 60 <= max_session_s <= 28800:
            raise InputError(
                f"expected max_session_s from 60 to 28800, got {max_session_s}",
                hint="3600 is usual",
            )
        self._device, self._private, self._jitter = device, private, jitter
        self._options = Options(
            mode=mode,
            twirling=twirling,
            decoupling=decoupling,
            resilience=resilience,
            fractional=fractional,
            max_session_s=max_session_s,
        )
        self._provider = IbmProvider()
        self._machine: Machine | None = None
        self._session_id = ""

    def capabilities(self) -> Capabilities:
        """Without asking the provider."""
        return Capabilities(
            name=f"ibm:{self._device}",
            summary=f"{self._device} of IBM Quantum, through the ledger",
            max_qubits=_WIDEST if self._machine is None else int(self._machine.target.num_qubits),
            exact=False,
            vendor="qiskit-ibm-runtime",
            versions={package: version(package) for package in ("qiskit", "qiskit-ibm-runtime")},
        )

    def sample(
        self, ansatz: Ansatz, theta: NDArray[np.float64], *, shots: int, seed: int
    ) -> Samples:
        return self.sample_many(
            ansatz, np.asarray([check_angles(ansatz.n_parameters, theta)]), shots=shots, seed=seed
        )[0]

    def sample_many(
        self, ansatz: Ansatz, thetas: NDArray[np.float64], *, shots: int, seed: int
    ) -> list[Samples]:
        """Samples of several (k, n_parameters) sets of angles as one job."""
        check(ansatz)
        check_shots(shots)
        sets = np.array([check_angles(ansatz.n_parameters, theta) for theta in thetas])
        if self._options.fractional and len(sets) > 1:
            return [
                self.sample_many(ansatz, sets[k : k + 1], shots=shots, seed=seed)[0]
                for k in range(len(sets))
            ]
        entry, part = self._result(
            Asked(ansatz=ansatz, thetas=sets, observable=None, shots=shots, seed=seed)
        )
        mask = Mask.from_plain(entry.local["mask"])
        return [mask.samples(bits[:shots]) for bits in bits_of(part, entry.request)]

    def expectation(
        self,
        ansatz: Ansatz,
        theta: NDArray[np.float64],
        observable: PauliSum,
        *,
        shots: int | None = None,
        seed: int = 0,
    ) -> Estimate:
        check(ansatz)
        check_observable(ansatz, observable)
        if shots is None:
            raise InputError(
                f"expected shots, which ibm:{self._device} measures, got an expectation "
                "without shots",
                hint="give shots",
            )
        check_shots(shots)
        sets = np.asarray([check_angles(ansatz.n_parameters, theta)])
        entry, part = self._result(
            Asked(ansatz=ansatz, thetas=sets, observable=observable, shots=shots, seed=seed)
        )
        values, errors = values_of(part, entry.request)
        return Estimate(value=float(values[0]), standard_error=float(errors[0]))

    def close(self) -> None:
        """End the batch or session, if one was opened; jobs that it has run on."""
        if self._session_id:
            self._provider.close_session(self._session_id, instance=self._line_of().instance)
            self._session_id = ""

    def _result(self, asked: Asked) -> tuple[Entry, Any]:
        """The ledger's entry and the decoded part of a job, bought now or before."""
        permission = current()
        request = asked.request(
            self._options.identity() | {"private": self._private, "jitter": self._jitter}
        )
        if permission.mode == "estimate":
            _, price = self._prepare(
                asked, permission, request, machine=self._line_of(offline=True)
            )
            permission.estimates.append(price)
            raise PendingError(
                "only an estimate was asked for", hint="run without --dry-run to submit"
            )
        ledger = Ledger(permission.ledger or None)
        try:
            entry = ledger.known(key_of("ibm", self._device, request)) or self._buy(
                ledger, asked, permission, request
            )
            entry = self._followed(ledger, entry, permission)
            raw = good_result(ledger, entry.key)
        finally:
            ledger.close()
        if raw is None:
            raise QtwinError(
                f"job {entry.key[:12]} has no readable result",
                hint=f"qtwin jobs fetch {entry.key[:12]}",
            )
        (part,) = decoded(raw, entry.request)
        return entry, part

    def _buy(
        self, ledger: Ledger, asked: Asked, permission: Permission, request: dict[str, Any]
    ) -> Entry:
        machine = self._line_of()
        if self._session_id and not self._provider.session_accepts(
            self._session_id, instance=machine.instance
        ):
            # it has ended; what the next one may bill is in the estimate again
            self._session_id = ""
        order, price = self._prepare(asked, permission, request, machine=machine)
        permission.estimates.append(price)
        spent = permission.budget.require(price, ledger.entries())
        if not permission.confirm(price):
            raise InputError(
                "the job was not confirmed; nothing was sent",
                hint="answer y, or pass --yes in scripts",
            )
        left = (
            None
            if permission.budget.max_qpu_s is None
            else permission.budget.max_qpu_s - spent.qpu_s
        )
        changes: dict[str, Any] = {
            "max_execution_s": longest_s(price.qpu_s, left),
            "planned": {**order.planned, "settle_s": permission.pace.settle_s},
        }
        if self._options.mode != "job":
            changes["session_id"] = self._session(machine, permission)
        return ledger.intend(
            replace(order, **changes),
            require=lambda entries: permission.budget.require(price, entries),
        )

    def _followed(self, ledger: Ledger, entry: Entry, permission: Permission) -> Entry:
        """Submitted, and waited for if the permission says so."""
        if entry.state in ("INTENT", "UNKNOWN"):
            entry = submit(
                ledger,
                self._provider,
                entry.key,
                pace=permission.pace,
                progress=permission.progress,
                renewed=lambda: self._renewed(permission),
            )
        permission.sent.append(entry)
        odd = 0
        while True:
            if not (entry.state == "DONE" and entry.swept):
                entry = fetch(ledger, self._provider, entry.key, pace=permission.pace)
            permission.sent[-1] = entry
            if entry.state == "DONE":
                return entry
            if entry.final:
                raise QtwinError(
                    f"job {entry.job_id or entry.key[:12]} is {entry.state.lower()}: "
                    f"{entry.error or 'no reason was given'}",
                    hint="change the seed of the spec to buy another one",
                )
            if permission.mode == "submit":
                raise PendingError(
                    f"job {entry.job_id} is submitted", hint="qtwin jobs fetch brings the result"
                )
            odd = odd + 1 if entry.error else 0
            if odd >= _ODD:
                raise PendingError(
                    f"job {entry.job_id}: {entry.error}",
                    hint="look at it there; the same command asks again",
                )
            permission.progress(
                f"waiting for job {entry.job_id}" + (f": {entry.error}" if entry.error else "")
            )
            time.sleep(permission.poll_s)

    def _prepare(
        self, asked: Asked, permission: Permission, request: dict[str, Any], *, machine: Machine
    ) -> tuple[Any, Price]:
        order, price = prepare(
            asked,
            machine,
            self._options,
            private=self._private,
            jitter=self._jitter,
            plan=permission.plan,
            price=permission.price_usd_per_s,
            project=permission.budget.project,
            identifiers=permission.identifiers,
            request=request,
        )
        if (
            self._options.mode != "session"
            or self._session_id
            or price.qpu_s >= self._options.max_session_s
        ):
            return order, price
        # a session may bill all the time that it is open
        whole = float(self._options.max_session_s)
        price = replace(price, qpu_s=whole, usd=price.usd * whole / price.qpu_s)
        return replace(
            order, planned={**order.planned, "qpu_s": price.qpu_s, "usd": price.usd}
        ), price

    def _line_of(self, *, offline: bool = False) -> Machine:
        """The machine; from its snapshot where there is no account and an estimate will do."""
        if self._machine is None:
            try:
                find_account()
            except InputError:
                if not offline:
                    raise
                return remember_machine(self._device)
            self._machine = ask_machine(
                self._provider, self._device, fractional=self._options.fractional
            )
        return self._machine

    def _session(self, machine: Machine, permission: Permission) -> str:
        if not self._session_id:
            permission.closing.append(self.close)
            kind = "batch" if self._options.mode == "batch" else "dedicated"
            self._session_id = self._provider.open_session(
                self._device,
                mode=kind,
                max_time_s=self._options.max_session_s,
                instance=machine.instance,
            )
        return self._session_id

    def _renewed(self, permission: Permission) -> str:
        """A batch in place of one that has ended, or none; a session is not bought a second time
        without being estimated.
        """
        self._session_id = ""
        if self._options.mode != "batch":
            return ""
        try:
            return self._session(self._line_of(), permission)
        except ProviderError as error:
            permission.progress(f"{error.message}; the job goes out alone")
            return ""
