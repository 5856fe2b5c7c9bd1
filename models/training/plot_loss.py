"""Curves of loss over steps as an SVG, drawn without a plotting package."""
from __future__ import annotations

import math

WIDTH, HEIGHT, MARGIN = 720, 400, 56
COLOURS = {"training": "#8aa9c9", "validation": "#c2410c"}


def plot_loss(curves: dict[str, list[tuple[int, float]]]) -> str:
    """`curves`: name → (step, loss), losses above 0. The loss has a logarithmic scale."""
    points = [point for curve in curves.values() for point in curve if point[1] > 0]
    last = max((step for step, _ in points), default=1) or 1
    low, high = min((loss for _, loss in points), default=0.1), max((loss for _, loss in points), default=1.0)
    bottom, top = math.log(low) - 0.05, math.log(high) + 0.05

    def place(step: float, loss: float) -> tuple[float, float]:
        across, up = step / last, (math.log(loss) - bottom) / (top - bottom)
        return round(MARGIN + across * (WIDTH - 2 * MARGIN), 1), round(HEIGHT - MARGIN - up * (HEIGHT - 2 * MARGIN), 1)

    parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
             f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>']
    for tick in range(5):
        loss, step = math.exp(bottom + (top - bottom) * tick / 4), last * tick / 4
        x, y = place(step, loss)
        parts.append(f'<path d="M{MARGIN} {y}H{WIDTH - MARGIN}" stroke="#ddd"/>'
                     f'<text x="{MARGIN - 6}" y="{y + 4}" text-anchor="end">{loss:.3g}</text>'
                     f'<text x="{x}" y="{HEIGHT - MARGIN + 18}" text-anchor="middle">{step:.0f}</text>')
    for line, (name, curve) in enumerate(curves.items()):
        places = [place(*point) for point in curve if point[1] > 0]
        colour, height = COLOURS.get(name, "#333"), MARGIN - 30 + 16 * line
        parts.append(f'<polyline fill="none" stroke="{colour}" stroke-width="1.5" points="'
                     + " ".join(f"{x},{y}" for x, y in places) + '"/>')
        parts.append(f'<text x="{WIDTH - MARGIN}" y="{height}" text-anchor="end" fill="{colour}">{name}</text>')
    parts.append(f'<text x="{WIDTH / 2}" y="{HEIGHT - 12}" text-anchor="middle">step</text></svg>')
    return "\n".join(parts) + "\n"
