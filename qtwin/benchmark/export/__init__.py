"""WHAT A REVIEWER TAKES ALONG: submission fields of a benchmark library, references of every method."""
