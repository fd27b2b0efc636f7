"""Histories as they were stored, and what they meant then; a recorded file is never edited."""
