"""random_turbo.py OUT TOKENIZER: builds OUT/random-turbo-fp16, a CUDA graph with large-v3-turbo's dimensions and random
weights: it computes as much as the real one, and says nonsense. TOKENIZER is any Whisper's tokenizer.json."""
import sys
from pathlib import Path

import numpy as np

models = Path(__file__).parents[3] / "models"
sys.path[:0] = [str(models), str(models / "tests")]

from build import build  # noqa: E402
from random_whisper import RandomWhisper, random_tensors  # noqa: E402
from weights import Dimensions, Source, Tokens  # noqa: E402


class Pool:
    """Repeats four million random numbers: drawing all 800 million takes longer than building the graph."""

    numbers = np.random.default_rng(0).standard_normal(1 << 22).astype(np.float32)

    def standard_normal(self, shape, _dtype):
        return np.resize(self.numbers, shape)


out, tokenizer = Path(sys.argv[1]), Path(sys.argv[2])
whisper = RandomWhisper(vocabulary=51866, languages=4, end_of_text=50256)
whisper.dimensions = Dimensions(mels=128, audio_context=1500, text_context=448, width=1280, encoder_layers=32,
                                encoder_heads=20, decoder_layers=4, decoder_heads=20, vocabulary=51866)
whisper.tensors = random_tensors(whisper.dimensions, Pool(), 0.02)
for name in ("encoder.embed_positions", "decoder.embed_positions", "decoder.embed_tokens"):
    whisper.tensors[f"model.{name}.weight"] *= 0.02
whisper.tokens = Tokens(**vars(whisper.tokens))
whisper.alignment_heads = [(2, 4), (2, 11), (3, 3), (3, 6), (3, 11), (3, 14)]
whisper.source = Source("huggingface", "random", "0" * 64, "MIT")
whisper.tokenizer_path = tokenizer
print(build(whisper, "fp16", "cuda", out, "random-turbo-fp16"))
