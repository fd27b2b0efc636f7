"""`python -m totalaud.cli` is `totalaud`."""

from totalaud.cli.main import main

main()
