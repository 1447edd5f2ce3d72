"""Training a `TextTransformerNetwork`: its batches and its loss."""

from __future__ import annotations

import numpy as np

from synthdata.models.base import Learned
from synthdata.models.text.packing import Packs, pack_batches
from synthdata.models.text.training import XLA_FROM, PackedTask
from synthdata.models.text.transformer.model import TextTransformer
from synthdata.models.text.transformer.network import TextTransformerNetwork
from synthdata.models.training import loop
from synthdata.models.training.batches import Batches
from synthdata.models.training.plan import Run

__all__ = ["train"]

VALIDATION_STEPS = 8192  # tokens per validation batch


def train(tokens: np.ndarray, vocabulary: int, condition: np.ndarray, settings: TextTransformer, run: Run) -> Learned:
    """Train on tokens (n, length) and their condition (n, features)."""
    packs, batches = pack_batches(tokens, settings, run)
    frequencies = packs.frequencies(batches.rows, vocabulary)
    model = TextTransformerNetwork(frequencies, settings, run.seed, condition=condition.shape[1], steps=packs.steps)
    plan = settings.plan(batches.steps_per_epoch, xla_from=XLA_FROM)
    task = TextTransformerTask(model, packs, condition, batches, settings, jit=plan.compiled(run.minutes))
    history = loop.train(task, plan, run)
    run.delete_checkpoint()
    return Learned(model.export(), history)


class TextTransformerTask(PackedTask):
    """Batches of packed texts, with dropout of tokens and of conditions."""

    def __init__(
        self,
        model: TextTransformerNetwork,
        packs: Packs,
        condition: np.ndarray,
        batches: Batches,
        settings: TextTransformer,
        *,
        jit: bool,
    ) -> None:
        super().__init__(model, packs, condition, batches, settings, at_once=VALIDATION_STEPS // packs.steps, jit=jit)
        self.token_dropout, self.condition_dropout = float(settings.token_dropout), settings.condition_dropout

    def batch(self, step: int, progress: float) -> tuple[np.ndarray, ...]:
        """The arguments of `TextTransformerNetwork.nll`."""
        rng, rows = self.batches.rng(step), self.batches.of_step(step)
        *packed, condition = self.packed(rows)
        keep = rng.random(packed[0].shape) >= self.token_dropout
        keep_condition = rng.random(condition.shape[:-1]) >= self.condition_dropout
        condition *= keep_condition[..., None]
        return *packed, condition, keep.astype(np.float32), rng.integers(0, 2**31 - 1, 2, dtype=np.int32)

    def validation_batch(self, rows: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """The arguments of `TextTransformerNetwork.nll`, without dropout."""
        packed = self.packed(rows)
        return *packed, np.ones(packed[0].shape, np.float32)
