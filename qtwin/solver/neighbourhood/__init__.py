"""Compiled local search: one file a neighbourhood."""
