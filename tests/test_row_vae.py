"""What samplers do in numpy is what the VAE and the GAN were trained as."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from synthdata.models.tabular.counts import Frequencies
from synthdata.models.tabular.gan.network import RowGAN
from synthdata.models.tabular.gan.sampler import enter_cued
from synthdata.models.tabular.latent.sampler import LatentSampler
from synthdata.models.tabular.symbols import Column, Numbering
from synthdata.models.tabular.vae.network import RowVAE
from synthdata.models.tabular.vae.sampler import draw_latents, encode_rows, enter_latent

ROWS = 300
COLUMNS = (
    Column("colour", 3, 1, 3),
    Column("amount", 6, 5, 2, 4),
    Column("only", 1, 1, 1),
    Column("wide", 70, 32, 0),
)


@pytest.fixture(scope="module")
def symbols() -> np.ndarray:
    rng = np.random.default_rng(0)
    result = np.zeros((ROWS, len(COLUMNS), 2), np.int32)
    for i, column in enumerate(COLUMNS):
        result[:, i, 0] = rng.integers(0, column.majors, ROWS)
        minor = rng.integers(0, column.minors, ROWS)
        result[:, i, 1] = np.where(result[:, i, 0] >= column.first, minor, 0)
    return result


def disturbed(model):
    """Weights that are zero at the start would hide a mistake."""
    rng = np.random.default_rng(1)
    for variable in model.trainable_variables:
        variable.assign(variable + rng.normal(0, 0.2, variable.shape).astype(np.float32))
    return model


@pytest.fixture(scope="module")
def vae(symbols):
    sizes = {"latent": 6, "width": 16, "layers": 2, "expansion": 2, "parts": 3, "couplings": 3}
    return disturbed(RowVAE(Frequencies.of(Numbering(COLUMNS), symbols), **sizes, seed=0))


def log_likelihood(numbering, sampler, latent, symbols):
    """Of the rows, by the sampler's logits: (rows,)."""
    states, total = sampler.states(latent), np.zeros(len(latent))
    each = np.arange(len(latent))
    for i, column in enumerate(numbering.columns):
        major, minor = symbols[:, i].T
        logits = sampler.major_logits(i, states).astype(float)
        total += logits[each, major] - np.log(np.exp(logits).sum(axis=1))
        if column.minors > 1:
            logits = sampler.minor_logits(i, states, major + numbering.starts[i]).astype(float)
            log = logits[each, minor] - np.log(np.exp(logits).sum(axis=1))
            total += np.where(major >= column.first, log, 0.0)
    return total


def test_the_encoder_is_the_same_in_numpy(vae, symbols):
    mean, _ = vae.encoder(tf.constant(symbols))
    np.testing.assert_allclose(encode_rows(Numbering(COLUMNS), vae.export(), symbols), mean, atol=1e-4)


def test_the_decoder_is_the_same_in_numpy(vae, symbols):
    numbering, weights = Numbering(COLUMNS), vae.export()
    latent = np.random.default_rng(2).standard_normal((ROWS, 6)).astype(np.float32)
    sampler = LatentSampler(numbering, weights, lambda each: enter_latent(weights, each))
    expected = vae.decoder.log_likelihood(vae.decoder(tf.constant(latent)), tf.constant(symbols))
    np.testing.assert_allclose(log_likelihood(numbering, sampler, latent, symbols), expected, rtol=1e-3, atol=1e-3)


def test_latents_are_drawn_from_the_prior_that_was_learned(vae):
    """A prior whose normals are points: what is drawn is where the coupling layers take these points."""
    weights = {**vae.export(), "prior_scale": np.zeros((3, 6), np.float32)}
    drawn = draw_latents(weights, np.random.default_rng(3), 200)
    points = vae.prior().bijector.forward(tf.convert_to_tensor(vae.prior_means)).numpy()
    distance = np.abs(drawn[:, None] - points[None]).max(axis=2)  # (rows, points)
    assert distance.min(axis=1).max() < 1e-4
    assert set(distance.argmin(axis=1)) == {0, 1, 2}


def test_the_generator_of_the_gan_is_the_same_in_numpy(symbols):
    numbering = Numbering(COLUMNS)
    sizes = {"latent": 6, "width": 16, "layers": 2, "critic_width": 16, "critic_layers": 1, "group": 4}
    gan = disturbed(RowGAN(Frequencies.of(numbering, symbols), **sizes, temperature=0.5, seed=0))
    weights = gan.export()
    rng = np.random.default_rng(4)
    latent, cues = rng.standard_normal((ROWS, 6)).astype(np.float32), rng.integers(0, numbering.rows, ROWS)
    made, cued = gan.generate(tf.constant(latent), tf.constant(cues, tf.int32), tf.constant([0, 1]))
    both = np.hstack([latent, cues[:, None]]).astype(np.float32)
    sampler = LatentSampler(numbering, weights, lambda each: enter_cued(weights, each))
    states, expected = sampler.states(both), np.zeros(ROWS)
    for i, column in enumerate(numbering.columns):
        inside = cues - numbering.starts[i]
        mine = np.flatnonzero((inside >= 0) & (inside < column.majors))
        logits = sampler.major_logits(i, states[mine]).astype(float)
        if column.majors > 1:
            expected[mine] = logits[np.arange(len(mine)), inside[mine]] - np.log(np.exp(logits).sum(axis=1))
    np.testing.assert_allclose(cued, expected, atol=1e-3)
    one_hot = np.asarray(made)
    assert np.allclose(one_hot, np.round(one_hot), atol=1e-6)
    majors = one_hot.shape[1] - len(numbering.with_minor) * numbering.most_minors
    np.testing.assert_allclose(one_hot[:, :majors].sum(axis=1), 3, atol=1e-5)  # of each column that has a choice


def test_a_real_row_is_as_many_ones_as_it_has_symbols(symbols):
    numbering = Numbering(COLUMNS)
    sizes = {"latent": 6, "width": 16, "layers": 1, "critic_width": 16, "critic_layers": 1, "group": 4}
    gan = RowGAN(Frequencies.of(numbering, symbols), **sizes, temperature=0.5, seed=0)
    one_hot = gan.one_hot(tf.constant(symbols)).numpy()
    with_minor = (symbols[:, 1, 0] >= 2).astype(int) + 1  # `wide` always has one
    assert (one_hot.sum(axis=1) == 3 + with_minor).all()
