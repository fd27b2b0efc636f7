"""`python -m projector`."""

from projector.main import main

if __name__ == "__main__":
    main()
