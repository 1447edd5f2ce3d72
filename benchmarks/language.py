"""Train MOSTLY AI's LanguageModel (LSTMFromScratch-3m) on a text and a category, sample it, measure its surprise.

usage: python language.py TRAIN_CSV HOLDOUT_CSV OUT_CSV TEXT FIELD MINUTES ROWS

Runs in the environment that holds it. Writes ROWS sampled records to OUT_CSV. Defaults, but for
`enable_flexible_generation=False`: the text then always follows its field, as is asked of it here, instead of every
order of the columns being learned.

`bits`: what the model has learned is records as JSON, `{} {"FIELD": "...", "TEXT": "..."}` between the begin and end
tokens. A held-out record is put into that form by the engine's own functions (rare and unknown categories become
`_RARE_`, as in training), and the model reads it in one pass. Counted are the negative log-likelihoods of the tokens of
the text and of the quote that ends it, given all before; the other tokens, which the engine's grammar dictates when it
samples, are free. Begin, end and padding are ruled out before the softmax, as the grammar does; what
else it rules out inside a text is not. The sum is divided by the characters of the held-out texts and by ln 2. A
character that the vocabulary lacks is one unknown token, which cannot be written back: the engine is charged for that
token alone (we are charged 8 bits a byte), and how many there were is reported as `unknown`.
"""

import json
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from mostlyai.engine import LanguageModel
from mostlyai.engine._language.encoding import encode_df
from mostlyai.engine._language.lstm import register_mostly_lstm_model
from mostlyai.engine._workspace import Workspace
from transformers import AutoModelForCausalLM, AutoTokenizer

BATCH = 32


@torch.no_grad()
def surprise(folder: Path, holdout: pd.DataFrame, text: str) -> dict[str, float]:
    """Bits per character of held-out texts given their fields, and how many unknown tokens they have."""
    workspace = Workspace(folder)
    register_mostly_lstm_model()
    model = AutoModelForCausalLM.from_pretrained(workspace.model_path).eval()
    # as in training: the begin and end tokens are written into the string
    tokenizer = AutoTokenizer.from_pretrained(workspace.model_path, add_bos_token=False, add_eos_token=False)
    records = encode_df(
        ctx_df=pd.DataFrame(index=range(len(holdout))), tgt_df=holdout.copy(), tgt_stats=workspace.tgt_stats.read()
    )
    contents = (records["ctx"] + records["tgt"]).tolist()
    written = [json.dumps(each, ensure_ascii=False)[1:] for each in holdout[text]]  # with the quote that ends it
    ruled_out = [tokenizer.pad_token_id, tokenizer.bos_token_id, tokenizer.eos_token_id]
    total, unknown, counted = 0.0, 0, 0
    for start in range(0, len(contents), BATCH):
        batch = contents[start : start + BATCH]
        encoded = [
            tokenizer(f"{tokenizer.bos_token}{content}{tokenizer.eos_token}", return_offsets_mapping=True)
            for content in batch
        ]
        longest = max(len(each["input_ids"]) for each in encoded)
        ids = np.full((len(batch), longest), tokenizer.pad_token_id)
        is_text = np.zeros((len(batch), longest), bool)
        mask = np.zeros((len(batch), longest), np.int64)
        for row, (content, each) in enumerate(zip(batch, encoded, strict=True)):
            ids[row, : len(each["input_ids"])] = each["input_ids"]
            mask[row, : len(each["input_ids"])] = 1
            whole = f"{tokenizer.bos_token}{content}{tokenizer.eos_token}"
            end = len(whole) - len("}" + tokenizer.eos_token)
            first = end - len(written[start + row])
            assert whole[first:end] == written[start + row], "the text is not the last of the record"
            spans = np.array(each["offset_mapping"])
            inside = np.flatnonzero((spans[:, 0] >= first) & (spans[:, 1] <= end) & (spans[:, 1] > spans[:, 0]))
            is_text[row, inside[0] : inside[-1] + 1] = True
            covered = "".join(whole[left:right] for left, right in spans[inside])
            assert covered.replace(" ", "") == whole[first:end].replace(" ", ""), "tokens do not end where texts do"
        logits = model(input_ids=torch.from_numpy(ids), attention_mask=torch.from_numpy(mask)).logits[:, :-1].clone()
        logits[..., ruled_out] = -torch.inf
        wanted = torch.from_numpy(ids[:, 1:])
        told = torch.log_softmax(logits.double(), -1).gather(-1, wanted[..., None])[..., 0].numpy()
        kept = is_text[:, 1:]
        total -= float(told[kept].sum())
        unknown += int((ids[:, 1:][kept] == tokenizer.unk_token_id).sum())
        counted += int(kept.sum())
    characters = int(holdout[text].str.len().sum())
    return {"bits": float(total / characters / np.log(2)), "unknown": unknown, "text_tokens": counted}


def main() -> None:
    train, holdout, out, text, field, minutes, rows = sys.argv[1:]
    frame, held = (pd.read_csv(path, dtype=str, keep_default_na=False)[[field, text]] for path in (train, holdout))
    folder = Path(tempfile.mkdtemp())
    began = time.perf_counter()
    model = LanguageModel(
        model="MOSTLY_AI/LSTMFromScratch-3m",
        tgt_encoding_types={field: "LANGUAGE_CATEGORICAL", text: "LANGUAGE_TEXT"},
        max_training_time=float(minutes),
        enable_flexible_generation=False,
        workspace_dir=folder,
        random_state=1,
        device="cpu",
        verbose=1,
    )
    model.fit(frame)
    trained = time.perf_counter()
    drawn = model.sample(int(rows))
    sampled = time.perf_counter()
    drawn.to_csv(out, index=False)
    figures = {
        "train_s": round(trained - began, 1),
        "rows_per_s": round(int(rows) / (sampled - trained), 1),
        **surprise(folder, held, text),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    print("TIMES", json.dumps(figures))


if __name__ == "__main__":
    main()
