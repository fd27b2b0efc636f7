"""Worlds in which the right answer was put by hand."""
