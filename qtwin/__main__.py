"""``python -m qtwin``."""

from qtwin.cli import main

main()
