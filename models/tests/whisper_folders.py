"""Writes a RandomWhisper the way its users have it: as a Hugging Face folder or, by CTranslate2's own code, as its folder."""
import json
import struct

import numpy as np

SAFETENSORS_TYPES = {"float32": "F32", "float16": "F16", "bfloat16": "BF16"}


def special_tokens(whisper) -> dict[str, int]:
    tokens = whisper.tokens
    named = {"endoftext": tokens.end_of_text, "startoftranscript": tokens.start_of_transcript} | whisper.languages | {
        "translate": tokens.translate, "transcribe": tokens.transcribe, "startofprev": tokens.start_of_previous,
        "nospeech": tokens.no_speech, "notimestamps": tokens.no_timestamps, "0.00": tokens.timestamp_begin}
    return {f"<|{name}|>": token for name, token in named.items()}


def write_tokenizer(whisper, folder):
    added = [{"content": name, "id": token} for name, token in special_tokens(whisper).items()]
    (folder / "tokenizer.json").write_text(json.dumps({"added_tokens": added}))


def to_bytes(array, dtype):
    if dtype == "bfloat16":  # rounded, as converters do
        bits = array.astype(np.float32).view(np.uint32)
        return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16).tobytes()
    return array.astype(dtype).tobytes()


def write_safetensors(path, tensors, dtype="float32"):
    header, parts, place = {"__metadata__": {"format": "pt"}}, [], 0
    for name, array in tensors.items():
        parts.append(to_bytes(array, dtype))
        header[name] = {"dtype": SAFETENSORS_TYPES[dtype], "shape": array.shape, "data_offsets": [place, place + len(parts[-1])]}
        place += len(parts[-1])
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + b"".join(parts))


def write_huggingface(whisper, folder, dtype="float32", shards=1):
    folder.mkdir(parents=True)
    sizes, names = whisper.dimensions, list(whisper.tensors)
    (folder / "config.json").write_text(json.dumps({
        "model_type": "whisper", "architectures": ["WhisperForConditionalGeneration"], "num_mel_bins": sizes.mels,
        "max_source_positions": sizes.audio_context, "max_target_positions": sizes.text_context, "d_model": sizes.width,
        "encoder_layers": sizes.encoder_layers, "encoder_attention_heads": sizes.encoder_heads,
        "decoder_layers": sizes.decoder_layers, "decoder_attention_heads": sizes.decoder_heads,
        "encoder_ffn_dim": 4 * sizes.width, "decoder_ffn_dim": 4 * sizes.width, "vocab_size": sizes.vocabulary,
        "pad_token_id": whisper.tokens.end_of_text, "bos_token_id": whisper.tokens.end_of_text,
        "eos_token_id": whisper.tokens.end_of_text, "decoder_start_token_id": whisper.tokens.start_of_transcript}))
    (folder / "generation_config.json").write_text(json.dumps({
        "suppress_tokens": whisper.suppress, "begin_suppress_tokens": whisper.suppress_at_begin,
        "alignment_heads": whisper.alignment_heads}))
    write_tokenizer(whisper, folder)
    if shards == 1:
        write_safetensors(folder / "model.safetensors", whisper.tensors, dtype)
        return folder
    weight_map = {}
    for shard in range(shards):
        file = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
        part = {name: whisper.tensors[name] for name in names[shard::shards]}
        write_safetensors(folder / file, part, dtype)
        weight_map |= dict.fromkeys(part, file)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    return folder


def write_ctranslate2(whisper, folder, quantization=None):
    """`quantization` as ct2-transformers-converter takes it: None (float32), float16, int8, int8_float16, …"""
    from ctranslate2.specs import WhisperSpec

    folder.mkdir(parents=True)
    sizes, tensor = whisper.dimensions, whisper.tensors
    spec = WhisperSpec(sizes.encoder_layers, sizes.encoder_heads, sizes.decoder_layers, sizes.decoder_heads)

    def linear(target, *names):
        target.weight = np.concatenate([tensor[name + ".weight"] for name in names])
        biases = [tensor.get(name + ".bias", np.zeros(len(tensor[name + ".weight"]), np.float32)) for name in names]
        target.bias = np.concatenate(biases)

    def norm(target, name):
        target.gamma, target.beta = tensor[name + ".weight"].copy(), tensor[name + ".bias"].copy()

    for part, half in (("encoder", spec.encoder), ("decoder", spec.decoder)):
        for index, layer in enumerate(half.layer):
            prefix = f"model.{part}.layers.{index}."
            linear(layer.self_attention.linear[0], *(f"{prefix}self_attn.{name}_proj" for name in "qkv"))
            linear(layer.self_attention.linear[1], prefix + "self_attn.out_proj")
            norm(layer.self_attention.layer_norm, prefix + "self_attn_layer_norm")
            if part == "decoder":
                linear(layer.attention.linear[0], prefix + "encoder_attn.q_proj")
                linear(layer.attention.linear[1], *(f"{prefix}encoder_attn.{name}_proj" for name in "kv"))
                linear(layer.attention.linear[2], prefix + "encoder_attn.out_proj")
                norm(layer.attention.layer_norm, prefix + "encoder_attn_layer_norm")
            linear(layer.ffn.linear_0, prefix + "fc1")
            linear(layer.ffn.linear_1, prefix + "fc2")
            norm(layer.ffn.layer_norm, prefix + "final_layer_norm")
        norm(half.layer_norm, f"model.{part}.layer_norm")
        half.position_encodings.encodings = tensor[f"model.{part}.embed_positions.weight"].copy()
    for name in ("conv1", "conv2"):
        conv = getattr(spec.encoder, name)
        conv.weight, conv.bias = tensor[f"model.encoder.{name}.weight"].copy(), tensor[f"model.encoder.{name}.bias"].copy()
    spec.decoder.embeddings.weight = tensor["model.decoder.embed_tokens.weight"].copy()
    spec.decoder.projection.weight = spec.decoder.embeddings.weight
    names = {token: name for name, token in special_tokens(whisper).items()}
    first = whisper.tokens.timestamp_begin
    spec.register_vocabulary([names.get(token, f"t{token}" if token < first else f"<|{(token - first) * 0.02:.2f}|>")
                              for token in range(sizes.vocabulary)])
    spec.config.suppress_ids, spec.config.suppress_ids_begin = whisper.suppress, whisper.suppress_at_begin
    spec.config.alignment_heads, spec.config.lang_ids = whisper.alignment_heads, sorted(whisper.languages.values())
    spec.validate()
    spec.optimize(quantization=quantization)
    spec.save(str(folder))
    write_tokenizer(whisper, folder)
    return folder
