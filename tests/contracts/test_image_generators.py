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
from short import FEW_IMAGE as FEW
from short import IMAGE as SHORT
from sklearn.datasets import load_digits

from synthdata.blocks import Binned, Block, Categorical, Pixels, Tokens, check_arrays, take
from synthdata.errors import TrainingError
from synthdata.models import families_of, field_family, field_settings
from synthdata.models.base import Generator, LatentSpace, Signature
from synthdata.models.image.diff_augment import augment, draw_changes
from synthdata.models.image.gan.network import ImageGANNetwork
from synthdata.models.image.gan.training import MOST_NORM, ImageGANTask, check_diversity
from synthdata.models.image.quality import ImageQuality
from synthdata.models.latent_paths import interpolate, vary
from synthdata.models.layers.conv import ImageDecoder, ImageEncoder, from_pixels
from synthdata.models.samplers.condition import condition_width, encode_condition
from synthdata.models.samplers.conv import decode_images, encode_images
from synthdata.models.samplers.prior import latents_of_noise, noise_of_latents, prior_shapes
from synthdata.models.samplers.resolutions import Resolutions
from synthdata.models.training.adversarial import losses
from synthdata.models.training.batches import Batches
from synthdata.models.training.plan import Run

BLOCK = Pixels(8, 8, 1)
CONDITION = {"digit": Categorical(10), "ink": Binned(2, 4, 3)}
SIGNATURE = Signature({"image": BLOCK}, CONDITION)
LIKENESS = {"vae": 0.4, "gan": 0.4, "transformer": 0.5}  # share of images that are nearest to their digit's mean
DIVERGING = {"vae": "learning_rate", "gan": "learning_rate", "transformer": "tokenizer_learning_rate"}
WITH_LATENTS = ["gan", "vae"]


