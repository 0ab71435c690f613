"""The body in TensorFlow: ids to states, arrays in and arrays out."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.sizes import Case, texts
from benchmarks.steps import Step
from benchmarks.workloads import forward

TASK, work = forward.TASK, forward.work


def ours(case: Case, folder: Path) -> Step:
    """As the pipelines call it."""
    from benchmarks.peers import keras_models as peers

    return Step(peers.running("TFXLMModel", folder, texts(case), "last_hidden_state"))


def predicting(case: Case, folder: Path) -> Step:
    """As Keras users call it."""
    from benchmarks.peers import keras_models as peers

    model, batch = peers.ours("TFXLMModel", folder), texts(case)
    return Step(lambda: model.predict(batch, verbose=0, batch_size=case.batch).last_hidden_state)


def hugging_face(case: Case, folder: Path) -> Step:
    from benchmarks.peers import keras_models as peers

    model, batch = peers.hugging_face("TFXLMModel", folder), texts(case)

    def step() -> np.ndarray:
        return model(peers.tensors(batch), training=False).last_hidden_state.numpy()

    return Step(step)


def traced(case: Case, folder: Path) -> Step:
    import tensorflow as tf

    from benchmarks.peers import keras_models as peers

    model, batch = peers.hugging_face("TFXLMModel", folder), texts(case)
    call = tf.function(lambda inputs: model(inputs, training=False).last_hidden_state)
    return Step(lambda: call(peers.tensors(batch)).numpy())


VARIANTS = {
    "ours": forward.ours,
    "ours-tf": ours,
    "ours-tf-predict": predicting,
    "hf-tf-eager": hugging_face,
    "hf-tf-function": traced,
}
