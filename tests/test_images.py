"""Images: what is read, what the gate sees of them, what is written."""

from __future__ import annotations

import io
import json
import os
import shutil
import tracemalloc
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
import PIL.Image
import pyarrow as pa
import pyarrow.parquet
import pytest
from click.testing import CliRunner
from sklearn.datasets import load_digits

from synthdata.cli import main
from synthdata.errors import DataError, GateError, OutputError, SchemaError
from synthdata.fields import Category, Expectation, Image, Rows
from synthdata.fields.image.pictures import png
from synthdata.io.formats import FORMATS
from synthdata.io.readers import read_table
from synthdata.io.writers import check_target, export
from synthdata.pipeline import train
from synthdata.schema import Schema, infer
from synthdata.validation import Gate, Suite, check, validate

DIGITS = Schema.parse(
    """
    name: digits
    fields:
      image: {kind: image, height: 8, width: 8}
      label: {kind: category}
    """
)
COLOUR = Image(height=8, width=8, channels=3)
GRAY = Image(height=8, width=8)
ANY_SIZE = Image(height=8, width=8, resize=True)


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """120 real digits (n, 8, 8, 1) uint8, and what they show."""
    found = load_digits()
    pixels = np.rint(found.images[:120] * (255 / 16)).astype(np.uint8)
    return pixels[..., None], found.target[:120].astype(str)


@pytest.fixture
def classes(tmp_path: Path, digits: tuple[np.ndarray, np.ndarray]) -> Path:
    """A folder of class folders."""
    for number, (pixels, label) in enumerate(zip(*digits, strict=True)):
        folder = tmp_path / "digits" / label
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number:04}.png").write_bytes(png(pixels))
    return tmp_path / "digits"


def frame_of(digits: tuple[np.ndarray, np.ndarray]) -> pd.DataFrame:
    pixels, labels = digits
    files = pd.Series([png(one) for one in pixels], dtype=object)
    return DIGITS.read(pd.DataFrame({"image": files, "label": labels}))


def saved(image: PIL.Image.Image, format_: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format_, **options)
    return buffer.getvalue()


def flat(mode: str, colour: object, size: tuple[int, int] = (8, 8)) -> PIL.Image.Image:
    return PIL.Image.new(mode, size, colour)


def encoded(field: Image, *cells: object) -> np.ndarray:
    column = field.parse(pd.Series(list(cells), dtype=object), "x")
    return field.fit(column, "x", np.random.default_rng(0)).encode(column)["x"]


def pixels_of(schema: Schema, frame: pd.DataFrame) -> np.ndarray:
    column = schema.read(frame)["image"]
    return schema.fields["image"].fit(column, "image", np.random.default_rng(0)).encode(column)["image"]


# --- pixels


def test_the_pixels_of_a_png_come_back_exactly(digits):
    assert (encoded(GRAY, *map(png, digits[0])) == digits[0]).all()


@pytest.mark.parametrize("field", [GRAY, COLOUR], ids=["gray", "colour"])
def test_drawn_pixels_are_those_of_the_file(field):
    drawn = np.random.default_rng(1).integers(0, 256, (20, 8, 8, field.channels), dtype=np.uint8)
    body = field.body_from_json({"height": 8, "width": 8, "channels": field.channels})
    files = body.decode(drawn, Rows(0, np.arange(20)))
    opened = [np.asarray(PIL.Image.open(io.BytesIO(file))).reshape(8, 8, field.channels) for file in files]
    assert (np.stack(opened) == drawn).all()


def test_bytes_a_path_as_text_and_a_path_are_the_same_image(tmp_path, digits):
    file = tmp_path / "one.png"
    file.write_bytes(png(digits[0][0]))
    cells = [file.read_bytes(), bytearray(file.read_bytes()), str(file), file]
    assert (encoded(GRAY, *cells) == digits[0][0]).all()


