"""Latitude and longitude are learned as one place: points lie where points of the data lie."""

from __future__ import annotations

import copy
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from synthdata import Schema, Synthesizer
from synthdata.encoding.encoder import Encoder
from synthdata.encoding.made_columns import MadeColumns
from synthdata.encoding.plane import LEAST_SUBJECTS_OF_A_LEAF, Plane
from synthdata.errors import ConditionError, SchemaError
from synthdata.fields import Rows
from synthdata.schema import infer
from synthdata.schema.constraints import Coordinates
from synthdata.subjects import Subjects

ROWS = 4000


def island(rng: np.random.Generator, rows: int = ROWS) -> pd.DataFrame:
    """Points of a ring of land around a lake, a kilometre or two from its middle, and a column that goes with them."""
    angle, radius = rng.uniform(0, 2 * np.pi, rows), np.sqrt(rng.uniform(0.6, 1.0, rows))
    latitude, longitude = 47 + radius * np.sin(angle), 9 + 1.5 * radius * np.cos(angle)
    side = np.where(longitude > 9, "east", "west")
    return pd.DataFrame({"lat": latitude.round(4), "lon": longitude.round(4), "side": side})


def on_land(frame: pd.DataFrame) -> np.ndarray:
    distance = np.hypot(frame["lat"] - 47, (frame["lon"] - 9) / 1.5)
    return np.asarray((distance > 0.75) & (distance < 1.02))


def encoder_of(frame: pd.DataFrame, schema: Schema) -> tuple[Encoder, pd.DataFrame]:
    typed, rng = schema.read(frame), np.random.default_rng(0)
    return Encoder.fit(
        typed, schema, MadeColumns.fit(typed, schema, rng), rng, Subjects.of(typed, schema.subject)
    ), typed


def plane_of(frame: pd.DataFrame, subjects: Subjects | None = None) -> tuple[Plane, np.ndarray]:
    points = np.rint(frame[["lat", "lon"]].to_numpy() * 1e4).astype(np.int64)
    ends = tuple((int(column.min()), int(column.max())) for column in points.T)
    return Plane.fit(points, subjects or Subjects(len(points)), ends, 0.7), points


def test_a_point_has_its_own_place_and_is_found_there() -> None:
    plane, points = plane_of(island(np.random.default_rng(0)))
    places = plane.places(points)
    same = (plane.points(places) == points).all(axis=1)
    assert same.mean() > 0.97  # a few that lie elsewhere than those beside them are moved
    assert len(np.unique(places[same])) == len(np.unique(points[same], axis=0))
    loaded = Plane.from_json(json.loads(json.dumps(plane.to_json())))
    assert (loaded.places(points) == places).all()


