"""Run campaigns of hostile input for some minutes, in turns; print how many attempts ended how.

usage: python fuzz/run.py [--minutes 30] [--seed 0] [-o out/fuzz] [CAMPAIGN ...]

Each attempt has a seed of its own. One that ends otherwise than in rows or in a line, takes more than 10 seconds, or
lets the process grow beyond 2 GB is written to OUT with its traceback and its seed, and the exit code is 1.
`--only CAMPAIGN SEED` repeats one attempt.
"""

from __future__ import annotations

import argparse
import json
import resource
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path
from types import FrameType

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1]))

from fuzz.campaigns import CAMPAIGNS, names

LONGEST = 10  # seconds of an attempt
MOST = 2 << 20  # KB of the process


class HangError(Exception):
    """An attempt takes too long."""


def _too_long(number: int, frame: FrameType | None) -> None:
    raise HangError(f"more than {LONGEST} s")


def attempt(name: str, seed: int) -> tuple[str, str]:
    """The outcome of one attempt, and a traceback if it is a finding."""
    signal.alarm(LONGEST)
    try:
        outcome = CAMPAIGNS[name](np.random.default_rng([seed, *name.encode()]))
    except HangError:
        return "hang", traceback.format_exc()
    except Exception:
        return "traceback", traceback.format_exc()
    finally:
        signal.alarm(0)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return ("memory", f"{grown:,} KB") if grown > MOST else (outcome, "")


def main() -> None:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("campaigns", nargs="*")
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seed", type=int, default=0, help="of the first attempt")
    parser.add_argument("-o", "--out", type=Path, default=Path("out/fuzz"))
    parser.add_argument("--only", nargs=2, metavar=("CAMPAIGN", "SEED"))
    options = parser.parse_args()
    signal.signal(signal.SIGALRM, _too_long)
    warnings.simplefilter("ignore")
    if options.only:
        print(*attempt(options.only[0], int(options.only[1])), sep="\n")
        return
    asked, counts, findings = names(options.campaigns), {}, 0
    for name in asked:
        CAMPAIGNS[name](np.random.default_rng(0))  # what is made once counts for no attempt
        counts[name] = Counter[str]()
    end, seed = time.monotonic() + 60 * options.minutes, options.seed
    while time.monotonic() < end:
        for name in asked:
            outcome, why = attempt(name, seed)
            counts[name][outcome] += 1
            if why:
                findings += 1
                options.out.mkdir(parents=True, exist_ok=True)
                (options.out / f"{name}.{seed}.txt").write_text(why)
        seed += 1
    print(f"seeds {options.seed} to {seed - 1}")
    for name, count in counts.items():
        print(f"{name}: {sum(count.values()):,} attempts: {json.dumps(dict(count.most_common()))}")
    print(f"findings: {findings}" + (f", in {options.out}" if findings else ""))
    sys.exit(1 if findings else 0)


if __name__ == "__main__":
    main()
