"""Audio kept in memory: the same as from files, and changed by chance without leaving the clip."""
import dataclasses
import math

import numpy as np
import torch

from speech.wav_file import write_wav
from tiny_whisper import speech, tiny_weights
from training.augment import augment
from training.example import make_batch, make_example
from training.hear import Resident, cache_folder, hear, save
from training.loop import cut


def write(folder, seconds) -> list:
    paths = []
    for number, length in enumerate(seconds):
        paths.append(folder / f"{number}.wav")
        write_wav(paths[-1], speech(length, number))
    return paths


def test_audio_in_memory_is_that_of_the_files_and_is_kept_for_others(tmp_path):
    paths, cache = write(tmp_path, (0.5, 1.7, 0.31)), tmp_path / "cache"
    first, again = Resident(paths, cache), Resident(paths, cache)
    assert len(list(cache.iterdir())) == 1 and np.array_equal(first.samples, again.samples)
    weights = tiny_weights()
    examples = [make_example(path, 1.0, [3, 4], False, "en", weights) for path in (paths[2], paths[0])]
    batches = [make_batch(examples, weights, False, resident) for resident in (None, again)]
    for field in ("pcm", "tokens", "labels", "present", "samples"):
        assert torch.equal(*(getattr(batch, field) for batch in batches)), field
    assert all(torch.equal(one, two) for one, two in zip(*(dataclasses.astuple(batch.context) for batch in batches), strict=True))


def test_processes_that_keep_the_same_audio_at_once_do_not_harm_each_other(tmp_path):
    paths, cache = write(tmp_path, (0.5, 0.7)), tmp_path / "cache"
    first = Resident(paths, cache)
    save(cache_folder(paths, cache), first.counts, np.array(first.samples))  # as one that began before the first had ended
    again = Resident(paths, cache)
    assert np.array_equal(first.samples, again.samples) and len(list(cache.iterdir())) == 1


def test_clips_that_changed_are_read_anew(tmp_path):
    paths, cache = write(tmp_path, (0.5,)), tmp_path / "cache"
    before = Resident(paths, cache)
    write_wav(paths[0], speech(0.8, 9))
    assert Resident(paths, cache).lengths(paths) == [12800] and before.lengths(paths) == [8000]


def test_chance_changes_clips_and_leaves_the_silence_after_them(tmp_path):
    paths = write(tmp_path, [1.0, 0.6, 0.9, 1.3] * 8)
    pcm, _, samples = hear(paths, 1500, False)
    told = [augment(pcm, samples, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)]
    assert torch.equal(told[0], told[1]) and not torch.equal(told[0], told[2])
    after = torch.arange(pcm.shape[1])[None] >= samples[:, None]
    assert told[0].shape == pcm.shape and told[0].isfinite().all() and not told[0][after].any()
    loudest = told[0].abs().amax(1)
    assert (loudest > 0).all() and (loudest <= 1.01).all()
    alike = [np.corrcoef(one.numpy(), two.numpy())[0, 1] for one, two in zip(pcm, told[0], strict=True)]
    assert min(alike) < 0.99 and np.median(alike) > 0.7  # changed, and still what was said


def test_silence_stays_silence():
    assert not augment(torch.zeros(2, 3200), torch.tensor([3000, 1000]), torch.Generator().manual_seed(1)).any()


def test_batches_hold_so_many_seconds_with_what_pads_them(tmp_path):
    weights = tiny_weights()
    seconds = [1.0, 9.0, 2.0, 30.0, 2.5, 8.0]
    examples = [make_example(tmp_path / "x.wav", each, [3], False, "en", weights) for each in seconds]
    parts = cut(examples, 3, 16)
    assert [[each.seconds for each in part] for part in parts] == [[1.0, 2.0, 2.5], [8.0], [9.0], [30.0]]
    assert [len(part) for part in cut(examples, 4, math.inf)] == [4, 2]
