"""What the Transformer over the tokens of images must do besides, shown with digits of 8 x 8 pixels."""

from __future__ import annotations

import signal

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.datasets import load_digits

from synthdata.blocks import Categorical, Pixels
from synthdata.errors import ArtefactError, SchemaError
from synthdata.models.base import Signature
from synthdata.models.image.transformer.grid import TokenGrid
from synthdata.models.image.transformer.model import ImageTransformer, ImageTransformerGenerator
from synthdata.models.image.transformer.network import ImageTransformerNetwork
from synthdata.models.image.transformer.sampler import decode_tokens, draw_tokens, token_nll
from synthdata.models.image.transformer.tokenizer import ImageTokenizer
from synthdata.models.layers.conv import from_pixels
from synthdata.models.training.plan import Run

BLOCK = Pixels(8, 8, 1)
SIGNATURE = Signature({"image": BLOCK}, {"digit": Categorical(10)})
SMALL = {
    "conv_width": 8,
    "levels": (5, 5, 3),
    "width": 32,
    "layers": 2,
    "batch_size": 32,
    "tokenizer_epochs": 4,
    "epochs": 12,
}
FEW = {"tokenizer_epochs": 1, "epochs": 1, "layers": 1}


def rng_of(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def fit(run: Run, **options) -> ImageTransformerGenerator:
    data = load_digits()
    images = np.rint(data.images[:600, :, :, None] * (255 / 16)).astype(np.uint8)
    arrays = {"image": images, "digit": data.target[:600].astype(np.int64)}
    return ImageTransformerGenerator.fit(SIGNATURE, arrays, ImageTransformer(**{**SMALL, **options}), run)


@pytest.fixture(scope="module")
def fitted():
    return fit(Run(seed=3))


def test_the_history_goes_through_both_stages_and_ends_with_the_best_figures(fitted):
    history = fitted.history
    assert [row["epoch"] for row in history] == list(range(1, len(history) + 1))
    assert len(history) > SMALL["tokenizer_epochs"]
    seconds = [row["seconds"] for row in history]
    assert seconds == sorted(seconds)
    best = min(range(len(history)), key=lambda i: history[i]["val_loss"])
    assert best >= SMALL["tokenizer_epochs"]


def test_low_temperature_draws_less_varied_images(fitted):
    condition = {"digit": np.full(200, 3)}
    cold, warm = (
        generator.sample(rng_of(2), 200, condition=condition)["image"].std(axis=0).mean()
        for generator in (fitted.with_settings(temperature=0.3), fitted)
    )
    assert cold < warm


@pytest.mark.parametrize("block", [Pixels(28, 28, 1), Pixels(16, 19, 3), Pixels(8, 8, 1)])
def test_numpy_and_keras_give_tokens_the_same_likelihood(block):
    rng = np.random.default_rng(0)
    settings = ImageTransformer(conv_width=4, levels=(4, 3, 2), width=16, layers=2, heads=4, mlp_ratio=2)
    grid = settings.grid(block)
    model = ImageTransformerNetwork(grid, 5, settings, seed=1)
    for variable in model.trainable_variables:
        variable.assign(variable + rng.normal(0, 0.3, variable.shape))
    tokens, condition = rng.integers(0, grid.vocabulary, (6, grid.length)), rng.normal(size=(6, 5)).astype(np.float32)
    keep, not_shifted = np.ones(tokens.shape, np.float32), np.zeros(6, np.int32)
    logits = model(tf.constant(tokens, tf.int32), tf.constant(keep), tf.constant(condition), tf.constant(not_shifted))
    expected = tf.nn.sparse_softmax_cross_entropy_with_logits(tokens, logits).numpy()
    assert expected.std() > 0.1
    found = token_nll(grid, model.export(), settings.heads, condition, tokens)
    np.testing.assert_allclose(found, expected, atol=1e-3, rtol=1e-3)


def test_tokens_are_drawn_as_often_as_they_are_likely():
    settings = ImageTransformer(conv_width=4, levels=(3, 2), width=8, layers=1, heads=2, mlp_ratio=1, shift_pixels=0)
    grid = settings.grid(BLOCK)
    model = ImageTransformerNetwork(grid, 0, settings, seed=1)
    model.head_bias.assign(np.log([0.3, 0.2, 0.2, 0.1, 0.1, 0.1]))
    condition, uniform = np.zeros((500, 0), np.float32), rng_of(0).random((500, grid.length), np.float32)
    drawn = draw_tokens(grid, model.export(), 2, condition, uniform, 1.0)
    np.testing.assert_allclose(np.bincount(drawn.ravel()) / drawn.size, [0.3, 0.2, 0.2, 0.1, 0.1, 0.1], atol=0.02)


@pytest.mark.parametrize("block", [Pixels(28, 28, 1), Pixels(30, 17, 3), Pixels(8, 20, 3), Pixels(64, 64, 1)])
def test_numpy_and_keras_decode_tokens_to_the_same_images(block):
    grid = TokenGrid.of(block, 4, 1, (8, 5, 3))
    assert 4 <= min(grid.sides) <= 16
    assert grid.resolutions.patch << grid.resolutions.halvings == (2 if min(block.height, block.width) < 16 else 4)
    model = ImageTokenizer(grid, seed=2)
    images = rng_of(1).integers(0, 256, (3, block.height, block.width, block.channels)).astype(np.uint8)
    numbers = from_pixels(tf.constant(images))
    tokens, rounded = model.encode(numbers).numpy(), tf.round(model.digits(numbers))
    expected = np.rint((model.decode(rounded).numpy() + 1) * 127.5)
    drawn = decode_tokens(grid, model.export(), tokens).astype(float)
    assert drawn.std() > 5
    assert np.abs(drawn - expected).max() <= 1


class StopAfter(keras.callbacks.Callback):
    """Presses Ctrl-C in the middle of a step."""

    def __init__(self, batches: int) -> None:
        super().__init__()
        self.left = batches

    def on_train_batch_begin(self, batch, logs=None):
        self.left -= 1
        if not self.left:
            signal.raise_signal(signal.SIGINT)


def test_a_run_resumes_with_another_temperature_and_with_no_other_setting_changed(tmp_path):
    checkpoint = tmp_path / "state"
    with pytest.raises(KeyboardInterrupt):
        fit(Run(seed=1, checkpoint=checkpoint, callbacks=[StopAfter(25)]), **FEW)
    resume = Run(seed=1, checkpoint=checkpoint, resume=True)
    with pytest.raises(ArtefactError, match="other data, settings or seed"):
        fit(resume, **FEW, token_dropout=0.2)
    assert fit(resume, **FEW, temperature=0.5).settings.temperature == 0.5


def test_the_time_budget_is_for_both_stages():
    events = []
    generator = fit(Run(minutes=0.05, listener=events.append), tokenizer_epochs=10_000, epochs=10_000)
    assert generator.history[-1]["seconds"] < 30
    fractions = [progress.fraction for progress in events if progress.task == "train"]
    assert fractions[-1] == 1.0


def test_a_width_that_heads_do_not_divide_is_refused():
    with pytest.raises(SchemaError, match="not a multiple of heads"):
        ImageTransformer(width=30, heads=4)
