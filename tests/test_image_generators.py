"""What every generator of images must do, shown with digits of 8 x 8 pixels."""

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

from synthdata.blocks import Binned, Categorical, Pixels, Tokens, check_arrays
from synthdata.errors import TrainingError
from synthdata.models.base import FieldGenerator
from synthdata.models.image.diff_augment import augmented, draw_changes
from synthdata.models.image.gan.model import ImageGAN
from synthdata.models.image.gan.training import check_spread
from synthdata.models.image.quality import ImageQuality
from synthdata.models.image.vae.model import ImageVAE
from synthdata.models.image.vae.sampler import image_vae_shapes
from synthdata.models.latent_paths import between, vary
from synthdata.models.layers.conv import ImageDecoder, ImageEncoder, as_numbers
from synthdata.models.samplers.condition import told_features, told_width
from synthdata.models.samplers.conv import decode_images, encode_images
from synthdata.models.samplers.prior import latents_of_noise, noise_of_latents
from synthdata.models.samplers.resolutions import Canvas
from synthdata.models.training.plan import Run

BLOCK = Pixels(8, 8, 1)
GIVEN = {"digit": Categorical(10), "ink": Binned(2, 4, 3)}
SHORT = {
    "vae": (ImageVAE, {"width": 8, "latent": 8, "couplings": 2, "inner": 16, "epochs": 15, "batch": 32}),
    "gan": (ImageGAN, {"width": 8, "critic_width": 8, "latent": 8, "rounds": 2, "batch": 32}),
}
FEW = {"vae": {"epochs": 2}, "gan": {"rounds": 1, "batch": 8}}


