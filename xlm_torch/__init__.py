"""XLM for PyTorch: models, tokenizer, pipelines. Mirror: xlm_tf/__init__.py.

>>> from xlm_torch import pipeline
>>> unmasker = pipeline("fill-mask", model="xlm-demo")
"""

from xlm_core.errors import MissingDependency

try:
    import torch as _torch  # noqa: F401  # here, so that its absence is explained
except ModuleNotFoundError as error:
    raise MissingDependency("`xlm_torch` needs PyTorch: pip install 'xlm[torch]'") from error

from xlm_core import __version__
from xlm_core.auto import AutoConfig, AutoTokenizer
from xlm_core.config import XLMConfig
from xlm_core.data.batches import batches_by_length
from xlm_core.data.collate import collate
from xlm_core.outputs import XLMForQuestionAnsweringOutput
from xlm_core.tokenizer import XLMTokenizer

from .auto import (
    AutoModel,
    AutoModelForCausalLM,
    AutoModelForMaskedLM,
    AutoModelForMultipleChoice,
    AutoModelForQuestionAnswering,
    AutoModelForSequenceClassification,
    AutoModelForTokenClassification,
)
from .cache import XLMCache
from .containers import register_outputs
from .embeddings import XLMSentenceEncoder, XLMTextEmbedder
from .model import XLMModel
from .packing import PackedBatch, pack
from .pipelines import pipeline
from .pretrained import XLMPreTrainedModel
from .quantization import quantize
from .tasks import (
    XLMForMultipleChoice,
    XLMForQuestionAnswering,
    XLMForQuestionAnsweringSimple,
    XLMForSequenceClassification,
    XLMForTokenClassification,
    XLMWithLMHeadModel,
)

register_outputs()

__all__ = [
    "AutoConfig",
    "AutoModel",
    "AutoModelForCausalLM",
    "AutoModelForMaskedLM",
    "AutoModelForMultipleChoice",
    "AutoModelForQuestionAnswering",
    "AutoModelForSequenceClassification",
    "AutoModelForTokenClassification",
    "AutoTokenizer",
    "PackedBatch",
    "XLMCache",
    "XLMConfig",
    "XLMForMultipleChoice",
    "XLMForQuestionAnswering",
    "XLMForQuestionAnsweringOutput",
    "XLMForQuestionAnsweringSimple",
    "XLMForSequenceClassification",
    "XLMForTokenClassification",
    "XLMModel",
    "XLMPreTrainedModel",
    "XLMSentenceEncoder",
    "XLMTextEmbedder",
    "XLMTokenizer",
    "XLMWithLMHeadModel",
    "__version__",
    "batches_by_length",
    "collate",
    "pack",
    "pipeline",
    "quantize",
]
