"""Reads a question by a small fixed grammar, lays out the steps that answer it, and tells the answer."""
