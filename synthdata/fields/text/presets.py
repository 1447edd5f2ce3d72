"""The JSON files of a KerasHub preset folder: which model it is, and its tokenizer.

Nothing of the folder runs and nothing is downloaded. The weights are read by `networks.pretrained` alone.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from synthdata.errors import SchemaError

__all__ = ["BYTES", "Preset", "check_place", "read_preset"]

BACKBONE, TOKENIZER, END = "GPT2Backbone", "GPT2Tokenizer", "<|endoftext|>"
NAMES = ("keras_hub", "keras_nlp")  # today's, and the one before


def _alphabet() -> dict[int, str]:
    """The character that stands for each byte: itself where it can be seen, else one beyond Latin-1, as in GPT-2."""
    seen = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in seen]
    return {byte: chr(byte) for byte in seen} | {byte: chr(256 + i) for i, byte in enumerate(others)}


BYTES = {ord(character): byte for byte, character in _alphabet().items()}


@dataclass(frozen=True)
class Preset:
    """A causal language model.

    tokens: its tokens in the alphabet of byte-level encoding, in order of their numbers in the preset, without those
    that text never becomes. merges: pairs that make one. numbers: of `tokens` in the preset. end: number of the token
    that ends a text. positions: the most steps of a text.
    """

    folder: Path
    tokens: tuple[str, ...]
    merges: tuple[tuple[str, str], ...]
    numbers: tuple[int, ...]
    end: int
    positions: int


def check_place(preset: str) -> str | None:
    """Say why `preset` is no folder on this machine, as far as its name tells, or None."""
    if "://" in preset:
        return f'preset "{preset}" is an address; name a local folder, nothing is downloaded'
    return None


def read_preset(preset: str) -> Preset:
    """Read and check what stands in a folder; SchemaError where it is not what is supported."""
    folder = Path(preset).expanduser().resolve()
    where = f'preset "{preset}"'
    if problem := check_place(preset):
        raise SchemaError(problem)
    if not folder.is_dir():
        raise SchemaError(f"{where}: there is no such folder; name one that KerasHub's save_to_preset wrote")
    config = _config(folder / "config.json", BACKBONE, where)
    _config(folder / "tokenizer.json", TOKENIZER, where)
    assets = folder / "assets" / "tokenizer"
    try:
        known = {str(token): int(number) for token, number in _read_json(assets / "vocabulary.json").items()}
        lines = (assets / "merges.txt").read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise SchemaError(f"{where}: its vocabulary and merges cannot be read ({error})") from None
    pairs = [tuple(line.split(" ")) for line in lines if line and not line.startswith("#version")]
    merges = tuple((pair[0], pair[1]) for pair in pairs if len(pair) == 2)
    alphabet = set(map(chr, BYTES))
    parts = {part for merge in merges for part in (*merge, "".join(merge))}
    if len(merges) < len(pairs) or not alphabet | parts <= set(known) or not alphabet.issuperset("".join(parts)):
        raise SchemaError(f"{where}: its tokenizer is no byte-level byte-pair encoding, with a token for each byte")
    if END not in known:
        raise SchemaError(f'{where}: no token ends a text; "{END}" is expected')
    tokens = sorted((alphabet | parts) - {END}, key=known.__getitem__)
    numbers = tuple(known[token] for token in tokens)
    size, positions = (config.get(key) for key in ("vocabulary_size", "max_sequence_length"))
    if not isinstance(size, int) or not isinstance(positions, int):
        raise SchemaError(f"{where}: config.json says no vocabulary_size and max_sequence_length")
    if not 0 <= min(*numbers, known[END]) <= max(*numbers, known[END]) < size:
        raise SchemaError(f"{where}: tokens are numbered beyond the {size} of the model")
    return Preset(folder, tuple(tokens), merges, numbers, known[END], positions)


def _config(path: Path, expected: str, where: str) -> dict[str, Any]:
    """The settings of one part, of the class that is expected and of plain values: all that is loaded by name."""
    try:
        said = _read_json(path)
        found, config = said["class_name"], dict(said["config"])
    except (OSError, ValueError, TypeError, KeyError):
        raise SchemaError(f"{where}: no {path.name} of a KerasHub preset; name a folder of save_to_preset") from None
    registered = [f"{name}>{expected}" for name in NAMES]
    package = str(said.get("module")).partition(".")[0]
    if found != expected or said.get("registered_name") not in registered or package not in NAMES:
        raise SchemaError(f"{where}: {path.name} is of a {found}; of causal language models, GPT-2 alone is supported")
    dtype = config.pop("dtype", None)
    if isinstance(dtype, dict) and dtype.get("class_name") != "DTypePolicy":
        raise SchemaError(f"{where}: {path.name} has numbers of another kind, {dtype.get('class_name')}")
    if any(isinstance(value, dict) for value in config.values()):
        raise SchemaError(f"{where}: {path.name} holds more than plain values")
    return config


def _read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))
