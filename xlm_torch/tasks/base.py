"""What the task models share. Mirror: xlm_tf/tasks/base.py."""

from __future__ import annotations

from xlm_core.config import XLMConfig

from ..model import XLMModel
from ..pretrained import XLMPreTrainedModel


class TaskModel(XLMPreTrainedModel):
    """A body under ``transformer``; subclasses add the head."""

    def __init__(self, config: XLMConfig) -> None:
        super().__init__(config)
        self.transformer = XLMModel(config)
