"""Text to ids and back, as XLM was trained to read it."""

from .encoding import BatchEncoding
from .tokenizer import XLMTokenizer

__all__ = ["BatchEncoding", "XLMTokenizer"]
