"""``python -m xlm_torch``: the command line, with PyTorch underneath. Mirror: xlm_tf/__main__.py."""

import sys

import torch

from xlm_core.cli import main
from xlm_core.commands.framework import Framework

from .embeddings import XLMSentenceEncoder
from .pipelines import pipeline


def use_device(name: str) -> None:
    """Make something on a device, which fails if there is none of that name."""
    torch.empty(0, device=name)


FRAMEWORK = Framework(pipeline, XLMSentenceEncoder.from_pretrained, use_device)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], "xlm_torch", FRAMEWORK))
