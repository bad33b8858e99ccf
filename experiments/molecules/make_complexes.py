"""Put the monomers of the molecule library together to the contacts that it ships (needs numpy
alone).

    python experiments/molecules/make_complexes.py qtwin/data/molecules

Rigid monomers of make_monomers.py at stated distances and angles: a model of a contact, not a
minimum. Hydrogen bonds are linear, in the plane of the acceptor, 120 degrees at its oxygen, on the
side away from the other heteroatom.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

Geometry = tuple[list[str], np.ndarray]


def read(folder: Path, name: str) -> Geometry:
    """Symbols and (n, 3) coordinates in angstrom."""
    rows = [
        line.split()
        for line in (folder / f"{name}.xyz").read_text(encoding="utf-8").splitlines()[2:]
        if line.strip()
    ]
    return [r[0] for r in rows], np.array([[float(x) for x in r[1:4]] for r in rows])


def unit(v: np.ndarray) -> np.ndarray:
    """Of length one."""
    return v / np.linalg.norm(v)


def bonded(g: Geometry, atom: int, symbol: str, within: float = 1.7) -> list[int]:
    """Atoms of an element near another, the nearest first."""
    symbols, where = g
    far = np.linalg.norm(where - where[atom], axis=1)
    return sorted(
        (k for k, s in enumerate(symbols) if s == symbol and k != atom and far[k] < within),
        key=lambda k: far[k],
    )


def frame(where: np.ndarray, x_axis: np.ndarray, plane: np.ndarray) -> np.ndarray:
    """Coordinates turned so that `x_axis` is x and `plane`, a vector in the xy plane, has positive
    y.
    """
    x = unit(x_axis)
    y = unit(plane - (plane @ x) * x)
    return where @ np.array([x, y, np.cross(x, y)]).T


def carbonyl_acceptor(g: Geometry) -> tuple[Geometry, int, np.ndarray]:
    """A carboxylate or amide in the xy plane: its oxygen, and the direction of that oxygen's outer
    lone pair.
    """
    symbols, where = g
    carbon = next(k for k, s in enumerate(symbols) if s == "C" and bonded(g, k, "O", 1.4))
    oxygen = bonded(g, carbon, "O", 1.4)[0]
    others = [k for s in ("O", "N") for k in bonded(g, carbon, s, 1.6) if k != oxygen]
    away = where[carbon] - where[others[0]]
    turned = frame(where - where[oxygen], where[oxygen] - where[carbon], away)
    angle = np.radians(60.0)
    return (symbols, turned), oxygen, np.array([np.cos(angle), np.sin(angle), 0.0])


def donate(g: Geometry, heavy: str) -> np.ndarray:
    """A donor turned so that its heavy atom is the origin, its hydrogen points to -x, and the rest
    lies in the xy plane.
    """
    symbols, where = g
    atom = next(k for k, s in enumerate(symbols) if s == heavy and bonded(g, k, "H", 1.2))
    hydrogen = bonded(g, atom, "H", 1.2)[0]
    rest = [
        k
        for k in range(len(symbols))
        if k not in (atom, hydrogen) and np.linalg.norm(where[k] - where[atom]) < 1.7
    ]
    carbon = next((k for k in rest if symbols[k] == "C"), rest[0])
    return frame(where - where[atom], where[atom] - where[hydrogen], where[carbon] - where[atom])


def hydrogen_bond(
    a: Geometry, b: Geometry, heavy: str, distance: float
) -> tuple[Geometry, Geometry]:
    """Donor b on the outer lone pair of acceptor a."""
    acceptor, oxygen, outward = carbonyl_acceptor(a)
    placed = donate(b, heavy)
    side = np.array(
        [-outward[1], outward[0], 0.0]
    )  # x of the donor along the bond, the rest of it away from the acceptor's carbon
    turned = placed @ np.array([outward, -side, np.cross(outward, -side)])
    return acceptor, (b[0], turned + acceptor[1][oxygen] + distance * outward)


def on_oxygen(a: Geometry, metal: str, distance: float) -> tuple[Geometry, Geometry]:
    """A metal on the axis of a carbonyl group, or of water."""
    symbols, where = a
    oxygen = symbols.index("O")
    base = np.mean([where[k] for s in ("C", "H") for k in bonded(a, oxygen, s, 1.5)], axis=0)
    return a, ([metal], (where[oxygen] + distance * unit(where[oxygen] - base))[None])


def on_nitrogen(a: Geometry, metal: str, distance: float) -> tuple[Geometry, Geometry]:
    """A metal on the lone pair of ammonia or of the nitrogen of imidazole that has no hydrogen;
    their axis is z.
    """
    symbols, where = a
    bare = [k for k, s in enumerate(symbols) if s == "N" and not bonded(a, k, "H", 1.2)] or [
        symbols.index("N")
    ]
    near = bonded(a, bare[0], "C", 1.5) or bonded(a, bare[0], "H", 1.2)
    axis = unit(where[bare[0]] - np.mean(where[near], axis=0))
    turned = frame(where - where[bare[0]], axis, where[near[0]] - where[bare[0]])[
        :, [2, 1, 0]
    ] * np.array([-1, 1, 1])
    return (symbols, turned), ([metal], np.array([[0.0, 0.0, distance]]))


def over_ring(a: Geometry, b: Geometry, distance: float, feet: int) -> tuple[Geometry, Geometry]:
    """A cation above the middle of a ring: its nitrogen at a distance, `feet` of its bonds pointing
    down.
    """
    symbols, where = a
    ring = where[[k for k, s in enumerate(symbols) if s == "C"]]
    centre = ring.mean(axis=0)
    flat = frame(where - centre, ring[0] - centre, ring[1] - centre)
    nitrogen = b[0].index("N")
    arms = b[1] - b[1][nitrogen]
    near = sorted(range(len(b[0])), key=lambda k: np.linalg.norm(arms[k]))[1:5]
    down = -unit(sum((unit(arms[k]) for k in near[:feet]), np.zeros(3)))
    aside = arms[near[0]]
    # z is now along `down`
    turned = frame(arms, aside - (aside @ down) * down, np.cross(down, aside))
    turned = (
        turned if (arms[near[0]] @ down) * turned[near[0], 2] > 0 else turned * np.array([1, 1, -1])
    )
    return (symbols, flat), (b[0], turned + np.array([0.0, 0.0, distance]))


def main(folder: Path) -> None:
    """Write every contact whose monomers are there."""
    bonds = {
        "acetate-methylammonium": ("acetate", "methylammonium", "N", 2.8),
        "acetamide-methylammonium": ("acetamide", "methylammonium", "N", 2.8),
        "propionate-methylammonium": ("propionate", "methylammonium", "N", 2.8),
        "formamide-ammonium": ("formamide", "ammonium", "N", 2.8),
        "formate-formic-acid": ("formate", "formic-acid", "O", 2.6),
    }
    made = {}
    for name, (a, b, heavy, distance) in bonds.items():
        made[name] = lambda a=a, b=b, heavy=heavy, distance=distance: hydrogen_bond(
            read(folder, a), read(folder, b), heavy, distance
        )
    made["magnesium-water"] = lambda: on_oxygen(read(folder, "water"), "Mg", 2.0)
    made["magnesium-formamide"] = lambda: on_oxygen(read(folder, "formamide"), "Mg", 1.95)
    made["copper-ammonia"] = lambda: on_nitrogen(read(folder, "ammonia"), "Cu", 2.0)
    made["copper-imidazole"] = lambda: on_nitrogen(read(folder, "imidazole"), "Cu", 1.95)
    made["benzene-ammonium"] = lambda: over_ring(
        read(folder, "benzene"), read(folder, "ammonium"), 3.0, 2
    )
    made["benzene-tetramethylammonium"] = lambda: over_ring(
        read(folder, "benzene"), read(folder, "tetramethylammonium"), 4.3, 3
    )
    for name, make in made.items():
        try:
            (s_a, x_a), (s_b, x_b) = make()
        except FileNotFoundError as error:
            print(f"{name}: {error.filename} is missing")
            continue
        lines = [
            f"{s:2s} {x:12.6f} {y:12.6f} {z:12.6f}"
            for s, (x, y, z) in zip(s_a + s_b, np.vstack([x_a, x_b]), strict=True)
        ]
        comment = f"{name}: rigid B3LYP/6-31G* monomers, experiments/molecules/make_complexes.py"
        (folder / f"{name}.xyz").write_text(
            "\n".join([str(len(lines)), comment, *lines, ""]), encoding="utf-8"
        )
        apart = np.linalg.norm(x_a[:, None] - x_b[None], axis=2)
        print(
            f"{name}: {len(s_a)} + {len(s_b)} atoms, nearest {apart.min():.2f} angstrom",
            np.unravel_index(apart.argmin(), apart.shape),
        )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
