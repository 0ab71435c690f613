"""Going on with a text: search over scores, whichever framework computes them."""

from .generating import GenerateOutput, generate
from .options import GenerationArguments, GenerationOptions
from .streamers import Streamer, TextIteratorStreamer, TextStreamer

__all__ = [
    "GenerateOutput",
    "GenerationArguments",
    "GenerationOptions",
    "Streamer",
    "TextIteratorStreamer",
    "TextStreamer",
    "generate",
]
