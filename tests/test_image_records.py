"""Records with an image go the whole way: read, learned, drawn given the rest, checked, exported, scored."""

from __future__ import annotations

import json
import re
import signal
from base64 import b64decode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from sklearn.datasets import load_digits

from synthdata import Schema, Synthesizer, evaluate, generate, write_report
from synthdata.blocks import Pixels
from synthdata.cli import main
from synthdata.errors import ConditionError, GateError, InputError, SchemaError
from synthdata.evaluation.images.inception import Inception
from synthdata.evaluation.images.panel import ImageSide, compare_images
from synthdata.fields.image.pictures import png
from synthdata.io.readers import read_table
from synthdata.metrics import METRICS
from synthdata.models.auto import choose_image
from synthdata.progress import silent

ROWS = 600
FAST = {"family": "vae", "epochs": 60, "patience": 60, "latent": 8, "width": 8}


def digits() -> pd.DataFrame:
    """Scikit-learn's digits, 8 x 8, with their label and how much ink they took."""
    bunch = load_digits()
    pixels = (bunch.images[:, :, :, None] * 15).astype(np.uint8)
    frame = pd.DataFrame({"scan": [png(image) for image in pixels], "label": [f"d{number}" for number in bunch.target]})
    return frame.assign(ink=pixels.sum(axis=(1, 2, 3)) // 255)


SCHEMA = Schema.parse(f"""
name: digits
target: label
model: marginals
fields:
  scan:  {{kind: image, height: 8, width: 8, model: {FAST}}}
  label: {{kind: category, values: [{", ".join(f"d{number}" for number in range(10))}]}}
  ink:   {{kind: number, integer: true}}
""")


@pytest.fixture(scope="module")
def fitted() -> Synthesizer:
    return Synthesizer.fit(digits()[:ROWS], SCHEMA)


@pytest.mark.parametrize(
    ("side", "minutes", "family"),
    [(28, None, None), (28, 2, "vae"), (28, 5, None), (64, 4.9, "vae"), (64, None, None)],
)
def test_the_default_of_images_is_trained_unless_time_is_too_short_for_it(side, minutes, family):
    choice = choose_image(Pixels(side, side, 3), minutes)
    assert (choice and choice.family) == family


def test_a_family_that_was_begun_is_resumed_whatever_the_limit_is(tmp_path):
    checkpoint = tmp_path / "scans.checkpoint"
    schema = Schema(name="scans", fields={"scan": {"kind": "image", "height": 8, "width": 8}})
    frame, heard = digits()[["scan"]][:100], []
    stop = keras.callbacks.LambdaCallback(on_train_batch_begin=interrupt)
    with pytest.raises(KeyboardInterrupt):
        Synthesizer.fit(frame, schema, checkpoint=checkpoint, callbacks=[stop])
    with pytest.raises(KeyboardInterrupt):
        Synthesizer.fit(
            frame, schema, checkpoint=checkpoint, resume=True, max_minutes=1, callbacks=[stop], listener=heard.append
        )
    (plan,) = [each for each in heard if each.task == "plan"]
    assert "scan by gan (begun before the interruption)" in plan.detail


def interrupt(step, logs=None):
    signal.raise_signal(signal.SIGINT)


def test_the_plan_says_why_a_vae_is_trained():
    heard = []
    schema = SCHEMA.replace_field("scan", model={})
    fitted = Synthesizer.fit(digits()[:60], schema, max_minutes=0.02, listener=heard.append)
    (plan,) = (each.detail for each in heard if each.task == "plan" and each.detail.startswith("scan"))
    assert plan.startswith("scan by vae (0.02 minutes are too few for a GAN of 8 x 8 pixels), 60 rows")
    assert fitted.stages.families == {"scan": "vae"}


def test_images_are_drawn_for_the_record_they_stand_in(fitted):
    """The mean image drawn for a label is nearest to the mean real image of that label."""
    real, made = digits(), fitted.sample(600)
    field = SCHEMA.fields["scan"]
    means = [
        np.stack([field.array(frame["scan"])[frame["label"] == f"d{number}"].mean(axis=0) for number in range(10)])
        for frame in (real, made)
    ]
    distances = ((means[0][:, None] - means[1][None]) ** 2).sum(axis=(2, 3, 4))
    assert (distances.argmin(axis=0) == np.arange(10)).sum() >= 8


def test_a_model_with_images_survives_saving(fitted, tmp_path):
    loaded = Synthesizer.load(fitted.save(tmp_path / "model"))
    pd.testing.assert_frame_equal(loaded.sample(50, seed=3), fitted.sample(50, seed=3))
    assert loaded.describe()["stages"]["scan"]["family"] == "vae"


def test_an_image_depends_on_the_seed_and_its_number_alone(fitted):
    pd.testing.assert_frame_equal(fitted.sample(20, seed=1), fitted.sample(300, seed=1).head(20))


def test_conditions_on_the_record_are_met_and_none_on_the_image(fitted):
    assert set(fitted.sample(30, where={"label": "d7"})["label"]) == {"d7"}
    with pytest.raises(ConditionError, match="an image takes no condition"):
        fitted.sample(3, where="scan = 1")


def test_a_family_that_images_do_not_have_is_refused():
    schema = SCHEMA.model_copy(
        update={"fields": {**SCHEMA.fields, "scan": SCHEMA.fields["scan"].model_copy(update={"model": "marginals"})}}
    )
    with pytest.raises(SchemaError, match='unknown model family "marginals" of pixels'):
        Synthesizer.fit(digits()[:100], schema)


def test_images_alone_can_be_learned():
    schema = SCHEMA.model_copy(update={"fields": {"scan": SCHEMA.fields["scan"]}, "target": None})
    made = Synthesizer.fit(digits()[:200], schema).sample(5)
    assert SCHEMA.fields["scan"].array(made["scan"]).shape == (5, 8, 8, 1)


def test_variations_of_a_record_keep_all_but_its_image(fitted):
    real = digits()[:40]
    near, far = (fitted.vary(real, strength) for strength in (0.1, 1.0))
    field = SCHEMA.fields["scan"]
    for made in (near, far):
        assert made["label"].tolist() == real["label"].tolist()
        assert made["ink"].tolist() == real["ink"].tolist()
        assert not set(made["scan"]) & set(real["scan"])
    apart = [np.abs(field.array(made["scan"]).astype(float) - field.array(real["scan"])).mean() for made in (near, far)]
    assert apart[0] < 0.7 * apart[1]
    pd.testing.assert_frame_equal(fitted.vary(real, 0.1).head(3), fitted.vary(real.head(3), 0.1))
    assert set(fitted.vary(real, 0.1, seed=1)["scan"]) != set(near["scan"])
    with pytest.raises(InputError, match="strength 2 is not from 0"):
        fitted.vary(real, 2)


def test_the_way_from_record_to_record_moves_its_image(fitted):
    one, other = (digits().iloc[number] for number in (0, 4))
    way = fitted.interpolate(one, other, steps=6)
    assert way["label"].tolist() == ["d0"] * 3 + ["d4"] * 3  # independent columns have no places: the nearer record's
    pixels = SCHEMA.fields["scan"].array(way["scan"]).astype(float)
    real = [SCHEMA.fields["scan"].array(digits()["scan"].iloc[[number]])[0] for number in (0, 4)]
    assert np.abs(pixels[0] - real[0]).mean() < np.abs(pixels[0] - real[1]).mean()
    assert np.abs(pixels[-1] - real[1]).mean() < np.abs(pixels[-1] - real[0]).mean()
    assert len(set(way["scan"])) == 6


def test_a_model_whose_images_have_no_places_says_so(fitted):
    plain = replace(fitted, stages=replace(fitted.stages, generators={}))
    with pytest.raises(InputError, match=r"no image or text that can be varied; train with .* gan or vae"):
        plain.vary(digits()[:3])


def test_a_data_set_feeds_a_network_with_fresh_rows(fitted):
    batches = list(fitted.dataset(50, rows=120, seed=2).as_numpy_iterator())
    assert [len(batch["label"]) for batch in batches] == [50, 50, 20]
    first, made = batches[0], fitted.sample(120, seed=2)
    assert first["scan"].dtype == np.uint8
    np.testing.assert_array_equal(first["scan"], SCHEMA.fields["scan"].array(made["scan"][:50]))
    assert [label.decode() for label in first["label"]] == made["label"][:50].tolist()
    assert first["ink"].tolist() == made["ink"][:50].tolist()
    asked = fitted.dataset(8, where={"label": "d7"}).take(2).as_numpy_iterator()
    assert {label for batch in asked for label in batch["label"]} == {b"d7"}
    with pytest.raises(ConditionError):
        fitted.dataset(where="label = nine")


def test_real_rows_can_be_mixed_into_a_data_set(fitted):
    real = digits()[:30].assign(ink=[-number for number in range(30)])  # to tell them by
    batches = list(fitted.dataset(16, real=real, real_fraction=0.25, rows=16 * 15).as_numpy_iterator())
    assert {(batch["ink"] <= 0).sum() for batch in batches} == {4}
    seen = np.concatenate([batch["ink"][batch["ink"] <= 0] for batch in batches])
    assert (np.bincount(-seen, minlength=30) == 2).all()  # all once before any comes again
    batch, pictures = batches[0], SCHEMA.fields["scan"].array(real["scan"])
    for pixels, label, ink in zip(batch["scan"], batch["label"], batch["ink"], strict=True):
        if ink <= 0:
            np.testing.assert_array_equal(pixels, pictures[-ink])
            assert label.decode() == real["label"].iloc[-ink]
    with pytest.raises(InputError, match="real_fraction 1 leaves a batch of 16"):
        fitted.dataset(16, real=real, real_fraction=1)


def broken(fitted: Synthesizer, change: Callable[[np.ndarray], np.ndarray]) -> Synthesizer:
    """The synthesizer, as if the training of its images had gone wrong."""
    scan = fitted.stages.generators["scan"]
    bent = {
        name: change(array) if "enter" in name or "modulation" in name else array
        for name, array in scan.weights.items()
    }
    return replace(fitted, stages=replace(fitted.stages, generators={"scan": replace(scan, weights=bent)}))


def test_a_generator_that_has_collapsed_gets_nothing_through_the_gate(fitted):
    collapsed = broken(fitted, lambda array: array * 0)
    assert len(set(collapsed.sample(30)["scan"])) == 1
    assert len(generate(collapsed, 5).frame()) == 5  # so few may look alike
    with pytest.raises(GateError, match=r"refused: expect_column_mean_to_be_between\(scan.alike"):
        generate(collapsed, 40).frame()


def test_images_that_are_no_numbers_are_blank_and_set_aside(fitted):
    validated = generate(broken(fitted, lambda array: array * np.nan), 5)
    with pytest.raises(GateError, match="only 0 of 5 rows passed"):
        validated.frame()
    rejected = validated.rejected()
    assert set(rejected["failed_expectation"]) == {"expect_column_values_to_be_between(scan.contrast)"}
    assert not SCHEMA.fields["scan"].array(rejected["scan"].head(20)).any()


@pytest.fixture(scope="module")
def report(fitted):
    return evaluate(digits()[:ROWS], fitted.sample(ROWS), digits()[ROWS:], SCHEMA, show_real=True)


def test_images_are_scored_beside_held_out_ones(report, tmp_path):
    scores = {score.name: score for score in report.scores if score.name.startswith("image_")}
    assert set(scores) == {name for name in METRICS if name.startswith("image_")} - {"image_inception_frechet"}
    for score in scores.values():
        assert score.value is not None
        assert score.ceiling is not None
    assert scores["image_agreement"].value > 0.3
    assert scores["image_frechet"].value > scores["image_frechet"].ceiling
    page = write_report(report, tmp_path)["html"].read_text()
    assert page.count("data:image/png;base64,") == len(report.sheets) == 3


def test_a_person_can_guess_which_images_are_real(report, tmp_path):
    (human_test,) = report.human_tests
    assert human_test.is_real.sum() == len(human_test.images) / 2 == 24
    known = {image.tobytes() for image in SCHEMA.fields["scan"].array(digits()["scan"])[ROWS:]}
    assert [image.tobytes() in known for image in human_test.images] == human_test.is_real.tolist()
    assert 0 < np.abs(np.diff(human_test.is_real.astype(int))).sum() < 47
    files = write_report(report, tmp_path)
    page = files["guess"].read_text()
    assert files["guess"].name == "guess.html"
    assert 'href="guess.html"' in files["html"].read_text()
    assert page.count("<fieldset") == 48
    assert not re.search(r"https?://|@import|url\(|<(link|iframe|object)\b|src=\"(?!data:)", page)
    told = json.loads(b64decode(re.search(r'atob\("([^"]+)"\)', page)[1]))
    assert told == [human_test.is_real.tolist()]
    write_report(replace(report, human_tests=()), tmp_path, force=True)
    assert not files["guess"].exists()


def test_the_features_of_inception_are_those_of_the_weights_that_are_given(tmp_path):
    """The weights are written as Keras publishes them, but random ones."""
    import h5py
    import keras
    from keras.src.legacy.saving.legacy_h5_format import save_weights_to_hdf5_group

    network = keras.applications.InceptionV3(weights=None, include_top=False, pooling="avg")
    with h5py.File(tmp_path / "notop.h5", "w") as file:
        save_weights_to_hdf5_group(file, network)
    images = SCHEMA.fields["scan"].array(digits()["scan"].head(1))
    found = Inception.load(tmp_path / "notop.h5").features(images)
    assert found.shape == (1, 2048)
    large = keras.ops.image.resize(np.repeat(images, 3, axis=3).astype(np.float32), (299, 299))
    np.testing.assert_allclose(found, network.predict_on_batch(large / 127.5 - 1), atol=1e-4)
    (tmp_path / "other.h5").write_bytes(b"what is this")
    with pytest.raises(InputError, match=r"other.h5: not the weights of Inception v3 \(.*notop.h5"):
        Inception.load(tmp_path / "other.h5")


def test_the_inception_distance_is_measured_where_weights_are_given(monkeypatch):
    def features(self: Inception, images: np.ndarray, listener: object) -> np.ndarray:
        return images.reshape(len(images), -1) / 255

    real = digits()
    copied = real[:60]
    sides = {
        name: ImageSide(SCHEMA.fields["scan"].comparison(frame["scan"]), np.empty(0))
        for name, frame in (("train", real[:60]), ("synthetic", copied), ("holdout", real[ROWS : ROWS + 60]))
    }
    monkeypatch.setattr(Inception, "features", features)
    scores, _, _ = compare_images("scan", sides, (), np.random.default_rng(0), silent, Inception(network=None))
    (score,) = [score for score in scores if score.name == "image_inception_frechet"]
    assert score.value < 1e-6 < score.ceiling
    assert score.note == "scan, 60 images"
    with pytest.raises(InputError, match=r"no.h5: no such file"):
        evaluate(real, copied, None, SCHEMA, inception="no.h5")


def test_an_inception_distance_that_is_required_is_missed_without_weights():
    rows = digits().head(40)
    required = SCHEMA.model_copy(update={"require": {"image_inception_frechet": 5.0}})
    (missed,) = evaluate(rows, rows, None, required).missed
    assert "evaluate with --inception" in missed.note


def test_copies_of_images_are_seen(report):
    real = digits()
    copied = evaluate(real[:ROWS], real[:ROWS], real[ROWS:], SCHEMA)
    assert copied.score("image_frechet").value < report.score("image_frechet").value
    assert copied.score("copies").value == 1
    assert report.score("copies").value == 0
    assert {"copies", "image_dcr_share"} <= {score.name for score in copied.alarms}


def test_a_folder_of_images_goes_the_whole_way_on_the_command_line(tmp_path):
    for number, (scan, label) in enumerate(digits()[["scan", "label"]].itertuples(index=False)):
        if number < 300:
            (tmp_path / "real" / label).mkdir(parents=True, exist_ok=True)
            (tmp_path / "real" / label / f"{number}.png").write_bytes(scan)
    schema, real, out = (str(tmp_path / name) for name in ("digits.yaml", "real", "out"))
    words = [["init", real, "-o", schema], ["train", schema, "--data", real, "-o", out, "--model", "vae"]]
    words[1] += ["--max-minutes", "0.3"]
    words += [["generate", out, "-n", "40", "-o", f"{tmp_path}/made", "--where", "label in d1, d2"]]
    words += [["validate", schema, f"{tmp_path}/made"], ["inspect", out]]
    for line in words:
        done = CliRunner().invoke(main, line)
        assert done.exit_code == 0, f"{line}: {done.output}"
    assert "image: vae, " in done.stdout
    made = read_table(Path(tmp_path / "made"))
    assert len(made) == 40
    assert set(made["label"]) == {"d1", "d2"}
