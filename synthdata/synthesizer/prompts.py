"""Texts as a model writes them: what they begin with, and how well they are foreseen."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from synthdata.errors import InputError, nearest
from synthdata.fields import Codec, Rows
from synthdata.models.base import PromptedGenerator
from synthdata.synthesizer.stages import FieldStages

__all__ = ["begun", "bits_per_character"]


def begun(
    codecs: Mapping[str, Codec], stages: FieldStages, prompt: str | Mapping[str, str] | None
) -> dict[str, np.ndarray]:
    """The tokens (m,) of what texts begin with, by field; of the only one that can be begun, if a text alone is given.

    InputError for a field that does not go on from one, and for a text that its codec cannot write.
    """
    writers = [name for name, each in stages.generators.items() if isinstance(each, PromptedGenerator)]
    if isinstance(prompt, str):
        if len(writers) != 1:
            found = f"several text fields ({', '.join(writers)})" if writers else "no field that goes on from one"
            raise InputError(f"prompt: the model has {found}; give prompts by field, as {{field: text}}")
        prompt = {writers[0]: prompt}
    if not isinstance(prompt, Mapping | None):
        raise InputError(f"prompt: found {type(prompt).__name__}; give a text, or texts by field")
    return {name: _tokens(codecs, writers, name, text) for name, text in (prompt or {}).items()}


def _tokens(codecs: Mapping[str, Codec], writers: list[str], name: str, text: str) -> np.ndarray:
    if name not in writers:
        raise InputError(f'prompt: "{name}" is no field that goes on from one; {nearest(name, writers)}')
    codec = codecs[name]
    column = codec.field.parse(pd.Series([text], dtype="str"), name)
    if column.isna().any():
        raise InputError(f'prompt of "{name}" is empty')
    tokens = codec.encode(column)[name]
    wanted, written = column.iloc[0], _written(codec, tokens).iloc[0]
    unknown = "".join(sorted(set(wanted) - set(written)))
    if wanted != written and unknown and tokens[0][-1] == 0:
        raise InputError(f'prompt of "{name}" holds what training showed in too few texts to be learned: {unknown}')
    if wanted != written:
        raise InputError(f'prompt of "{name}" is longer than its texts may be')
    found: np.ndarray = tokens[0][tokens[0] > 0]
    return found


def bits_per_character(codec: Codec, column: pd.Series, nats: np.ndarray) -> float:
    """The surprise of texts (n,) in bits a character, from that of their tokens (n,) in nats; missing ones left aside.

    What the codec cannot write of a text counts 8 bits a byte.
    """
    there = column.notna().to_numpy(bool)
    texts = column[there]
    back = _written(codec, codec.encode(texts)[codec.name]).fillna("")
    lost = sum(len(text.encode()) for text in texts) - sum(len(text.encode()) for text in back)
    return float((nats[there].sum() / np.log(2) + 8 * lost) / max(int(texts.str.len().sum()), 1))


def _written(codec: Codec, tokens: np.ndarray) -> pd.Series:
    return codec.decode({codec.name: tokens}, Rows(0, np.arange(len(tokens))))
