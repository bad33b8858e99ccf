"""Who solves this model best? One binary model, several solvers, no patient."""
