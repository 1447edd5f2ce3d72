"""What samplers do in numpy is what the VAE and the GAN were trained as."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from synthdata.models.tabular.counts import Frequencies
from synthdata.models.tabular.gan.model import GAN
from synthdata.models.tabular.gan.network import GANNetwork
from synthdata.models.tabular.gan.sampler import enter_conditional
from synthdata.models.tabular.latent.sampler import LatentSampler
from synthdata.models.tabular.symbols import Column, SymbolTable
from synthdata.models.tabular.vae.model import VAE
from synthdata.models.tabular.vae.network import VAENetwork
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
        result[:, i, 0] = rng.integers(0, column.coarse, ROWS)
        fine = rng.integers(0, column.fine, ROWS)
        result[:, i, 1] = np.where(result[:, i, 0] >= column.first, fine, 0)
    return result


def disturbed(model):
    """Weights that are zero at the start would hide a mistake."""
    rng = np.random.default_rng(1)
    for variable in model.trainable_variables:
        variable.assign(variable + rng.normal(0, 0.2, variable.shape).astype(np.float32))
    return model


@pytest.fixture(scope="module")
def vae(symbols):
    settings = VAE(latent=6, width=16, mixture_components=3, coupling_layers=3)
    return disturbed(VAENetwork(Frequencies.of(SymbolTable(COLUMNS), symbols), settings, seed=0))


def log_likelihood(table, sampler, latent, symbols):
    """Of the rows, by the sampler's logits: (rows,)."""
    states, total = sampler.states(latent), np.zeros(len(latent))
    each = np.arange(len(latent))
    for i, column in enumerate(table.columns):
        coarse, fine = symbols[:, i].T
        logits = sampler.coarse_logits(i, states).astype(float)
        total += logits[each, coarse] - np.log(np.exp(logits).sum(axis=1))
        if column.fine > 1:
            logits = sampler.fine_logits(i, states, coarse + table.starts[i]).astype(float)
            log = logits[each, fine] - np.log(np.exp(logits).sum(axis=1))
            total += np.where(coarse >= column.first, log, 0.0)
    return total


def test_the_encoder_is_the_same_in_numpy(vae, symbols):
    mean, _ = vae.encoder(tf.constant(symbols))
    np.testing.assert_allclose(encode_rows(SymbolTable(COLUMNS), vae.export(), symbols), mean, atol=1e-4)


def test_the_decoder_is_the_same_in_numpy(vae, symbols):
    table, weights = SymbolTable(COLUMNS), vae.export()
    latent = np.random.default_rng(2).standard_normal((ROWS, 6)).astype(np.float32)
    sampler = LatentSampler(table, weights, lambda each: enter_latent(weights, each))
    expected = vae.decoder.log_likelihood(vae.decoder(tf.constant(latent)), tf.constant(symbols))
    np.testing.assert_allclose(log_likelihood(table, sampler, latent, symbols), expected, rtol=1e-3, atol=1e-3)


def test_latents_are_drawn_from_the_prior_that_was_learned(vae):
    """A prior whose normals are points: what is drawn is where the coupling layers take these points."""
    weights = {**vae.export(), "prior_scale": np.zeros((3, 6), np.float32)}
    drawn = draw_latents(weights, np.random.default_rng(3), 200)
    points = vae.prior().bijector.forward(tf.convert_to_tensor(vae.prior_means)).numpy()
    distance = np.abs(drawn[:, None] - points[None]).max(axis=2)  # (rows, points)
    assert distance.min(axis=1).max() < 1e-4
    assert set(distance.argmin(axis=1)) == {0, 1, 2}


def test_the_generator_of_the_gan_is_the_same_in_numpy(symbols):
    table = SymbolTable(COLUMNS)
    settings = GAN(latent=6, width=16, critic_width=16)
    gan = disturbed(GANNetwork(Frequencies.of(table, symbols), settings, seed=0, group=4))
    weights = gan.export()
    rng = np.random.default_rng(4)
    latent, conditionals = rng.standard_normal((ROWS, 6)).astype(np.float32), rng.integers(0, table.coarse_rows, ROWS)
    made, log_conditional = gan.generate(tf.constant(latent), tf.constant(conditionals, tf.int32), tf.constant([0, 1]))
    both = np.hstack([latent, conditionals[:, None]]).astype(np.float32)
    sampler = LatentSampler(table, weights, lambda each: enter_conditional(weights, each))
    states, expected = sampler.states(both), np.zeros(ROWS)
    for i, column in enumerate(table.columns):
        inside = conditionals - table.starts[i]
        mine = np.flatnonzero((inside >= 0) & (inside < column.coarse))
        logits = sampler.coarse_logits(i, states[mine]).astype(float)
        if column.coarse > 1:
            expected[mine] = logits[np.arange(len(mine)), inside[mine]] - np.log(np.exp(logits).sum(axis=1))
    np.testing.assert_allclose(log_conditional, expected, atol=1e-3)
    one_hot = np.asarray(made)
    assert np.allclose(one_hot, np.round(one_hot), atol=1e-6)
    coarse = one_hot.shape[1] - len(table.with_fine) * table.most_fine
    np.testing.assert_allclose(one_hot[:, :coarse].sum(axis=1), 3, atol=1e-5)  # of each column that has a choice


def test_a_real_row_is_as_many_ones_as_it_has_symbols(symbols):
    table = SymbolTable(COLUMNS)
    settings = GAN(latent=6, width=16, layers=1, critic_width=16)
    gan = GANNetwork(Frequencies.of(table, symbols), settings, seed=0, group=4)
    one_hot = gan.one_hot(tf.constant(symbols)).numpy()
    with_fine = (symbols[:, 1, 0] >= 2).astype(int) + 1  # `wide` always has one
    assert (one_hot.sum(axis=1) == 3 + with_fine).all()
