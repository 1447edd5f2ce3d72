"""What every generator of texts must do, shown with a toy language: the label says which words there are."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
import tensorflow as tf

from synthdata.blocks import Categorical, Pixels, Tokens, check_arrays
from synthdata.errors import TrainingError
from synthdata.models import FIELD_FAMILIES, field_family, field_settings
from synthdata.models.base import FieldGenerator, FieldLatentSpace, Writer
from synthdata.models.latent_paths import between, vary
from synthdata.models.samplers.prior import latents_of_noise, noise_of_latents
from synthdata.models.text.gan.training import Autoencoder, Hyperparameters, check_vectors, learn_game
from synthdata.models.text.packing import pack
from synthdata.models.text.sampler import text_surprise
from synthdata.models.text.transformer.network import TextTransformer
from synthdata.models.text.vae.network import TextVAE
from synthdata.models.text.vae.sampler import encode_texts, mutual_information, surprise_bound
from synthdata.models.text.vae.training import check_use
from synthdata.models.training.plan import Run

LENGTH, WORDS = 8, 6  # of a text; of a label
BLOCK = Tokens(LENGTH, 1 + 2 * WORDS)
GIVEN = {"label": Categorical(2)}
TINY = {"width": 16, "layers": 1, "heads": 2, "widen": 2, "dropout": 0.0}
VAE = {**TINY, "encoder_layers": 1, "latent": 4, "couplings": 1, "inner": 8, "batch": 400, "learning_rate": 0.02}
SHORT = {
    "transformer": {**TINY, "batch": 400, "epochs": 30},
    "vae": {**VAE, "epochs": 38},
    "gan": {"texts": {**VAE, "epochs": 38}, "width": 16, "critic_width": 16, "rounds": 1, "batch": 64},
}


def rng_of(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def toy(rows: int = 400) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Texts of some words, all of one of the three pairs that their label has."""
    rng = np.random.default_rng(0)
    label, pair, sizes = rng.integers(0, 2, rows), rng.integers(0, 3, rows), rng.integers(2, LENGTH + 1, rows)
    words = 1 + WORDS * label[:, None] + 2 * pair[:, None] + rng.integers(0, 2, (rows, LENGTH))
    return np.where(np.arange(LENGTH) < sizes[:, None], words, 0), {"label": label}


def pairs_of(texts: np.ndarray) -> np.ndarray:
    """The pair that a text's first word is of: (n,)."""
    return (texts[:, 0] - 1) % WORDS // 2


def fit(name: str, run: Run, **options) -> FieldGenerator:
    family, texts_told = field_family(BLOCK, name), toy()
    chosen = field_settings(BLOCK, name, {**SHORT[name], **options})[1]
    return family.fit(BLOCK, texts_told[0], GIVEN, texts_told[1], chosen, run)


@pytest.fixture(scope="module", params=sorted(SHORT))
def fitted(request):
    return fit(request.param, Run(seed=3))


@pytest.fixture(scope="module")
def vae(fitted):
    if not isinstance(fitted, FieldLatentSpace):
        pytest.skip("texts have no places in it")
    return fitted


def test_every_family_has_a_short_run_here():
    with_presets = {"pretrained"}  # whose language a preset brings: test_pretrained
    assert set(SHORT) == set(FIELD_FAMILIES["Tokens"]) - with_presets


@pytest.mark.parametrize("rows", [0, 1, 300])
def test_samples_are_texts_of_the_block(fitted, rows):
    texts = fitted.sample(rng_of(0), rows, {"label": np.zeros(rows, np.int64)})
    assert check_arrays({"text": BLOCK}, {"text": texts}) == rows
    ended = np.cumsum(texts == 0, axis=1) > 0
    assert (texts[ended] == 0).all()


