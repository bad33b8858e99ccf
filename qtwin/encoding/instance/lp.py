r"""The LP format of CPLEX: objective, linear rows, binary variables; read and written by dimod.

Variables are called x0, x1, ... in it, since names of doses hold spaces; comments keep the names: ``\ x0 is donepezil 10 mg``.
"""

from __future__ import annotations

import re
from dataclasses import replace
from importlib import import_module
from typing import Any

from qtwin.encoding.encoding import Encoding
from qtwin.encoding.instance.model import from_cqm, to_cqm
from qtwin.errors import InputError

_NAME = re.compile(r"^\\ (x\d+) is (.+)$", re.MULTILINE)
_OURS = re.compile(r"^x(\d+)$")


def write(encoding: Encoding) -> str:
    """The objective under native constraints; without constraints the energy. Penalties are left to whoever reads it.

    Raises:
        InputError: for a degree above 2.
    """
    dimod: Any = import_module("dimod")
    target = encoding.objective if encoding.constraints else encoding.polynomial
    if target.degree > 2:
        raise InputError(f"an objective of degree {target.degree} came, .lp holds degree 2", hint="quadratise it, or write .json")
    model = to_cqm(encoding)
    names = list(model.variables)
    model.relabel_variables({name: f"x{i}" for i, name in enumerate(names)})
    model.relabel_constraints({label: f"c{k}" for k, label in enumerate(list(model.constraints))})
    comments = ["\\ energy to be minimised over bits"]
    comments += [f"\\ x{i} is {' '.join(str(name).split())}" for i, name in enumerate(names)]
    comments += [f"\\ c{k} is {' '.join(c.name.split())}" for k, c in enumerate(encoding.constraints)]
    body: str = dimod.lp.dumps(model)
    return "\n".join(comments) + "\n" + body


def read(text: str, name: str) -> Encoding:
    """The objective under the rows as native constraints, and as an energy with proven penalties.

    Raises:
        InputError: for text that is no LP file, or what `from_cqm` refuses.
    """
    dimod: Any = import_module("dimod")
    if "end" not in text.lower():
        raise InputError(f"{name} has no line 'End'", hint="the file may be cut off")
    try:
        model = dimod.lp.loads(text)
    except (ValueError, RuntimeError, KeyError, IndexError) as error:
        raise InputError(f"{name} is no LP file that can be read: {error}", hint="check its sections and its end") from None
    if not model.variables and not _NAME.search(text):
        raise InputError(f"{name} holds no variable", hint="is it an LP file?")
    ours = [_OURS.match(str(v)) for v in model.variables]
    if all(ours):
        count = 1 + max((int(m.group(1)) for m in ours if m), default=-1)
        known = dict(_NAME.findall(text))
        count = max([count, *(int(k[1:]) + 1 for k in known)])
        made = from_cqm(model, name, [f"x{i}" for i in range(count)])
        labels = dict(re.findall(r"^\\ (c\d+) is (.+)$", text, re.MULTILINE))
        return replace(
            made,
            variables=tuple(known.get(v, v) for v in made.variables),
            constraints=tuple(replace(c, name=labels.get(c.name, c.name)) for c in made.constraints),
        )
    return from_cqm(model, name)
