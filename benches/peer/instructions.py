"""How many instructions one inference takes, counted by valgrind: a figure that stays
the same on a busy machine, where times do not.

The runner is counted once with one inference and once with two; the difference is one
inference without start and load. valgrind knows AVX2 but not AVX-512, so that is what
is counted.

    benches/peer/run --instructions
"""

import re
import subprocess
import tempfile
from pathlib import Path

import compare

THREADS = 1


def count(runner, requests):
    with tempfile.TemporaryDirectory() as folder:
        command = [
            "valgrind",
            "--tool=callgrind",
            f"--callgrind-out-file={folder}/out",
            runner,
            "--serve",
        ]
        done = subprocess.run(
            command, input="\n".join(requests) + "\n", capture_output=True, text=True, check=True
        )
    return int(re.search(r"Collected : (\d+)", done.stderr).group(1))


def main(runner):
    print("| network | size | million instructions |")
    print("|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for model, height, width, mean, scale in compare.CASES:
            picture = Path(folder) / "input"
            compare.picture_of(height, width, mean, scale).tofile(picture)
            words = ["load", compare.ROOT / "models" / model, THREADS, height, width, picture]
            load = "\t".join(map(str, words))
            # The first run of all makes the plan.
            once = count(runner, [load, "run", "run"])
            twice = count(runner, [load, "run", "run", "run"])
            print(f"| {model} | {width}x{height} | {(twice - once) / 1e6:.1f} |", flush=True)
