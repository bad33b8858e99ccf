"""Which drugs together? From a record to a twin, a problem, a model, answers, and a comparison."""