CONVERSIONS = {
    "half transparent red over white": (flat("RGBA", (255, 0, 0, 128)), COLOUR, (255, 127, 127)),
    "transparent gray over white": (flat("LA", (0, 0)), GRAY, (255,)),
    "a transparent colour of a palette over white": (flat("P", 0), COLOUR, (255, 255, 255)),
    "16 bits, the most": (PIL.Image.fromarray(np.full((8, 8), 65535, np.uint16)), GRAY, (255,)),
    "16 bits, half": (PIL.Image.fromarray(np.full((8, 8), 32896, np.uint16)), GRAY, (128,)),
    "16 bits in colour": (PIL.Image.fromarray(np.full((8, 8), 257 * 9, np.uint16)), COLOUR, (9, 9, 9)),
    "one bit": (flat("1", 1), GRAY, (255,)),
    "gray to colour": (flat("L", 77), COLOUR, (77, 77, 77)),
    "colour to its luma": (flat("RGB", (255, 0, 0)), GRAY, (76,)),
}


@pytest.mark.parametrize("name", CONVERSIONS)
def test_what_is_not_8_bits_of_gray_or_colour_is_converted(name):
    image, field, expected = CONVERSIONS[name]
    options = {"transparency": 0} if image.mode == "P" else {}
    found = encoded(field, saved(image, **options))
    assert found[0].reshape(-1, field.channels).tolist() == [list(expected)] * 64


def test_print_colours_and_a_camera_held_upright_are_understood():
    assert encoded(COLOUR, saved(flat("CMYK", (0, 0, 0, 255)), "TIFF")).max() == 0
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # turn it to the right
    tall = Image(height=16, width=8)
    assert encoded(tall, saved(flat("L", 90, (16, 8)), "JPEG", exif=exif)).shape == (1, 16, 8, 1)


def test_floating_point_pixels_are_refused():
    with pytest.raises(DataError, match=r"1 cell \(row 1\) cannot be read as image"):
        encoded(GRAY, saved(flat("F", 0.5), "TIFF"))


def test_another_size_is_refused_or_scaled_as_the_schema_says(digits):
    larger = np.kron(digits[0][0], np.ones((4, 4, 1), np.uint8))
    cells = [png(digits[0][0]), png(larger)]
    with pytest.raises(DataError, match=r"1 cell \(row 2\).*is 32 x 32 pixels .*allowed is 8 x 8: set resize: true"):
        encoded(GRAY, *cells)
    small, scaled = encoded(ANY_SIZE, *cells).astype(int)
    assert np.abs(small - scaled).mean() < 12


def test_scaling_keeps_proportions_and_cuts_both_sides():
    wide = np.zeros((16, 48, 1), np.uint8)
    wide[:, 16:32] = 200
    assert (encoded(ANY_SIZE, png(wide)) > 180).all()


def damaged(data: bytes, kind: str) -> object:
    match kind:
        case "no image":
            return b"what is this"
        case "nothing":
            return b""
        case "no file":
            return "/no/such/file.png"
        case "a number":
            return 5
        case _:
            return data[:30]  # the header is broken off


@pytest.mark.parametrize("kind", ["no image", "nothing", "no file", "a number", "cut in the header"])
def test_a_cell_that_is_no_image_names_its_row(digits, kind):
    cells = [png(one) for one in digits[0][:5]]
    cells[3] = damaged(cells[3], kind)
    with pytest.raises(DataError) as error:
        DIGITS.read(pd.DataFrame({"image": pd.Series(cells, dtype=object), "label": "x"}), "digits.parquet")
    message = str(error.value)
    assert message.startswith('digits.parquet, column "image": 1 cell (row 4) cannot be read as image')
    assert "\n" not in message


def test_a_folder_in_the_place_of_a_file_names_its_row(tmp_path):
    with pytest.raises(DataError, match=r"1 cell \(row 1\)"):
        encoded(GRAY, str(tmp_path))


def test_a_file_that_breaks_off_after_its_header_names_its_row_when_it_is_encoded(digits):
    cells = [png(one) for one in digits[0][:5]]
    cells[2] = cells[2][:-30]
    with pytest.raises(DataError, match=r'column "x": 1 cell \(row 3\) cannot be read as image: damaged or gone'):
        encoded(GRAY, *cells)


def test_a_huge_image_is_refused_by_its_header(monkeypatch):
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(DataError, match="cannot be read as image"):
        encoded(ANY_SIZE, saved(flat("L", 0, (64, 64))))


# --- declarations


