"""What every generator of texts must do, shown with a toy language: the label says which words there are."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache

import keras
import numpy as np
import pytest
import tensorflow as tf

from synthdata.blocks import Categorical, Pixels, Tokens, check_arrays
from synthdata.errors import TrainingError
from synthdata.models import field_family, field_settings
from synthdata.models.base import Generator, LatentSpace, PromptedGenerator, Signature, Size
from synthdata.models.latent_paths import interpolate, vary
from synthdata.models.samplers.prior import latents_of_noise, noise_of_latents
from synthdata.models.text.gan.training import check_diversity, train_generator
from synthdata.models.text.packing import pack
from synthdata.models.text.sampler import draw_texts, text_nll, transformer_steps
from synthdata.models.text.transformer.network import TextTransformerNetwork
from synthdata.models.text.vae.network import TextVAENetwork
from synthdata.models.text.vae.sampler import decoder_steps, encode_texts, mutual_information, nll_bound
from synthdata.models.text.vae.training import check_use
from synthdata.models.training.plan import Run

LENGTH, WORDS = 8, 6  # of a text; of a label
BLOCK = Tokens(LENGTH, 1 + 2 * WORDS)
SIGNATURE = Signature({"note": BLOCK}, {"label": Categorical(2)})
TINY = {"width": 16, "layers": 1, "heads": 2, "mlp_ratio": 2, "dropout": 0.0, "batch_size": 400}
VAE = {**TINY, "encoder_layers": 1, "latent": 4, "coupling_layers": 1, "coupling_width": 8, "learning_rate": 0.02}
SHORT = {
    "transformer": {**TINY, "epochs": 30},
    "vae": {**VAE, "epochs": 38},
    "gan": {"texts": {**VAE, "epochs": 38}, "width": 16, "critic_width": 16, "rounds": 1, "batch_size": 64},
}
PROMPTED = [name for name in SHORT if issubclass(field_family(BLOCK, name), PromptedGenerator)]
LATENT = [name for name in SHORT if issubclass(field_family(BLOCK, name), LatentSpace)]


def rng_of(seed: int) -> np.random.Generator:
    return np.random.Generator(np.random.Philox(seed))


def toy(rows: int = 400) -> dict[str, np.ndarray]:
    """Texts of some words, all of one of the three pairs that their label has."""
    rng = np.random.default_rng(0)
    label, pair, sizes = rng.integers(0, 2, rows), rng.integers(0, 3, rows), rng.integers(2, LENGTH + 1, rows)
    words = 1 + WORDS * label[:, None] + 2 * pair[:, None] + rng.integers(0, 2, (rows, LENGTH))
    return {"note": np.where(np.arange(LENGTH) < sizes[:, None], words, 0), "label": label}


def labels(rows: int = 400) -> dict[str, np.ndarray]:
    """The condition of the toy texts."""
    return {"label": toy(rows)["label"]}


def texts_and_features(rows: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Texts, and their condition as features."""
    arrays = toy(rows)
    return arrays["note"], np.eye(2, dtype=np.float32)[arrays["label"]]


def pairs_of(texts: np.ndarray) -> np.ndarray:
    """The pair that a text's first word is of: (n,)."""
    return (texts[:, 0] - 1) % WORDS // 2


def settings_of(name: str, **options):
    return field_settings(BLOCK, name, {**SHORT[name], **options})[1]


def fit(name: str, run: Run, **options) -> Generator:
    return field_family(BLOCK, name).fit(SIGNATURE, toy(), settings_of(name, **options), run)


@pytest.fixture(scope="module")
def fits():
    return cache(lambda name: fit(name, Run(seed=3)))


@pytest.fixture(params=sorted(SHORT))
def fitted(request, fits):
    return fits(request.param)


@pytest.fixture(params=PROMPTED)
def prompted(request, fits):
    return fits(request.param)


@pytest.fixture(params=LATENT)
def space(request, fits):
    return fits(request.param)


def draw(generator: Generator, seed: int, condition: dict[str, np.ndarray]) -> np.ndarray:
    return generator.sample(rng_of(seed), len(condition["label"]), condition=condition)["note"]


def test_which_families_take_prompts_and_which_have_a_latent_space():
    assert PROMPTED == ["transformer", "vae"]
    assert LATENT == ["vae"]


@pytest.mark.parametrize("rows", [0, 1, 300])
def test_samples_are_texts_of_the_block(fitted, rows):
    arrays = fitted.sample(rng_of(0), rows, condition={"label": np.zeros(rows, np.int64)})
    assert check_arrays(SIGNATURE.layout, arrays) == rows
    ended = np.cumsum(arrays["note"] == 0, axis=1) > 0
    assert (arrays["note"][ended] == 0).all()


