"""`python -m mno` is `mno`."""

from mno.entry.cli import main

if __name__ == "__main__":
    main()
