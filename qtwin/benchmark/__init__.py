"""HOW GOOD, AND HOW SURELY: intervals, time to solution and gaps; finished stages on disk."""
