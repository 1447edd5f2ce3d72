"""Fine-tuning a pretrained GPT-2, as a Keras model; one of the few modules that import KerasHub.

The pretrained weights are frozen. Trained are low-rank updates of the query and value matrices, with their biases
(LoRA: Hu et al. 2021, arXiv:2106.09685, eq. 3), and a projection of the condition to a few vectors before the text
(prefix tuning: Li and Liang 2021, arXiv:2101.00190). `sampler` samples with its weights.
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
from synthdata.models.layers.causal import mean_nll
from synthdata.models.layers.dense import dense, weight
from synthdata.models.text.pretrained.model import PretrainedText

__all__ = ["PretrainedTextNetwork", "load_backbone"]


def load_backbone(preset: Preset) -> Any:
    """Read a preset's GPT-2; SchemaError if its weights cannot be read."""
    check_installed("pretrained", "a pretrained text model")
    import keras_hub

    try:  # by absolute path: KerasHub might download a bare name
        return keras_hub.models.GPT2Backbone.from_preset(str(preset.folder), dropout=0.0, dtype="float32")
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise SchemaError(
            f"preset {preset.folder}: its weights cannot be read ({str(error).split(chr(10))[0]})"
        ) from None


class PretrainedTextNetwork(keras.Model):
    """Logits of each token of packed texts, given those before it in its text and the text's condition.

    Each text is packed with `prefix - 1` padding tokens before it. The vectors of the prefix are the inputs at the
    padding and at the first step of the text. condition: number of its features.
    """

    def __init__(self, backbone: Any, preset: Preset, settings: PretrainedText, seed: int, *, condition: int) -> None:
        super().__init__(name="pretrained")
        rng = np.random.default_rng([seed, 5])
        embeddings = backbone.token_embedding.embeddings.numpy()
        backbone.enable_lora(settings.rank)
        for variable in backbone.trainable_variables:
            if "lora_kernel_a" in variable.path:
                variable.assign(rng.normal(0.0, 1 / math.sqrt(variable.shape[0]), variable.shape))
        self.backbone, self.prefix, self.width = backbone, settings.prefix, embeddings.shape[1]
        self.vectors = weight(
            self, "vectors", embeddings[[preset.end, *preset.numbers]]
        )  # in the order of the field's tokens
        self.vectors.trainable = False
        self.start = weight(self, "prefix_bias", np.tile(embeddings[preset.end], self.prefix))
        self.condition = weight(self, "prefix", np.zeros((condition, self.prefix * self.width)))
        self.built = True

    def call(
        self, inputs: tf.Tensor, segment_ids: tf.Tensor, position_ids: tf.Tensor, condition: tf.Tensor
    ) -> tf.Tensor:
        """Logits (rows, steps, vocabulary).

        inputs, segment_ids, position_ids: as in `packing.Packs`. condition: (rows, most texts of a row, features).
        """
        texts = condition.shape[1]
        prefix = tf.reshape(dense(condition, self.condition) + self.start, (-1, texts * self.prefix, self.width))
        where = tf.where(position_ids < self.prefix, segment_ids * self.prefix + position_ids, -1)
        x = tf.matmul(tf.one_hot(where, texts * self.prefix), prefix)
        x += tf.gather(self.vectors.value, inputs) * tf.cast(position_ids >= self.prefix, tf.float32)[..., None]
        x += tf.gather(self.backbone.position_embedding.position_embeddings.value, position_ids)
        visible = segment_ids[:, :, None] == segment_ids[:, None, :]
        for layer in self.backbone.transformer_layers:
            x = layer(x, decoder_attention_mask=visible)
        return dense(self.backbone.layer_norm(x), tf.transpose(self.vectors.value))

    def nll(self, targets: tf.Tensor, *batch: tf.Tensor) -> tf.Tensor:
        """Mean negative log-likelihood per token, in nats; `batch` are the arguments of `call`."""
        return mean_nll(self(*batch), targets, (batch[1] >= 0) & (batch[2] >= self.prefix - 1))

    def export(self, length: int) -> dict[str, np.ndarray]:
        """The weights, by name, for `sampler` and texts of up to `length` tokens."""
        positions = self.backbone.position_embedding.position_embeddings.numpy()
        result = {
            "vectors": self.vectors.numpy(),
            "positions": positions[: self.prefix + length - 1],
            "prefix": self.condition.numpy(),
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
    """One layer's matrices and biases; LoRA updates, norms and the scale of queries folded in."""
    kernels, biases = [], []
    for name in ("query", "key", "value"):
        own = {key.rpartition("/")[2]: array for key, array in weights.items() if f"self_attention/{name}/" in key}
        update = own["lora_kernel_a"] @ own["lora_kernel_b"] if "lora_kernel_a" in own else 0.0
        scale = 1 / math.sqrt(own["kernel"].shape[-1]) if name == "query" else 1.0
        kernels.append((own["kernel"] + update).reshape(width, width) * scale)
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
