"""What the task models share. Mirror: xlm_tf/tasks/base.py."""

from __future__ import annotations

from typing import Any

from xlm_core.config import XLMConfig
from xlm_core.inputs import signature_with_body

from ..model import XLMModel
from ..pretrained import XLMPreTrainedModel


class TaskModel(XLMPreTrainedModel):
    """A body under ``transformer``; subclasses add the head."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        cls.forward.__signature__ = signature_with_body(cls.forward)  # type: ignore[attr-defined]

    def __init__(self, config: XLMConfig) -> None:
        super().__init__(config)
        self.transformer = XLMModel(config)

    @property
    def base_model(self) -> XLMModel:
        """The body."""
        return self.transformer
