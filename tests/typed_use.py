"""What a user writes, for `make check`: mypy reads the types that the package ships (py.typed)."""

from __future__ import annotations

import pandas as pd

from synthdata import VAE, Category, Number, Schema, Synthesizer, Verdict, export, generate, read_table, train

frame: pd.DataFrame = read_table("patients.csv")
schema: Schema = Schema(name="patients", fields={"age": Number(), "ward": Category()}, target="ward")
model: Synthesizer = train(frame, schema, model=VAE(latent=4), seed=1)
model.save("model")
drawn: pd.DataFrame = Synthesizer.load("model").sample(10, where={"ward": "north"})
rows = generate(model, 100)
export(rows, "rows.csv")
verdict: Verdict = rows.verdict()
