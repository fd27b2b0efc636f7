"""Migrations of what is not rebuilt from the log: the vault."""
