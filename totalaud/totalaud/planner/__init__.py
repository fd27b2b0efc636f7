"""Reads a question by a small fixed grammar, and lays out the steps that answer it."""
