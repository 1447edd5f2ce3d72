"""A text field that goes on from a pretrained model: a tiny GPT-2 whose preset folder is made here."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
import tensorflow as tf

from synthdata import Schema, Synthesizer
from synthdata.blocks import Categorical, Tokens
from synthdata.errors import InputError, SchemaError
from synthdata.fields import Text
from synthdata.fields.text.presets import BYTES, read_preset
from synthdata.fields.text.tokenizer import Tokenizer
from synthdata.models import field_settings
from synthdata.models.base import Signature
from synthdata.models.text.packing import pack
from synthdata.models.text.pretrained.model import PretrainedText, PretrainedTextGenerator
from synthdata.models.text.pretrained.network import PretrainedTextNetwork, load_backbone
from synthdata.models.text.pretrained.sampler import pretrained_steps
from synthdata.models.text.pretrained.training import pad_prefix
from synthdata.models.text.sampler import text_nll
from synthdata.models.training.plan import Run

MERGES = ["t h", "th e", "Ġ the", "Ġ p", "Ġp a", "i n", "a t", "e n", "Ġ i", "Ġi n", "c h", "s k", "sk in", "s t"]
WARDS = {"heart": ("chest pain", "an irregular pulse"), "skin": ("a red rash", "itching at night")}
SHORT = {"epochs": 12, "learning_rate": 0.01, "batch_size": 1024, "prefix": 1}
READS_WEIGHTS = 'needs KerasHub: pip install "synthdata[pretrained]", then pytest tests/test_pretrained.py'


def notes(rows: int = 400) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    wards = rng.choice(list(WARDS), rows)
    texts = [f"the patient has {rng.choice(WARDS[ward])} {rng.choice(['now', 'again'])}" for ward in wards]
    return pd.DataFrame({"ward": wards, "note": texts})


def tokens_of(frame: pd.DataFrame, tokenizer: Tokenizer, length: int) -> np.ndarray:
    """The numbers of notes' tokens, which are those in the preset made here too: (n, length)."""
    tokens = np.zeros((len(frame), length), np.int64)
    for row, own in zip(tokens, tokenizer.encode(frame["note"].tolist()), strict=True):
        row[: len(own)] = own[:length]
    return tokens


def write(folder: Path, **changed: object) -> Path:
    """A preset folder as far as it is JSON."""
    characters = sorted(map(chr, BYTES))
    known = ["<|endoftext|>", *characters, *(merge.replace(" ", "") for merge in MERGES)]
    parts = {
        "config.json": part("GPT2Backbone", "gpt2_backbone", vocabulary_size=len(known), max_sequence_length=96),
        "tokenizer.json": part("GPT2Tokenizer", "gpt2_tokenizer"),
        "assets/tokenizer/vocabulary.json": {token: number for number, token in enumerate(known)},
        **changed,
    }
    for name, content in parts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    (folder / "assets/tokenizer/merges.txt").write_text("\n".join(["#version: 0.2", *MERGES]))
    return folder


def part(name: str, module: str, **config: object) -> dict[str, object]:
    place = f"keras_hub.src.models.gpt2.{module}"
    return {"module": place, "class_name": name, "config": config, "registered_name": f"keras_hub>{name}"}


def schema_of(**keys: object) -> Schema:
    return Schema(
        name="notes",
        model={"family": "marginals"},
        fields={"ward": {"kind": "category"}, "note": {"kind": "text", **keys}},
    )


# --- what a folder says -----------------------------------------------------------------------------------------------


