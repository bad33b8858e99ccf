"""WHAT DRUGS DO: the formulary, kinetics with interactions, receptors, effects and harms."""
