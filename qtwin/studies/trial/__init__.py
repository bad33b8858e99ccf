"""A virtual trial: effect, who benefits, dose response, power."""
