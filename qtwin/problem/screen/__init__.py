"""Combination screens: drugs measured alone, in pairs and in larger sets, and what repeats say of
their error.
"""
