"""One way to speak to both frameworks, so that one test runs on both: numpy in, numpy out."""

from __future__ import annotations

import importlib.util
import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np

import tiny
from xlm_core.config import XLMConfig


class Framework(ABC):
    """A package of models, by the class names without the prefix TF."""

    name: str
    prefix: str = ""

    @property
    @abstractmethod
    def package(self) -> ModuleType:
        """xlm_torch or xlm_tf."""

    @abstractmethod
    def tensor(self, array: Any) -> Any:
        """The framework's tensor of an array."""

    @abstractmethod
    def array(self, tensor: Any) -> np.ndarray:
        """The numpy array of a tensor."""

    @abstractmethod
    def call(self, model: Any, training: bool = False, **inputs: Any) -> Any:
        """The model's own output, given numpy arrays and flags."""

    @abstractmethod
    def gradients(self, model: Any, training: bool = False, **inputs: Any) -> dict[str, np.ndarray]:
        """The gradient of the loss for every weight that took part, named and turned as in the manifest."""

    @abstractmethod
    def set_seed(self, seed: int) -> None:
        """Begin all random numbers anew."""

    @abstractmethod
    def train(self, model: Any, steps: int, **inputs: Any) -> list[float]:
        """Take AdamW steps on one batch; the loss before each."""

    @abstractmethod
    def run_mixed(self, model: Any, dtype: str, **inputs: Any) -> dict[str, Any]:
        """As `run`, whole weights computed with in half precision."""

    @abstractmethod
    def own_dtype(self, name: str) -> Any:
        """What the framework calls a number format."""

    def model_class(self, name: str) -> Any:
        return getattr(self.package, self.prefix + name)

    def build(self, name: str, config: XLMConfig = tiny.CONFIG) -> Any:
        """A model with the weights of `tiny`."""
        cls = self.model_class(name)
        model = cls(config)
        model.load_arrays(tiny.weights(config, cls.task))
        return model

    def run(self, model: Any, **inputs: Any) -> dict[str, Any]:
        """The model's output as numpy arrays by name, without dropout."""
        return {name: self._arrays(value) for name, value in self.call(model, **inputs).items()}

    def _tensors(self, inputs: Mapping[str, Any]) -> dict[str, Any]:
        return {name: self.tensor(x) if isinstance(x, np.ndarray) else x for name, x in inputs.items()}

    def _arrays(self, value: Any) -> Any:
        return tuple(map(self._arrays, value)) if isinstance(value, tuple) else self.array(value)


class Torch(Framework):
    name = "torch"

    @property
    def package(self) -> ModuleType:
        import xlm_torch

        return xlm_torch

    def tensor(self, array: Any) -> Any:
        import torch

        return torch.tensor(array)

    def array(self, tensor: Any) -> np.ndarray:
        import torch

        whole = tensor.float() if tensor.dtype == torch.bfloat16 else tensor
        return whole.detach().cpu().numpy()

    def call(self, model: Any, training: bool = False, **inputs: Any) -> Any:
        return model.train(training)(**self._tensors(inputs))

    def gradients(self, model: Any, training: bool = False, **inputs: Any) -> dict[str, np.ndarray]:
        model.zero_grad()
        self.call(model, training, **inputs).loss.backward()
        return {name: self.array(x.grad) for name, x in model.named_parameters() if x.grad is not None}

    def set_seed(self, seed: int) -> None:
        import torch

        torch.manual_seed(seed)

    def train(self, model: Any, steps: int, **inputs: Any) -> list[float]:
        import torch

        optimizer = torch.optim.AdamW(model.parameters(), lr=LEARNING_RATE, betas=BETAS, weight_decay=WEIGHT_DECAY)
        losses = []
        for step in range(steps):
            # Keras adds epsilon before it corrects the second moment's bias, PyTorch after.
            optimizer.param_groups[0]["eps"] = EPSILON / math.sqrt(1 - BETAS[1] ** (step + 1))
            optimizer.zero_grad()
            loss = self.call(model, training=True, **inputs).loss
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        return losses

    def run_mixed(self, model: Any, dtype: str, **inputs: Any) -> dict[str, Any]:
        import torch

        with torch.autocast("cpu", self.own_dtype(dtype)):
            return self.run(model, **inputs)

    def own_dtype(self, name: str) -> Any:
        import torch

        return getattr(torch, name)


class TF(Framework):
    name = "tf"
    prefix = "TF"

    @property
    def package(self) -> ModuleType:
        import xlm_tf

        return xlm_tf

    def tensor(self, array: Any) -> Any:
        import tensorflow as tf

        return tf.constant(array)

    def array(self, tensor: Any) -> np.ndarray:
        array = tensor.numpy()
        return array.astype("float32") if array.dtype.name == "bfloat16" else array

    def call(self, model: Any, training: bool = False, **inputs: Any) -> Any:
        return model(**self._tensors(inputs), training=training)

    def gradients(self, model: Any, training: bool = False, **inputs: Any) -> dict[str, np.ndarray]:
        import tensorflow as tf

        from xlm_core.manifest import Kind

        taken = dict(zip(self._variables(model), self._taken(model, inputs, training), strict=True))
        arrays = {
            name: tf.convert_to_tensor(gradient).numpy() for name, gradient in taken.items() if gradient is not None
        }
        kinds = {name: weight.kind for name, weight in model.manifest().items()}
        return {name: array.T if kinds.get(name) is Kind.LINEAR else array for name, array in arrays.items()}

    def set_seed(self, seed: int) -> None:
        import keras

        keras.utils.set_random_seed(seed)

    def train(self, model: Any, steps: int, **inputs: Any) -> list[float]:
        import keras

        optimizer = keras.optimizers.AdamW(LEARNING_RATE, WEIGHT_DECAY, *BETAS, EPSILON)
        losses = []
        for _ in range(steps):
            losses.append(float(self.call(model, training=True, **inputs).loss))
            taken = zip(self._taken(model, inputs, training=True), self._variables(model).values(), strict=True)
            optimizer.apply_gradients([(gradient, variable) for gradient, variable in taken if gradient is not None])
        return losses

    def run_mixed(self, model: Any, dtype: str, **inputs: Any) -> dict[str, Any]:
        mixed = type(model).from_config(model.get_config() | {"dtype": f"mixed_{dtype}"})
        mixed.set_weights(model.get_weights())
        return self.run(mixed, **inputs)

    def own_dtype(self, name: str) -> Any:
        import keras

        return keras.DTypePolicy(name)

    def _taken(self, model: Any, inputs: Mapping[str, Any], training: bool = False) -> list[Any]:
        import tensorflow as tf

        with tf.GradientTape() as tape:
            loss = self.call(model, training=training, **inputs).loss
        return tape.gradient(loss, [variable.value for variable in self._variables(model).values()])

    def _variables(self, model: Any) -> dict[str, Any]:
        """Those that learn, by name; adapters lie as in PyTorch and are not in the manifest."""
        from xlm_tf.adapters import adapter_variables
        from xlm_tf.weights import weight_variables

        variables = weight_variables(model, model.manifest().values()) | adapter_variables(model)
        return {name: variable for name, variable in variables.items() if variable.trainable}


LEARNING_RATE, WEIGHT_DECAY, BETAS = 1e-3, 0.01, (0.9, 0.999)
EPSILON = 1e-6  # above the noise of a gradient that is 0, of which a smaller one would make a step

FRAMEWORKS = [
    framework
    for framework, package in ((Torch(), "torch"), (TF(), "tensorflow"))
    if importlib.util.find_spec(package) is not None
]
"""The installed ones: a test over this list runs on what is there."""
