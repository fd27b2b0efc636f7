"""`python -m skill_runner`."""

from skill_runner.main import main

main()
