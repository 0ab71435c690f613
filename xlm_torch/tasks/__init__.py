"""One file per task: its head and its model. Mirror: xlm_tf/tasks."""

from .language_modeling import XLMWithLMHeadModel
from .multiple_choice import XLMForMultipleChoice
from .question_answering import XLMForQuestionAnswering, XLMForQuestionAnsweringSimple
from .sequence_classification import XLMForSequenceClassification
from .token_classification import XLMForTokenClassification

__all__ = [
    "XLMForMultipleChoice",
    "XLMForQuestionAnswering",
    "XLMForQuestionAnsweringSimple",
    "XLMForSequenceClassification",
    "XLMForTokenClassification",
    "XLMWithLMHeadModel",
]
