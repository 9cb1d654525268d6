"""`python -m printml` is the `printml` command."""

from printml.cli import main

if __name__ == "__main__":
    main()
