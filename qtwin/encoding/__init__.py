"""HOW IT IS WRITTEN FOR A MACHINE: polynomials in bits, constraints as penalties, surrogates with
their error, Pauli sums.
"""
