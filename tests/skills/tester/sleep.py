"""Takes its time."""

import time


def run(input, context):
    time.sleep(input["seconds"])
    return {"seconds": input["seconds"]}
