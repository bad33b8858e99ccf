"""Who is quick on which instances?

Families of instances times solvers, and what may be said of the records.
"""