def test_the_pieces_of_a_preset_are_its_own_whatever_the_column_holds(tmp_path: Path) -> None:
    preset = read_preset(str(write(tmp_path)))
    tokenizer = Tokenizer.of_preset(preset)
    assert len(tokenizer.tokens) == 256 + len(MERGES)
    assert "<|endoftext|>" not in tokenizer.tokens
    assert preset.numbers == tuple(range(1, 257 + len(MERGES)))
    texts = ["the patient", "Ω seen by one row", "<|endoftext|>"]
    numbers = tokenizer.encode(texts)
    assert numbers[0][:2] == [1 + tokenizer.tokens.index("the"), 1 + tokenizer.tokens.index("Ġpa")]
    assert [tokenizer.decode(np.array([row]))[0] for row in numbers] == texts
    assert Tokenizer.from_json(json.loads(json.dumps(tokenizer.to_json()))) == tokenizer


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"config.json": part("BertBackbone", "bert")}, "GPT-2 alone"),
        ({"config.json": {**part("GPT2Backbone", "x"), "module": "os"}}, "GPT-2 alone"),
        ({"config.json": part("GPT2Backbone", "x", run={"class_name": "Lambda"})}, "plain values"),
        ({"config.json": ["GPT2Backbone"]}, "no config.json"),
        ({"tokenizer.json": part("BertTokenizer", "bert")}, "GPT-2 alone"),
        ({"assets/tokenizer/vocabulary.json": {"the": 1, "<|endoftext|>": 0}}, "byte-level"),
        ({"assets/tokenizer/vocabulary.json": [1]}, "cannot be read"),
        ({"config.json": part("GPT2Backbone", "x", vocabulary_size=9, max_sequence_length=9)}, "beyond the 9"),
        ({"config.json": part("GPT2Backbone", "x")}, "vocabulary_size"),
    ],
)
def test_a_folder_of_another_kind_is_refused(tmp_path: Path, changed: dict, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        read_preset(str(write(tmp_path, **changed)))


def test_a_folder_that_is_missing_or_empty_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SchemaError, match="no such folder"):
        read_preset("gpt2_base_en")  # which KerasHub would download
    with pytest.raises(SchemaError, match=r"no config\.json"):
        read_preset(str(tmp_path))


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"preset": "hf://org/model"}, "nothing is downloaded"),
        ({"preset": "gpt2", "vocabulary": 512}, "leave one of them out"),
        ({"model": "pretrained"}, "name its folder"),
    ],
)
def test_declarations_that_contradict_themselves_are_refused(keys: dict, message: str) -> None:
    with pytest.raises(SchemaError, match=message):
        schema_of(**keys).check("notes.yaml")


def test_a_field_with_a_preset_goes_on_from_it_unless_another_family_is_named() -> None:
    assert Text(preset="gpt2").generator() == {"family": "pretrained", "preset": "gpt2"}
    assert Text(preset="gpt2", model={"rank": 4}).generator() == {"family": "pretrained", "rank": 4, "preset": "gpt2"}
    assert Text(preset="gpt2", model="transformer").generator() == {"family": "transformer"}


def test_without_keras_hub_it_is_said_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("synthdata.extras.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'synthdata\[pretrained\]'"):
        Synthesizer.fit(notes(), schema_of(preset=str(write(tmp_path))))


# --- what is learned from it, by KerasHub's own code ------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GPT-2 of two layers that has read notes without knowing of wards, as KerasHub trains and saves it."""
    keras_hub = pytest.importorskip("keras_hub", reason=READS_WEIGHTS)
    words = read_preset(str(write(tmp_path_factory.mktemp("words"))))
    vocabulary = {"<|endoftext|>": 0} | dict(zip(words.tokens, words.numbers, strict=True))
    sizes = {"num_layers": 2, "num_heads": 2, "hidden_dim": 16, "intermediate_dim": 32, "max_sequence_length": 96}
    backbone = keras_hub.models.GPT2Backbone(vocabulary_size=len(vocabulary), dropout=0.0, **sizes)
    rng = np.random.default_rng(0)
    for variable in backbone.weights:  # those of a network so small have to start larger than GPT-2's
        if variable.path.endswith(("kernel", "embeddings")):
            variable.assign(rng.normal(0.0, 0.3, variable.shape))
    whole = keras_hub.models.GPT2CausalLM(backbone=backbone, preprocessor=None)
    read = np.hstack([np.zeros((400, 1), np.int64), tokens_of(notes(), Tokenizer.of_preset(words), 40)])
    inputs = {"token_ids": read[:, :-1], "padding_mask": np.ones((400, 40))}
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    whole.compile(keras.optimizers.Adam(0.02), loss, jit_compile=False)
    whole.fit(inputs, read[:, 1:], batch_size=40, epochs=15, verbose=0, shuffle=False)
    tokenizer = keras_hub.models.GPT2Tokenizer(vocabulary=vocabulary, merges=MERGES)
    whole.preprocessor = keras_hub.models.GPT2CausalLMPreprocessor(tokenizer, sequence_length=32)
    place = tmp_path_factory.mktemp("preset")
    whole.save_to_preset(str(place))
    return place


