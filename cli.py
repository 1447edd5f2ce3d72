"""The command line from a checkout: `python cli.py ...` is `synthdata ...`."""

from synthdata.cli import main

if __name__ == "__main__":
    main()