def test_missing_images_are_refused():
    with pytest.raises(SchemaError, match=r'field "scan": an image is never missing: drop nullable'):
        Schema.parse("fields: {scan: {kind: image, height: 8, width: 8, nullable: true}}")
    cells = pd.Series([png(np.zeros((8, 8, 1), np.uint8)), None], dtype=object)
    with pytest.raises(DataError, match=r'column "x": 1 cell \(row 2\) missing'):
        GRAY.fit(cells, "x", np.random.default_rng(0)).encode(cells)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("height: 4, width: 8", "height: found 4; allowed is greater than or equal to 8"),
        ("height: 8, width: 512", "width: found 512; allowed is less than or equal to 256"),
        ("height: 8, width: 8, channels: 2", "channels: found 2; allowed is 1 or 3"),
        ("height: 8", '"width" is missing'),
        ("height: 8, width: 8, resized: true", 'did you mean "resize"'),
    ],
)
def test_a_declaration_that_cannot_be_is_one_line(keys, message):
    with pytest.raises(SchemaError) as error:
        Schema.parse(f"fields: {{scan: {{kind: image, {keys}}}}}")
    assert message in str(error.value)


def test_a_field_named_like_a_measure_is_refused():
    with pytest.raises(SchemaError, match=r'field "scan\.contrast": has the name of a statistic of "scan"'):
        Schema.parse("fields: {scan: {kind: image, height: 8, width: 8}, scan.contrast: {kind: number}}")


# --- guessing


def test_a_folder_of_classes_is_an_image_and_a_label(classes):
    schema = Schema.infer(read_table(classes), "digits")
    assert schema.fields["image"] == GRAY
    assert schema.fields["label"] == Category(values=[str(number) for number in range(10)])
    assert Schema.parse(schema.dump()) == schema


@pytest.mark.parametrize(
    ("images", "expected", "note"),
    [
        ([flat("RGB", (200, 0, 0))] * 9, COLOUR, ""),
        ([flat("RGB", (9, 9, 9))] * 9, GRAY, ""),
        ([flat("L", 9)] * 8 + [flat("L", 9, (9, 9))], ANY_SIZE, "several sizes"),
        ([flat("L", 9, (640, 320))] * 9, Image(height=32, width=64, resize=True), "most are 320 x 640 pixels"),
    ],
)
def test_size_and_colour_are_those_of_most_images(images, expected, note):
    schema, found = infer(pd.DataFrame({"scan": pd.Series([saved(one) for one in images], dtype=object)}))
    notes = found.notes
    assert schema.fields["scan"] == expected
    assert note in notes["scan"]


def test_one_damaged_file_does_not_hide_that_the_others_are_images(digits):
    cells = [*map(png, digits[0][:20]), b"what is this"]
    assert Schema.infer(pd.DataFrame({"scan": pd.Series(cells, dtype=object)})).fields["scan"] == GRAY


def test_names_of_files_that_are_not_there_are_no_images():
    names = pd.Series([f"{number}.png" for number in range(30)], dtype="str")
    assert Schema.infer(pd.DataFrame({"file": names})).fields["file"].kind != "image"


def test_bytes_that_are_no_images_are_refused_by_name():
    column = pd.Series([b"\xff\xfe"] * 9, dtype=object)
    with pytest.raises(DataError, match=r'column "blob": holds bytes that are no images'):
        Schema.infer(pd.DataFrame({"blob": column}))
    with pytest.raises(DataError, match=r'column "blob": holds bytes, which no category is'):
        Schema.parse("fields: {blob: {kind: category}}").read(pd.DataFrame({"blob": column}))


# --- folders and tables


def test_reading_a_folder_opens_no_image(classes, monkeypatch):
    monkeypatch.setattr(PIL.Image, "open", None)
    frame = read_table(classes)
    assert {name: str(kind) for name, kind in frame.dtypes.items()} == {"image": "str", "label": "category"}
    assert all(os.path.isabs(path) for path in frame["image"])
    assert frame["label"].tolist() == [Path(path).parent.name for path in frame["image"]]
    assert frame["image"].is_monotonic_increasing


