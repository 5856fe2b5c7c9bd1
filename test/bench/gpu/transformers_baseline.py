"""transformers_baseline.py BATCHES: what transformers takes for 100 tokens of 30 s segments with turbo's dimensions, random
weights, fp16 and PyTorch's fused attention. Prints {"batch", "encoderMilliseconds", "milliseconds"} a line."""
import json
import sys
import time

import torch
from transformers import WhisperConfig, WhisperForConditionalGeneration
from transformers.utils import logging

logging.set_verbosity_error()
config = WhisperConfig(
    vocab_size=51866, d_model=1280, encoder_layers=32, decoder_layers=4, encoder_attention_heads=20,
    decoder_attention_heads=20, encoder_ffn_dim=5120, decoder_ffn_dim=5120, num_mel_bins=128)
torch.set_default_dtype(torch.float16)
with torch.device("cuda"):
    model = WhisperForConditionalGeneration(config).eval()
torch.set_default_dtype(torch.float32)
generation = model.generation_config
generation.eos_token_id = generation.suppress_tokens = generation.begin_suppress_tokens = None


def milliseconds(work) -> float:
    """The best of three, after one to warm up."""
    times = []
    for _ in range(4):
        torch.cuda.synchronize()
        start = time.perf_counter()
        work()
        torch.cuda.synchronize()
        times.append((time.perf_counter() - start) * 1000)
    return min(times[1:])


with torch.no_grad():
    for batch in map(int, sys.argv[1].split(",")):
        mel = torch.randn(batch, 128, 3000, device="cuda", dtype=torch.float16)
        prompt = torch.full((batch, 4), 50258, device="cuda")
        encoder = milliseconds(lambda: model.model.encoder(mel))
        whole = milliseconds(lambda: model.generate(
            mel, max_new_tokens=100, min_new_tokens=100, do_sample=False, num_beams=1, decoder_input_ids=prompt))
        print(json.dumps({"batch": batch, "encoderMilliseconds": round(encoder, 1), "milliseconds": round(whole, 1)}), flush=True)
