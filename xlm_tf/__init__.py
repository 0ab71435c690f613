"""XLM for TensorFlow and Keras 3: models, tokenizer, pipelines. Mirror: xlm_torch/__init__.py.

>>> from xlm_tf import pipeline
>>> unmasker = pipeline("fill-mask", model="xlm-demo")
"""

from .backend import leave_alone, quiet_command_line, require_tensorflow

with quiet_command_line():
    require_tensorflow()

from xlm_core import __version__
from xlm_core.auto import AutoConfig, AutoTokenizer
from xlm_core.config import XLMConfig
from xlm_core.data.batches import batches_by_length
from xlm_core.data.collate import collate
from xlm_core.errors import XLMError
from xlm_core.outputs import XLMForQuestionAnsweringOutput
from xlm_core.tokenizer import XLMTokenizer

from .auto import (
    TFAutoModel,
    TFAutoModelForCausalLM,
    TFAutoModelForMaskedLM,
    TFAutoModelForMultipleChoice,
    TFAutoModelForQuestionAnswering,
    TFAutoModelForSequenceClassification,
    TFAutoModelForTokenClassification,
)
from .cache import XLMCache
from .containers import register_outputs
from .embeddings import XLMSentenceEncoder, XLMTextEmbedder
from .model import TFXLMModel
from .packing import PackedBatch, pack
from .pipelines import pipeline
from .pretrained import TFXLMPreTrainedModel
from .quantization import quantize
from .tasks import (
    TFXLMForMultipleChoice,
    TFXLMForQuestionAnswering,
    TFXLMForQuestionAnsweringSimple,
    TFXLMForSequenceClassification,
    TFXLMForTokenClassification,
    TFXLMWithLMHeadModel,
)

register_outputs()
leave_alone(XLMError)

__all__ = [
    "AutoConfig",
    "AutoTokenizer",
    "PackedBatch",
    "TFAutoModel",
    "TFAutoModelForCausalLM",
    "TFAutoModelForMaskedLM",
    "TFAutoModelForMultipleChoice",
    "TFAutoModelForQuestionAnswering",
    "TFAutoModelForSequenceClassification",
    "TFAutoModelForTokenClassification",
    "TFXLMForMultipleChoice",
    "TFXLMForQuestionAnswering",
    "TFXLMForQuestionAnsweringSimple",
    "TFXLMForSequenceClassification",
    "TFXLMForTokenClassification",
    "TFXLMModel",
    "TFXLMPreTrainedModel",
    "TFXLMWithLMHeadModel",
    "XLMCache",
    "XLMConfig",
    "XLMForQuestionAnsweringOutput",
    "XLMSentenceEncoder",
    "XLMTextEmbedder",
    "XLMTokenizer",
    "__version__",
    "batches_by_length",
    "collate",
    "pack",
    "pipeline",
    "quantize",
]
