"""Copies of what cannot be made anew: the log, the queue, the dead letters, and the keys of persons."""
