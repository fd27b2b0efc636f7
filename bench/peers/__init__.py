"""Engines that do the same work; each driver runs in an environment of its own."""
