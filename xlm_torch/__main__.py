"""``python -m xlm_torch``: the command line, with PyTorch underneath. Mirror: xlm_tf/__main__.py."""

import sys

from xlm_core.cli import main

from .pipelines import pipeline

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], "xlm_torch", pipeline))