def test_reading_into_a_schema_decodes_no_image(classes, monkeypatch):
    monkeypatch.setattr(PIL.Image.Image, "convert", None)
    frame = DIGITS.read(read_table(classes))
    assert all(isinstance(cell, str) for cell in frame["image"])


def test_a_folder_of_images_alone_is_one_column(tmp_path, digits):
    for number, pixels in enumerate(digits[0][:5]):
        (tmp_path / f"{number}.PNG").write_bytes(png(pixels))
    (tmp_path / "README.md").write_text("not an image")
    (tmp_path / ".hidden.png").write_text("not an image")
    frame = read_table(tmp_path)
    assert frame.columns.tolist() == ["image"]
    assert (pixels_of(Schema(fields={"image": GRAY}), frame) == digits[0][:5]).all()


def test_a_metadata_file_names_images_and_what_is_known_of_them(tmp_path, digits):
    (tmp_path / "scans").mkdir()
    for number, pixels in enumerate(digits[0][:3]):
        (tmp_path / "scans" / f"{number}.png").write_bytes(png(pixels))
    (tmp_path / "metadata.csv").write_text("age,file_name\n33,scans/2.png\n44,scans/0.png\n")
    frame = read_table(tmp_path)
    assert frame.columns.tolist() == ["age", "image"]
    assert frame["age"].tolist() == ["33", "44"]
    assert (pixels_of(Schema(fields={"image": GRAY}), frame) == digits[0][[2, 0]]).all()


BAD_FOLDERS = {
    "no image": (["a.txt"], None, "is a folder without images (.png, .jpg"),
    "an empty class": (["0/a.png", "1/"], None, "1: this class folder holds no images; put images into it or remove"),
    "a class of other files": (["0/a.png", "1/b.txt"], None, "1: this class folder holds no images"),
    "a folder too high": (["old/0/a.png"], None, "old: this class folder holds folders; name"),
    "images beside classes": (["0/a.png", "b.png"], None, "found images both in it and in folders (0/, ...)"),
    "no column of files": (["a.png"], "file,age\na.png,3\n", 'found no column "file_name"'),
    "files that are not there": (["a.png"], "file_name\na.png\nb.png\nc.png\n", "2 cells (rows 2, 3) name a file that"),
    "an empty cell": (["a.png"], "file_name,age\na.png,1\n,2\n", "1 cell (row 2) empty; name a file"),
    "a column in the way": (["a.png"], "file_name,image\na.png,1\n", '"image", which is there; rename that one'),
    "a header alone": (["a.png"], "file_name,age\n", "found no rows"),
}


@pytest.mark.parametrize("case", BAD_FOLDERS)
def test_a_bad_folder_gets_one_line_that_says_where(tmp_path, case):
    files, metadata, expected = BAD_FOLDERS[case]
    for file in files:
        place = tmp_path / file
        (place if file.endswith("/") else place.parent).mkdir(parents=True, exist_ok=True)
        if not file.endswith("/"):
            place.write_bytes(png(np.zeros((8, 8, 1), np.uint8)))
    if metadata:
        (tmp_path / "metadata.csv").write_text(metadata)
    with pytest.raises(DataError) as error:
        read_table(tmp_path)
    assert expected in str(error.value)
    assert str(error.value).startswith(str(tmp_path))
    assert "\n" not in str(error.value)


def test_too_few_images_to_train_are_refused(classes):
    with pytest.raises(DataError, match="found 120 rows; at least 200 are needed"):
        read_table(classes, least=200)


@pytest.mark.parametrize("name", ["t.csv", "t.jsonl", "t.parquet"])
def test_paths_in_a_table_are_taken_from_where_it_stands(tmp_path, digits, monkeypatch, name):
    (tmp_path / "scans").mkdir()
    for number, pixels in enumerate(digits[0][:30]):
        (tmp_path / "scans" / f"{number}.png").write_bytes(png(pixels))
    table = pd.DataFrame({"image": [f"scans/{number}.png" for number in range(30)], "label": digits[1][:30]})
    match name:
        case "t.csv":
            table.to_csv(tmp_path / name, index=False)
        case "t.jsonl":
            table.to_json(tmp_path / name, orient="records", lines=True)
        case _:
            table.to_parquet(tmp_path / name)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    frame = read_table(name)
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert Schema.infer(frame).fields["image"] == GRAY
    assert (pixels_of(DIGITS, frame) == digits[0][:30]).all()
    words = Schema.parse("fields: {image: {kind: category}}").read(frame)
    assert words["image"].tolist() == table["image"].tolist()


