"""captured_fixture.py: writes test/fixtures/captured, a Whisper of random weights whose captured graphs run on a processor."""
import sys
from pathlib import Path

here = Path(__file__).parent
sys.path[:0] = [str(here), str(here.parent)]

import graph_step  # noqa: E402
from graph import write_captured  # noqa: E402
from random_whisper import RandomWhisper  # noqa: E402

FOLDER = here.parents[1] / "test" / "fixtures" / "captured"


def write_fixture(folder: Path) -> None:
    whisper = RandomWhisper(width=16, decoder_layers=3)
    whisper.alignment_heads = [(0, 1), (2, 0), (2, 1)]
    folder.mkdir(parents=True, exist_ok=True)
    graph_step.FOR_GPU = False
    try:
        write_captured(whisper, "fp32", folder / "model.onnx")
    finally:
        graph_step.FOR_GPU = True


if __name__ == "__main__":
    write_fixture(FOLDER)
