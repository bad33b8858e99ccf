"""The commands of `qtwin`, a file a group; each imports what it needs only when it is asked."""
