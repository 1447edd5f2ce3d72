"""Images and texts changed so that their labels hold: what a schema may name, and what comes of it."""

from __future__ import annotations

import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits

from synthdata import Schema, transform, validate
from synthdata.augmentations import transformed_fields
from synthdata.errors import DataError, InputError, SchemaError
from synthdata.fields.image.pictures import png
from synthdata.fields.transforms import ImageTransforms
from synthdata.io.readers import read_table

ALL = "{translation: 0.1, rotation: 0.05, zoom: 0.1, shear: 0.1, flip: vertical, contrast: 0.2, brightness: 0.1}"
NEEDS_HUB = 'needs KerasHub: pip install "synthdata[pretrained]", then pytest tests/test_transforms.py'


def schema_of(transforms: str = ALL) -> Schema:
    return Schema.parse(
        f"""
        name: digits
        fields:
          image: {{kind: image, height: 8, width: 8, transforms: {transforms}}}
          label: {{kind: category}}
          plain: {{kind: image, height: 8, width: 8}}
        """
    )


def notes_schema(transforms: str) -> Schema:
    return Schema.parse(
        f"name: notes\nfields:\n  note: {{kind: text, nullable: true, transforms: {transforms}}}\n"
        "  ward: {kind: category}"
    )


@pytest.fixture(scope="module")
def digits() -> pd.DataFrame:
    """150 real digits, each in two columns, and what they show."""
    found = load_digits()
    files = [png(np.rint(one * (255 / 16)).astype(np.uint8)[..., None]) for one in found.images[:150]]
    label = found.target[:150].astype(str)
    return pd.DataFrame({"image": pd.Series(files, dtype=object), "label": label, "plain": files})


@pytest.fixture
def notes() -> pd.DataFrame:
    texts = [f"patient {row} sleeps well\nand eats a little more every day" for row in range(100)]
    return pd.DataFrame({"note": [None, "alone", *texts], "ward": "north"})


def pixels(frame: pd.DataFrame) -> np.ndarray:
    """(n, 8, 8) float64."""
    return schema_of().fields["image"].array(frame["image"])[..., 0].astype(float)


@pytest.mark.parametrize("name", ImageTransforms.NAMES)
def test_each_transform_changes_images_by_itself(digits, name):
    factor = "horizontal" if name == "flip" else 0.2
    before, after = pixels(digits), pixels(transform(digits, schema_of(f"{{{name}: {factor}}}")))
    changed = (before != after).any(axis=(1, 2))
    assert changed.mean() > (0.3 if name == "flip" else 0.9)


def test_a_flip_turns_about_half_of_the_images_over_and_leaves_the_others(digits):
    before, after = pixels(digits), pixels(transform(digits, schema_of("{flip: horizontal}")))
    over = (after == before[:, :, ::-1]).all(axis=(1, 2))
    assert (over | (after == before).all(axis=(1, 2))).all()
    assert 0.3 < over.mean() < 0.7


def test_a_number_turns_contrast_up_and_down_as_keras_documents(digits):
    before, after = pixels(digits), pixels(transform(digits, schema_of("{contrast: 0.5}")))
    more = after.std(axis=(1, 2)) > before.std(axis=(1, 2))
    assert 0.2 < more.mean() < 0.8


def test_a_range_goes_one_way_alone(digits):
    before, after = pixels(digits), pixels(transform(digits, schema_of("{brightness: [0.1, 0.3]}")))
    assert (after.mean(axis=(1, 2)) > before.mean(axis=(1, 2)) + 10).all()


@pytest.mark.parametrize(("fill", "shade"), [("fill_mode: nearest", 200), ("fill_mode: constant, fill_value: 9", 9)])
def test_what_an_image_does_not_cover_is_filled_as_said(fill, shade):
    gray = png(np.full((8, 8, 1), 200, np.uint8))
    frame = pd.DataFrame({"image": [gray], "label": "x", "plain": [gray]})
    moved = pixels(transform(frame, schema_of(f"{{translation: [0.5, 0.5], {fill}}}")))[0]
    assert (moved[:3] == shade).all()
    assert (moved[5:, 5:] == 200).all()