def test_the_same_random_stream_gives_the_same_texts(fitted):
    told = toy()[1]
    first, second, other = (fitted.sample(rng_of(seed), 400, told) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()


def test_what_is_told_is_heard(fitted):
    told = toy()[1]
    words = fitted.sample(rng_of(1), 400, told)
    own = (words - 1) // WORDS == told["label"][:, None]
    assert own[words > 0].mean() > 0.9


def test_a_text_is_of_one_piece(fitted):
    texts = fitted.sample(rng_of(1), 400, toy()[1])
    agree = (texts - 1) // 2 == (texts[:, :1] - 1) // 2
    assert agree[texts > 0].mean() > 0.7


def test_texts_vary_in_what_is_not_told(fitted):
    texts = fitted.sample(rng_of(1), 400, toy()[1])
    assert np.bincount(pairs_of(texts[texts[:, 0] > 0]), minlength=3).min() > 0.1 * len(texts)


def test_told_rows_of_another_number_are_refused(fitted):
    with pytest.raises(ValueError, match="71 rows"):
        fitted.sample(rng_of(5), 71, toy(70)[1])
    with pytest.raises(ValueError, match="label"):
        fitted.sample(rng_of(5), 70, {})


def test_what_is_restored_samples_the_same_texts(fitted):
    told = toy(70)[1]
    config = json.loads(json.dumps(fitted.config()))
    again = type(fitted).restore(BLOCK, GIVEN, config, fitted.weights())
    np.testing.assert_array_equal(fitted.sample(rng_of(4), 70, told), again.sample(rng_of(4), 70, told))


def test_weights_that_do_not_fit_are_refused(fitted):
    weights = fitted.weights()
    for name, weight in weights.items():
        with pytest.raises(ValueError, match="weight"):
            type(fitted).restore(BLOCK, GIVEN, fitted.config(), {**weights, name: weight[:-1]})
    with pytest.raises(ValueError, match="weight"):
        type(fitted).restore(Tokens(LENGTH, 9), GIVEN, fitted.config(), weights)
    with pytest.raises(ValueError, match="no text"):
        type(fitted).restore(Pixels(8, 8, 1), GIVEN, fitted.config(), weights)


def test_its_history_names_epochs_in_order(fitted):
    epochs = [row["epoch"] for row in fitted.history]
    assert epochs == list(range(1, len(epochs) + 1))


def test_a_text_goes_on_from_its_beginning(fitted):
    if not isinstance(fitted, Writer):
        pytest.skip("draws no text from its beginning")
    told = {"label": np.zeros(200, np.int64)}
    texts = fitted.go_on(rng_of(2), 200, told, np.array([3, 4]))
    assert (texts[:, :2] == [3, 4]).all()
    later = texts[:, 2:][texts[:, 2:] > 0]
    assert np.isin(later, [3, 4]).mean() > 0.7


def test_what_is_like_the_training_texts_is_less_of_a_surprise(fitted):
    if not isinstance(fitted, Writer):
        pytest.skip("tells no surprise")
    texts, told = toy()
    own, other = fitted.surprise(texts, told), fitted.surprise(texts, {"label": 1 - told["label"]})
    assert own.shape == (400,)
    assert own.mean() < other.mean() - 2
    np.testing.assert_array_equal(own, fitted.surprise(texts, told))


class StopAfter(keras.callbacks.Callback):
    def __init__(self, batches: int) -> None:
        super().__init__()
        self.left = batches

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


def test_a_run_that_was_interrupted_resumes_to_the_same_weights(tmp_path, fitted):
    if not isinstance(fitted, field_family(BLOCK, "transformer")):
        pytest.skip("by the same loop, and takes long to compile")
    checkpoint = tmp_path / "state"
    with pytest.raises(KeyboardInterrupt):
        fit("transformer", Run(seed=3, checkpoint=checkpoint, callbacks=[StopAfter(100)]))
    resumed = fit("transformer", Run(seed=3, checkpoint=checkpoint, resume=True)).weights()
    for key, weight in fitted.weights().items():
        np.testing.assert_array_equal(weight, resumed[key])
    assert not list(tmp_path.iterdir())


def test_the_numpy_sampler_has_the_likelihoods_of_the_model():
    texts, told = toy(60)
    features = np.eye(2, dtype=np.float32)[told["label"]]
    model = TextTransformer(
        frequencies=np.ones(BLOCK.vocabulary), steps=96, told=2, width=16, layers=2, heads=2, wide=32, dropout=0, seed=1
    )
    packs = pack(texts, seed=0)
    shown = tf.ones(packs.inputs.shape)
    padded = np.vstack([features, np.zeros((1, 2), np.float32)])[packs.texts]
    kept = tf.constant(packs.inputs), shown, tf.constant(packs.owners), tf.constant(packs.places), tf.constant(padded)
    mean = float(model.surprise(tf.constant(packs.targets), *kept))
    alone = text_surprise(model.export(), 2, features, texts)
    assert mean * (packs.owners >= 0).sum() == pytest.approx(alone.sum(), rel=1e-4)


# --- the latent space of the VAE --------------------------------------------------------------------------------------


def small_vae(**options) -> TextVAE:
    sizes = {"latent": 4, "width": 16, "layers": 1, "encoder_layers": 2, "heads": 2, "wide": 32}
    parts = {"couplings": 3, "inner": 8, "dropout": 0.0, "free": 0.5, "seed": 1}
    model = TextVAE(frequencies=np.ones(BLOCK.vocabulary), steps=96, told=2, **sizes, **{**parts, **options})
    rng = np.random.default_rng(3)
    for coupling in model.couplings:  # they start as doing nothing
        coupling.leave.assign(rng.normal(0, 0.2, coupling.leave.shape))
    return model


def packed(texts: np.ndarray, features: np.ndarray, latent: int) -> dict[str, np.ndarray]:
    """What the model is called with, by name; nothing hidden and no noise."""
    packs = pack(texts, seed=0)
    return {
        "targets": packs.targets,
        "inputs": packs.inputs,
        "shown": np.ones(packs.inputs.shape, np.float32),
        "owners": packs.owners,
        "places": packs.places,
        "told": np.vstack([features, np.zeros((1, 2), np.float32)])[packs.texts],
        "present": (packs.texts >= 0).astype(np.float32),
        "noise": np.zeros((*packs.texts.shape, latent), np.float32),
        "beta": np.float32(1.0),
    }


def test_numpy_encodes_as_the_model_does_and_knows_the_same_prior():
    texts, told = toy(60)
    features = np.eye(2, dtype=np.float32)[told["label"]]
    model, packs = small_vae(), pack(texts, seed=0)
    weights, batch = model.export(), packed(texts, features, 4)
    mean, log_scale = model.encoder(*(tf.constant(batch[key]) for key in ("inputs", "owners", "places", "told")))
    own, own_scale = encode_texts(weights, 2, features, texts)
    row, place = np.nonzero(packs.texts >= 0)
    numbers = packs.texts[row, place]
    np.testing.assert_allclose(mean.numpy()[row, place], own[numbers], atol=1e-4)
    np.testing.assert_allclose(log_scale.numpy()[row, place], own_scale[numbers], atol=1e-4)
    noise = np.random.default_rng(0).standard_normal((60, 4)).astype(np.float32)
    latent = latents_of_noise(weights, noise, features)
    np.testing.assert_allclose(noise_of_latents(weights, latent, features), noise, atol=1e-4)


def test_the_bound_of_many_vectors_is_below_that_of_one_and_holds():
    texts, told = toy(60)
    features = np.eye(2, dtype=np.float32)[told["label"]]
    model = small_vae()
    batch = packed(texts, features, 4)
    batch["noise"] = np.random.default_rng(0).standard_normal(batch["noise"].shape).astype(np.float32)
    one = float(model(**{key: tf.constant(value) for key, value in batch.items()})[1]) * (batch["owners"] >= 0).sum()
    many = surprise_bound(model.export(), 2, features, texts, np.random.default_rng(0)).sum()
    assert 0.5 * one < many < one


def test_no_number_of_a_vector_pays_for_its_free_nats():
    texts, told = toy(60)
    features = np.eye(2, dtype=np.float32)[told["label"]]

    def pull(free: float, beta: float) -> np.ndarray:
        model = small_vae(free=free)
        batch = {**packed(texts, features, 4), "beta": np.float32(beta)}
        with tf.GradientTape() as tape:
            goal, _ = model(**{key: tf.constant(value) for key, value in batch.items()})
        return tape.gradient(goal, model.encoder.leave.value).numpy()

    np.testing.assert_allclose(pull(100.0, 1.0), pull(100.0, 0.0), atol=1e-6)
    assert np.abs(pull(0.0, 1.0) - pull(0.0, 0.0)).max() > 1e-3


def test_a_text_comes_back_from_its_place(vae):
    texts, told = toy()
    noise = vae.encode(texts, told)
    assert noise.shape == (400, vae.width)
    back = vae.decode(noise, told)
    there = back[:, 0] > 0
    assert (pairs_of(back) == pairs_of(texts))[there].mean() > 0.8
    np.testing.assert_array_equal(back, vae.decode(noise, told))


def test_the_way_between_two_texts_begins_at_one_and_ends_at_the_other(vae):
    texts, told = toy()
    ends = [int(np.flatnonzero((pairs_of(texts) == pair) & (told["label"] == 0))[0]) for pair in (0, 2)]
    way = between(vae, texts[ends], {"label": told["label"][ends]}, {"label": np.zeros(9, np.int64)}, 9)
    pairs = pairs_of(way)
    assert pairs[0] == 0
    assert pairs[-1] == 2


def test_a_text_that_is_varied_little_stays_what_it_is(vae):
    texts, told = toy()
    near, far = (vary(vae, texts, told, strength, rng_of(0)) for strength in (0.1, 1.0))
    np.testing.assert_array_equal(vary(vae, texts, told, 0.0, rng_of(0)), vae.decode(vae.encode(texts, told), told))
    kept = [(pairs_of(each) == pairs_of(texts)).mean() for each in (near, far)]
    assert kept[0] > 0.8 > kept[1]


def test_how_vectors_are_used_is_measured(vae):
    use = vae.config()["use"]
    assert 0.5 < use["says"] < np.log(400)
    assert use["heard"] > 0.5
    assert use["numbers"] > 0
    far, near = np.arange(50)[:, None] * 100.0, np.zeros((50, 1))
    assert mutual_information(far, np.zeros((50, 1)), rng_of(0)) == pytest.approx(np.log(50))
    assert mutual_information(near, np.zeros((50, 1)), rng_of(0)) == pytest.approx(0, abs=1e-9)


def test_vectors_that_are_not_used_are_refused(vae):
    texts, told = toy()
    features = np.eye(2, dtype=np.float32)[told["label"]]
    weights = vae.weights()
    silent = {"encode_leave": np.zeros_like(weights["encode_leave"])}
    deaf = {name: weights[name] * np.r_[[1, 1], np.zeros(4)][:, None] for name in ("write_start", "write_told")}
    for changed in (silent, deaf):
        with pytest.raises(TrainingError, match="posterior collapse"):
            check_use({**weights, **changed}, 2, texts, features, Run())


def test_a_gan_that_draws_the_same_few_vectors_is_refused():
    rng, told = np.random.default_rng(0), np.zeros((500, 0))
    real = rng.normal(size=(500, 4))
    check_vectors(real, told, rng.normal(size=(500, 4)), told)
    with pytest.raises(TrainingError, match="collapsed"):
        check_vectors(real, told, 0.1 * rng.normal(size=(500, 4)), told)


def test_a_game_that_leaves_all_bounds_is_reported():
    settings = field_settings(BLOCK, "gan", {"rounds": 1, "width": 16, "critic_width": 16, "learning_rate": 1e30})[1]
    texts = Autoencoder(**settings.texts.chosen_for(1000).model_dump())
    chosen = Hyperparameters(texts, **settings.model_dump(exclude={"texts", "temperature", "top_p"}))
    posteriors = np.random.default_rng(0).normal(size=(300, 32)).astype(np.float32)
    with pytest.raises(TrainingError, match="diverged"):
        learn_game(posteriors, np.zeros_like(posteriors), np.zeros((300, 0), np.float32), chosen, Run())
