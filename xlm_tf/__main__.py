"""``python -m xlm_tf``: the command line, with TensorFlow underneath. Mirror: xlm_torch/__main__.py."""

import sys

from xlm_core.cli import main

from .pipelines import pipeline

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], "xlm_tf", pipeline))
