"""`python -m etabli` and the `etabli` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line and exit with its status."""
    from etabli.cli import app, joined_parameters
    from etabli.terminal import run

    sys.exit(run(app, joined_parameters(sys.argv[1:])))


if __name__ == "__main__":
    main()
