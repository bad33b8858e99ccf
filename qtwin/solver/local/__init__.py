"""Compiled local searches: tabu by flips and exchanges, descent under linear rows, and search on
the twin itself.
"""
