"""qtwin: digital twins of patients, and an honest answer to whether a quantum computer helps to treat them.

Research software. Not a medical device; not for diagnosis or prescribing.
"""

__version__ = "0.2.0"
