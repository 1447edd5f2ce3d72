"""How a column writes dates and times: found from its cells, and written back the same."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from synthdata import Schema, SchemaError
from synthdata.fields import Datetime
from synthdata.fields.written_dates import parse_dates, write_dates, written_format

FORMATS = (
    """
%Y-%m-%d|%Y/%m/%d|%d.%m.%Y|%m/%d/%Y|%d/%m/%Y|%d-%m-%Y|%-m/%-d/%Y|%-d.%-m.%Y|%d.%m.%y|%-m/%-d/%y|%y-%m-%d
%d %b %Y|%d-%b-%Y|%d-%^b-%Y|%d-%b-%y|%b %d, %Y|%B %-d, %Y|%a, %d %b %Y|%A %d %B %Y|%b-%Y|%b-%y|%B %Y|%Y-%m|%m/%Y
%Y%m%d|%d%m%Y|%Y%m%d%H%M%S|%Y-%m-%d %H:%M|%Y-%m-%dT%H:%M:%S|%Y-%m-%dT%H:%M:%SZ|%Y-%m-%d %H:%M:%S.%f|%d.%m.%Y %H:%M
%Y-%m-%dT%H:%M:%S%:z|%-m/%-d/%y %-H:%M|%m/%d/%Y %I:%M %p|%-m/%-d/%Y %-I:%M:%S %P|%d.%m.%Y %H:%M Uhr|%H:%M
%H:%M:%S|%-I:%M %p
""".replace("\n", "|")
    .strip("|")
    .split("|")
)


def moments(rows: int = 400, seed: int = 0) -> pd.Series:
    rng = np.random.default_rng(seed)
    return pd.Series(pd.Timestamp("2018-01-01") + pd.to_timedelta(rng.integers(0, 1500 * 86_400, rows), unit="s"))


def cells_in(format_: str) -> pd.Series:
    times = moments().dt.tz_localize("UTC") if "z" in format_ else moments()
    return write_dates(times, format_).rename("seen")


@pytest.mark.parametrize("format_", FORMATS)
def test_a_usual_format_is_found_and_written_back(format_: str) -> None:
    cells = cells_in(format_)
    found = written_format(cells)
    assert found is not None
    assert found.format == format_
    field = Schema.infer(pd.DataFrame({"seen": cells})).fields["seen"]
    assert isinstance(field, Datetime)
    values = field.parse(cells, "seen")
    assert field.write(values).tolist() == cells.tolist()


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (["03/04/2020", "05/06/2020"], "%m/%d/%Y"),
        (["03/04/2020", "13/06/2020"], "%d/%m/%Y"),
        (["03.04.2020", "05.06.2020"], "%d.%m.%Y"),
        (["2020-03-04", "2020-05-16"], "%Y-%m-%d"),
        (["20:15", "7:30"], "%-H:%M"),
    ],
)
def test_places_are_told_by_the_whole_column(cells: list[str], expected: str) -> None:
    found = written_format(pd.Series(cells * 20, dtype="str", name="seen"))
    assert found is not None
    assert found.format == expected
    assert ("could also be day/month/year" in found.note) == (cells == ["03/04/2020", "05/06/2020"])


def test_one_column_says_how_the_others_are_read() -> None:
    told, untold = ["13/04/2020", "03/05/2020"] * 50, ["03/04/2020", "05/06/2020"] * 50
    schema = Schema.infer(pd.DataFrame({"opened": untold, "closed": told}))
    assert [schema.fields[name].format for name in ("opened", "closed")] == ["%d/%m/%Y", "%d/%m/%Y"]


def test_days_behind_a_year_and_between_points_are_never_told_by_others() -> None:
    firsts = pd.Series(pd.date_range("2020-01-01", periods=100, freq="MS"))
    told = {"closed": ["13/04/2020", "03/05/2020"] * 50, "seen": ["04/13/2020", "05/03/2020"] * 50}
    for name, cells in told.items():
        frame = pd.DataFrame(
            {"iso": firsts.dt.strftime("%Y-%m-%d"), "due": firsts.dt.strftime("%d.%m.%Y"), name: cells}
        )
        fields = Schema.infer(frame).fields
        assert [fields[each].format for each in ("iso", "due")] == ["%Y-%m-%d", "%d.%m.%Y"]


@pytest.mark.parametrize(
    "cells",
    [
        ["2.1.3", "1.10.2"],
        ["192.168.10.12", "10.0.0.1"],
        ["12-34-56", "99-01-77"],
        ["16:9", "4:3"],
        ["10.12", "11.11"],
        ["ICD-10", "ICD-11"],
        ["030-12-3456", "040-11-1234"],
        ["2019", "2020"],
        ["20201399", "20210231"],
        ["99:10", "12:61"],
    ],
)
def test_what_only_looks_like_a_date_is_none(cells: list[str]) -> None:
    assert written_format(pd.Series(cells * 50, dtype="str", name="code")) is None


def test_eight_digits_are_dates_only_if_all_of_many_are() -> None:
    numbers = pd.Series(np.random.default_rng(0).integers(10**7, 10**8, 400).astype(str), dtype="str", name="account")
    assert written_format(numbers) is None
    assert written_format(pd.Series(["20200101", "20200102"] * 50, dtype="str", name="batch")) is None
    typed = pd.DataFrame({"day": moments().dt.strftime("%Y%m%d").astype("int64")})
    assert Schema.infer(typed).fields["day"] == Datetime(format="%Y%m%d")


def test_two_digits_are_years_around_those_that_are_there() -> None:
    rng = np.random.default_rng(0)
    years = rng.integers(1935, 2011, 300)
    born = pd.Series([f"{rng.integers(1, 13):02d}/{rng.integers(1, 29):02d}/{year % 100:02d}" for year in years])
    frame = pd.DataFrame({"born": born})
    field = Schema.infer(frame).fields["born"]
    assert field.first_year == 1911  # the last is 2010
    assert field.parse(frame["born"], "born").dt.year.tolist() == years.tolist()
    assert parse_dates(pd.Series(["01/02/68"]), "%m/%d/%y")[0].dt.year.tolist() == [2068]  # as is usual


def test_a_month_is_drawn_as_a_month() -> None:
    field = Datetime(format="%b-%Y")
    codec = field.fit(field.parse(cells_in("%b-%Y"), "seen"), "seen", np.random.default_rng(0))
    drawn = codec.field.measure(moments()).values(np.arange(17_000, 17_400))
    assert (drawn.dt.day == 1).all()


def test_offsets_that_are_not_kept_are_counted() -> None:
    cells = pd.Series(
        [f"2024-04-{day:02d}T16:44:00+0{zone}:00" for day in range(1, 29) for zone in (1, 2)], name="seen"
    )
    found = written_format(cells.astype("str"))
    assert found is not None
    assert found.format == "%Y-%m-%dT%H:%M:%S%:z"
    assert "2 different offsets" in found.note


def test_one_offset_is_kept() -> None:
    cells = pd.Series([f"2024-04-{day:02d}T16:44:00+02:00" for day in range(1, 29)] * 4, dtype="str")
    field = Schema.infer(pd.DataFrame({"seen": cells})).fields["seen"]
    assert field.timezone == "+02:00"
    assert field.write(field.parse(cells, "seen")).tolist() == cells.tolist()


@pytest.mark.parametrize(
    ("formats", "first"),
    [
        (("%d.%m.%Y", "%Y-%m-%d"), "%d.%m.%Y"),
        (("%Y-%m-%d %H:%M", "%-m/%-d/%Y %-I:%M %p"), "%Y-%m-%d %H:%M"),
        (("%m/%d/%Y", "%d-%b-%Y"), "%m/%d/%Y"),
        (("%d.%m.%Y", "%d.%m.%y"), "%d.%m.%Y"),
    ],
)
def test_dates_in_several_formats_are_read_and_written_in_one(formats: tuple[str, str], first: str) -> None:
    times = moments().dt.floor("min" if "%M" in first else "D")
    is_other = np.arange(len(times)) % 3 == 0
    cells = write_dates(times, formats[0]).mask(is_other, write_dates(times, formats[1]))
    field = Schema.infer(pd.DataFrame({"seen": cells})).fields["seen"]
    assert isinstance(field, Datetime)
    assert (field.format, *field.also) == (first, *(each for each in formats if each != first))
    assert field.parse(cells, "seen").tolist() == times.tolist()
    assert field.write(field.parse(cells, "seen")).tolist() == write_dates(times, first).tolist()


def test_dates_with_a_time_in_some_cells_are_no_dates() -> None:
    times = moments()
    cells = write_dates(times, "%Y-%m-%d").mask(np.arange(len(times)) % 3 == 0, write_dates(times, "%Y-%m-%d %H:%M"))
    assert not isinstance(Schema.infer(pd.DataFrame({"seen": cells})).fields["seen"], Datetime)


def test_a_few_odd_dates_are_no_format() -> None:
    cells = write_dates(moments(), "%d.%m.%Y")
    cells.iloc[3] = "2020-03-04"
    assert not isinstance(Schema.infer(pd.DataFrame({"seen": cells})).fields["seen"], Datetime)


def test_an_offset_in_one_format_alone_is_refused() -> None:
    with pytest.raises(SchemaError, match="offset from UTC"):
        Schema(fields={"seen": Datetime(format="%Y-%m-%dT%H:%M:%S%z", also=("%Y-%m-%d",))})


def test_missing_dates_without_leading_zeros_are_written_as_the_others() -> None:
    cells = pd.Series(["3/7/2024", None, "11/15/2023", "12/1/2023"] * 50, dtype="str")
    field = Schema.infer(pd.DataFrame({"seen": cells})).fields["seen"]
    assert isinstance(field, Datetime)
    written = field.write(field.parse(cells, "seen"))
    there = cells.notna()
    assert written[there].tolist() == cells[there].tolist()


def test_births_are_not_in_the_future() -> None:
    times = pd.Series(pd.to_datetime([f"{1930 + year}-03-{1 + year % 28:02}" for year in range(82)] * 4))
    cells = write_dates(times, "%d-%b-%y")
    field = Schema.infer(pd.DataFrame({"dob": cells})).fields["dob"]
    assert isinstance(field, Datetime)
    assert field.parse(cells, "dob").dt.year.tolist() == times.dt.year.tolist()
