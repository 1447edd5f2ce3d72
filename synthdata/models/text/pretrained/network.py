"""A pretrained GPT-2 that is trained further, as a Keras model. The one door to KerasHub.

Its own weights stay as they are. What is learned is a low-rank change of the matrices by which attention asks and
answers, with their biases (LoRA: Hu et al. 2021, arXiv:2106.09685, eq. 3), and a projection of what is told of a record
to a few vectors that are read before its text (Li and Liang 2021, arXiv:2101.00190). `pretrained_drawing` draws from
it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from synthdata.errors import SchemaError
from synthdata.extras import check_installed
from synthdata.fields.text.presets import Preset
from synthdata.models.layers.dense import dense, table

__all__ = ["Pretrained", "load_backbone"]


def load_backbone(preset: Preset) -> Any:
    """Read a preset's GPT-2; SchemaError if its weights cannot be read."""
    check_installed("pretrained", "a pretrained text model")
    import keras_hub

    try:  # by its whole path: a bare name may be one that KerasHub would download
        return keras_hub.models.GPT2Backbone.from_preset(str(preset.folder), dropout=0.0, dtype="float32")
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise SchemaError(
            f"preset {preset.folder}: its weights cannot be read ({str(error).split(chr(10))[0]})"
        ) from None


class Pretrained(keras.Model):
    """Logits of each token of packed texts, given those before it in its text and what is told of its record.

    Texts are packed with `prefix - 1` tokens before them, in whose places, and the one before the first token, stands
    what is told.
    """

    def __init__(self, backbone: Any, preset: Preset, *, told: int, prefix: int, rank: int, seed: int) -> None:
        super().__init__(name="pretrained")
        rng = np.random.default_rng([seed, 5])
        embeddings = backbone.token_embedding.embeddings.numpy()
        backbone.enable_lora(rank)
        for variable in backbone.trainable_variables:
            if "lora_kernel_a" in variable.path:
                variable.assign(rng.normal(0.0, 1 / math.sqrt(variable.shape[0]), variable.shape))
        self.backbone, self.prefix, self.width = backbone, prefix, embeddings.shape[1]
        self.vectors = table(self, "vectors", embeddings[[preset.end, *preset.numbers]])  # as tokens are numbered
        self.vectors.trainable = False
        self.start = table(self, "prefix_bias", np.tile(embeddings[preset.end], prefix))
        self.told = table(self, "prefix", np.zeros((told, prefix * self.width)))
        self.built = True

    def call(self, inputs: tf.Tensor, owners: tf.Tensor, places: tf.Tensor, told: tf.Tensor) -> tf.Tensor:
        """Logits (rows, steps, vocabulary).

        inputs, owners, places: as in `packing.Packs`. told: (rows, texts of a row, told) float32.
        """
        texts = told.shape[1]
        prefix = tf.reshape(dense(told, self.told) + self.start, (-1, texts * self.prefix, self.width))
        where = tf.where(places < self.prefix, owners * self.prefix + places, -1)
        x = tf.matmul(tf.one_hot(where, texts * self.prefix), prefix)
        x += tf.gather(self.vectors.value, inputs) * tf.cast(places >= self.prefix, tf.float32)[..., None]
        x += tf.gather(self.backbone.position_embedding.position_embeddings.value, places)
        own = owners[:, :, None] == owners[:, None, :]
        for layer in self.backbone.transformer_layers:
            x = layer(x, decoder_attention_mask=own)
        return dense(self.backbone.layer_norm(x), tf.transpose(self.vectors.value))

    def surprise(self, targets: tf.Tensor, *batch: tf.Tensor) -> tf.Tensor:
        """Mean surprise of a token, in nats; `batch` is what `call` takes."""
        drawn = tf.cast((batch[1] >= 0) & (batch[2] >= self.prefix - 1), tf.float32)
        surprise = tf.nn.sparse_softmax_cross_entropy_with_logits(targets, self(*batch))
        return tf.reduce_sum(surprise * drawn) / tf.reduce_sum(drawn)

    def export(self, length: int) -> dict[str, np.ndarray]:
        """The weights as `pretrained_drawing` takes them, for texts of `length` tokens."""
        places = self.backbone.position_embedding.position_embeddings.numpy()
        result = {
            "vectors": self.vectors.numpy(),
            "places": places[: self.prefix + length - 1],
            "prefix": self.told.numpy(),
            "prefix_bias": self.start.numpy(),
            "last_gain": self.backbone.layer_norm.gamma.numpy(),
            "last_bias": self.backbone.layer_norm.beta.numpy(),
        }
        for i, layer in enumerate(self.backbone.transformer_layers):
            weights = {_inside(variable): variable.numpy() for variable in layer.weights}
            result |= {f"{name}_{i}": array for name, array in _folded(weights, self.width).items()}
        return {name: np.ascontiguousarray(array, np.float32) for name, array in result.items()}


def _inside(variable: keras.Variable) -> str:
    """The path of a weight inside its layer."""
    path: str = variable.path
    return path.partition("transformer_layer_")[2].partition("/")[2]


def _folded(weights: Mapping[str, np.ndarray], width: int) -> dict[str, np.ndarray]:
    """One layer's matrices and biases; low-rank changes, norms and the scale of queries multiplied in."""
    kernels, biases = [], []
    for name in ("query", "key", "value"):
        own = {key.rpartition("/")[2]: array for key, array in weights.items() if f"self_attention/{name}/" in key}
        change = own["lora_kernel_a"] @ own["lora_kernel_b"] if "lora_kernel_a" in own else 0.0
        scale = 1 / math.sqrt(own["kernel"].shape[-1]) if name == "query" else 1.0
        kernels.append((own["kernel"] + change).reshape(width, width) * scale)
        biases.append(own["bias"].reshape(width) * scale)
    up, down = "feedforward_intermediate_dense", "feedforward_output_dense"
    attend, bias = np.concatenate(kernels, axis=1), np.concatenate(biases)
    first, second = "self_attention_layer_norm", "feedforward_layer_norm"
    return {
        "attend": weights[f"{first}/gamma"][:, None] * attend,
        "attend_bias": bias + weights[f"{first}/beta"] @ attend,
        "mix": weights["self_attention/attention_output/kernel"].reshape(width, width),
        "mix_bias": weights["self_attention/attention_output/bias"],
        "up": weights[f"{second}/gamma"][:, None] * weights[f"{up}/kernel"],
        "up_bias": weights[f"{up}/bias"] + weights[f"{second}/beta"] @ weights[f"{up}/kernel"],
        "down": weights[f"{down}/kernel"],
        "down_bias": weights[f"{down}/bias"],
    }
