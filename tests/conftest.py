"""What tests of several rooms share: a small table with its schema, and the benchmark data where it is at hand."""

from __future__ import annotations

import os
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
if "PYTEST_XDIST_WORKER" in os.environ:  # one core each, or the threads of workers wait for each other
    for library in ("TF_NUM_INTRAOP", "TF_NUM_INTEROP", "OMP_NUM", "OPENBLAS_NUM"):
        os.environ.setdefault(f"{library}_THREADS", "1")

import numpy as np
import pandas as pd
import pytest

BENCHMARKS = Path(__file__).parents[2] / "shared" / "data"


@pytest.fixture
def benchmark_table(request: pytest.FixtureRequest) -> Path:
    """The folder of a benchmark data set, named by the parameter; skips where it is not at hand."""
    folder = BENCHMARKS / str(request.param)
    if not folder.is_dir():
        pytest.skip(f"the benchmark data set {request.param} is not at hand")
    return folder


@pytest.fixture(scope="session")
def stays() -> pd.DataFrame:
    """120 stays in a hospital, made up: every kind of field, missing values, an order between two columns."""
    rng = np.random.default_rng(7)
    rows = 120
    admitted = pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 700, rows), unit="D")
    return pd.DataFrame(
        {
            "stay_id": [f"S-{number:05d}" for number in range(rows)],
            "age": rng.integers(18, 95, rows),
            "weight": np.where(rng.random(rows) < 0.2, np.nan, rng.normal(75, 12, rows).round(1)),
            "ward": rng.choice(["north", "south", "east"], rows),
            "smoker": rng.random(rows) < 0.3,
            "admitted": admitted.strftime("%Y-%m-%d"),
            "discharged": (admitted + pd.to_timedelta(rng.integers(0, 20, rows), unit="D")).strftime("%Y-%m-%d"),
        }
    )
