"""What is not computed takes no memory: peaks of fresh processes, with each saving and without, in both frameworks."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from frameworks import Framework

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells the peak of one step"),
]

ROOT = Path(__file__).parents[2]

BEGIN = """
import sys
import numpy as np
from benchmarks.memory import forget_peak, peak_megabytes, resident_megabytes

random = np.random.default_rng(0)
words, width, texts, size = 95_000, 256, {texts}, {size}
ids = random.integers(6, words, (texts, size))
mask = (np.arange(size) < random.permutation(np.linspace(2, {real} * 2 * size, texts))[:, None]).astype(np.int64)
labels = np.where(random.random(ids.shape) < 0.15, ids, -100)
sizes = dict(vocab_size=words, emb_dim=width, n_layers=2, n_heads=8, max_position_embeddings=size)
"""

TORCH = """
import torch
from xlm_torch import XLMConfig, XLMModel, XLMWithLMHeadModel

torch.set_num_threads(1)
ids, mask, labels = map(torch.from_numpy, (ids, mask, labels))

def packed(mode):
    model = XLMModel(XLMConfig(**sizes)).eval()
    model.set_packing(mode)
    def step():
        with torch.inference_mode():
            model(ids, attention_mask=mask)
    return step

def masked(skip_logits):
    model = XLMWithLMHeadModel(XLMConfig(**sizes)).train()
    return lambda: model(ids, labels=labels, skip_logits=skip_logits).loss.backward()
"""

TENSORFLOW = """
import tensorflow as tf
from xlm_tf import TFXLMModel, TFXLMWithLMHeadModel, XLMConfig

ids, mask, labels = map(tf.constant, (ids, mask, labels))

def packed(mode):
    model = TFXLMModel(XLMConfig(**sizes))
    model.set_packing(mode)
    return lambda: model(ids, attention_mask=mask)

def masked(skip_logits):
    model = TFXLMWithLMHeadModel(XLMConfig(**sizes))
    def step():
        with tf.GradientTape() as tape:
            loss = model(ids, labels=labels, skip_logits=skip_logits, training=True).loss
        tape.gradient(loss, model.trainable_variables)
    return step
"""

END = """
step = {variant}
before = resident_megabytes()
forget_peak()
step()
print(peak_megabytes() - before)
"""


def megabytes(framework: Framework, variant: str, *, texts: int, size: int, real: float = 0.5) -> float:
    """By how much a fresh process grows at most in one step."""
    own = TORCH if framework.name == "torch" else TENSORFLOW
    program = BEGIN.format(texts=texts, size=size, real=real) + own + END.format(variant=variant)
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3", "XLM_KERNELS": "plain"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return float(done.stdout.split()[-1])


def test_a_batch_that_is_30_percent_real_takes_less_without_its_padding(framework: Framework) -> None:
    """States, keys and attention of 64 × 256 positions, or of a third as many tokens in groups of like lengths."""
    sizes = {"texts": 64, "size": 256, "real": 0.3}

    packed = megabytes(framework, "packed('auto')", **sizes)
    padded = megabytes(framework, "packed('never')", **sizes)

    assert packed < 0.6 * padded, (packed, padded)


def test_the_loss_of_15_percent_of_the_words_takes_less_than_that_of_all_scores(framework: Framework) -> None:
    """1,024 positions × 95,000 words are 371 MiB in float32, and again for each of their gradients."""
    labelled = megabytes(framework, "masked(None)", texts=8, size=128)
    everything = megabytes(framework, "masked(False)", texts=8, size=128)

    assert labelled < 0.6 * everything, (labelled, everything)