@pytest.mark.parametrize("kind", ["bytes", "large bytes", "files with bytes", "files with paths"])
def test_parquet_may_hold_images(tmp_path, digits, kind):
    files = [png(pixels) for pixels in digits[0][:5]]
    struct = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    for number, data in enumerate(files):
        (tmp_path / f"{number}.png").write_bytes(data)
    match kind:
        case "bytes":
            column = pa.array(files)
        case "large bytes":
            column = pa.array(files, pa.large_binary())
        case "files with bytes":
            column = pa.array([{"bytes": data, "path": "gone.png"} for data in files], struct)
        case _:
            column = pa.array([{"bytes": None, "path": f"{number}.png"} for number in range(5)], struct)
    pa.parquet.write_table(pa.table({"image": column, "label": list("abcde")}), tmp_path / "t.parquet")
    assert (pixels_of(DIGITS, read_table(tmp_path / "t.parquet")) == digits[0][:5]).all()


# --- the gate


def with_bad_image(digits: tuple[np.ndarray, np.ndarray], bad: object) -> pd.DataFrame:
    frame = frame_of(digits)
    frame.at[4, "image"] = bad
    return frame


BLANK = png(np.full((8, 8, 1), 40, np.uint8))


@pytest.mark.parametrize(
    ("bad", "expected"),
    [
        (
            BLANK,
            {"expect_column_values_to_be_between(image.contrast)", "expect_column_values_to_be_between(image.entropy)"},
        ),
        (
            saved(flat("RGB", (200, 10, 10))),
            {"expect_column_values_to_be_between(image.contrast)", "expect_column_values_to_be_between(image.entropy)"},
        ),
        (b"what is this", {"expect_column_values_to_be_in_set(image.readable)"}),
        (BLANK[:-30], {"expect_column_values_to_be_in_set(image.readable)"}),
        ("/no/such/file.png", {"expect_column_values_to_be_in_set(image.readable)"}),
        (
            png(np.kron(np.eye(8, dtype=np.uint8)[..., None] * 200, np.ones((2, 1, 1), np.uint8))),
            {"expect_column_values_to_be_between(image.height)"},
        ),
    ],
    ids=["blank", "blank in colour", "no image", "cut off", "no file", "too high"],
)
def test_a_blank_damaged_or_missized_image_does_not_pass(digits, bad, expected):
    frame = with_bad_image(digits, bad)
    verdict = check(frame, DIGITS)
    assert not verdict.passed
    failing = {f"{one.expectation}({one.label})": one.first for one in verdict.checks if one.failed}
    assert set(failing) == expected
    assert set(failing.values()) == {(5,)}
    with pytest.raises(GateError, match=r"1 of 120 rows failed: expect_column_values_to_be_\w+\(image\.\w+\)"):
        validate(frame, DIGITS)


def test_a_bad_image_is_set_aside_and_what_passes_has_no_measures(tmp_path, digits):
    validated = Gate(DIGITS, Suite.of(DIGITS)).admit([with_bad_image(digits, BLANK)], 100)
    path = export(validated, tmp_path / "rows.parquet")
    assert validated.verdict().rejected == 1
    assert read_table(path).columns.tolist() == ["image", "label"]
    (rejected,) = pd.read_parquet(tmp_path / "rows.parquet.rejected.parquet").to_dict("records")
    assert rejected["image"] == BLANK
    assert rejected["failed_expectation"] == "expect_column_values_to_be_between(image.contrast)"


def test_images_of_other_sizes_pass_where_they_are_scaled(digits):
    schema = Schema(fields={"image": ANY_SIZE})
    larger = [png(np.kron(one, np.ones((2, 3, 1), np.uint8))) for one in digits[0][:9]]
    frame = schema.read(pd.DataFrame({"image": pd.Series(larger, dtype=object)}))
    assert validate(frame, schema).verdict().passed


