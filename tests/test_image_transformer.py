"""What the Transformer over the codes of images must do, shown with digits of 8 x 8 pixels."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.datasets import load_digits

from synthdata.blocks import Categorical, Pixels, check_arrays
from synthdata.errors import TrainingError
from synthdata.models.image.transformer.grid import CodeGrid
from synthdata.models.image.transformer.model import ImageTransformer, ImageTransformerSettings
from synthdata.models.image.transformer.network import CodeTransformer
from synthdata.models.image.transformer.sampler import code_surprise, decode_codes, draw_codes
from synthdata.models.image.transformer.tokenizer import ImageCodes
from synthdata.models.layers.conv import as_numbers
from synthdata.models.training.plan import Run

BLOCK = Pixels(8, 8, 1)
GIVEN = {"digit": Categorical(10)}
SMALL = {
    "canvas_width": 8,
    "levels": (5, 5, 3),
    "width": 32,
    "layers": 2,
    "batch": 32,
    "codes_epochs": 12,
    "epochs": 32,
}
FEW = {"codes_epochs": 1, "epochs": 1, "layers": 1}


def rng_of(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def digits(rows: int = 600) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    data = load_digits()
    images = np.rint(data.images[:rows, :, :, None] * (255 / 16)).astype(np.uint8)
    return images, {"digit": data.target[:rows].astype(np.int64)}


def fit(run: Run, **options) -> ImageTransformer:
    images, told = digits()
    return ImageTransformer.fit(BLOCK, images, GIVEN, told, ImageTransformerSettings(**{**SMALL, **options}), run)


@pytest.fixture(scope="module")
def fitted():
    return fit(Run(seed=3))


def test_samples_are_images_of_the_block(fitted):
    _, told = digits(70)
    made = fitted.sample(rng_of(0), 70, told)
    assert made.dtype == np.uint8
    check_arrays({"image": BLOCK}, {"image": made})
    assert fitted.sample(rng_of(0), 1, {"digit": told["digit"][:1]}).shape == (1, 8, 8, 1)
    assert fitted.sample(rng_of(0), 0, {"digit": told["digit"][:0]}).shape == (0, 8, 8, 1)


def test_the_same_random_stream_gives_the_same_images(fitted):
    _, told = digits(70)
    first, second, other = (fitted.sample(rng_of(seed), 70, told) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()


def test_what_is_told_changes_the_images(fitted):
    _, told = digits(70)
    other = {"digit": (told["digit"] + 1) % 10}
    assert (fitted.sample(rng_of(5), 70, told) != fitted.sample(rng_of(5), 70, other)).any()


def test_images_look_like_what_is_told(fitted):
    images, told = digits()
    means = np.stack([images[told["digit"] == digit].mean(axis=0) for digit in range(10)])
    made = fitted.sample(rng_of(1), len(images), told).astype(float)
    nearest = ((made[:, None] - means[None]) ** 2).sum(axis=(2, 3, 4)).argmin(axis=1)
    assert (nearest == told["digit"]).mean() > 0.5


def test_what_is_restored_samples_the_same_images(fitted):
    _, told = digits(70)
    config = json.loads(json.dumps(fitted.config()))
    again = ImageTransformer.restore(BLOCK, GIVEN, config, fitted.weights())
    np.testing.assert_array_equal(fitted.sample(rng_of(4), 70, told), again.sample(rng_of(4), 70, told))


def test_weights_that_do_not_fit_are_refused(fitted):
    weights = fitted.weights()
    cut = {**weights, "draw_head": weights["draw_head"][:, 1:]}
    with pytest.raises(ValueError, match="weight"):
        ImageTransformer.restore(BLOCK, GIVEN, fitted.config(), cut)
    with pytest.raises(ValueError, match="weight"):
        ImageTransformer.restore(Pixels(28, 28, 1), GIVEN, fitted.config(), weights)


def test_the_history_goes_through_both_parts_and_ends_with_the_best_figures(fitted):
    history = fitted.history
    assert [row["epoch"] for row in history] == list(range(1, len(history) + 1))
    assert len(history) > SMALL["codes_epochs"]
    seconds = [row["seconds"] for row in history]
    assert seconds == sorted(seconds)
    best = min(range(len(history)), key=lambda i: history[i]["val_loss"])
    assert best >= SMALL["codes_epochs"]


def test_low_temperature_draws_less_varied_images(fitted):
    cold = ImageTransformer(
        fitted.block, fitted.given, fitted.settings.model_copy(update={"temperature": 0.3}), fitted.arrays
    )
    told = {"digit": np.full(200, 3)}
    spread = [generator.sample(rng_of(2), 200, told).std(axis=0).mean() for generator in (cold, fitted)]
    assert spread[0] < spread[1]


@pytest.mark.parametrize("block", [Pixels(28, 28, 1), Pixels(16, 19, 3), Pixels(8, 8, 1)])
def test_numpy_and_keras_give_codes_the_same_likelihood(block):
    rng = np.random.default_rng(0)
    grid = CodeGrid(block, 4, 1, (4, 3, 2))
    model = CodeTransformer(grid, told=5, width=16, layers=2, heads=4, wide=24, moves=9, seed=1)
    for variable in model.trainable_variables:
        variable.assign(variable + rng.normal(0, 0.3, variable.shape))
    codes, told = rng.integers(0, grid.codes, (6, grid.length)), rng.normal(size=(6, 5)).astype(np.float32)
    shown, still = np.ones(codes.shape, np.float32), np.zeros(6, np.int32)
    logits = model(tf.constant(codes, tf.int32), tf.constant(shown), tf.constant(told), tf.constant(still))
    expected = tf.nn.sparse_softmax_cross_entropy_with_logits(codes, logits).numpy()
    assert expected.std() > 0.1
    np.testing.assert_allclose(code_surprise(grid, model.export(), 4, told, codes), expected, atol=1e-3, rtol=1e-3)


def test_codes_are_drawn_as_often_as_they_are_likely():
    grid = CodeGrid(BLOCK, 4, 1, (3, 2))
    model = CodeTransformer(grid, told=0, width=8, layers=1, heads=2, wide=8, moves=1, seed=1)
    model.head_bias.assign(np.log([0.3, 0.2, 0.2, 0.1, 0.1, 0.1]))
    told, uniform = np.zeros((500, 0), np.float32), rng_of(0).random((500, grid.length), np.float32)
    drawn = draw_codes(grid, model.export(), 2, told, uniform, 1.0)
    np.testing.assert_allclose(np.bincount(drawn.ravel()) / drawn.size, [0.3, 0.2, 0.2, 0.1, 0.1, 0.1], atol=0.02)


@pytest.mark.parametrize("block", [Pixels(28, 28, 1), Pixels(30, 17, 3), Pixels(8, 20, 3), Pixels(64, 64, 1)])
def test_numpy_and_keras_decode_codes_to_the_same_images(block):
    grid = CodeGrid(block, 4, 1, (8, 5, 3))
    assert 4 <= min(grid.sides) <= 8
    model = ImageCodes(grid, seed=2)
    images = rng_of(1).integers(0, 256, (3, block.height, block.width, block.channels)).astype(np.uint8)
    shown = as_numbers(tf.constant(images))
    codes, rounded = model.encode(shown).numpy(), tf.round(model.digits(shown))
    expected = np.rint((model.decode(rounded).numpy() + 1) * 127.5)
    drawn = decode_codes(grid, model.export(), codes).astype(float)
    assert drawn.std() > 5
    assert np.abs(drawn - expected).max() <= 1


def test_images_are_learned_without_anything_told():
    settings = ImageTransformerSettings(**{**SMALL, **FEW})
    generator = ImageTransformer.fit(BLOCK, digits(200)[0], {}, {}, settings, Run(seed=2**31 + 1))
    assert generator.sample(rng_of(0), 5, {}).shape == (5, 8, 8, 1)


def test_coloured_images_of_odd_sizes_are_learned():
    images, told = digits(200)
    block = Pixels(9, 14, 3)
    wide = np.resize(np.repeat(images, 3, axis=3), (200, 9, 14, 3))
    settings = ImageTransformerSettings(**{**SMALL, **FEW})
    generator = ImageTransformer.fit(block, wide, GIVEN, told, settings, Run())
    check_arrays({"image": block}, {"image": generator.sample(rng_of(0), 200, told)})


class StopAfter(keras.callbacks.Callback):
    """Presses Ctrl-C in the middle of a step."""

    def __init__(self, batches: int) -> None:
        super().__init__()
        self.left = batches

    def on_train_batch_begin(self, batch, logs=None):
        self.left -= 1
        if not self.left:
            signal.raise_signal(signal.SIGINT)


@pytest.fixture(scope="module")
def whole():
    return fit(Run(seed=1), **FEW).weights()


@pytest.mark.parametrize("batches", [9, 25])  # of 16 an epoch: in the first part and in the second
def test_a_run_that_was_interrupted_resumes_to_the_same_weights(tmp_path, whole, batches):
    checkpoint = tmp_path / "state"
    with pytest.raises(KeyboardInterrupt):
        fit(Run(seed=1, checkpoint=checkpoint, callbacks=[StopAfter(batches)]), **FEW)
    assert checkpoint.exists() == (batches > 16)
    resumed = fit(Run(seed=1, checkpoint=checkpoint, resume=True), **FEW).weights()
    for key, weight in whole.items():
        np.testing.assert_array_equal(weight, resumed[key])
    assert not list(tmp_path.iterdir())


def test_the_time_budget_is_for_both_parts():
    told = []
    generator = fit(Run(minutes=0.05, listener=told.append), codes_epochs=10_000, epochs=10_000)
    assert generator.history[-1]["seconds"] < 30
    fractions = [progress.fraction for progress in told if progress.task == "train"]
    assert fractions[-1] == 1.0


def test_divergence_is_reported_and_nothing_is_returned():
    with pytest.raises(TrainingError, match="diverged"):
        fit(Run(), codes_learning_rate=1e30, **FEW)


@pytest.mark.parametrize("block", [Pixels(4, 8, 1), Pixels(65, 8, 1), Categorical(3)])
def test_blocks_that_cannot_be_learned_are_refused(block):
    with pytest.raises(ValueError, match=r"sides are from 8 to 64|no image"):
        ImageTransformer.fit(block, digits()[0], {}, {}, ImageTransformerSettings(), Run())


def test_a_width_that_heads_do_not_divide_is_refused():
    with pytest.raises(ValueError, match="no multiple of heads"):
        ImageTransformerSettings(width=30, heads=4)


def test_images_are_sampled_without_tensorflow():
    code = """
import sys
import synthdata.models.image.transformer.model
print(*{"tensorflow", "keras"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not done.stdout.split()
