"""Fine-tuning a `PretrainedTextNetwork`: its batches and its loss."""

from __future__ import annotations

import numpy as np

from synthdata.fields.text.presets import Preset
from synthdata.models.base import Learned
from synthdata.models.text.packing import Packs, pack_batches
from synthdata.models.text.pretrained.model import PretrainedText
from synthdata.models.text.pretrained.network import PretrainedTextNetwork, load_backbone
from synthdata.models.text.training import PackedTask
from synthdata.models.training import loop
from synthdata.models.training.batches import Batches
from synthdata.models.training.plan import Run

__all__ = ["pad_prefix", "train"]

PADDING = 1  # any token but the end token; the network replaces it by the prefix


def pad_prefix(tokens: np.ndarray, prefix: int) -> np.ndarray:
    """Put `prefix - 1` padding tokens before texts (n, length): (n, prefix - 1 + length)."""
    return np.hstack([np.full((len(tokens), prefix - 1), PADDING, tokens.dtype), tokens])


def train(tokens: np.ndarray, preset: Preset, condition: np.ndarray, settings: PretrainedText, run: Run) -> Learned:
    """Train on tokens (n, length) and their condition (n, features); facts are the sizes of the network."""
    packs, batches = pack_batches(pad_prefix(tokens, settings.prefix), settings, run)
    backbone = load_backbone(preset)
    model = PretrainedTextNetwork(backbone, preset, settings, run.seed, condition=condition.shape[1])
    task = PretrainedTextTask(model, packs, condition, batches, settings)
    plan = settings.plan(
        batches.steps_per_epoch, optimizer="adam", xla_from=None
    )  # XLA takes minutes for a large network
    history = loop.train(task, plan, run)
    run.delete_checkpoint()
    sizes = {
        "layers": backbone.num_layers,
        "heads": backbone.num_heads,
        "width": backbone.hidden_dim,
        "mlp_width": backbone.intermediate_dim,
    }
    return Learned(model.export(tokens.shape[1]), history, sizes)


class PretrainedTextTask(PackedTask):
    """Packed texts, each after its prefix."""

    def __init__(
        self,
        model: PretrainedTextNetwork,
        packs: Packs,
        condition: np.ndarray,
        batches: Batches,
        settings: PretrainedText,
    ) -> None:
        super().__init__(model, packs, condition, batches, settings, at_once=batches.size)
        self.predicted &= packs.position_ids >= settings.prefix - 1

    def batch(self, step: int, progress: float) -> tuple[np.ndarray, ...]:
        """The arguments of `PretrainedTextNetwork.nll`."""
        return self.packed(self.batches.of_step(step))

    def validation_batch(self, rows: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
        """The arguments of `PretrainedTextNetwork.nll`, as in training."""
        return self.packed(rows)
