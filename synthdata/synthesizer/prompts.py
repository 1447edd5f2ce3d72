"""The tokens of prompts, and the compression of texts in bits per character."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from synthdata.errors import InputError, nearest
from synthdata.fields import Codec, Rows
from synthdata.models.base import PromptedGenerator
from synthdata.synthesizer.stages import FieldStages

__all__ = ["bits_per_character", "prompt_tokens"]


def prompt_tokens(
    codecs: Mapping[str, Codec], stages: FieldStages, prompt: str | Mapping[str, str] | None
) -> dict[str, np.ndarray]:
    """The tokens (m,) of prompts by field; a single string is for the only field that takes a prompt.

    InputError for a field that takes no prompt, and for a text that its codec cannot encode.
    """
    fields = [name for name, each in stages.generators.items() if isinstance(each, PromptedGenerator)]
    if isinstance(prompt, str):
        if len(fields) != 1:
            if not fields:
                raise InputError("prompt: the model has no text field that takes one")
            example = f'{{"{fields[0]}": "..."}}'
            raise InputError(
                f"prompt: the model has several text fields ({', '.join(fields)}); give prompts by field, as {example}"
            )
        prompt = {fields[0]: prompt}
    if not isinstance(prompt, Mapping | None):
        raise InputError(f"prompt: found {type(prompt).__name__}; give a text, or texts by field")
    return {name: _tokens(codecs, fields, name, text) for name, text in (prompt or {}).items()}


def _tokens(codecs: Mapping[str, Codec], fields: list[str], name: str, text: str) -> np.ndarray:
    if name not in fields:
        raise InputError(f'prompt: "{name}" is no field that takes one; {nearest(name, fields)}')
    if not isinstance(text, str):
        raise InputError(f'prompt of "{name}": found {type(text).__name__}; give a text')
    if any("\ud800" <= character <= "\udfff" for character in text):
        raise InputError(f'prompt of "{name}" holds half a character, which no text can; write it in UTF-8')
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


def bits_per_character(codec: Codec, column: pd.Series, nll: np.ndarray) -> float:
    """The negative log-likelihood of texts in bits per character, from `nll` (n,) in nats, without missing texts.

    Bytes that the codec cannot encode count 8 bits each.
    """
    present = column.notna().to_numpy(bool)
    texts = column[present]
    back = _written(codec, codec.encode(texts)[codec.name]).fillna("")
    lost = sum(len(text.encode()) for text in texts) - sum(len(text.encode()) for text in back)
    return float((nll[present].sum() / np.log(2) + 8 * lost) / max(int(texts.str.len().sum()), 1))


def _written(codec: Codec, tokens: np.ndarray) -> pd.Series:
    return codec.decode({codec.name: tokens}, Rows(0, np.arange(len(tokens))))
