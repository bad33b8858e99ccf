"""WHAT AN ERROR-CORRECTED MACHINE WOULD NEED: qubits and time on the surface code, and where a
speed-up pays for its overhead.
"""
