"""Says the name wherever it can, then fails with it."""

import logging
import sys


def run(input, context):
    print(input["name"])
    print(input["name"], file=sys.stderr)
    logging.getLogger("skill").error(input["name"])
    yield {"name": input["name"]}
    raise RuntimeError(f"nobody knows {input['name']}")
