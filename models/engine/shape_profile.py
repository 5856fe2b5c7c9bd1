"""The shapes that a TensorRT engine is built for."""
from __future__ import annotations

from dataclasses import dataclass

from weights import ModelError

POSITIONS_PER_SECOND = 50
MOST_ROWS = 128  # of layers/whisper


@dataclass(frozen=True)
class ShapeProfile:
    """Rows of a batch, and encoder positions of a row: at least, at best, and at most."""
    rows: tuple[int, int, int]
    positions: tuple[int, int, int]

    def shapes(self, width: int) -> dict[str, str]:
        """As trtexec writes them, "BxTxwidth"."""
        return {name: f"{rows}x{positions}x{width}"
                for name, rows, positions in zip(("min", "opt", "max"), self.rows, self.positions, strict=True)}

    def __str__(self) -> str:
        return "b{}-{}-{}-t{}-{}-{}".format(*self.rows, *self.positions)


def parse_profile(rows: str, seconds: str, audio_context: int) -> ShapeProfile:
    """`rows` "1,16,64" and `seconds` "15,30,30": least, best and most. Raises ModelError."""
    counts = three(rows, "--rows", 1, MOST_ROWS)
    longest = audio_context // POSITIONS_PER_SECOND
    windows = three(seconds, "--seconds", 1, longest)
    return ShapeProfile(counts, tuple(value * POSITIONS_PER_SECOND for value in windows))


def three(text: str, option: str, least: int, most: int) -> tuple[int, int, int]:
    parts = text.split(",")
    numbers = [int(part) for part in parts if part.strip().isdecimal()]
    if len(parts) != 3 or len(numbers) != 3 or numbers != sorted(numbers) or not least <= numbers[0] <= numbers[2] <= most:
        raise ModelError(f"{option} is {text!r}: give three rising whole numbers from {least} to {most}, such as "
                         f"{least},{max(least, most // 2)},{most}: the least, the usual, the most")
    return tuple(numbers)