def test_the_same_random_stream_gives_the_same_texts(fitted):
    first, second, other = (draw(fitted, seed, labels()) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, second)
    assert (first != other).any()


def test_texts_follow_their_condition(fitted):
    words = draw(fitted, 1, labels())
    own = (words - 1) // WORDS == labels()["label"][:, None]
    assert own[words > 0].mean() > 0.9


def test_a_text_is_of_one_piece(fitted):
    texts = draw(fitted, 1, labels())
    agree = (texts - 1) // 2 == (texts[:, :1] - 1) // 2
    assert agree[texts > 0].mean() > 0.7


def test_texts_vary_in_what_the_condition_leaves_open(fitted):
    texts = draw(fitted, 1, labels())
    assert np.bincount(pairs_of(texts[texts[:, 0] > 0]), minlength=3).min() > 0.1 * len(texts)


def test_a_condition_of_another_number_of_rows_is_refused(fitted):
    with pytest.raises(ValueError, match="71 rows"):
        fitted.sample(rng_of(5), 71, condition=labels(70))
    with pytest.raises(ValueError, match="label"):
        fitted.sample(rng_of(5), 70, condition={})


def test_what_is_restored_samples_the_same_texts(fitted):
    config = json.loads(json.dumps(fitted.config()))
    again = type(fitted).restore(SIGNATURE, config, fitted.weights)
    np.testing.assert_array_equal(draw(fitted, 4, labels(70)), draw(again, 4, labels(70)))


def test_weights_that_do_not_fit_are_refused(fitted):
    weights, config, condition = fitted.weights, fitted.config(), SIGNATURE.condition
    for name, weight in weights.items():
        with pytest.raises(ValueError, match="weight"):
            type(fitted).restore(SIGNATURE, config, {**weights, name: weight[:-1]})
    with pytest.raises(ValueError, match="weight"):
        type(fitted).restore(Signature({"note": Tokens(LENGTH, 9)}, condition), config, weights)
    with pytest.raises(ValueError, match="not a text"):
        type(fitted).restore(Signature({"note": Pixels(8, 8, 1)}, condition), config, weights)


def test_its_history_names_epochs_in_order(fitted):
    epochs = [row["epoch"] for row in fitted.history]
    assert epochs == list(range(1, len(epochs) + 1))


def test_a_prompt_is_completed(prompted):
    condition = {"label": np.zeros(200, np.int64)}
    texts = prompted.complete(rng_of(2), 200, condition, np.array([3, 4]))["note"]
    assert (texts[:, :2] == [3, 4]).all()
    later = texts[:, 2:][texts[:, 2:] > 0]
    assert np.isin(later, [3, 4]).mean() > 0.7


def test_texts_like_those_of_training_are_likelier(prompted):
    own, other = prompted.nll(toy(), labels()), prompted.nll(toy(), {"label": 1 - labels()["label"]})
    assert own.shape == (400,)
    assert own.mean() < other.mean() - 2
    np.testing.assert_array_equal(own, prompted.nll(toy(), labels()))
    with pytest.raises(ValueError, match="label"):
        prompted.nll(toy(), {})


class StopAfter(keras.callbacks.Callback):
    def __init__(self, batches: int) -> None:
        super().__init__()
        self.left = batches

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


def test_a_run_that_was_interrupted_resumes_to_the_same_weights_with_other_settings_of_sampling(tmp_path, fits):
    checkpoint = tmp_path / "state"  # for one family: all train by the same loop, and take long to compile
    with pytest.raises(KeyboardInterrupt):
        fit("transformer", Run(seed=3, checkpoint=checkpoint, callbacks=[StopAfter(100)]))
    sampling = {"temperature": 0.5, "top_p": 0.9, "guidance_scale": 2.0}
    resumed = fit("transformer", Run(seed=3, checkpoint=checkpoint, resume=True), **sampling)
    for key, weight in fits("transformer").weights.items():
        np.testing.assert_array_equal(weight, resumed.weights[key])
    assert resumed.settings.temperature == 0.5
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", sorted(SHORT))
def test_only_settings_of_training_are_part_of_a_checkpoints_identity(name):
    plain = settings_of(name).identity()
    assert settings_of(name, temperature=0.5, top_p=0.9).identity() == plain
    assert settings_of(name, learning_rate=0.5).identity() != plain


def test_the_autoencoder_of_a_gan_takes_auto_as_the_vae_does():
    size = Size(1000, SIGNATURE.layout, tokens=100_000)
    vae, gan = (field_settings(BLOCK, name, {})[1].resolved(size) for name in ("vae", "gan"))
    assert gan.texts.epochs == 40
    assert gan.texts.model_dump().items() <= vae.model_dump().items()


