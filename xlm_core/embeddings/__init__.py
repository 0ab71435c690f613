"""Texts to vectors, and what is done with vectors: likeness, search, pairs of translations. All over numpy."""

from .encoder import SentenceEncoder
from .mining import Bitext, mine_bitext
from .pooling import pool
from .search import Hits, search
from .similarity import normalized, similarity
from .tables import TextEmbedder

__all__ = [
    "Bitext",
    "Hits",
    "SentenceEncoder",
    "TextEmbedder",
    "mine_bitext",
    "normalized",
    "pool",
    "search",
    "similarity",
]