def test_the_user_s_suite_may_be_about_the_measures(digits, tmp_path):
    dark = Expectation("expect_column_mean_to_be_between", {"column": "image.brightness", "max_value": 30})
    own = Suite((dark,))
    with pytest.raises(GateError, match=r"expect_column_mean_to_be_between\(image\.brightness\)"):
        validate(frame_of(digits), DIGITS, Suite.of(DIGITS) + own)
    (tmp_path / "own.json").write_text(json.dumps(own.to_json("own")))
    assert Suite.load(tmp_path / "own.json", DIGITS) == own
    wrong = Suite((Expectation(dark.type, {"column": "image.brightnes"}),))
    with pytest.raises(SchemaError, match=r"image\.brightnes"):
        Gate(DIGITS, wrong)


def test_repeated_images_are_set_aside_where_the_user_s_suite_asks_for_that(digits):
    once = Suite((Expectation("expect_column_values_to_be_unique", {"column": "image.hash"}),))
    frame = pd.concat([frame_of(digits).head(3), frame_of(digits).head(2)], ignore_index=True)
    validated = Gate(DIGITS, Suite.of(DIGITS) + once).admit([frame])
    assert validated.frame()["image"].tolist() == frame["image"].head(3).tolist()


def test_images_that_are_nearly_all_alike_are_refused_as_a_whole(digits):
    rng = np.random.default_rng(0)
    same = np.repeat(digits[0][:1].astype(int), 60, axis=0) + rng.integers(-1, 2, (60, 8, 8, 1))
    alike = frame_of((np.clip(same, 0, 255).astype(np.uint8), digits[1][:60]))
    assert validate(frame_of(digits), DIGITS).verdict().passed
    assert validate(alike.head(10), DIGITS).verdict().passed  # so few may be
    with pytest.raises(GateError, match=r"the table as a whole failed: expect_column_mean_to_be_between\(image\.alike"):
        validate(alike, DIGITS)
    streamed = Gate(DIGITS, Suite.of(DIGITS)).admit([alike.head(25), alike.tail(35)])
    with pytest.raises(GateError, match=r"image\.alike"):
        list(streamed.frames())
    mixed = pd.concat([frame_of(digits), alike], ignore_index=True)  # a third of them is the same digit
    assert validate(mixed, DIGITS).verdict().passed


def test_the_user_s_suite_may_be_about_how_alike_images_are(digits):
    once = Suite((Expectation("expect_column_values_to_be_between", {"column": "image.alike", "max_value": 0.02}),))
    repeated = pd.concat([frame_of(digits), frame_of(digits).head(1).loc[[0] * 9]], ignore_index=True)
    with pytest.raises(GateError, match=r"expect_column_values_to_be_between\(image\.alike\)"):
        validate(repeated, DIGITS, once)
    assert validate(frame_of(digits), DIGITS, once).verdict().passed


def test_training_names_the_file_of_an_image_that_cannot_be_decoded(classes):
    damaged = classes / "3" / "0003.png"
    damaged.write_bytes(damaged.read_bytes()[:60])
    with pytest.raises(GateError, match=r"image\.readable\) 1 row \(\d+\), row \d+ is .*/3/0003\.png; mend one"):
        train(read_table(classes), DIGITS)


def test_so_few_images_are_not_learned(digits):
    with pytest.raises(DataError, match=r'"image": found 49 images; at least 50 are needed to learn to draw any'):
        train(frame_of(digits).head(49), DIGITS)


def test_what_is_converted_is_noted(digits):
    clear = flat("RGBA", (255, 0, 0, 128))
    deep = PIL.Image.fromarray(digits[0][0, ..., 0].astype(np.uint16) * 257)
    for image, note in ((clear, "transparency is laid over white"), (deep, "16 bits are scaled to 8")):
        _, found = infer(pd.DataFrame({"image": pd.Series([saved(image)] * 5, dtype=object)}))
        notes = found.notes
        assert notes == {"image": note}


def test_class_folders_named_by_numbers_are_names(classes):
    for folder in list(classes.iterdir())[2:]:
        shutil.rmtree(folder)
    kept = sorted(folder.name for folder in classes.iterdir())
    for folder in classes.iterdir():
        for image in sorted(folder.iterdir())[3:]:
            image.unlink()
    schema, found = infer(read_table(classes))
    notes = found.notes
    assert schema.fields["label"] == Category()
    assert notes["label"].startswith(f"{len(kept)} values; those of fewer than 5 to 8 rows, 100% of the cells")


