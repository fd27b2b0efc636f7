"""Outputs of skills in words: lines of text for people, whoever asked for them."""
