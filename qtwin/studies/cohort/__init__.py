"""A twin for every subject of a cohort, and how well it forecasts the held-out last visit."""
