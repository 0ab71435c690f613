"""What the task models share. Mirror: xlm_torch/tasks/base.py."""

from __future__ import annotations

from xlm_core.config import XLMConfig

from ..model import TFXLMModel
from ..pretrained import TFXLMPreTrainedModel


class TaskModel(TFXLMPreTrainedModel):
    """A body under ``transformer``; subclasses add the head."""

    def __init__(self, config: XLMConfig, *, name: str | None = None) -> None:
        super().__init__(config, name=name)
        self.transformer = TFXLMModel(config, name="transformer")

    @property
    def base_model(self) -> TFXLMModel:
        """The body."""
        return self.transformer
