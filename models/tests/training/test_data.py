"""Clips become batches: each once an epoch, with the labels in their places, read as they are; the teacher labels the rest once."""
import json
import shutil

import numpy as np
import pytest
import torch
from training.dataset import DataOptions, read_dataset
from training.example import IGNORED, make_batch, make_example
from training.network import Whisper
from training.order import Order
from training.processes import Processes
from training.read_audio import read_audio
from training.timestamp_rules import apply_timestamp_rules
from training.transcribe import transcribe

from build import load_source
from graph import write_graph
from test_network import speech
from tiny_whisper import END, VOCABULARY, open_session, tiny_weights
from training_files import WORDS, write_clips, write_teacher
from weights import ModelError

ALONE = Processes(0, 1, torch.device("cpu"))


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    return load_source(str(write_teacher(tmp_path_factory.mktemp("teacher") / "tiny")))


def test_every_clip_comes_once_an_epoch():
    order = Order([1.0] * 10, 4, seed=3)
    epochs = [[clip for step in range(start, start + 3) for clip in order.step(step)] for start in (0, 3)]
    assert all(set(epoch) == set(range(10)) and len(epoch) == 12 for epoch in epochs) and epochs[0] != epochs[1]
    again = Order([1.0] * 10, 4, seed=3)
    assert [again.step(step) for step in (4, 1)] == [order.step(step) for step in (4, 1)]
    assert Order([1.0] * 10, 4, seed=4).step(0) != order.step(0)


def test_a_batch_has_clips_of_like_length():
    seconds = np.random.default_rng(0).uniform(1, 30, 320)
    spans = [np.ptp(seconds[Order(seconds, 8, 1).step(step)]) for step in range(40)]
    assert np.mean(spans) < 8


def test_labels_follow_their_tokens(tmp_path):
    manifest = write_clips(tmp_path / "clips", 2)
    weights = tiny_weights()
    tokens = weights.tokens
    examples = [make_example(manifest.parent / "00.wav", 0.3, [5, 6], False, "en", weights),
                make_example(manifest.parent / "01.wav", 0.9, [tokens.timestamp_begin, 7, 8, 9, tokens.timestamp_begin + 20], True, "en", weights)]
    batch = make_batch(examples, weights, whole=False)
    assert batch.tokens.tolist() == [[201, tokens.no_timestamps, 5, 6, END, END], [201, 207, 7, 8, 9, 227]]
    assert batch.labels.tolist() == [[IGNORED, 5, 6, END, IGNORED, IGNORED], [207, 7, 8, 9, 227, END]]
    assert batch.present.sum(1).tolist() == [4, 6] == [example.inputs for example in examples]
    assert batch.pcm.shape[1] == 320 * batch.context.seen.shape[1]


def test_texts_are_read_and_the_rest_is_labelled_once(teacher, tmp_path):
    manifest = write_clips(tmp_path / "clips", 8)
    lines = [json.loads(line) for line in manifest.read_text().splitlines()]
    for line in lines[::2]:
        del line["text"]
    manifest.write_text("".join(json.dumps(line) + "\n" for line in lines))
    options = DataOptions(manifest, held_out=0.0)
    asked = []

    def network():
        asked.append(1)
        return Whisper(teacher).eval()

    first = read_dataset(options, teacher, teacher, network, tmp_path / "work", ALONE)
    again = read_dataset(options, teacher, teacher, network, tmp_path / "work", ALONE)
    assert first == again and asked == [1]
    spoken = next(each for each in first.training if each.plain and each.plain.path.name == lines[1]["file"])
    assert [WORDS[token] for token in spoken.plain.tokens[2:-1]] == lines[1]["text"].split() and spoken.timed is None
    assert len(first.training) + first.left_out == 8 and not first.held_out
    with pytest.raises(ModelError, match="4 clips without a text: give --teacher"):
        read_dataset(options, teacher, None, network, tmp_path / "other", ALONE)


def test_a_clip_is_held_out_from_every_training(teacher, tmp_path):
    manifest = write_clips(tmp_path / "clips", 12)
    options = DataOptions(manifest, held_out=0.3)
    whole = read_dataset(options, teacher, None, lambda: None, tmp_path, ALONE)
    part = read_dataset(DataOptions(manifest, held_out=0.3, limit=6), teacher, None, lambda: None, tmp_path, ALONE)
    held_out = [{example.path for example in each.held_out} for each in (whole, part)]
    assert held_out[1] == {path for path in held_out[0] if int(path.stem) < 6} and held_out[0]
    assert len(whole.training) + len(whole.held_out) == 12


def test_other_audio_goes_through_ffmpeg_or_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "clip.flac"
    path.write_bytes(b"fLaC")
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(ModelError, match="without ffmpeg"):
        read_audio(path)
    with pytest.raises(ModelError, match="there is no"):
        read_audio(tmp_path / "none.wav")


@pytest.mark.parametrize("timed", [False, True])
def test_the_network_writes_what_the_graph_writes(timed, tmp_path):
    from manifest import read_manifest
    from run_graph import SAMPLES, Graph, prompt_of
    from build import build
    from training.context import plan_context

    teacher = load_source(str(write_teacher(tmp_path / "tiny", 2)))
    folder = build(teacher, "fp32", "cpu", tmp_path, "built")
    graph = Graph(folder, read_manifest(folder))
    clips = [np.pad(speech(seconds, seed), (0, SAMPLES - round(16000 * seconds))) for seed, seconds in enumerate((1.0, 4.0, 2.0))]
    pcm, context = torch.from_numpy(np.stack(clips)), plan_context([SAMPLES] * 3, 1500)
    ours = transcribe(Whisper(teacher).eval(), teacher, pcm, context, "en", timed)
    assert ours == [graph.transcribe(clip, prompt_of(graph.manifest, "en", timed), timed) for clip in clips]
    assert any(ours)


def test_timestamps_never_go_back():
    tokens = tiny_weights().tokens
    begin = tokens.timestamp_begin
    logits = torch.zeros(1, VOCABULARY)
    logits[0, 5] = 20.0
    after_text = apply_timestamp_rules(logits, torch.tensor([[begin + 10, 5]]), tokens)
    assert (after_text[0, begin : begin + 11] < -1e8).all() and after_text[0, 5] == 20
    after_pair = apply_timestamp_rules(logits, torch.tensor([[begin, 5, begin + 10, begin + 10]]), tokens)
    assert (after_pair[0, begin:] < -1e8).all()
    after_one = apply_timestamp_rules(logits, torch.tensor([[begin, 5, begin + 10]]), tokens)
    assert (after_one[0, : tokens.end_of_text] < -1e8).all() and after_one[0, begin + 10] == 0
    first = apply_timestamp_rules(logits, torch.zeros(1, 0, dtype=torch.int64), tokens)
    assert (first[0, :begin] < -1e8).all() and (first[0, begin + 51 :] < -1e8).all()
