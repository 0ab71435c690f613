"""Texts in, results out, whichever framework computes: preprocess → run(batch) → postprocess."""

from .base import Pipeline
from .factory import make_pipeline
from .fill_mask import FillMaskPipeline, FillMaskResult

__all__ = ["FillMaskPipeline", "FillMaskResult", "Pipeline", "make_pipeline"]
