"""Vocabularies and their merges: read, written, and learnt from text."""
