"""Energies of molecules, of interactions, and of the contact of a drug with its receptor, by all
methods side by side.
"""
