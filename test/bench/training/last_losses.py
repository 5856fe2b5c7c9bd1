"""last_losses.py PROGRESS.jsonl: the validation's losses at first, at its best and at last, and how fast it went."""
import json
import sys
from pathlib import Path

lines = [json.loads(line) for line in Path(sys.argv[1]).read_text("utf8").splitlines()]
heard = [line for line in lines if line["event"] == "validation"]
steps = [line for line in lines if line["event"] == "training"]
if heard and steps:
    told = lambda line: " ".join(f"{name} {line[name]:.4f}" for name in ("loss", "labels", "teacher", "hidden") if name in line)
    hours = sum(step["audioSeconds"] for step in steps) / 3600
    print(f"{len(steps)} steps, {hours:.1f} h heard | first {told(heard[0])} | best {told(min(heard, key=lambda line: line['loss']))} | last {told(heard[-1])}")
