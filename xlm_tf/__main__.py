"""``python -m xlm_tf``: the command line, with TensorFlow underneath. Mirror: xlm_torch/__main__.py."""

import sys

import tensorflow as tf

from xlm_core.cli import main
from xlm_core.commands.framework import Framework

from .embeddings import XLMSentenceEncoder
from .pipelines import pipeline


def use_device(name: str) -> None:
    """Make something on a device, which fails if there is none of that name."""
    asked = tf.DeviceSpec.from_string(name if name.startswith("/") else f"/{name}")
    here = [tf.DeviceSpec.from_string(device.name) for device in tf.config.list_logical_devices()]
    if (asked.device_type, asked.device_index or 0) not in {
        (device.device_type, device.device_index) for device in here
    }:
        raise ValueError(f"there are {[device.name for device in tf.config.list_logical_devices()]}")


FRAMEWORK = Framework(pipeline, XLMSentenceEncoder.from_pretrained, use_device)

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], "xlm_tf", FRAMEWORK))
