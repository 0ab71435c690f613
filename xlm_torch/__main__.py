"""``python -m xlm_torch``: the command line, with PyTorch underneath. Mirror: xlm_tf/__main__.py."""

import sys

from xlm_core.cli import main
from xlm_core.commands.framework import Framework

from .embeddings import XLMSentenceEncoder
from .pipelines import pipeline
from .tensors import check_device

FRAMEWORK = Framework(pipeline, XLMSentenceEncoder.from_pretrained, check_device)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], "xlm_torch", FRAMEWORK))
