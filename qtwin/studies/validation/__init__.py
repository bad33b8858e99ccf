"""Whether a twin is right: simulation-based calibration and coverage, and the comparison with
published figures.
"""
