"""The plan that loses least for its size, from what each part costs."""
from __future__ import annotations

from dataclasses import dataclass

from compress.sensitivity import Cost, Part
from weights import ModelError


@dataclass(frozen=True)
class Choice:
    plan: dict[str, str]
    bytes: int  # of all parts
    divergence: float  # sum over the parts: what the whole is expected to cost


def choose_precisions(parts: list[Part], costs: list[Cost], limit_bytes: int | None = None,
                      limit_divergence: float | None = None) -> Choice:
    """Starts with the smallest precision of every part and gives more bits where they save the most divergence a byte: as far as
    `limit_bytes` allows, or until the sum is at most `limit_divergence`. fp16 counts as free of error. Raises ModelError where
    the smallest is too large already."""
    known = {(each.part.pattern, each.precision): each.divergence for each in costs}
    divergence = lambda part, precision: known.get((part.pattern, precision), 0.0)
    chosen = {part.pattern: min(part.bytes, key=part.bytes.get) for part in parts}

    def total() -> Choice:
        return Choice(dict(chosen), sum(part.bytes[chosen[part.pattern]] for part in parts),
                      sum(divergence(part, chosen[part.pattern]) for part in parts))

    if limit_bytes is not None and total().bytes > limit_bytes:
        raise ModelError(f"{limit_bytes / 1e6:.1f} MB are too few: the smallest plan has {total().bytes / 1e6:.1f} MB; ask for more")
    while True:
        now = total()
        if limit_divergence is not None and now.divergence <= limit_divergence:
            return now
        best = None
        for part in parts:
            current = chosen[part.pattern]
            for precision, size in part.bytes.items():
                more, gain = size - part.bytes[current], divergence(part, current) - divergence(part, precision)
                fits = limit_bytes is None or now.bytes + more <= limit_bytes
                if more > 0 and gain > 0 and fits and (best is None or gain / more > best[0]):
                    best = (gain / more, part.pattern, precision)
        if best is None:
            return now
        chosen[best[1]] = best[2]
