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
    """In folder/int8 what is different of graphs that read the audio in int8."""
    whisper = RandomWhisper(width=16, decoder_layers=3)
    whisper.alignment_heads = [(0, 1), (2, 0), (2, 1)]
    int8 = folder / "int8"
    int8.mkdir(parents=True, exist_ok=True)
    graph_step.FOR_GPU = False
    try:
        paths = write_captured(whisper, "fp32", folder / "model.onnx")
        write_captured(whisper, "fp32", int8 / "model.onnx", True)
    finally:
        graph_step.FOR_GPU = True
    for path in paths:
        if path.read_bytes() == (int8 / path.name).read_bytes():
            (int8 / path.name).unlink()


if __name__ == "__main__":
    write_fixture(FOLDER)