def test_the_same_seed_gives_the_same_images_and_another_one_others(digits):
    one, again, other = (transform(digits, schema_of(), seed=seed)["image"].tolist() for seed in (3, 3, 4))
    assert one == again
    assert sum(map(bytes.__eq__, one, other)) < 5


def test_a_copy_does_not_depend_on_how_many_there_are(digits):
    many = transform(digits, schema_of(), rows=320)
    assert len(many) == 320
    pd.testing.assert_frame_equal(many.head(70), transform(digits.head(70), schema_of()))
    pd.testing.assert_frame_equal(many.head(1), transform(digits, schema_of(), rows=1))


def test_copies_go_through_the_rows_again_each_time_otherwise(digits):
    twice = transform(digits, schema_of(), rows=300)
    assert twice["label"].tolist() == digits["label"].tolist() * 2
    assert sum(map(bytes.__eq__, twice["image"].iloc[:150], twice["image"].iloc[150:])) < 5


def test_what_names_no_transform_stays_bit_for_bit(digits):
    before = digits.copy(deep=True)
    after = transform(digits, schema_of())
    assert after["plain"].tolist() == digits["plain"].tolist()
    assert after["label"].tolist() == digits["label"].tolist()
    pd.testing.assert_frame_equal(digits, before)


def test_transforms_do_not_act_in_step_with_each_other():
    """What is drawn for one says nothing of another; of grays that none is cut off of at black or white."""
    gray = png(np.repeat(np.array([110, 146], np.uint8), 32).reshape(8, 8, 1))
    frame = pd.DataFrame({"image": [gray] * 150, "label": "x", "plain": [gray] * 150})
    after = pixels(transform(frame, schema_of("{contrast: 0.5, brightness: 0.2}")))
    assert abs(np.corrcoef(after.mean(axis=(1, 2)), after.std(axis=(1, 2)))[0, 1]) < 0.25


def test_changed_images_keep_size_and_type_and_pass_the_gate(digits):
    schema = schema_of()
    after = transform(digits, schema)
    assert schema.fields["image"].array(after["image"]).shape == (150, 8, 8, 1)
    assert sum(map(len, validate(after, schema).frames())) == 150


def test_images_in_colour_of_any_shape_are_changed_by_path(tmp_path):
    rng = np.random.default_rng(0)
    for number in range(3):
        (tmp_path / f"{number}.png").write_bytes(png(rng.integers(0, 255, (10, 12, 3), dtype=np.uint8)))
    (tmp_path / "metadata.csv").write_text("file_name,label\n0.png,a\n1.png,b\n2.png,a\n")
    frame = read_table(tmp_path)
    schema = Schema.parse(
        f"fields:\n  image: {{kind: image, height: 10, width: 12, channels: 3, transforms: {ALL}}}\n"
        "  label: {kind: category}"
    )
    after = transform(frame, schema)
    assert schema.fields["image"].array(after["image"]).shape == (3, 10, 12, 3)
    assert after["label"].tolist() == ["a", "b", "a"]


def test_a_schema_with_transforms_comes_back_from_yaml():
    schema = schema_of("{rotation: [-0.1, 0.05], zoom: 0.2, fill_mode: constant, fill_value: 255}")
    assert Schema.parse(schema.dump()) == schema
    assert "transforms" not in schema_of("{}").dump()


def test_fields_that_name_transforms_are_told():
    assert list(transformed_fields(schema_of())) == ["image"]
    assert transformed_fields(schema_of("{fill_mode: wrap}")) == {}


def test_an_unknown_transform_is_refused_with_the_nearest_name():
    with pytest.raises(SchemaError, match='"image", transforms: unknown key "rotate"; did you mean "rotation"'):
        schema_of("{rotate: 0.1}")
    with pytest.raises(SchemaError, match='unknown key "rotation"; known: deletion, swap'):
        notes_schema("{rotation: 0.1}")


