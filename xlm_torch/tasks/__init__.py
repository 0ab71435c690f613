"""One file per task: its head and its model. Mirror: xlm_tf/tasks."""

from .language_modeling import XLMWithLMHeadModel

__all__ = ["XLMWithLMHeadModel"]
