"""What a training tells of itself: JSON lines, on the screen and in a file, and a plot of the loss."""
from __future__ import annotations

import json
import math
import sys
from pathlib import Path

from training.plot_loss import plot_loss


class Progress:
    """Writes progress.jsonl and loss.svg into a folder. With `folder` None (all processes but the first) it is silent."""

    def __init__(self, folder: Path | None) -> None:
        self.folder, self.lines = folder, []

    def go_on_from(self, step: int) -> None:
        """Takes up the lines of a training that was broken off, without those that are done again."""
        if self.folder:
            path = self.folder / "progress.jsonl"
            lines = path.read_text("utf8").splitlines() if path.is_file() else []
            for line in lines:
                try:
                    value = json.loads(line)
                except json.JSONDecodeError:  # the last line may be cut off
                    continue
                if value.get("step", 0) <= step:
                    self.lines.append(value)
            self.folder.mkdir(parents=True, exist_ok=True)
            path.write_text("".join(json.dumps(value) + "\n" for value in self.lines), "utf8")

    def tell(self, event: str, **values) -> None:
        if not self.folder:
            return
        line = {"event": event} | {key: written(value) for key, value in values.items()}
        self.lines.append(line)
        text = json.dumps(line)
        print(text, file=sys.stderr, flush=True)
        with open(self.folder / "progress.jsonl", "a", encoding="utf8") as file:
            file.write(text + "\n")
        if event == "validation":
            self.plot()

    def plot(self) -> None:
        if self.folder:
            curves = {event: [(line["step"], line["loss"]) for line in self.lines if line["event"] == event]
                      for event in ("training", "validation")}
            (self.folder / "loss.svg").write_text(plot_loss(curves), "utf8")


def written(value):
    """As JSON can have it: a gradient that overflowed is null."""
    return (round(value, 6) if math.isfinite(value) else None) if isinstance(value, float) else value
