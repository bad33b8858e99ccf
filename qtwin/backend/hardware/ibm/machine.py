"""One IBM machine: what it can do and how well, as it tells itself today; or as a snapshot
remembers, for an estimate offline.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from typing import Any

from qtwin.backend.hardware.ibm.connection import as_provider_error, scrub
from qtwin.backend.hardware.ibm.provider import IbmProvider
from qtwin.errors import InputError, QtwinError, unknown_name


@dataclass(frozen=True, kw_only=True)
class Machine:
    """A machine's instruction set and calibration.

    Attributes:
        name: The provider's.
        backend: Qiskit's `BackendV2`.
        instance: CRN that gives access, "" for a snapshot.
        calibrated: When its properties were measured, or that it is a snapshot.
        calibration: The properties as compressed JSON (zlib).
        repetition_s: Default delay between shots, None if it does not tell.
    """

    name: str
    backend: Any
    instance: str
    calibrated: str
    calibration: bytes
    repetition_s: float | None

    @property
    def target(self) -> Any:
        """Qiskit's target."""
        return self.backend.target


def ask_machine(provider: IbmProvider, name: str, *, fractional: bool) -> Machine:
    """The machine as it is now.

    Raises:
        InputError: for an unknown name, or fractional gates that it does not have.
        ProviderError: if the provider cannot be asked.
    """
    line = provider.line
    try:
        _known(name, machines(provider))
        backend = line.service.backend(name, use_fractional_gates=fractional)
        properties = backend.properties()
        width = int(backend.target.num_qubits)
    except QtwinError:
        raise
    except Exception as error:
        if type(error).__name__ == "IBMInputValueError":
            raise InputError(scrub(str(error), line.account), hint="leave fractional out") from None
        raise as_provider_error(
            error, line.account, f"{name} could not be asked for its properties"
        ) from None
    calibration = (
        {"n_qubits": width} if properties is None else properties.to_dict() | {"n_qubits": width}
    )
    return Machine(
        name=name,
        backend=backend,
        instance=str(getattr(backend, "_instance", "") or line.instance()),
        calibrated=str(calibration.get("last_update_date", "unknown")),
        calibration=_packed(calibration),
        repetition_s=_repetition_s(backend),
    )


def machines(provider: IbmProvider) -> list[str]:
    """Names of the machines that the account may use."""
    line = provider.line
    try:
        return sorted(
            {
                str(b["name"])
                for c in line.service._get_api_clients().values()
                for b in c.list_backends()
            }
        )
    except Exception as error:
        raise as_provider_error(error, line.account, "the machines could not be listed") from None


def _known(name: str, names: list[str]) -> None:
    if name not in names:
        raise unknown_name("IBM machine", name, names)


def remember_machine(name: str) -> Machine:
    """The snapshot of a machine that ships with the client, for estimates without an account
    (InputError if there is none).
    """
    from qtwin.backend.compile import snapshot

    backend = snapshot(name.removeprefix("ibm_"))
    return Machine(
        name=name,
        backend=backend,
        instance="",
        calibrated="of a snapshot of the machine; with an account it is asked itself",
        calibration=b"",
        repetition_s=_repetition_s(backend),
    )


def _packed(properties: Any) -> bytes:
    return zlib.compress(json.dumps(properties, default=str, separators=(",", ":")).encode())


def _repetition_s(backend: Any) -> float | None:
    try:
        delay = backend.configuration().default_rep_delay
    except AttributeError:
        return None
    return float(delay) if delay and delay < 1.0 else None
