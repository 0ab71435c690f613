"""The models by task, under the names of Hugging Face's Auto classes. Mirror: xlm_tf/auto.py."""

from __future__ import annotations

from typing import Any, ClassVar

from xlm_core.config import XLMConfig

from .model import XLMModel
from .pretrained import XLMPreTrainedModel
from .tasks import (
    XLMForMultipleChoice,
    XLMForQuestionAnsweringSimple,
    XLMForSequenceClassification,
    XLMForTokenClassification,
    XLMWithLMHeadModel,
)


class AutoModel:
    """`XLMModel` under the name that programs for any model use; made by `from_pretrained` or `from_config`."""

    model_class: ClassVar[type[XLMPreTrainedModel]] = XLMModel

    @classmethod
    def from_pretrained(cls, *arguments: Any, **options: Any) -> Any:
        """As `XLMPreTrainedModel.from_pretrained`; a config of another kind of model is refused there."""
        return cls.model_class.from_pretrained(*arguments, **options)

    @classmethod
    def from_config(cls, config: XLMConfig) -> XLMPreTrainedModel:
        """A new model, its weights drawn at random."""
        return cls.model_class(config)


class AutoModelForMaskedLM(AutoModel):
    """`XLMWithLMHeadModel` under the name that programs for any model use."""

    model_class: ClassVar[type[XLMPreTrainedModel]] = XLMWithLMHeadModel


class AutoModelForCausalLM(AutoModel):
    """`XLMWithLMHeadModel` under the name that programs for any model use."""

    model_class: ClassVar[type[XLMPreTrainedModel]] = XLMWithLMHeadModel


class AutoModelForMultipleChoice(AutoModel):
    """`XLMForMultipleChoice` under the name that programs for any model use."""

    model_class: ClassVar[type[XLMPreTrainedModel]] = XLMForMultipleChoice


class AutoModelForQuestionAnswering(AutoModel):
    """`XLMForQuestionAnsweringSimple` under the name that programs for any model use."""

    model_class: ClassVar[type[XLMPreTrainedModel]] = XLMForQuestionAnsweringSimple


class AutoModelForSequenceClassification(AutoModel):
    """`XLMForSequenceClassification` under the name that programs for any model use."""

    model_class: ClassVar[type[XLMPreTrainedModel]] = XLMForSequenceClassification


class AutoModelForTokenClassification(AutoModel):
    """`XLMForTokenClassification` under the name that programs for any model use."""

    model_class: ClassVar[type[XLMPreTrainedModel]] = XLMForTokenClassification