def test_measures_are_what_they_say(digits):
    half = np.zeros((8, 8, 1), np.uint8)
    half[:, 4:] = 200
    (row,) = GRAY.compute_statistics(pd.Series([png(half)])).to_dict("records")
    assert (row["readable"], row["height"], row["width"], row["channels"]) == (1, 8, 8, 1)
    assert (row["brightness"], row["contrast"], row["entropy"]) == (100, 100, 1)
    pixels = digits[0].astype(int)
    noisy = np.clip(pixels + np.random.default_rng(0).integers(-2, 3, pixels.shape), 0, 255).astype(np.uint8)
    hashes = [
        GRAY.compute_statistics(pd.Series([png(one) for one in images], dtype=object))["hash"].to_numpy(np.int64)
        for images in (digits[0], noisy)
    ]
    apart = [np.bitwise_count(hashes[0] ^ other).mean() for other in (hashes[1], np.roll(hashes[0], 1))]
    assert apart[0] < apart[1] / 2


# --- export


def opened(path: Path) -> pd.DataFrame:
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as held:
            assert held["image"].dtype == np.uint8
            return pd.DataFrame({"image": pd.Series(map(png, held["image"]), dtype=object), "label": held["label"]})
    if path.suffix == ".tfrecord":
        import tensorflow as tf

        found = [tf.train.Example.FromString(one) for one in tf.data.TFRecordDataset(str(path)).as_numpy_iterator()]
        cells = {name: [one.features.feature[name].bytes_list.value[0] for one in found] for name in DIGITS.fields}
        return pd.DataFrame({"image": cells["image"], "label": [label.decode() for label in cells["label"]]})
    return read_table(path)


@pytest.mark.parametrize("ending", [*FORMATS, ""])
def test_every_format_gives_back_the_same_pixels(tmp_path, digits, ending):
    path = export(validate(frame_of(digits), DIGITS), tmp_path / f"rows{ending}")
    frame = opened(path)
    assert (pixels_of(DIGITS, frame) == digits[0]).all()
    assert frame["label"].tolist() == digits[1].tolist()


@pytest.mark.parametrize("ending", [*FORMATS, ""])
def test_images_given_as_paths_are_exported_as_what_is_learned(tmp_path, digits, ending):
    file = tmp_path / "large.jpg"
    file.write_bytes(saved(PIL.Image.fromarray(np.kron(digits[0][0, ..., 0], np.ones((4, 4), np.uint8))), "JPEG"))
    schema = DIGITS.model_copy(update={"fields": {"image": ANY_SIZE, "label": Category()}})
    frame = schema.read(pd.DataFrame({"image": [str(file)], "label": ["0"]}))
    back = opened(export(validate(frame, schema), tmp_path / f"rows{ending}"))
    assert (pixels_of(DIGITS, back) == pixels_of(schema, frame)).all()


def test_an_image_folder_is_one_as_others_read_it(tmp_path, digits):
    path = export(validate(frame_of(digits), DIGITS), f"{tmp_path}/digits/")
    assert path == tmp_path / "digits"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["digits", "digits.verdict.json"]
    lines = (path / "metadata.csv").read_text().splitlines()
    assert lines[:2] == ["file_name,label", "00000.png,0"]
    assert len(list(path.iterdir())) == 121


def test_images_of_another_name_come_back_under_it(tmp_path, digits):
    schema = Schema(fields={"label": Category(), "front": GRAY, "back": GRAY})
    frame = frame_of(digits).rename(columns={"image": "front"})
    frame = frame.assign(back=frame["front"].to_numpy()[::-1])[["label", "front", "back"]]
    path = export(validate(frame, schema), tmp_path / "both")
    assert (path / "metadata.csv").read_text().splitlines()[:2] == [
        "front_file_name,back_file_name,label",
        "00000.png,00000-2.png,0",
    ]
    back = schema.read(read_table(path))
    assert schema.fields["back"].stored(back["back"]).tolist() == frame["back"].tolist()


