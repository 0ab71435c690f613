"""Text to ids and back, as XLM was trained to read it."""

from .batches.encoding import BatchEncoding
from .batches.row import CharSpan, Encoding, TokenSpan
from .special_tokens import AddedToken
from .tokenizer import XLMTokenizer

__all__ = ["AddedToken", "BatchEncoding", "CharSpan", "Encoding", "TokenSpan", "XLMTokenizer"]
