"""One file per task: its head and its model. Mirror: xlm_torch/tasks."""

from .language_modeling import TFXLMWithLMHeadModel

__all__ = ["TFXLMWithLMHeadModel"]
