"""Random kills of everything that a stack consists of, under constant load: a few, or thousands."""
