"""Values too rare to be learned: a label, frequent ones, or codes made anew in the shape of the rare ones."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from synthdata import Category, Schema, Synthesizer, Transformer
from synthdata.errors import ConditionError, SchemaError
from synthdata.fields.shapes import Shapes, are_codes
from synthdata.schema import infer
from synthdata.subjects import Subjects

RNG = np.random.default_rng(5)
COMMON = ["J45.9", "I10.0", "E11.9"]
CODES = [
    str(RNG.choice(COMMON))
    if RNG.random() < 0.5
    else f"{'JIE'[RNG.integers(3)]}{RNG.integers(10, 90)}.{RNG.integers(10)}"
    for _ in range(1200)
]
TOWNS = [
    f"Town {'abcdefghijklmnopqrstuvwxyz'[min(int(RNG.exponential(7)), 25)]}{'xyz'[int(RNG.exponential(1)) % 3]}"
    for _ in range(1200)
]
FRAME = pd.DataFrame({"code": CODES, "town": TOWNS, "n": RNG.integers(0, 9, 1200)})


def sampled(**fields: Category) -> tuple[Synthesizer, pd.DataFrame]:
    schema = Schema.infer(FRAME)
    for name, field in fields.items():
        schema = schema.replace_field(name, field)
    model = Synthesizer.fit(FRAME, schema, model="marginals")
    return model, model.sample(2000)


def saved(model: Synthesizer) -> Path:
    path = Path(tempfile.mkdtemp()) / "model"
    model.save(path)
    return path


def test_codes_are_made_anew_in_their_shape_and_with_letters_that_many_have() -> None:
    model, made = sampled(code=Category(rare_values="made"))
    assert made["code"].str.fullmatch(r"[JIE][1-9]\d\.\d").all()
    assert 0.4 < made["code"].isin(COMMON).mean() < 0.6
    assert made["code"].nunique() > 200
    again = model.sample(2000)
    assert again["code"].equals(made["code"])
    body = model.encoder.codecs["code"].body.to_json()
    kept = "".join("".join(letters) for shape in body["shapes"] for letters, _ in shape["places"])
    assert len(body["shapes"]) == 1
    assert len(kept) < 40  # classes of characters, no codes


def test_frequent_values_stand_in_place_of_rare_ones() -> None:
    model, made = sampled(town=Category(rare_values="frequent"))
    counts = FRAME["town"].value_counts()
    assert (counts < 5).any()
    assert set(made["town"]) <= set(counts[counts >= 5].index)
    with pytest.raises(ConditionError, match="is not among the values"):
        model.sample(5, where="town = _RARE_")
    holes = FRAME.assign(town=FRAME["town"].where(FRAME.index % 3 > 0)).head(200)
    filled = Synthesizer.fit(FRAME, model.schema, model=Transformer(epochs=1, width=32)).fill(holes)
    assert set(filled["town"][::3]) <= set(counts[counts >= 5].index)


def test_a_label_is_what_a_schema_gets_that_says_nothing() -> None:
    _, made = sampled(town=Category(), code=Category(rare="other"))
    assert 0.4 < (made["code"] == "other").mean() < 0.6
    assert (made["town"] == "_RARE_").any()


def test_init_says_what_stands_for_many_rare_values() -> None:
    schema, found = infer(FRAME)
    assert schema.fields["code"] == Category(rare_values="made")
    assert "are codes and made anew in their shape" in found.notes["code"]
    assert "code" not in found.matter or "made anew" in found.notes["code"]
    hamlets = [
        f"Hamlet{''.join(RNG.choice(list('abcdefgh'), 6))}" if row % 5 == 0 else "Village" for row in range(1200)
    ]
    schema, found = infer(FRAME.assign(town=hamlets))
    assert schema.fields["town"] == Category()
    assert 'become "_RARE_"; to have others in their place: rare_values: frequent' in found.notes["town"]
    assert "town" in found.matter


def test_names_of_things_are_made_of_words_that_many_have() -> None:
    letters = "abcdefghijklmnopqrstuvwxyz"
    first, last = [f"{one}{one}{one}" for one in letters], [f"{one}{one}el" for one in letters]
    jobs = [f"{RNG.choice(first)} {RNG.choice(last)}" for _ in range(1200)]
    jobs[::40] = [f"{RNG.choice(first)} odd{number}" for number in range(30)]
    frame = FRAME.assign(job=jobs)
    schema = infer(frame)[0]
    assert schema.fields["job"] == Category(rare_values="made")
    made = Synthesizer.fit(frame, schema, model="marginals").sample(1500)["job"]
    assert made.str.fullmatch(r"([a-z])\1\1 ([a-z])\2el").all()
    assert 0.3 < made.isin(jobs).mean() < 0.98


def test_a_closed_set_has_no_rare_values() -> None:
    with pytest.raises(SchemaError, match="a closed set has none"):
        Schema(fields={"x": Category(values=["a"], rare_values="frequent")})


def test_rare_codes_are_drawn_from_a_list() -> None:
    listed = [f"{letter}{number}.{digit}" for letter in "EIJZ" for number in range(10, 90) for digit in range(10)]
    model, rows = sampled(code=Category(values=listed, rare_values="made"))
    made = rows["code"][~rows["code"].isin(COMMON)]
    assert len(made) > 500
    assert made.isin(listed).all()
    assert set(made.str[0]) == {"E", "I", "J"}  # no code of the data begins with Z
    assert made.nunique() > 400
    again = Synthesizer.load(saved(model))
    assert again.sample(50, seed=1)["code"].tolist() == model.sample(50, seed=1)["code"].tolist()
    with pytest.raises(ConditionError, match="is not among the values the model learned"):
        model.sample(1, where="code = Z10.0")


def test_values_are_read_from_a_file_beside_the_schema(tmp_path: Path) -> None:
    (tmp_path / "codes.txt").write_text("A1\n\n B2 \nC3\n")
    (tmp_path / "s.yaml").write_text("fields: {code: {kind: category, values: codes.txt}}")
    assert Schema.load(tmp_path / "s.yaml").fields["code"] == Category(values=["A1", "B2", "C3"])
    (tmp_path / "codes.txt").unlink()
    with pytest.raises(SchemaError, match=r's.yaml, field "code", values: .*codes.txt cannot be read: .*No such file'):
        Schema.load(tmp_path / "s.yaml")
    (tmp_path / "codes.txt").write_text("\n")
    with pytest.raises(SchemaError, match="is empty; it holds one value a line"):
        Schema.load(tmp_path / "s.yaml")
    for elsewhere in ("../codes.txt", "/dev/zero"):
        (tmp_path / "s.yaml").write_text(f"fields: {{code: {{kind: category, values: {elsewhere}}}}}")
        with pytest.raises(SchemaError, match="is not beside the schema"):
            Schema.load(tmp_path / "s.yaml")
    with pytest.raises(SchemaError, match="values"):
        Schema.parse("fields: {code: {kind: category, values: codes.txt}}")


@pytest.mark.parametrize(
    ("values", "codes"),
    [(["A10", "B20.1", "C3"], True), (["PC 17599", "A/5 21171", "113803"], True), (["GBP", "EUR", "USD"], True),
     (["12 Main Street", "3 High Street"], False), (["Anna Huber", "Ben Maier"], False), (["lorem", "ipsum"], False)],
)  # fmt: skip
def test_what_looks_like_codes(values: list[str], codes: bool) -> None:
    assert are_codes(pd.Series(values)) == codes


def test_shapes_and_letters_of_few_subjects_are_not_kept() -> None:
    values = pd.Series([f"A{row % 10}" for row in range(60)] + ["zz-1"] * 3 + [f"Q{row}" for row in range(3)])
    shapes = Shapes.fit(values, Subjects(len(values)), 5)
    assert shapes is not None
    assert Shapes.from_json(shapes.to_json()) == shapes
    made = set(shapes.make(500, np.random.default_rng(0)))
    assert all(re.fullmatch(r"A\d", code) for code in made)
    one = Subjects.of(pd.DataFrame({"who": ["p"] * len(values)}), ("who",))
    assert Shapes.fit(values, one, 5) is None


@pytest.mark.parametrize("bad", [[], [{"weight": 0, "places": []}], [{"weight": 1, "places": [[["a", "b"], [1]]]}]])
def test_broken_shapes_are_refused(bad: list[dict[str, object]]) -> None:
    with pytest.raises(ValueError, match="no shapes"):
        Shapes.from_json(bad)


def test_what_has_no_shape_that_many_have_gets_frequent_values() -> None:
    odd = [f"{'xyz'[: row % 3 + 1]}{'-' * (row % 17)}{row}" if row % 30 == 0 else "abc"[row % 3] for row in range(1200)]
    frame = FRAME.assign(town=odd)
    schema = Schema.infer(frame).replace_field("town", Category(rare_values="made"))
    assert set(Synthesizer.fit(frame, schema, model="marginals").sample(1500)["town"]) == {"a", "b", "c"}
