"""One file per task: its head and its model. Mirror: xlm_torch/tasks."""

from .language_modeling import TFXLMWithLMHeadModel
from .multiple_choice import TFXLMForMultipleChoice
from .question_answering import TFXLMForQuestionAnswering, TFXLMForQuestionAnsweringSimple
from .sequence_classification import TFXLMForSequenceClassification
from .token_classification import TFXLMForTokenClassification

__all__ = [
    "TFXLMForMultipleChoice",
    "TFXLMForQuestionAnswering",
    "TFXLMForQuestionAnsweringSimple",
    "TFXLMForSequenceClassification",
    "TFXLMForTokenClassification",
    "TFXLMWithLMHeadModel",
]
