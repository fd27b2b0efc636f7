"""`python -m campaigns`."""

from campaigns.main import main

if __name__ == "__main__":
    main()
