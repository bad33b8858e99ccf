"""Studies: one folder a question, each with what it asks, how it runs, and its typed result."""