@pytest.mark.parametrize(
    "transforms",
    [
        "{rotation: 1.5}",
        "{rotation: .nan}",
        "{rotation: true}",
        '{rotation: "0.1"}',
        "{rotation: -0.1}",
        "{translation: [0.2, 0.1]}",
        "{translation: [0.1]}",
        "{zoom: [-1, 0]}",
        "{shear: [-0.1, 0.1]}",
        "{contrast: 2}",
        "{brightness: [-2, 0]}",
    ],
)
def test_a_factor_out_of_range_is_refused(transforms):
    with pytest.raises(SchemaError, match=r'"image", transforms\.\w+: found .* give a factor above 0 and up to 1'):
        schema_of(transforms)


def test_what_would_change_nothing_is_refused():
    with pytest.raises(SchemaError, match="0 changes nothing"):
        schema_of("{rotation: 0}")
    with pytest.raises(SchemaError, match="greater than 0"):
        notes_schema("{swap: 0}")


def test_no_mapping_is_refused():
    with pytest.raises(SchemaError, match=r"transforms: found \[\"rotation\"\]; write a mapping"):
        schema_of("[rotation]")


def test_no_transform_no_rows_and_no_copies_are_refused(digits):
    with pytest.raises(InputError, match="no field of the schema names a transform"):
        transform(digits, schema_of("{}"))
    with pytest.raises(InputError, match="0 copies asked for"):
        transform(digits, schema_of(), rows=0)
    with pytest.raises(DataError, match="no rows to change"):
        transform(digits.head(0), schema_of())


def test_without_kerashub_texts_say_what_to_install(notes, monkeypatch):
    monkeypatch.setattr("synthdata.extras.find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"a transform of texts needs KerasHub: pip install 'synthdata\[pretrained\]'"):
        transform(notes, notes_schema("{swap: 0.1}"))


class TestTexts:
    @pytest.fixture(autouse=True)
    def hub(self, monkeypatch) -> None:
        pytest.importorskip("keras_hub", reason=NEEDS_HUB)

    def test_words_are_left_out_and_lines_stay(self, notes):
        after = transform(notes, notes_schema("{deletion: 0.2}"))
        before, words = notes["note"].iloc[2:].str.split(), after["note"].iloc[2:].str.split()
        assert all(_in_order(few, all_) for few, all_ in zip(words, before, strict=True))
        assert 0.1 < 1 - words.str.len().sum() / before.str.len().sum() < 0.3
        assert after["note"].str.contains("\n").mean() > 0.5

    def test_words_change_places_and_none_is_lost(self, notes):
        after = transform(notes, notes_schema("{swap: 0.2}"))
        before, words = notes["note"].iloc[2:].str.split(), after["note"].iloc[2:].str.split()
        assert all(sorted(one) == sorted(other) for one, other in zip(words, before, strict=True))
        assert (words != before).mean() > 0.5

    def test_missing_texts_stay_missing_and_no_text_is_left_empty(self, notes):
        after = transform(notes, notes_schema("{deletion: 0.9, swap: 0.9}"))
        assert after["note"].isna().tolist() == notes["note"].isna().tolist()
        assert after["note"].iloc[1] == "alone"
        assert (after["note"].iloc[1:].str.len() > 0).all()

    def test_a_change_depends_on_seed_and_row_alone(self, notes):
        schema = notes_schema("{deletion: 0.2, swap: 0.2}")
        many = transform(notes, schema, rows=150)
        assert many["note"].head(70).tolist()[1:] == transform(notes.head(70), schema)["note"].tolist()[1:]
        assert many["note"].iloc[3] != transform(notes, schema, seed=1)["note"].iloc[3]
        assert sum(map(len, validate(many, schema).frames())) == 150

    def test_tensorflow_text_is_not_needed(self, notes, monkeypatch):
        monkeypatch.setitem(sys.modules, "tensorflow_text", None)
        assert len(transform(notes, notes_schema("{deletion: 0.2, swap: 0.2}"))) == len(notes)


def _in_order(few: list[str], words: list[str]) -> bool:
    rest = iter(words)
    return all(word in rest for word in few)
