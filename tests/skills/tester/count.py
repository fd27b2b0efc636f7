"""Adds up numbers."""


def run(input, context):
    return {"total": sum(input["numbers"]), "numbers": input["numbers"]}
