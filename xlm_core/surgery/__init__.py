"""Changing a model that exists, on its config and its arrays alone: fewer heads, more words, adapters beside layers."""
