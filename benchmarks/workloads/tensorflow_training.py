"""The step of `training` in TensorFlow. Hugging Face's model has no loss here: its users take one of all scores."""

from __future__ import annotations

from pathlib import Path

from benchmarks.sizes import Case, labelled_texts
from benchmarks.steps import Step, silent
from benchmarks.workloads import training

TASK, work = training.TASK, training.work


def ours(case: Case, folder: Path) -> Step:
    """As `fit` does it."""
    import keras

    from benchmarks.peers import keras_models as peers

    model = peers.ours("TFXLMWithLMHeadModel", folder)
    model.compile(optimizer=keras.optimizers.AdamW(1e-4))
    return Step(silent(model.train_on_batch, labelled_texts(case)))


def traced(case: Case, folder: Path) -> Step:
    """Eagerly it takes more memory than there is beside the others."""
    import tensorflow as tf
    import tf_keras

    from benchmarks.peers import keras_models as peers

    model = peers.hugging_face("TFXLMWithLMHeadModel", folder)
    optimizer = tf_keras.optimizers.AdamW(1e-4)
    batch = peers.tensors(labelled_texts(case))
    labels = batch.pop("labels")
    rows = tf.where(labels >= 0)

    @tf.function
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            scores = tf.gather_nd(model(batch, training=True).logits, rows)
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(tf.gather_nd(labels, rows), scores)
            loss = tf.reduce_mean(losses)
        weights = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss

    return Step(silent(step))


VARIANTS = {
    "ours": training.ours,
    "ours-tf": ours,
    "hf-tf-function": traced,
}