def rng_of(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def digits(rows: int = 600) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Images, and the arrays of their condition."""
    data = load_digits()
    images = np.rint(data.images[:rows, :, :, None] * (255 / 16)).astype(np.uint8)
    ink = images.mean(axis=(1, 2, 3))
    symbol = np.digitize(ink, np.quantile(ink, [0.1, 0.2, 0.4, 0.6, 0.8]))
    return images, {"digit": data.target[:rows].astype(np.int64), "ink": np.stack([symbol, ink % 1], axis=1)}


def settings_of(name: str, **options):
    return field_settings(BLOCK, name, {**SHORT[name], **options})[1]


def fit(name: str, run: Run, **options) -> Generator:
    images, condition = digits()
    return field_family(BLOCK, name).fit(SIGNATURE, {"image": images, **condition}, settings_of(name, **options), run)


def drawn(generator: Generator, seed: int, condition: dict[str, np.ndarray]) -> np.ndarray:
    return generator.sample(rng_of(seed), len(condition["digit"]), condition=condition)["image"]


@pytest.fixture(scope="module")
def trained():
    """Generators by family, each trained when it is first asked for."""
    known: dict[str, Generator] = {}

    def of(name: str) -> Generator:
        if name not in known:
            known[name] = fit(name, Run(seed=3))
        return known[name]

    return of


@pytest.fixture(params=sorted(SHORT))
def fitted(request, trained):
    return trained(request.param)


@pytest.fixture(params=WITH_LATENTS)
def with_latents(request, trained):
    return trained(request.param)


def test_every_family_has_a_short_run_here():
    assert set(SHORT) == set(families_of(BLOCK))
    able = [name for name in SHORT if issubclass(field_family(BLOCK, name), LatentSpace)]
    assert sorted(able) == WITH_LATENTS


def test_every_setting_is_described():
    for name in SHORT:
        for key, field in field_family(BLOCK, name).Settings.model_fields.items():
            assert field.description, f"{name}: {key}"


@pytest.mark.parametrize("rows", [0, 1, 70])
def test_samples_are_images_of_the_block(fitted, rows):
    samples = fitted.sample(rng_of(0), rows, condition=take(digits(70)[1], slice(rows)))
    assert check_arrays({"image": BLOCK}, samples) == rows
    assert samples["image"].dtype == np.uint8


def test_the_same_random_stream_gives_the_same_images(fitted):
    condition = digits(70)[1]
    first, second, other = (drawn(fitted, seed, condition) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()


def test_the_condition_changes_the_images(fitted):
    condition = digits(70)[1]
    other = {**condition, "digit": (condition["digit"] + 1) % 10}
    assert (drawn(fitted, 5, condition) != drawn(fitted, 5, other)).any()


def test_a_condition_of_another_number_of_rows_is_refused(fitted):
    condition = digits(70)[1]
    with pytest.raises(ValueError, match="71 rows"):
        fitted.sample(rng_of(5), 71, condition=condition)
    with pytest.raises(ValueError, match="digit"):
        fitted.sample(rng_of(5), 70)


def test_what_is_restored_samples_the_same_images(fitted):
    condition = digits(70)[1]
    config = json.loads(json.dumps(fitted.config()))
    again = type(fitted).restore(SIGNATURE, config, fitted.weights)
    np.testing.assert_array_equal(drawn(fitted, 4, condition), drawn(again, 4, condition))


def test_weights_that_do_not_fit_are_refused(fitted):
    weights, config = fitted.weights, fitted.config()
    for name, weight in weights.items():
        with pytest.raises(ValueError, match="weight"):
            type(fitted).restore(SIGNATURE, config, {**weights, name: weight[..., 1:]})
    with pytest.raises(ValueError, match="weight"):
        type(fitted).restore(Signature({"image": Pixels(28, 28, 1)}, CONDITION), config, weights)
    with pytest.raises(ValueError, match="not an image"):
        type(fitted).restore(Signature({"image": Tokens(4, 9)}, CONDITION), config, weights)


def test_no_weight_is_without_a_shape(fitted):
    assert set(type(fitted).shapes(SIGNATURE, fitted.settings, fitted.facts)) == set(fitted.weights)


@pytest.mark.parametrize("name", sorted(SHORT))
def test_images_look_like_their_condition(trained, name):
    images, condition = digits()
    means = np.stack([images[condition["digit"] == digit].mean(axis=0) for digit in range(10)])
    generated = drawn(trained(name), 1, condition).astype(float)
    nearest = ((generated[:, None] - means[None]) ** 2).sum(axis=(2, 3, 4)).argmin(axis=1)
    assert (nearest == condition["digit"]).mean() > LIKENESS[name]


@pytest.mark.parametrize("name", sorted(SHORT))
def test_images_are_learned_without_a_condition(name):
    signature, settings = Signature({"image": BLOCK}), settings_of(name, **FEW[name])
    generator = field_family(BLOCK, name).fit(signature, {"image": digits()[0]}, settings, Run(seed=2**31 + 1))
    assert generator.sample(rng_of(0), 5)["image"].shape == (5, 8, 8, 1)


@pytest.mark.parametrize("name", sorted(SHORT))
def test_coloured_images_of_odd_sizes_are_learned_and_come_under_the_name_of_their_field(name):
    images, condition = digits(200)
    signature = Signature({"scan": Pixels(9, 14, 3)}, CONDITION)
    wide = {"scan": np.resize(np.repeat(images, 3, axis=3), (200, 9, 14, 3))}
    settings = settings_of(name, **FEW[name])
    generator = field_family(BLOCK, name).fit(signature, {**wide, **condition}, settings, Run())
    check_arrays(signature.layout, generator.sample(rng_of(0), 200, condition=condition))
    if name in WITH_LATENTS:
        check_arrays(signature.layout, generator.decode(generator.encode(wide, condition), condition))


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
    """Weights by family of runs that were not interrupted, each trained when it is first asked for."""
    known: dict[str, dict[str, np.ndarray]] = {}

    def of(name: str) -> dict[str, np.ndarray]:
        if name not in known:
            known[name] = fit(name, Run(seed=1), **FEW[name]).weights
        return known[name]

    return of


# Of the Transformer's 16 steps an epoch: in the first stage, which has a checkpoint of its own, and in the second.
@pytest.mark.parametrize(
    ("name", "steps", "kept"),
    [("vae", 21, True), ("gan", 21, True), ("transformer", 9, False), ("transformer", 25, True)],
)
def test_a_run_that_was_interrupted_resumes_to_the_same_weights(tmp_path, whole, name, steps, kept):
    checkpoint = tmp_path / "state"
    with pytest.raises(KeyboardInterrupt):
        fit(name, Run(seed=1, checkpoint=checkpoint, callbacks=[StopAfter(steps)]), **FEW[name])
    assert checkpoint.exists() == kept
    resumed = fit(name, Run(seed=1, checkpoint=checkpoint, resume=True), **FEW[name]).weights
    for key, weight in whole(name).items():
        np.testing.assert_array_equal(weight, resumed[key])
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", sorted(SHORT))
def test_divergence_is_reported_and_nothing_is_returned(name):
    with pytest.raises(TrainingError, match="diverged"):
        fit(name, Run(), **{DIVERGING[name]: 1e30}, **FEW[name])


def test_a_generator_that_repeats_itself_is_refused():
    images, condition = digits()
    features = encode_condition(CONDITION, condition, len(images))
    quality = ImageQuality(BLOCK, images, features)
    check_diversity(quality, images, features)
    one_each = images[[np.flatnonzero(condition["digit"] == digit)[0] for digit in condition["digit"]]]
    with pytest.raises(TrainingError, match="collapsed"):
        check_diversity(quality, np.repeat(images[:1], len(images), axis=0), features)
    assert quality.distance(one_each, features) > 5 * quality.distance(images[::-1], features[::-1])


def test_blurred_images_are_far_from_real_ones():
    images, condition = digits()
    features = encode_condition(CONDITION, condition, len(images))
    real, others = slice(0, 300), slice(300, 600)
    quality = ImageQuality(BLOCK, images[real], features[real])
    blurred = np.rint(images.reshape(-1, 4, 2, 4, 2, 1).mean(axis=(2, 4))).repeat(2, axis=1).repeat(2, axis=2)
    far = quality.distance(blurred[others].astype(np.uint8), features[others])
    assert far > 3 * quality.distance(images[others], features[others])


def test_the_generator_descends_its_own_loss():
    images, condition = digits(32)
    features = encode_condition(CONDITION, condition, 32)
    settings, run = settings_of("gan", batch_size=32, diff_augment=0.5), Run(seed=3)
    model = ImageGANNetwork(BLOCK, features.shape[1], settings, 3)
    task = ImageGANTask(model, BLOCK, images, features, Batches.of(32, settings, run), settings)
    batch = images_of_step, features, latent, changes, _ = [tf.constant(each) for each in task.batch(0, 0.0)]
    _, found = task.gradients([variable.value for variable in model.trainable_variables], *batch)
    with tf.GradientTape() as tape:
        shown = augment(model.generate(latent, features), changes)
        real = model.critic(augment(from_pixels(images_of_step), changes), features)
        _, loss = losses(real, model.critic(shown, features))
    own = [variable.value for variable in model.generator.trainable_variables]
    expected, _ = tf.clip_by_global_norm(tape.gradient(loss, own), MOST_NORM)
    places = {id(variable): i for i, variable in enumerate(model.trainable_variables)}
    for variable, gradient in zip(model.generator.trainable_variables, expected, strict=True):
        np.testing.assert_allclose(found[places[id(variable)]], gradient, atol=1e-5)


def test_encoded_images_are_decoded_to_about_themselves():
    generator = fit("vae", Run(seed=0), epochs=25)
    images, condition = digits(200)
    latent = generator.encode({"image": images}, condition)
    assert latent.shape == (200, generator.latent_dim)
    error = np.abs(generator.decode(latent, condition)["image"].astype(float) - images).mean()
    assert error < 0.7 * np.abs(images - images.mean(axis=0)).mean()


def test_variations_go_from_the_image_to_any_image(with_latents):
    images, condition = digits(200)
    one = {name: np.repeat(array[:1], 200, axis=0) for name, array in condition.items()}
    near, far = (
        vary(with_latents, {"image": np.repeat(images[:1], 200, axis=0)}, one, strength, rng_of(2))["image"].astype(
            float
        )
        for strength in (0.2, 1.0)
    )
    assert near.std(axis=0).mean() < far.std(axis=0).mean()
    np.testing.assert_array_equal(far, drawn(with_latents, 2, one))
    with pytest.raises(ValueError, match="strength"):
        vary(with_latents, {"image": images}, condition, 1.5, rng_of(0))


def test_interpolation_leads_from_one_image_to_the_other_in_small_steps(with_latents):
    images, condition = digits(2)
    ends = with_latents.decode(with_latents.encode({"image": images}, condition), condition)["image"]
    one = {name: np.repeat(array[:1], 12, axis=0) for name, array in condition.items()}
    path = interpolate(with_latents, {"image": images}, condition, one, 12)["image"].astype(float)
    np.testing.assert_array_equal(path[0], ends[0])
    lengths = np.abs(np.diff(path, axis=0)).mean(axis=(1, 2, 3))
    assert lengths.max() < 0.7 * np.abs(path[-1] - path[0]).mean()
    twice = {name: array[[0, 0]] for name, array in condition.items()}
    same = interpolate(with_latents, {"image": images[[0, 0]]}, twice, one, 12)["image"]
    assert (same == same[:1]).all()


def test_noise_that_led_to_latent_vectors_is_found_again():
    rng = np.random.default_rng(0)
    shapes = prior_shapes(3, latent=6, condition=3, width=8)
    weights = {name: rng.normal(0, 0.4, shape).astype(np.float32) for name, shape in shapes.items()}
    noise, condition = (rng.normal(size=(20, width)).astype(np.float32) for width in (6, 3))
    latent = latents_of_noise(weights, noise, condition)
    np.testing.assert_allclose(noise_of_latents(weights, latent, condition), noise, atol=1e-4)


@pytest.mark.parametrize(
    ("block", "patch"), [(Pixels(28, 28, 1), 1), (Pixels(30, 17, 3), 1), (Pixels(16, 64, 3), 4), (Pixels(50, 64, 3), 4)]
)
def test_numpy_and_keras_compute_the_same(block, patch):
    resolutions, rng = Resolutions.of(block, 4, 2, patch), np.random.default_rng(0)
    vector = rng.normal(size=(5, 12)).astype(np.float32)
    decoder, encoder = ImageDecoder(resolutions, 12, rng), ImageEncoder(resolutions, 12, 7, rng)
    images = np.rint((decoder(tf.constant(vector)).numpy() + 1) * 127.5)
    decoded = decode_images(resolutions, decoder.export(), vector)
    assert decoded.std() > 5
    assert np.abs(decoded - images).max() <= 1
    expected = encoder(from_pixels(tf.constant(decoded)), tf.constant(vector)).numpy()
    np.testing.assert_allclose(encode_images(resolutions, encoder.export(), decoded, vector), expected, atol=1e-4)


def test_features_of_a_condition_keep_positions_atoms_and_missing_apart():
    layout = {"one": Categorical(3), "many": Categorical(1000), "amount": Binned(2, 4, 5, links=1)}
    amount = np.array([[0, 0.0], [1, 0.3], [2, 0.5], [5, 1.5]])
    condition = {"one": np.array([0, 1, 2, 0]), "many": np.array([7, 8, 9, 999]), "amount": amount}
    features = encode_condition(layout, condition, 4)
    assert features.shape == (4, condition_width(layout)) == (4, 3 + 0 + 4)
    np.testing.assert_allclose(features[:, 3:], [[0, 0, 1, 0], [0, 0, 0, 1], [1, 0.125, 0, 0], [1, 0.875, 0, 0]])
    assert encode_condition({}, {}, 6).shape == (6, 0)
    with pytest.raises(TypeError, match="Tokens"):
        condition_width({"note": Tokens(4, 9)})


def test_images_are_shifted_and_cut_out_and_left_alone_as_asked():
    images = tf.constant(np.arange(2 * 16 * 16, dtype=np.float32).reshape(2, 16, 16, 1))
    nothing = draw_changes(rng_of(0), Pixels(16, 16, 1), 2, 0.0)
    np.testing.assert_array_equal(augment(images, nothing), images)
    changed = augment(images, tf.constant([[1, 0, -1000, -1000], [0, -2, 8, 8]])).numpy()
    np.testing.assert_array_equal(changed[0, 1:], images[0, :-1])
    np.testing.assert_array_equal(changed[0, 0], images[0, 0])
    assert (changed[1, 5:12, 5:12] == 0).all()
    np.testing.assert_array_equal(changed[1, 0, :-2], images[1, 0, 2:])


@pytest.mark.parametrize("name", sorted(SHORT))
@pytest.mark.parametrize("block", [Pixels(4, 8, 1), Pixels(65, 8, 1), Categorical(3)])
def test_blocks_that_cannot_be_learned_are_refused(name, block: Block):
    match block:
        case Pixels(height, width, channels):
            array = np.zeros((50, height, width, channels), np.uint8)
        case _:
            array = np.zeros(50, np.int64)
    with pytest.raises(ValueError, match=r"sides are from 8 to 64|not an image"):
        field_family(BLOCK, name).fit(Signature({"image": block}), {"image": array}, settings_of(name), Run())


def test_images_are_sampled_without_tensorflow():
    code = """
import sys
from synthdata.blocks import Pixels
from synthdata.models import families_of, field_family
for name in families_of(Pixels(8, 8, 1)):
    field_family(Pixels(8, 8, 1), name)
print(*{"tensorflow", "keras"} & set(sys.modules))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not done.stdout.split()