def test_the_numpy_sampler_has_the_likelihoods_of_the_model():
    texts, features = texts_and_features()
    settings = settings_of("transformer", layers=2)
    model = TextTransformerNetwork(np.ones(BLOCK.vocabulary), settings, 1, condition=2, steps=96)
    batch = packed(texts, features)
    mean = float(model.nll(*map(tf.constant, batch.values())))
    alone = text_nll(transformer_steps(model.export(), 2), features, texts)
    assert mean * (batch["segment_ids"] >= 0).sum() == pytest.approx(alone.sum(), rel=1e-4)


def packed(texts: np.ndarray, features: np.ndarray) -> dict[str, np.ndarray]:
    """What a text Transformer is called with, by name; no token dropped."""
    packs = pack(texts, seed=0)
    return {
        "targets": packs.targets,
        "inputs": packs.inputs,
        "segment_ids": packs.segment_ids,
        "position_ids": packs.position_ids,
        "condition": np.vstack([features, np.zeros((1, 2), np.float32)])[packs.texts],
        "keep": np.ones(packs.inputs.shape, np.float32),
    }


# --- the latent space of the VAE --------------------------------------------------------------------------------------


def small_vae(**options) -> TextVAENetwork:
    sizes = {"encoder_layers": 2, "coupling_layers": 3, "free_bits": 0.5, **options}
    model = TextVAENetwork(np.ones(BLOCK.vocabulary), settings_of("vae", **sizes), 1, condition=2, steps=96)
    rng = np.random.default_rng(3)
    for coupling in model.prior.couplings:  # they start as doing nothing
        head = coupling.tables["head"]
        head.assign(rng.normal(0, 0.2, head.shape))
    return model


def packed_with_latents(texts: np.ndarray, features: np.ndarray) -> dict[str, np.ndarray]:
    """What a text VAE is called with, by name; no noise."""
    at = pack(texts, seed=0).texts
    return {
        **packed(texts, features),
        "present": (at >= 0).astype(np.float32),
        "noise": np.zeros((*at.shape, 4), np.float32),
        "beta": np.float32(1.0),
    }


def test_numpy_encodes_as_the_model_does_and_knows_the_same_prior():
    texts, features = texts_and_features()
    model, packs = small_vae(), pack(texts, seed=0)
    weights, batch = model.export(), packed(texts, features)
    keys = ("inputs", "segment_ids", "position_ids", "condition")
    mean, log_scale = model.encoder(*(tf.constant(batch[key]) for key in keys))
    own, own_scale = encode_texts(weights, 2, features, texts)
    row, segment = np.nonzero(packs.texts >= 0)
    numbers = packs.texts[row, segment]
    np.testing.assert_allclose(mean.numpy()[row, segment], own[numbers], atol=1e-4)
    np.testing.assert_allclose(log_scale.numpy()[row, segment], own_scale[numbers], atol=1e-4)
    noise = np.random.default_rng(0).standard_normal((60, 4)).astype(np.float32)
    latent = latents_of_noise(weights, noise, features)
    np.testing.assert_allclose(noise_of_latents(weights, latent, features), noise, atol=1e-4)


def test_the_bound_of_many_vectors_is_below_that_of_one_and_holds():
    texts, features = texts_and_features()
    model = small_vae()
    batch = packed_with_latents(texts, features)
    batch["noise"] = np.random.default_rng(0).standard_normal(batch["noise"].shape).astype(np.float32)
    mean = float(model(**{key: tf.constant(value) for key, value in batch.items()})[1])
    one = mean * (batch["segment_ids"] >= 0).sum()
    many = nll_bound(model.export(), 2, features, texts, np.random.default_rng(0)).sum()
    assert 0.5 * one < many < one


def test_a_latent_vector_does_not_drown_out_tokens_at_first():
    decoder = small_vae(latent=32).decoder
    for embedding in (decoder.condition.numpy(), decoder.start.numpy()[:-1]):
        of_vector = np.sqrt((embedding[2:] ** 2).sum(axis=0).mean())
        assert of_vector == pytest.approx(2.5 * decoder.vectors.numpy().std(), rel=0.3)  # by itself 5.7 times


def test_guidance_leaves_out_the_record_and_keeps_the_latent_vector(fits):
    vae, rng = fits("vae"), rng_of(5)
    steps = decoder_steps(vae.weights, vae.settings.heads)
    latent, uniform = rng.standard_normal((50, 4), np.float32), rng.random((50, LENGTH), np.float32)
    alone = np.hstack([np.zeros((50, 2), np.float32), latent])
    guided = draw_texts(steps, alone, uniform, guidance_scale=2.0, unconditional=alone)
    np.testing.assert_array_equal(guided, draw_texts(steps, alone, uniform))
    drawn = [
        pairs_of(changed.sample(rng_of(2), 400, condition=labels())["note"])
        for changed in (replace(vae, settings=vae.settings.model_copy(update={"guidance_scale": by})) for by in (0, 2))
    ]
    assert not np.array_equal(*drawn)


