"""From a text to its words: punctuation, Moses' rules or a segmenter, lower case; with or without where they stood."""

from .aligned import Aligned
from .splitter import WordSplitter

__all__ = ["Aligned", "WordSplitter"]
