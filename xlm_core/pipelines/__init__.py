"""Texts in, results out, whichever framework computes: preprocess → run(batch) → postprocess → combine."""

from .base import Pipeline
from .entities import EntityResult, TokenResult
from .factory import make_pipeline
from .feature_extraction import FeatureExtractionPipeline
from .fill_mask import FillMaskPipeline, FillMaskResult
from .question_answering import AnswerResult, QuestionAnsweringPipeline
from .results import Result
from .sentence_similarity import SentenceSimilarityPipeline
from .text_classification import ClassificationResult, TextClassificationPipeline
from .text_generation import GenerationResult, TextGenerationPipeline
from .token_classification import TokenClassificationPipeline
from .zero_shot_classification import ZeroShotClassificationPipeline, ZeroShotResult

__all__ = [
    "AnswerResult",
    "ClassificationResult",
    "EntityResult",
    "FeatureExtractionPipeline",
    "FillMaskPipeline",
    "FillMaskResult",
    "GenerationResult",
    "Pipeline",
    "QuestionAnsweringPipeline",
    "Result",
    "SentenceSimilarityPipeline",
    "TextClassificationPipeline",
    "TextGenerationPipeline",
    "TokenClassificationPipeline",
    "TokenResult",
    "ZeroShotClassificationPipeline",
    "ZeroShotResult",
    "make_pipeline",
]