@pytest.mark.parametrize("rows_each", [1, 5])
def test_each_leaf_is_of_several_subjects_and_its_edges_are_no_points(rows_each: int) -> None:
    frame = island(np.random.default_rng(1))
    subjects = Subjects(ROWS, np.arange(ROWS) // rows_each)
    plane, points = plane_of(frame, subjects)
    leaves = np.searchsorted(plane.stretches()[0], plane.places(points), side="right") - 1
    assert len(plane.boxes) > 50
    assert subjects.count(leaves, len(plane.boxes)).min() >= LEAST_SUBJECTS_OF_A_LEAF
    for axis in (0, 1):
        own, edges = set(points[:, axis]), plane.boxes[:, axis].ravel()
        assert np.isin(edges, list(own)).mean() < 0.4  # as many as any number in between is by chance


def test_stretches_of_the_line_hold_all_points_of_a_range() -> None:
    plane, points = plane_of(island(np.random.default_rng(2)))
    stretches = plane.within((((474_000, 478_000),), ((-(2**31), 2**31),)))
    places = plane.places(points)
    inside = np.any([(low <= places) & (places <= high) for low, high in stretches], axis=0)
    north = (points[:, 0] >= 474_000) & (points[:, 0] <= 478_000)
    assert inside[north].all()
    assert inside.mean() < 2 * north.mean()


@pytest.mark.parametrize(
    "change",
    [
        {"children": [[1, 1]]},
        {"axes": [5]},
        {"boxes": []},
        {"boxes": [[[3, 1], [0, 1]], [[0, 1], [0, 1]]]},
        {"boxes": [[[0, 2**40], [0, 1]], [[0, 1], [0, 1]]]},
        {"children": [[0, -1]]},
    ],
)
def test_an_altered_plane_is_refused(change: dict[str, list]) -> None:
    whole = {"axes": [0], "cuts": [0], "children": [[-1, -2]], "boxes": [[[0, 1], [0, 1]], [[2, 3], [0, 1]]]}
    Plane.from_json(copy.deepcopy(whole))
    with pytest.raises(ValueError, match="plane"):
        Plane.from_json({**whole, **change})


def test_init_proposes_coordinates_by_name_and_value() -> None:
    frame = island(np.random.default_rng(3))
    assert Coordinates(latitude="lat", longitude="lon") in Schema.infer(frame).constraints
    for one, two in (
        ("start_lat", "start_lng"),
        ("pickup latitude", "pickup longitude"),
        ("homeLat", "homeLong"),
        ("geo_breite", "geo_laenge"),
    ):
        renamed = Schema.infer(frame.rename(columns={"lat": one, "lon": two}))
        assert Coordinates(latitude=one, longitude=two) in renamed.constraints
    apart = frame.assign(lon=frame["lon"].where(np.arange(ROWS) % 7 > 0))
    for none in (apart, frame.assign(lat=frame["lat"] * 10), frame.rename(columns={"lon": "end_lon"})):
        assert not any(isinstance(each, Coordinates) for each in Schema.infer(none).constraints)


def test_coordinates_are_two_numbers() -> None:
    with pytest.raises(SchemaError, match='takes category "side"; they are numbers'):
        Schema.model_validate(
            {
                "fields": {"lat": {"kind": "number"}, "side": {"kind": "category"}},
                "constraints": [{"kind": "coordinates", "latitude": "lat", "longitude": "side"}],
            }
        )


def test_rows_come_back_missing_together() -> None:
    frame = island(np.random.default_rng(4))
    frame.loc[frame.index % 5 == 0, ["lat", "lon"]] = np.nan
    encoder, typed = encoder_of(frame, Schema.infer(frame))
    assert set(encoder.layout) == {"lat.place", "side"}
    back = encoder.decode(encoder.encode(typed), Rows(0, np.arange(len(typed))))
    assert (back["lat"].isna() == typed["lat"].isna()).all()
    assert (back["lon"].isna() == typed["lon"].isna()).all()
    error = (back[["lat", "lon"]] - typed[["lat", "lon"]]).abs()
    assert float(error.median().max()) < 1e-4  # outliers are moved inwards
    assert encoder.nullable == {"lat", "lon"}
    again = Encoder.from_json(Schema.infer(frame), json.loads(json.dumps(encoder.to_json())))
    pd.testing.assert_frame_equal(again.decode(encoder.encode(typed), Rows(0, np.arange(len(typed)))), back)


def test_points_that_many_rows_share_stay_as_they_are() -> None:
    rng = np.random.default_rng(5)
    stations = island(rng, 300)[["lat", "lon"]]
    frame = stations.iloc[rng.integers(0, 300, ROWS)].reset_index(drop=True).assign(x=rng.normal(size=ROWS))
    drawn = Synthesizer.fit(frame, model="marginals", seed=0).sample(1000)
    known = set(map(tuple, stations.to_numpy()))
    assert np.mean([tuple(point) in known for point in drawn[["lat", "lon"]].to_numpy()]) > 0.9


@pytest.fixture(scope="module")
def of_island() -> Synthesizer:
    frame = island(np.random.default_rng(6))
    return Synthesizer.fit(frame, model={"family": "transformer", "epochs": 3}, seed=0)


def test_points_lie_on_land(of_island: Synthesizer) -> None:
    drawn = of_island.sample(3000)
    assert on_land(drawn).mean() > 0.97
    alone = drawn.assign(lon=np.random.default_rng(0).permutation(drawn["lon"]))
    assert on_land(alone).mean() < 0.6  # what columns that know nothing of each other would give
    assert ((drawn["lon"] > 9) == (drawn["side"] == "east")).mean() > 0.95


def test_conditions_on_coordinates_are_exact(of_island: Synthesizer) -> None:
    north = of_island.sample(500, where="lat >= 47.5")
    assert (north["lat"] >= 47.5).all()
    assert on_land(north).mean() > 0.95
    corner = of_island.sample(500, where=["lat < 46.6", "lon > 9.2", "side = east"])
    assert ((corner["lat"] < 46.6) & (corner["lon"] > 9.2)).all()
    assert on_land(corner).mean() > 0.9
    for nowhere in ("lat > 60", ["lat > 47.9", "lon < 8.0"], "lat is null"):
        with pytest.raises(ConditionError):
            of_island.sample(10, where=nowhere)


def test_missing_coordinates_are_filled(of_island: Synthesizer, tmp_path: Path) -> None:
    frame = island(np.random.default_rng(7), 900)
    lacking = frame.copy()
    lacking.loc[lacking.index % 3 == 0, ["lat", "lon"]] = np.nan
    lacking.loc[lacking.index % 3 == 1, "lon"] = np.nan
    loaded = Synthesizer.load(of_island.save(tmp_path / "model"))
    filled = loaded.fill(lacking, seed=0)
    assert not filled.isna().any().any()
    known = lacking.notna()
    assert (filled.where(known) == lacking).where(known, other=True).all().all()  # what is there stays
    assert on_land(filled[lacking["lat"].isna()]).mean() > 0.95
    half = filled[lacking["lat"].notna() & lacking["lon"].isna()]
    assert on_land(half).mean() > 0.8
    assert ((filled["lon"] > 9) == (filled["side"] == "east")).mean() > 0.9


def test_clusters_far_apart_are_kept_apart() -> None:
    rng = np.random.default_rng(8)
    where = {"Tokyo": (35.68, 139.7), "Berlin": (52.5, 13.4), "New York": (40.7, -74.0)}
    city = rng.choice(list(where), 1500, p=[0.45, 0.35, 0.2])
    points = np.array([where[each] for each in city]) + rng.normal(0, 0.06, (1500, 2))
    frame = pd.DataFrame({"city": city, "lat": points[:, 0].round(5), "lng": points[:, 1].round(5)})
    drawn = Synthesizer.fit(frame, model={"family": "transformer", "epochs": 8}, seed=0).sample(1500)
    apart = np.stack([np.hypot(drawn["lat"] - lat, drawn["lng"] - lng) for lat, lng in where.values()])
    assert apart.min(axis=0).max() < 0.5
    assert (np.array(list(where))[apart.argmin(axis=0)] == drawn["city"]).mean() > 0.97


def test_halves_of_points_and_points_at_zero_are_said() -> None:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"lat": 48 + rng.random(400).round(5), "lon": 11 + rng.random(400).round(5)})
    zeros = frame.copy()
    zeros.iloc[:7] = 0.0
    schema, found = infer(zeros)
    assert [each.kind for each in schema.constraints] == ["coordinates"]
    assert found.notes["lat"].endswith("7 rows are at 0, 0, far from all others: if missing is meant, empty them")
    frame.loc[:30, "lon"] = np.nan
    schema, found = infer(frame)
    assert not schema.constraints
    assert "in 31 rows one of the two is missing" in found.notes["lat"]
    assert "lat" in found.matter
