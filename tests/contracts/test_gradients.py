"""Gradients reach every variable, whatever the family: without weight decay, a step moves each of them."""

from __future__ import annotations

from contextlib import suppress

import keras
import numpy as np
import pytest
import short

from synthdata.blocks import Binned, Categorical, Pixels, Tokens
from synthdata.errors import TrainingError
from synthdata.models import family, field_family, field_settings, settings
from synthdata.models.base import Signature
from synthdata.models.text.gan.training import train_generator
from synthdata.models.training.plan import Run

ROWS = 64
LABEL = {"label": Categorical(2)}
TABLE = {"colour": Categorical(3), "amount": Binned(1, 6, 4), "wide": Categorical(300)}
FIELDS = {"image": Pixels(8, 8, 1), "text": Tokens(8, 13)}
FEW = {
    "epochs": 8,
    "tokenizer_epochs": 8,
    "rounds": 1,
    "batch_size": 32,
    "weight_decay": 0.0,
}  # first steps end at layers that begin at 0
CASES = [
    *[("table", name, options) for name, options in short.FEW_TABULAR.items()],
    *[("image", name, options) for name, options in short.IMAGE.items()],
    *[("text", name, options) for name, options in short.TEXT.items() if name != "gan"],  # the GAN: below
]


class StandingStill(keras.callbacks.Callback):
    """Names of variables that are after a training what they were before it."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.stages = 0

    def on_train_begin(self, logs=None):
        self.before = [variable.numpy() for variable in self.model.trainable_variables]

    def on_train_end(self, logs=None):
        self.stages += 1
        pairs = zip(self.model.trainable_variables, self.before, strict=True)
        self.names += [each.path for each, old in pairs if old.size and np.array_equal(each.numpy(), old)]


def arrays() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    label = np.arange(ROWS) % 2
    sizes = rng.integers(2, 9, ROWS)
    return {
        "colour": np.arange(ROWS) * 3 // ROWS,  # columns that depend on each other attend to each other
        "amount": np.stack([np.arange(ROWS) * 7 // ROWS, rng.random(ROWS)], axis=1),
        "wide": np.arange(ROWS) * 4,
        "label": label,
        "image": rng.integers(0, 256, (ROWS, 8, 8, 1)).astype(np.uint8),
        "text": np.where(np.arange(8) < sizes[:, None], rng.integers(1, 13, (ROWS, 8)), 0),
    }


@pytest.mark.parametrize(("what", "name", "options"), CASES, ids=lambda value: value if isinstance(value, str) else "")
def test_gradients_reach_every_variable(what, name, options):
    if what == "table":
        generator, signature, hyperparameters = family(name), Signature(TABLE), family(name).Settings
    else:
        generator, signature = field_family(FIELDS[what], name), Signature({what: FIELDS[what]}, LABEL)
        hyperparameters = generator.Settings
    chosen = {**options, **{key: value for key, value in FEW.items() if key in hyperparameters.model_fields}}
    watch = StandingStill()
    held = {key: array for key, array in arrays().items() if key in {**signature.layout, **signature.condition}}
    settled = settings(name, chosen) if what == "table" else field_settings(FIELDS[what], name, chosen)[1]
    with suppress(TrainingError):  # so few steps may not be enough to be of use
        generator.fit(signature, held, settled, Run(seed=1, callbacks=[watch]))
    assert watch.stages
    assert watch.names == []


def test_gradients_reach_every_variable_of_the_gan_over_latent_vectors_of_texts():
    """Its autoencoder is that of the text VAE, above; this is its second stage."""
    settled = field_settings(FIELDS["text"], "gan", {**short.TEXT["gan"], "batch_size": 32})[1]
    rng, watch = np.random.default_rng(0), StandingStill()
    mean = rng.normal(size=(ROWS, settled.texts.latent)).astype(np.float32)
    condition = rng.normal(size=(ROWS, 2)).astype(np.float32)
    with suppress(TrainingError):
        train_generator(mean, np.full_like(mean, -3.0), condition, settled, Run(seed=1, callbacks=[watch]))
    assert watch.stages == 1
    assert watch.names == ["critic/head_bias"]  # scores are compared in pairs, where a constant cancels
