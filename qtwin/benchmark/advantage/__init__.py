"""THE MAP: where classical wins, where it is open, and what a quantum machine would need to change
that.
"""
