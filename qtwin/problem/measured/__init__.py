"""Drug combinations that somebody measured: singles, pairs and larger sets, and what repeats say of their error."""
