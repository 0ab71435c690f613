"""``python -m xlm_core``: the commands that need no framework."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], "xlm_core"))
