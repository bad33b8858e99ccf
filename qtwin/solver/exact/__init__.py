"""What exact solvers share: compiled enumeration, linear models with cuts, roof duality."""
