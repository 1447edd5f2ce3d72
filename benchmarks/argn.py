"""Train MOSTLY AI's TabularARGN with its defaults and sample it; runs in the environment that holds it.

usage: python argn.py TRAIN_CSV OUT_CSV ROWS

Writes as many rows as it was trained on to OUT_CSV; then samples ROWS rows for the rate.
"""

import json
import resource
import sys
import tempfile
import time

import pandas as pd
from mostlyai.engine import TabularARGN

train, out, rows = pd.read_csv(sys.argv[1], low_memory=False), sys.argv[2], int(sys.argv[3])
began = time.perf_counter()
model = TabularARGN(max_training_time=240.0, verbose=1, workspace_dir=tempfile.mkdtemp(), random_state=1)
model.fit(train)
trained = time.perf_counter()
model.sample(len(train)).to_csv(out, index=False)
start = time.perf_counter()
model.sample(rows)
sampled = time.perf_counter()
used = resource.getrusage(resource.RUSAGE_SELF)
figures = {
    "train_s": round(trained - began, 1),
    "rows_per_s": round(rows / (sampled - start)),
    "cpu_s": round(used.ru_utime + used.ru_stime, 1),
    "peak_mb": used.ru_maxrss // 1024,
}
print("TIMES", json.dumps(figures))
