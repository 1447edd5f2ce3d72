"""A short run of every family: the smallest hyperparameters that still show what a test claims.

`tests/contracts/test_short.py` holds these tables to the tables of families.
"""

from __future__ import annotations

from typing import Any

__all__ = ["FEW_IMAGE", "FEW_TABULAR", "IMAGE", "PRESET", "TABULAR", "TEXT"]

Options = dict[str, dict[str, Any]]

TABULAR: Options = {
    "transformer": {"width": 16, "layers": 1, "heads": 2, "epochs": 2},
    "vae": {"latent": 4, "width": 16, "layers": 1, "mixture_components": 3, "coupling_layers": 2, "epochs": 2},
    "gan": {"latent": 4, "width": 16, "layers": 1, "critic_width": 16, "batch_size": 32, "rounds": 1},
    "marginals": {},
}
FEW_TABULAR: Options = {  # some epochs of a table of 400 rows and two columns, of every family that has steps
    "transformer": {"width": 16, "layers": 1, "heads": 2, "batch_size": 32, "epochs": 6, "patience": 6},
    "vae": {
        "latent": 2,
        "width": 16,
        "layers": 1,
        "mixture_components": 2,
        "coupling_layers": 1,
        "batch_size": 32,
        "epochs": 6,
    },
    "gan": {"latent": 2, "width": 16, "layers": 1, "critic_width": 16, "batch_size": 32, "rounds": 1},
}

IMAGE: Options = {
    "vae": {"width": 8, "latent": 8, "coupling_layers": 2, "coupling_width": 16, "epochs": 15, "batch_size": 32},
    "gan": {"width": 8, "critic_width": 8, "latent": 8, "rounds": 2, "batch_size": 32},
    "transformer": {
        "conv_width": 8,
        "levels": (5, 5, 3),
        "width": 32,
        "layers": 2,
        "batch_size": 32,
        "tokenizer_epochs": 12,
        "epochs": 32,
    },
}
FEW_IMAGE: Options = {  # what makes them shorter still, where nothing has to be learned
    "vae": {"epochs": 2},
    "gan": {"rounds": 1, "batch_size": 8},
    "transformer": {"tokenizer_epochs": 1, "epochs": 1, "layers": 1},
}

_TINY = {"width": 16, "layers": 1, "heads": 2, "mlp_ratio": 2, "dropout": 0.0, "batch_size": 400}
_VAE = {**_TINY, "encoder_layers": 1, "latent": 4, "coupling_layers": 1, "coupling_width": 8, "learning_rate": 0.02}
TEXT: Options = {
    "transformer": {**_TINY, "epochs": 30},
    "vae": {**_VAE, "epochs": 38},
    "gan": {"texts": {**_VAE, "epochs": 38}, "width": 16, "critic_width": 16, "rounds": 1, "batch_size": 64},
}
PRESET = {"pretrained"}  # families of texts whose network a preset brings: tests/test_pretrained.py
