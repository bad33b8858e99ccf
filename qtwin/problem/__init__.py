"""WHAT IS ASKED: the regimen choice that a twin raises, with named constraints."""
