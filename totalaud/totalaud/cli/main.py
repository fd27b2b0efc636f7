"""The entry point: errors become one clear line, endings become exit codes."""

import sys

FAILED, MISUSED, INTERRUPTED = 1, 2, 130
CLOSED_PIPE = 141


def main(argv: list[str] | None = None) -> None:
    """Run the command line: 0 done, 1 failed or refused, 2 wrongly called, 128+n ended by a signal."""
    sys.exit(call(sys.argv[1:] if argv is None else argv))


def call(argv: list[str]) -> int:
    """Run one command and return its exit code; an interruption may come before its code is loaded."""
    try:
        return _called(argv)
    except KeyboardInterrupt:
        return INTERRUPTED


def _called(argv: list[str]) -> int:
    from totalaud.nobody import flush, give_closed, write_to_nobody

    give_closed()

    from typer._click.exceptions import ClickException

    from totalaud.cli.app import app
    from totalaud.cli.encoding import escape_on_stdout
    from totalaud.cli.options import hoist

    escape_on_stdout()
    words = hoist(argv)
    try:
        code = app(args=words, prog_name="totalaud", standalone_mode=False)
    except ClickException as misuse:
        misuse.message = misuse.message.replace("Value error, ", "")
        misuse.show()
        return MISUSED
    except SystemExit as ended:
        if not isinstance(ended.__context__, BrokenPipeError):
            raise
        write_to_nobody()
        return CLOSED_PIPE
    except Exception as error:
        from totalaud.cli.failure import explain

        if not explain(error, as_json="--json" in words):
            raise
        flush()
        return FAILED
    return code if isinstance(code, int) else 0