def test_files_beside_a_table_are_named_in_it(tmp_path, digits):
    path = export(validate(frame_of(digits), DIGITS), tmp_path / "rows.csv")
    assert path.read_text().splitlines()[:2] == ["image,label", "rows.csv.files/00000.png,0"]
    assert len(list((tmp_path / "rows.csv.files").iterdir())) == 120


def test_a_folder_needs_an_image_in_the_schema(tmp_path):
    schema = Schema.parse("fields: {n: {kind: number, integer: true}}")
    with pytest.raises(OutputError, match=r"unknown ending.*only a folder of images needs none"):
        export(validate(pd.DataFrame({"n": [1]}), schema), tmp_path / "rows")


def test_columns_that_a_format_would_name_alike_are_refused(tmp_path):
    image = png(np.eye(8, dtype=np.uint8)[..., None])
    schema = Schema(fields={"image": GRAY, "file_name": Category()})
    frame = pd.DataFrame({"image": pd.Series([image], dtype=object), "file_name": ["x"]})
    with pytest.raises(OutputError, match='two columns would be named "file_name"'):
        export(validate(frame, schema), tmp_path / "rows")


@pytest.mark.parametrize("ending", [".csv", ".npz", ""])
@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError])
def test_an_export_that_is_broken_off_leaves_nothing(tmp_path, digits, ending, error):
    def chunks():
        yield pd.concat([frame_of(digits)] * 10)
        raise error("off")

    with pytest.raises(error):
        export(Gate(DIGITS, Suite.of(DIGITS)).admit(chunks()), tmp_path / f"rows{ending}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("ending", [".csv", ""])
def test_overwriting_leaves_nothing_of_the_run_before(tmp_path, digits, ending):
    path = tmp_path / f"rows{ending}"
    export(validate(frame_of(digits), DIGITS), path)
    few = validate(frame_of(digits).head(30), DIGITS)
    with pytest.raises(OutputError, match="exists already"):
        export(few, path)
    export(few, path, force=True)
    folder = tmp_path / "rows.csv.files" if ending else path
    assert len([one for one in folder.iterdir() if one.suffix == ".png"]) == 30
    assert not [one for one in tmp_path.iterdir() if one.name.startswith(".")]


def test_a_folder_that_no_export_wrote_is_never_replaced(tmp_path):
    (tmp_path / "holidays").mkdir()
    (tmp_path / "holidays" / "sea.png").write_bytes(b"dear to somebody")
    with pytest.raises(OutputError, match="was not written by an export; choose another name"):
        check_target(tmp_path / "holidays", force=True)


# --- from the command line


def test_init_writes_a_schema_of_a_folder_which_validate_holds_it_to(tmp_path, classes):
    schema = tmp_path / "digits.yaml"
    run = CliRunner().invoke(main, ["init", str(classes), "-o", str(schema)])
    assert run.exit_code == 0, run.output
    assert "1 image, 1 category" in run.output
    assert CliRunner().invoke(main, ["validate", str(schema), str(classes)]).exit_code == 0
    (classes / "0" / "blank.png").write_bytes(BLANK)
    run = CliRunner().invoke(main, ["validate", str(schema), str(classes)])
    assert run.exit_code == 3
    assert "expect_column_values_to_be_between(image.contrast) 1 row (13)" in run.output


# --- many


def test_two_thousand_images_are_read_gated_and_encoded_in_little_memory_and_time(tmp_path, digits):
    tmp_path = tmp_path / "many"
    for label in range(10):
        (tmp_path / str(label)).mkdir(parents=True)
        for number in range(200):
            (tmp_path / str(label) / f"{number}.png").write_bytes(png(digits[0][(label + number) % 120]))
    check(frame_of(digits), DIGITS)  # imports what takes memory of its own
    began = perf_counter()
    frame = read_table(tmp_path)
    assert perf_counter() - began < 5  # 0.05 s on an idle machine
    tracemalloc.start()
    table = DIGITS.read(frame)
    assert check(table, DIGITS).passed
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(pixels_of(DIGITS, table)) == 2000
    assert most < 30e6
    assert perf_counter() - began < 60  # 1.5 s on an idle machine
    shutil.rmtree(tmp_path)
