"""A stack whose one service answers its health and nothing else: `python standin.py DATA` keeps it up."""

import asyncio
import sys
from pathlib import Path

from totalaud.stack.local import LocalStack
from totalaud.stack.parts import Part
from totalaud.stack.up import keep_up

SERVE = """
import http.server, os
class Health(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("process-id", os.getpid())
        self.end_headers()
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(os.environ["TOTALAUD_HEALTH_PORT"])), Health).serve_forever()
"""
STAND_IN = Part("stand-in", (sys.executable, "-c", SERVE))


def stack_of(data: Path) -> LocalStack:
    return LocalStack(data, data / "skills", services=[STAND_IN])


def say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(asyncio.run(keep_up(stack_of(Path(sys.argv[1])), say)))