@pytest.fixture(scope="module")
def model(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Synthesizer:
    """Trained, saved, and loaded where the preset is gone."""
    copy, saved = tmp_path_factory.mktemp("copy") / "preset", tmp_path_factory.mktemp("texts") / "model"
    shutil.copytree(folder, copy)
    Synthesizer.fit(notes(), schema_of(preset=str(copy), model=SHORT), seed=1).save(saved)
    shutil.rmtree(copy)
    return Synthesizer.load(saved)


def test_texts_become_the_tokens_that_the_preset_takes(folder: Path) -> None:
    keras_hub = pytest.importorskip("keras_hub", reason=READS_WEIGHTS)
    tokenizer, preset = keras_hub.models.GPT2Tokenizer.from_preset(str(folder)), read_preset(str(folder))
    texts = ["the patient's skin,  the Ω 🙂 chest\n\n 1234 days", "in the statin Path"]
    for text, numbers in zip(texts, Tokenizer.of_preset(preset).encode(texts), strict=True):
        assert [preset.numbers[number - 1] for number in numbers] == np.asarray(tokenizer(text)).tolist()


def network(folder: Path, prefix: int) -> PretrainedTextNetwork:
    preset = read_preset(str(folder))
    settings = PretrainedText(preset=str(folder), prefix=prefix, rank=2)
    return PretrainedTextNetwork(load_backbone(preset), preset, settings, 0, condition=2)


def test_before_training_numpy_says_of_texts_what_keras_hub_says(folder: Path) -> None:
    keras_hub = pytest.importorskip("keras_hub", reason=READS_WEIGHTS)
    preset = read_preset(str(folder))
    numbers = Tokenizer.of_preset(preset).encode(["the patient has skin", "in pain", ""])
    texts = np.zeros((3, 24), np.int64)
    for row, own in zip(texts, numbers, strict=True):
        row[: len(own)] = own
    model = network(folder, prefix=1)
    nll = text_nll(pretrained_steps(model.export(24), 2), np.eye(3, 2, dtype=np.float32), texts)

    whole = keras_hub.models.GPT2CausalLM.from_preset(str(folder))
    ids = np.array([preset.end, *preset.numbers])[texts]
    inputs = {"token_ids": np.hstack([np.full((3, 1), preset.end), ids[:, :-1]]), "padding_mask": np.ones((3, 24))}
    chances = keras.ops.convert_to_numpy(
        keras.ops.log_softmax(whole.backbone.token_embedding(whole.backbone(inputs), reverse=True))
    )
    for row, own in enumerate(numbers):
        steps = np.arange(len(own) + 1)
        assert nll[row] == pytest.approx(-chances[row, steps, ids[row, steps]].sum(), rel=1e-3)


def test_after_training_numpy_says_of_texts_what_the_model_says(folder: Path) -> None:
    pytest.importorskip("keras_hub", reason=READS_WEIGHTS)
    model, rng = network(folder, prefix=3), np.random.default_rng(1)
    for variable in model.trainable_variables:
        variable.assign(rng.normal(0.0, 0.3, variable.shape))
    texts = np.where(np.arange(12) < rng.integers(0, 13, (40, 1)), rng.integers(1, 271, (40, 12)), 0)
    condition = rng.normal(size=(40, 2)).astype(np.float32)
    packs = pack(pad_prefix(texts, 3), seed=0)
    padded = np.vstack([condition, np.zeros((1, 2), np.float32)])[packs.texts]
    batch = (packs.targets, packs.inputs, packs.segment_ids, packs.position_ids, padded)
    mean = float(model.nll(*map(tf.constant, batch)))
    drawn = ((packs.segment_ids >= 0) & (packs.position_ids >= 2)).sum()
    alone = text_nll(pretrained_steps(model.export(12), 2), condition, texts)
    assert mean * drawn == pytest.approx(alone.sum(), rel=1e-4)


def test_texts_fit_the_rest_of_their_record(model: Synthesizer) -> None:
    rows = model.sample(300, seed=2)
    other = {"heart": "skin", "skin": "heart"}
    own, others = (
        np.mean(
            [any(sign in note for sign in WARDS[of(ward)]) for ward, note in zip(rows.ward, rows.note, strict=True)]
        )
        for of in (str, other.__getitem__)
    )
    assert own > 0.6
    assert others < 0.1
    assert rows["note"].nunique() > 5


def test_it_draws_the_same_texts_whenever_it_is_asked(model: Synthesizer, tmp_path: Path) -> None:
    rows = model.sample(50, seed=4)
    model.save(tmp_path / "again")
    pd.testing.assert_frame_equal(rows, Synthesizer.load(tmp_path / "again").sample(50, seed=4))
    pd.testing.assert_frame_equal(rows, model.sample(50, seed=4))


def test_a_prompt_is_completed_and_likely_texts_take_fewer_bits(model: Synthesizer) -> None:
    rows = model.with_sampling(temperature=0.7).sample(50, where="ward = skin", prompt="the patient has a")
    assert rows["note"].str.startswith("the patient has a").all()
    own = model.bits_per_character(notes(100))["note"]
    assert own < model.bits_per_character(notes(100).assign(note="Ω zebra 🙂 quokka"))["note"] / 2


def test_its_model_directory_holds_no_code_and_no_folder_is_needed(model: Synthesizer, tmp_path: Path) -> None:
    model.save(tmp_path / "model")
    assert {path.suffix for path in (tmp_path / "model").rglob("*") if path.is_file()} <= {
        ".json",
        ".yaml",
        ".safetensors",
    }


class StopAfter(keras.callbacks.Callback):
    def __init__(self, batches: int) -> None:
        super().__init__()
        self.left = batches

    def on_train_batch_end(self, batch: int, logs: object = None) -> None:
        self.left -= 1
        if not self.left:
            raise KeyboardInterrupt


def fitted(folder: Path, run: Run, tokens: int = 30, **options: object) -> PretrainedTextGenerator:
    preset = read_preset(str(folder))
    frame, block = notes(200), Tokens(tokens, 1 + len(preset.tokens))
    texts = tokens_of(frame, Tokenizer.of_preset(preset), tokens)
    settings = field_settings(block, "pretrained", {**SHORT, "epochs": 3, "preset": str(folder), **options})[1]
    arrays = {"note": texts, "ward": (frame["ward"] == "skin").to_numpy(np.int64)}
    return PretrainedTextGenerator.fit(Signature({"note": block}, {"ward": Categorical(2)}), arrays, settings, run)


class StandingStill(keras.callbacks.Callback):
    """Names of variables that are after a training what they were before it."""

    def on_train_begin(self, logs: object = None) -> None:
        self.before = [variable.numpy() for variable in self.model.trainable_variables]

    def on_train_end(self, logs: object = None) -> None:
        pairs = list(zip(self.model.trainable_variables, self.before, strict=True))
        assert pairs
        self.names = [each.path for each, old in pairs if np.array_equal(each.numpy(), old)]


def test_gradients_reach_every_variable_that_is_trained(folder: Path) -> None:
    watch = StandingStill()
    fitted(folder, Run(seed=3, callbacks=[watch]), weight_decay=0.0)
    assert watch.names == []


def test_it_goes_on_from_what_the_preset_knew(folder: Path) -> None:
    first = fitted(folder, Run(), epochs=1, learning_rate=1e-9).history[0]["val_loss"]
    learned = fitted(folder, Run(), epochs=12).history[-1]["val_loss"]
    assert learned < 0.9 * first < 0.2  # nats a token; of one that knows nothing, more than 5


def test_a_run_that_was_interrupted_resumes_to_the_same_weights_at_another_temperature(
    folder: Path, tmp_path: Path
) -> None:
    whole = fitted(folder, Run(seed=3)).weights
    checkpoint = tmp_path / "state"
    with pytest.raises(KeyboardInterrupt):
        fitted(folder, Run(seed=3, checkpoint=checkpoint, callbacks=[StopAfter(11)]))
    resumed = fitted(folder, Run(seed=3, checkpoint=checkpoint, resume=True), temperature=0.5).weights
    for name, weight in whole.items():
        np.testing.assert_array_equal(weight, resumed[name])
    assert not list(tmp_path.iterdir())


def test_weights_that_do_not_fit_and_texts_that_are_too_long_are_refused(folder: Path) -> None:
    family = fitted(folder, Run(), epochs=1)
    for name, weight in family.weights.items():
        with pytest.raises(ValueError, match="weight"):
            type(family).restore(family.signature, family.config(), {**family.weights, name: weight[:-1]})
    with pytest.raises(SchemaError, match="set max_tokens to 94 or less"):
        fitted(folder, Run(), tokens=95, prefix=3)
    with pytest.raises(SchemaError, match="8 tokens, not with its 270; name it as preset of the field"):
        type(family).fit(
            Signature({"note": Tokens(4, 9)}), {"note": np.zeros((5, 4), np.int64)}, family.settings, Run()
        )


def test_a_preset_from_before_keras_hub_had_its_name_is_read(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "preset"
    shutil.copytree(folder, copy)
    for name in ("config.json", "tokenizer.json"):
        (copy / name).write_text((folder / name).read_text().replace("keras_hub", "keras_nlp"))
    own, old = (load_backbone(read_preset(str(each))).get_weights() for each in (folder, copy))
    for one, other in zip(own, old, strict=True):
        np.testing.assert_array_equal(one, other)


def test_weights_that_cannot_be_read_are_refused(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / "preset"
    shutil.copytree(folder, copy)
    (copy / "model.weights.h5").write_bytes(b"no weights")
    with pytest.raises(SchemaError, match="weights cannot be read"):
        fitted(copy, Run())
    (copy / "model.weights.h5").unlink()
    with pytest.raises(SchemaError, match="weights cannot be read"):
        fitted(copy, Run())
