"""Combination screens: which drugs to choose and how sure that is, what pairs predict of larger
sets, what is safe together.
"""
