"""Fails in a way that is worth another try."""


def run(input, context):
    raise ConnectionError
