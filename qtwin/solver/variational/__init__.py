"""What quantum solvers share: circuits, training of angles, sampling, and what a run would take of
a machine.
"""
