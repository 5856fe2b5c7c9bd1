"""speech --from: recordings are cut where nobody speaks, and no word of them is lost."""
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from clips import REFERENCES
from hash_file import hash_file
from speech.recordings import LONGEST, find_clips, read_recording
from speech.voice import voice_probabilities
from speech.wav_file import RATE, read_wav, write_wav
from training_manifest import TrainingClip, format_clip, read_training_manifest, trained_on
from weights import ModelError

AUDIO = REFERENCES.parent
MODELS = Path(__file__).parents[1]
WINDOWS = RATE / 512  # a second


def speech(*spans, seconds):
    """Probabilities of a recording in which somebody speaks in the spans (start, end)."""
    found = np.zeros(round(seconds * WINDOWS), np.float32)
    for start, end in spans:
        found[round(start * WINDOWS):round(end * WINDOWS)] = 0.9
    return found


def test_a_short_recording_is_one_clip_without_the_silence_around_it():
    [(start, end)] = find_clips(speech((3, 8), (9, 12), seconds=20), 20 * RATE)
    assert start / RATE == pytest.approx(3 - 0.4, abs=0.04) and end / RATE == pytest.approx(12.4, abs=0.04)


def test_cuts_lie_in_the_pauses():
    spans = [(0, 14), (15, 22), (23.5, 40), (41, 60)]
    clips = find_clips(speech(*spans, seconds=60), 60 * RATE)
    assert all(end - start <= LONGEST for start, end in clips)
    for start, end in clips:
        for edge in (start / RATE, end / RATE):
            assert not any(first + 0.1 < edge < last - 0.1 for first, last in spans), edge


def test_speech_without_a_pause_is_cut_all_the_same_and_nothing_is_lost():
    clips = find_clips(speech((0, 100), seconds=100), 100 * RATE)
    assert clips[0][0] == 0 and clips[-1][1] == 100 * RATE
    assert all(one[1] == two[0] for one, two in zip(clips, clips[1:]))


def test_what_has_no_speech_is_left_out():
    assert find_clips(speech(seconds=90), 90 * RATE) == []
    assert find_clips(speech((10, 10.3), seconds=20), 20 * RATE) == []
    assert find_clips(np.zeros(0, np.float32), 0) == []


def test_the_voice_detector_hears_speech_and_no_noise():
    assert voice_probabilities(read_recording(AUDIO / "jfk.flac")).mean() > 0.5
    assert voice_probabilities(read_recording(AUDIO / "noise.wav")).max() < 0.5
    assert len(voice_probabilities(np.zeros(513, np.float32))) == 2


def command(*arguments):
    door = Path(__file__).parents[1] / "speech.py"
    done = subprocess.run([sys.executable, door, *map(str, arguments)], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def test_a_folder_of_recordings_becomes_a_training_manifest(tmp_path):
    recordings = tmp_path / "recordings"
    (recordings / "more").mkdir(parents=True)
    long = np.concatenate([read_recording(AUDIO / name) for name in ("jfk.flac", "noise.wav", "brooklyn-bridge.flac", "hotwords.mp3") * 2])
    write_wav(recordings / "a talk.wav", long)
    shutil.copy(AUDIO / "jfk.flac", recordings / "more" / "jfk.flac")
    shutil.copy(AUDIO / "jfk.flac", recordings / "twin.FLAC")
    (recordings / "notes.txt").write_text("no recording")
    out = recordings / "clips"
    code, said, err = command("--from", recordings, "--out", out)
    assert (code, err) == (0, ""), err
    clips = read_training_manifest(out / "train.jsonl")
    assert {clip.origin for clip in clips} == {"a talk.wav", "jfk.flac"} and len(clips) >= 3
    for clip in clips:
        assert clip.text is None and clip.sha256 == hash_file(out / clip.file) and clip.seconds <= 28
        assert len(read_wav(out / clip.file)) == pytest.approx(clip.seconds * RATE, abs=9)
    assert f"{hash_file(AUDIO / 'jfk.flac')[:16]} jfk.flac\n" in trained_on(clips)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    assert command("--from", recordings, "--out", out)[0] == 0
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before


def test_a_clip_that_was_joined_of_recordings_is_known_by_each(tmp_path, monkeypatch):
    """As those that test/bench/training packs: who evaluates on one of the recordings is refused."""
    monkeypatch.syspath_prepend(str(MODELS.parent / "test" / "bench" / "training"))
    import opus_file

    joined = [("51172.wav", "1" * 64), ("bond.mp3", "2" * 64)]
    with open(tmp_path / "bass.clips", "wb") as file:
        opus_file.write_clip(file, "bass-00000.wav", 640, [b"ab", b"c"], joined)
    assert list(opus_file.read_clips(tmp_path / "bass.clips")) == [("bass-00000.wav", 640, [b"ab", b"c"], tuple(joined))]
    manifest = tmp_path / "train.jsonl"
    manifest.write_text(format_clip(TrainingClip("bass-00000.wav", None, 1.0, "3" * 64, joined=tuple(joined))))
    [clip] = read_training_manifest(manifest)
    assert clip.joined == tuple(joined)
    assert trained_on([clip]) == f"{'1' * 16} 51172.wav\n{'2' * 16} bond.mp3\n{'3' * 16} bass-00000.wav\n"
    manifest.write_text(manifest.read_text().replace("1" * 64, "1"))
    with pytest.raises(ModelError, match='"joined" is'):
        read_training_manifest(manifest)


def test_says_what_is_wrong_with_a_folder(tmp_path):
    assert "is no folder" in command("--from", tmp_path / "x", "--out", tmp_path / "o")[2]
    assert "has no recording" in command("--from", tmp_path, "--out", tmp_path / "o")[2]
    shutil.copy(AUDIO / "noise.wav", tmp_path / "noise.wav")
    assert "nobody speaks" in command("--from", tmp_path, "--out", tmp_path / "o")[2]
    (tmp_path / "broken.mp3").write_text("no music")
    code, _, err = command("--from", tmp_path, "--out", tmp_path / "o")
    assert code == 2 and "cannot be decoded" in err and err.count("\n") == 1