def rng_of(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def digits(rows: int = 600) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    data = load_digits()
    images = np.rint(data.images[:rows, :, :, None] * (255 / 16)).astype(np.uint8)
    ink = images.mean(axis=(1, 2, 3))
    symbol = np.digitize(ink, np.quantile(ink, [0.1, 0.2, 0.4, 0.6, 0.8]))
    return images, {"digit": data.target[:rows].astype(np.int64), "ink": np.stack([symbol, ink % 1], axis=1)}


def fit(name: str, run: Run, **options) -> FieldGenerator:
    family, chosen = SHORT[name]
    images, told = digits()
    return family.fit(BLOCK, images, GIVEN, told, family.Settings(**{**chosen, **options}), run)


@pytest.fixture(scope="module", params=sorted(SHORT))
def fitted(request):
    return fit(request.param, Run(seed=3))


def test_samples_are_images_of_the_block(fitted):
    _, told = digits(70)
    check_arrays({"image": BLOCK}, {"image": fitted.sample(rng_of(0), 70, told)})
    one = {name: array[:1] for name, array in told.items()}
    assert fitted.sample(rng_of(0), 1, one).shape == (1, 8, 8, 1)


def test_the_same_random_stream_gives_the_same_images(fitted):
    _, told = digits(70)
    first, second, other = (fitted.sample(rng_of(seed), 70, told) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()


def test_what_is_told_changes_the_images(fitted):
    _, told = digits(70)
    other = {**told, "digit": (told["digit"] + 1) % 10}
    assert (fitted.sample(rng_of(5), 70, told) != fitted.sample(rng_of(5), 70, other)).any()


def test_told_rows_of_another_number_are_refused(fitted):
    _, told = digits(70)
    with pytest.raises(ValueError, match="71 rows"):
        fitted.sample(rng_of(5), 71, told)
    with pytest.raises(ValueError, match="digit"):
        fitted.sample(rng_of(5), 70, {})


def test_what_is_restored_samples_the_same_images(fitted):
    _, told = digits(70)
    config = json.loads(json.dumps(fitted.config()))
    again = type(fitted).restore(BLOCK, GIVEN, config, fitted.weights())
    np.testing.assert_array_equal(fitted.sample(rng_of(4), 70, told), again.sample(rng_of(4), 70, told))


def test_weights_that_do_not_fit_are_refused(fitted):
    weights = fitted.weights()
    cut = {**weights, "decode_enter": weights["decode_enter"][:, 1:]}
    with pytest.raises(ValueError, match="weight"):
        type(fitted).restore(BLOCK, GIVEN, fitted.config(), cut)
    with pytest.raises(ValueError, match="weight"):
        type(fitted).restore(Pixels(16, 16, 1), GIVEN, fitted.config(), weights)


def test_images_look_like_what_is_told(fitted):
    images, told = digits()
    means = np.stack([images[told["digit"] == digit].mean(axis=0) for digit in range(10)])
    made = fitted.sample(rng_of(1), len(images), told).astype(float)
    nearest = ((made[:, None] - means[None]) ** 2).sum(axis=(2, 3, 4)).argmin(axis=1)
    assert (nearest == told["digit"]).mean() > 0.4


@pytest.mark.parametrize("name", sorted(SHORT))
def test_images_are_learned_without_anything_told(name):
    family, chosen = SHORT[name]
    generator = family.fit(BLOCK, digits()[0], {}, {}, family.Settings(**{**chosen, **FEW[name]}), Run(seed=2**31 + 1))
    assert generator.sample(rng_of(0), 5, {}).shape == (5, 8, 8, 1)


@pytest.mark.parametrize("name", sorted(SHORT))
def test_coloured_images_of_odd_sizes_are_learned(name):
    family, chosen = SHORT[name]
    images, told = digits(200)
    block = Pixels(9, 14, 3)
    wide = np.resize(np.repeat(images, 3, axis=3), (200, 9, 14, 3))
    generator = family.fit(block, wide, GIVEN, told, family.Settings(**{**chosen, **FEW[name]}), Run())
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


@pytest.mark.parametrize("name", sorted(SHORT))
def test_a_run_that_was_interrupted_resumes_to_the_same_weights(tmp_path, name):
    whole = fit(name, Run(seed=1), **FEW[name])
    checkpoint = tmp_path / "state"
    with pytest.raises(KeyboardInterrupt):
        fit(name, Run(seed=1, checkpoint=checkpoint, callbacks=[StopAfter(21)]), **FEW[name])
    resumed = fit(name, Run(seed=1, checkpoint=checkpoint, resume=True), **FEW[name])
    for key, weight in whole.weights().items():
        np.testing.assert_array_equal(weight, resumed.weights()[key])
    assert not checkpoint.exists()


@pytest.mark.parametrize("name", sorted(SHORT))
def test_divergence_is_reported_and_nothing_is_returned(name):
    with pytest.raises(TrainingError, match="diverged"):
        fit(name, Run(), learning_rate=1e30, **FEW[name])


def test_a_generator_that_repeats_itself_is_refused():
    images, told = digits()
    features = told_features(GIVEN, told, len(images))
    quality = ImageQuality(Canvas(BLOCK, 8, 1), images, features)
    check_spread(quality, images, features)
    one_each = images[[np.flatnonzero(told["digit"] == digit)[0] for digit in told["digit"]]]
    with pytest.raises(TrainingError, match="collapsed"):
        check_spread(quality, np.repeat(images[:1], len(images), axis=0), features)
    assert quality.distance(one_each, features) > 5 * quality.distance(images[::-1], features[::-1])


def test_encoded_images_are_decoded_to_about_themselves():
    generator = fit("vae", Run(seed=0), epochs=25)
    images, told = digits(200)
    places = generator.encode(images, told)
    assert places.shape == (200, generator.width)
    error = np.abs(generator.decode(places, told).astype(float) - images).mean()
    assert error < 0.7 * np.abs(images - images.mean(axis=0)).mean()


def test_variations_go_from_the_image_to_any_image(fitted):
    images, told = digits(200)
    one = {name: np.repeat(array[:1], 200, axis=0) for name, array in told.items()}
    near, far = (
        vary(fitted, np.repeat(images[:1], 200, axis=0), one, strength, rng_of(2)).astype(float)
        for strength in (0.2, 1.0)
    )
    assert near.std(axis=0).mean() < far.std(axis=0).mean()
    np.testing.assert_array_equal(far, fitted.sample(rng_of(2), 200, one))
    with pytest.raises(ValueError, match="strength"):
        vary(fitted, images, told, 1.5, rng_of(0))


def test_the_way_between_images_leads_from_one_to_the_other_in_small_steps(fitted):
    images, told = digits(2)
    ends = fitted.decode(fitted.encode(images, told), told)
    one = {name: np.repeat(array[:1], 12, axis=0) for name, array in told.items()}
    way = between(fitted, images, told, one, 12).astype(float)
    np.testing.assert_array_equal(way[0], ends[0])
    lengths = np.abs(np.diff(way, axis=0)).mean(axis=(1, 2, 3))
    assert lengths.max() < 0.7 * np.abs(way[-1] - way[0]).mean()
    same = between(fitted, images[[0, 0]], {name: array[[0, 0]] for name, array in told.items()}, one, 12)
    assert (same == same[:1]).all()


def test_noise_that_led_to_latent_vectors_is_found_again():
    rng = np.random.default_rng(0)
    shapes = image_vae_shapes(Canvas(BLOCK, 4, 1), told=3, latent=6, couplings=3, inner=8)
    weights = {name: rng.normal(0, 0.4, shape).astype(np.float32) for name, shape in shapes.items()}
    noise, told = (rng.normal(size=(20, width)).astype(np.float32) for width in (6, 3))
    latent = latents_of_noise(weights, noise, told)
    np.testing.assert_allclose(noise_of_latents(weights, latent, told), noise, atol=1e-4)


@pytest.mark.parametrize("block", [Pixels(28, 28, 1), Pixels(30, 17, 3), Pixels(8, 64, 3)])
def test_numpy_and_keras_compute_the_same(block):
    canvas, rng = Canvas(block, 4, 2), np.random.default_rng(0)
    style = rng.normal(size=(5, 12)).astype(np.float32)
    decoder, encoder = ImageDecoder(canvas, 12, rng), ImageEncoder(canvas, 12, 7, rng)
    images = np.rint((decoder(tf.constant(style)).numpy() + 1) * 127.5)
    drawn = decode_images(canvas, decoder.export(), style)
    assert drawn.std() > 5
    assert np.abs(drawn - images).max() <= 1
    expected = encoder(as_numbers(tf.constant(drawn)), tf.constant(style)).numpy()
    np.testing.assert_allclose(encode_images(canvas, encoder.export(), drawn, style), expected, atol=1e-4)


def test_told_features_keep_places_atoms_and_missing_apart():
    given = {"one": Categorical(3), "many": Categorical(1000), "amount": Binned(2, 4, 5, links=1)}
    amount = np.array([[0, 0.0], [1, 0.3], [2, 0.5], [5, 1.5]])
    told = {"one": np.array([0, 1, 2, 0]), "many": np.array([7, 8, 9, 999]), "amount": amount}
    features = told_features(given, told, 4)
    assert features.shape == (4, told_width(given)) == (4, 3 + 0 + 4)
    np.testing.assert_allclose(features[:, 3:], [[0, 0, 1, 0], [0, 0, 0, 1], [1, 0.125, 0, 0], [1, 0.875, 0, 0]])
    assert told_features({}, {}, 6).shape == (6, 0)
    with pytest.raises(TypeError, match="Tokens"):
        told_width({"note": Tokens(4, 9)})


def test_images_are_moved_and_cut_out_and_left_alone_as_asked():
    images = tf.constant(np.arange(2 * 16 * 16, dtype=np.float32).reshape(2, 16, 16, 1))
    nothing = draw_changes(rng_of(0), Pixels(16, 16, 1), 2, 0.0)
    np.testing.assert_array_equal(augmented(images, nothing), images)
    moved = augmented(images, tf.constant([[1, 0, -1000, -1000], [0, -2, 8, 8]])).numpy()
    np.testing.assert_array_equal(moved[0, 1:], images[0, :-1])
    np.testing.assert_array_equal(moved[0, 0], images[0, 0])
    assert (moved[1, 5:12, 5:12] == 0).all()
    np.testing.assert_array_equal(moved[1, 0, :-2], images[1, 0, 2:])


@pytest.mark.parametrize("block", [Pixels(4, 8, 1), Pixels(65, 8, 1), Categorical(3)])
def test_blocks_that_cannot_be_learned_are_refused(block):
    for family, _ in SHORT.values():
        with pytest.raises(ValueError, match=r"sides are from 8 to 64|no image"):
            family.fit(block, digits()[0], {}, {}, family.Settings(), Run())


def test_images_are_sampled_without_tensorflow():
    code = """
import sys
import synthdata.models.image.gan.model, synthdata.models.image.vae.model
print(*{"tensorflow", "keras"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not done.stdout.split()