def test_no_number_of_a_vector_pays_for_its_free_bits():
    texts, features = texts_and_features()

    def pull(free_bits: float, beta: float) -> np.ndarray:
        model = small_vae(free_bits=free_bits)
        batch = {**packed_with_latents(texts, features), "beta": np.float32(beta)}
        with tf.GradientTape() as tape:
            goal, _ = model(**{key: tf.constant(value) for key, value in batch.items()})
        return tape.gradient(goal, model.encoder.leave.value).numpy()

    np.testing.assert_allclose(pull(100.0, 1.0), pull(100.0, 0.0), atol=1e-6)
    assert np.abs(pull(0.0, 1.0) - pull(0.0, 0.0)).max() > 1e-3


def test_a_text_comes_back_from_its_latent_vector(space):
    noise = space.encode(toy(), labels())
    assert noise.shape == (400, space.latent_dim)
    back = space.decode(noise, labels())["note"]
    there = back[:, 0] > 0
    assert (pairs_of(back) == pairs_of(toy()["note"]))[there].mean() > 0.8
    np.testing.assert_array_equal(back, space.decode(noise, labels())["note"])


def test_an_interpolation_of_two_texts_begins_at_one_and_ends_at_the_other(space):
    texts, label = toy()["note"], toy()["label"]
    ends = [int(np.flatnonzero((pairs_of(texts) == pair) & (label == 0))[0]) for pair in (0, 2)]
    condition = {"label": np.zeros(9, np.int64)}
    path = interpolate(space, {"note": texts[ends]}, {"label": label[ends]}, condition, 9)
    pairs = pairs_of(path["note"])
    assert pairs[0] == 0
    assert pairs[-1] == 2


def test_a_text_that_is_varied_little_stays_what_it_is(space):
    texts, condition = toy()["note"], labels()
    near, far, same = (vary(space, toy(), condition, by, rng_of(0))["note"] for by in (0.1, 1.0, 0.0))
    np.testing.assert_array_equal(same, space.decode(space.encode(toy(), condition), condition)["note"])
    kept = [(pairs_of(each) == pairs_of(texts)).mean() for each in (near, far)]
    assert kept[0] > 0.8 > kept[1]


def test_the_use_of_latent_vectors_is_measured(fits):
    use = fits("vae").config()["facts"]
    assert 0.5 < use["mutual_information"] < np.log(400)
    assert use["decoder_gain"] > 0.5
    assert use["active_units"] > 0
    far, near = np.arange(50)[:, None] * 100.0, np.zeros((50, 1))
    assert mutual_information(far, np.zeros((50, 1)), rng_of(0)) == pytest.approx(np.log(50))
    assert mutual_information(near, np.zeros((50, 1)), rng_of(0)) == pytest.approx(0, abs=1e-9)


def test_latent_vectors_that_are_not_used_are_refused(fits):
    texts, features = texts_and_features(400)
    weights = fits("vae").weights
    silent = {"encode_leave": np.zeros_like(weights["encode_leave"])}
    deaf = {name: weights[name] * np.r_[[1, 1], np.zeros(4)][:, None] for name in ("decode_start", "decode_condition")}
    for changed in (silent, deaf):
        with pytest.raises(TrainingError, match="posterior collapse"):
            check_use({**weights, **changed}, 2, texts, features, Run())


def test_a_gan_that_draws_the_same_few_vectors_is_refused():
    rng, condition = np.random.default_rng(0), np.zeros((500, 0))
    real = rng.normal(size=(500, 4))
    check_diversity(real, rng.normal(size=(500, 4)), condition, condition)
    with pytest.raises(TrainingError, match="collapsed"):
        check_diversity(real, 0.1 * rng.normal(size=(500, 4)), condition, condition)


def test_an_adversarial_training_that_leaves_all_bounds_is_reported():
    options = {"rounds": 1, "width": 16, "critic_width": 16, "learning_rate": 1e30}
    settings = field_settings(BLOCK, "gan", options)[1].resolved(Size(100, SIGNATURE.layout, tokens=1000))
    posteriors = np.random.default_rng(0).normal(size=(300, 32)).astype(np.float32)
    with pytest.raises(TrainingError, match="diverged"):
        train_generator(posteriors, np.zeros_like(posteriors), np.zeros((300, 0), np.float32), settings, Run())
