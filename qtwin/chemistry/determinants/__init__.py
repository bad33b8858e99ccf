"""Fermionic circuits simulated on determinants: electrons and symmetry kept, nothing stored that
the circuit cannot reach.
"""
