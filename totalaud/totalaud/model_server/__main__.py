"""`python -m totalaud.model_server --port N`: the local model on the loopback interface."""

import argparse

import uvicorn

from totalaud.model_server.app import build

KEPT_OPEN_S = 60  # longer than who calls keeps a connection: a call that meets its end would be in doubt


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m totalaud.model_server")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--seed", default="totalaud", help="another seed, other words")
    options = parser.parse_args()
    uvicorn.run(
        build(options.seed),
        host=options.host,
        port=options.port,
        access_log=False,
        log_level="critical",
        lifespan="off",
        ws="none",
        timeout_keep_alive=KEPT_OPEN_S,
    )


main()
