"""Quantum solvers, one file a method, named as its paper names it."""
