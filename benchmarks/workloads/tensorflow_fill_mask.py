"""The scores of the words at the masks, in TensorFlow. Hugging Face computes them everywhere and keeps these."""

from __future__ import annotations

from pathlib import Path

from benchmarks.sizes import Case, masked_texts
from benchmarks.steps import Step
from benchmarks.workloads import fill_mask

TASK, work = fill_mask.TASK, fill_mask.work


def ours(case: Case, folder: Path) -> Step:
    """As the pipelines call it."""
    from benchmarks.peers import keras_models as peers

    batch, places = masked_texts(case)
    return Step(peers.running("TFXLMWithLMHeadModel", folder, {**batch, "positions": places}, "logits"))


def hugging_face(case: Case, folder: Path) -> Step:
    import tensorflow as tf

    from benchmarks.peers import keras_models as peers

    model = peers.hugging_face("TFXLMWithLMHeadModel", folder)
    batch, places = masked_texts(case)
    return Step(
        lambda: tf.gather(model(peers.tensors(batch), training=False).logits, places, batch_dims=1, axis=1).numpy()
    )


def traced(case: Case, folder: Path) -> Step:
    import tensorflow as tf

    from benchmarks.peers import keras_models as peers

    model = peers.hugging_face("TFXLMWithLMHeadModel", folder)
    batch, places = masked_texts(case)
    call = tf.function(lambda inputs: model(inputs, training=False).logits)
    return Step(lambda: tf.gather(call(peers.tensors(batch)), places, batch_dims=1, axis=1).numpy())


VARIANTS = {
    "ours": fill_mask.ours,
    "ours-tf": ours,
    "hf-tf-eager": hugging_face,
    "hf-tf-function": traced,
}
