"""Contacts and campaign records, personal fields sealed."""
