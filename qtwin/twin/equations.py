"""A disease model's right-hand side read as formulas: the code that runs, parsed, its arrays
replaced by names.

A right-hand side may hold assignments, numbers (also constants of its module), + - * / **, and exp,
log, sqrt, abs, tanh, min and max of Python, `math` or `numpy`. Anything else is refused. To allow
another function: one line in `_FUNCTIONS`.
"""

from __future__ import annotations

import ast
import inspect
import math
import textwrap
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from qtwin.errors import InputError

# what the source calls: its name in SBML's formula language, how many arguments
_FUNCTIONS: dict[Any, tuple[str, int]] = {
    **dict.fromkeys((math.exp, np.exp), ("exp", 1)),
    **dict.fromkeys((math.log, np.log), ("ln", 1)),
    **dict.fromkeys((math.sqrt, np.sqrt), ("sqrt", 1)),
    **dict.fromkeys((math.tanh, np.tanh), ("tanh", 1)),
    **dict.fromkeys((abs, math.fabs, np.abs), ("abs", 1)),
    **dict.fromkeys((min, np.minimum), ("min", 2)),
    **dict.fromkeys((max, np.maximum), ("max", 2)),
}
_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.Pow: "^",
}
WRITE_IT_PLAINLY = (
    "write the right-hand side with assignments, arithmetic and exp, log, sqrt, abs, tanh, min "
    "and max alone"
)


def plain(derivative: Callable[..., Any]) -> Callable[..., None]:
    """The Python function under what numba made of it."""
    f: Any = derivative
    for name in ("__wrapped__", "_pyfunc", "py_func"):
        f = getattr(f, name, None) or f
    return f  # type: ignore[no-any-return]


class Source:
    """The right-hand side read as formulas of SBML's formula language, one a state."""

    def __init__(
        self, function: Callable[..., None], states: list[str], parameters: list[str], removal: str
    ) -> None:
        self._name = getattr(function, "__qualname__", repr(function))
        try:
            tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
            scope = inspect.getclosurevars(function)
        except (OSError, TypeError, SyntaxError, IndexError) as error:
            raise InputError(
                f"the source of {self._name} cannot be read ({error})",
                hint="give a function that a module's file defines",
            ) from error
        if not isinstance(tree, ast.FunctionDef):
            raise self._refuse(tree, "which is no `def` statement")
        given = tree.args
        names = [a.arg for a in given.args]
        if (
            len(names) != 5
            or given.posonlyargs
            or given.kwonlyargs
            or given.vararg
            or given.kwarg
            or given.defaults
        ):
            raise self._refuse(tree, "whose arguments are not (t, y, p, removal, dy)")
        self._scope = {**scope.builtins, **scope.globals, **scope.nonlocals}
        self._rates: dict[int, str] = {}
        self._known = {names[0]: "time", names[3]: removal}
        self._arrays = {
            names[1]: dict(enumerate(states)),
            names[2]: dict(enumerate(parameters)),
            names[4]: self._rates,
        }
        self._dy, self._width = names[4], len(states)
        # A name that is assigned anywhere is local everywhere: it never means the module's.
        self._local = {
            n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
        }
        for statement in tree.body:
            self._run(statement)
        missing = [name for k, name in enumerate(states) if k not in self._rates]
        if missing:
            raise InputError(
                f"{self._name} gives no rate of {', '.join(missing)}",
                hint="assign every element of dy",
            )

    @property
    def rates(self) -> list[str]:
        return [self._rates[k] for k in range(self._width)]

    def _refuse(self, node: ast.AST, why: str) -> InputError:
        text = ast.unparse(node).partition("\n")[0]
        return InputError(
            f"SBML export cannot read {text!r} in {self._name}, {why}", hint=WRITE_IT_PLAINLY
        )

    def _run(self, node: ast.stmt) -> None:
        match node:
            case ast.Assign(targets=[ast.Tuple(elts=targets)], value=ast.Tuple(elts=values)) if len(
                targets
            ) == len(values):
                for target, formula in zip(
                    targets, [self._formula(v) for v in values], strict=True
                ):
                    self._assign(target, formula)
            case (
                ast.Assign(targets=[target], value=value)
                | ast.AnnAssign(target=target, value=ast.expr() as value)
            ):
                self._assign(target, self._formula(value))
            case ast.Expr(value=ast.Constant(value=str())) | ast.Pass():
                pass
            case _:
                raise self._refuse(node, "which is no plain assignment")

    def _assign(self, target: ast.expr, formula: str) -> None:
        match target:
            case ast.Name(id=name) if name not in self._arrays:
                self._known[name] = formula
            case ast.Subscript(
                value=ast.Name(id=self._dy), slice=ast.Constant(value=int() as k)
            ) if type(k) is int and k < self._width:
                self._rates[k] = formula
            case _:
                raise self._refuse(target, "to which nothing can be assigned here")

    def _formula(self, node: ast.expr) -> str:
        match node:
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
                return f"({self._formula(left)} {_OPERATORS[type(op)]} {self._formula(right)})"
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return f"(-{self._formula(operand)})"
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self._formula(operand)
            case ast.Subscript(value=ast.Name(id=array), slice=ast.Constant(value=int() as k)) if (
                type(k) is int and array in self._arrays and k in self._arrays[array]
            ):
                return self._arrays[array][k]
            case ast.Name(id=name) if name in self._known:
                return self._known[name]
            case ast.Call(func=func, args=args, keywords=[]):
                called = self._outside(func)
                name, count = _FUNCTIONS.get(called, ("", 0)) if callable(called) else ("", 0)
                if name and count == len(args):
                    return f"{name}({', '.join(self._formula(a) for a in args)})"
                raise self._refuse(
                    node, "which is no function, or number of arguments, that it knows"
                )
        value = node.value if isinstance(node, ast.Constant) else self._outside(node)
        if (
            isinstance(value, int | float | np.integer | np.floating)
            and not isinstance(value, bool)
            and math.isfinite(value)
        ):
            return repr(float(value)) if value >= 0.0 else f"({float(value)!r})"
        raise self._refuse(node, "which is no state, parameter, number or known operation")

    def _outside(self, node: ast.expr) -> object:
        """What a name means outside the function, as Python finds it; None where it means nothing
        there.
        """
        match node:
            case ast.Name(id=name) if name not in self._local and name not in self._arrays:
                return self._scope.get(name)
            case ast.Attribute(value=value, attr=attr):
                module = self._outside(value)
                return getattr(module, attr, None) if isinstance(module, ModuleType) else None
        return None
