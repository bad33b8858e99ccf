"""Ansatzes of unitary coupled cluster type, one file each."""
