"""`python -m orchestrate` is the command `orchestrate`."""

from orchestrate.cli import main

if __name__ == "__main__":
    main()
