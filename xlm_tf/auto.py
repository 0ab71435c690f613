"""The models by task, under the names of Hugging Face's Auto classes. Mirror: xlm_torch/auto.py."""

from __future__ import annotations

from typing import Any, ClassVar

from xlm_core.config import XLMConfig

from .model import TFXLMModel
from .pretrained import TFXLMPreTrainedModel
from .tasks import (
    TFXLMForMultipleChoice,
    TFXLMForQuestionAnsweringSimple,
    TFXLMForSequenceClassification,
    TFXLMForTokenClassification,
    TFXLMWithLMHeadModel,
)


class TFAutoModel:
    """`TFXLMModel` under the name that programs for any model use; made by `from_pretrained` or `from_config`."""

    model_class: ClassVar[type[TFXLMPreTrainedModel]] = TFXLMModel

    @classmethod
    def from_pretrained(cls, *arguments: Any, **options: Any) -> Any:
        """As `TFXLMPreTrainedModel.from_pretrained`; a config of another kind of model is refused there."""
        return cls.model_class.from_pretrained(*arguments, **options)

    @classmethod
    def from_config(cls, config: XLMConfig) -> TFXLMPreTrainedModel:
        """A new model, its weights drawn at random."""
        return cls.model_class(config)


class TFAutoModelForMaskedLM(TFAutoModel):
    """`TFXLMWithLMHeadModel` under the name that programs for any model use."""

    model_class: ClassVar[type[TFXLMPreTrainedModel]] = TFXLMWithLMHeadModel


class TFAutoModelForCausalLM(TFAutoModel):
    """`TFXLMWithLMHeadModel` under the name that programs for any model use."""

    model_class: ClassVar[type[TFXLMPreTrainedModel]] = TFXLMWithLMHeadModel


class TFAutoModelForMultipleChoice(TFAutoModel):
    """`TFXLMForMultipleChoice` under the name that programs for any model use."""

    model_class: ClassVar[type[TFXLMPreTrainedModel]] = TFXLMForMultipleChoice


class TFAutoModelForQuestionAnswering(TFAutoModel):
    """`TFXLMForQuestionAnsweringSimple` under the name that programs for any model use."""

    model_class: ClassVar[type[TFXLMPreTrainedModel]] = TFXLMForQuestionAnsweringSimple


class TFAutoModelForSequenceClassification(TFAutoModel):
    """`TFXLMForSequenceClassification` under the name that programs for any model use."""

    model_class: ClassVar[type[TFXLMPreTrainedModel]] = TFXLMForSequenceClassification


class TFAutoModelForTokenClassification(TFAutoModel):
    """`TFXLMForTokenClassification` under the name that programs for any model use."""

    model_class: ClassVar[type[TFXLMPreTrainedModel]] = TFXLMForTokenClassification
