"""speech: text becomes passages, passages become clips, the same for the same seed."""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import speech.synthetic
from clips import read_clips
from hash_file import hash_file
from speech.effects import add_noise, disturb
from speech.passages import read_passages, runs_of, split_sentences, words_of
from speech.synthesizers import Voice, find_voices, run
from speech.synthetic import synthesize
from training_manifest import read_trained_on, read_training_manifest, trained_on
from speech.wav_file import RATE, read_wav, resample, write_wav
from weights import ModelError

TEXT = ("Mr. Brown went down to the river (applause) to look for his boat. It was gone! He said: \u201cWhere is it?\u201d and nobody knew. "
        "In 1887 the ice came early \u2014 and stayed. The bill was $1,300,000 in all. Ask not what the river can do for you today. "
        "IT WAS COLD. We rowed, and rowed again, until the morning. It was gone!")


def test_sentences_keep_abbreviations_together():
    assert list(split_sentences(TEXT))[:2] == ["Mr. Brown went down to the river to look for his boat.", "It was gone!"]


def test_passages_hold_each_sentence_once_and_nothing_that_cannot_be_spoken():
    spoken = " ".join(read_passages([TEXT, TEXT], [], 1))
    assert spoken.count("It was gone") == 1 and spoken.count("We rowed") == 1
    assert "1,300" not in spoken and "COLD" not in spoken and "applause" not in spoken and "\u201c" not in spoken
    assert "In 1887 the ice came early, and stayed." in spoken


def test_passages_share_no_six_words_with_the_references():
    spoken = " ".join(read_passages([TEXT], ["... ask not, WHAT the river can do?"], 1))
    assert "Ask not" not in spoken and "We rowed" in spoken
    assert runs_of(["a b c"]) == {("a", "b", "c")} and len(runs_of(["a b c d e f g"])) == 2


def test_the_seed_gives_the_order():
    text = " ".join(f"The {word} ship went out to sea with a crew of old and young men." for word in
                    "first second third fourth fifth sixth seventh eighth ninth tenth".split()) * 1
    texts = [text] * 3 + [text.replace("ship", boat) for boat in ("boat", "yacht", "whaler", "raft")]
    one, again, other = (read_passages(texts, [], seed) for seed in (1, 1, 2))
    assert one == again != other
    assert sorted(words_of(" ".join(one))) == sorted(words_of(" ".join(other)))


def test_text_without_a_sentence_is_refused():
    with pytest.raises(ModelError, match="no sentence that can be spoken"):
        read_passages(["12345 67890 %%%"], [], 1)


def tone(hertz, seconds=1.0, rate=RATE):
    return np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate).astype(np.float32)


def test_resampling_keeps_a_tone_and_removes_what_cannot_be_kept():
    down = resample(tone(440, rate=22050), RATE / 22050)
    assert len(down) == RATE
    assert np.abs(down - tone(440))[800:-800].max() < 0.05  # its length is rounded
    assert np.abs(resample(tone(9500, rate=22050), RATE / 22050))[4000:-4000].max() < 0.02


def test_wav_files_come_back_as_they_were_written(tmp_path):
    samples = 0.5 * tone(300)
    write_wav(tmp_path / "a.wav", samples)
    assert np.abs(read_wav(tmp_path / "a.wav") - samples).max() <= 0.5 / 32768 + 1e-7
    assert [path.name for path in tmp_path.iterdir()] == ["a.wav"]
    (tmp_path / "b.wav").write_bytes(b"no wav")
    with pytest.raises(ModelError, match="cannot read"):
        read_wav(tmp_path / "b.wav")


def test_noise_is_as_loud_as_asked():
    voice = tone(440, 4)
    for colour in (0.0, 1.0, 2.0):
        noise = add_noise(voice, 12, colour, np.random.default_rng(1)) - voice
        assert 10 * np.log10((voice ** 2).mean() / (noise ** 2).mean()) == pytest.approx(12, abs=0.01)


def test_effects_come_from_the_generator_alone_and_never_clip():
    one, again, other = (disturb(tone(200), np.random.default_rng(seed)) for seed in (5, 5, 6))
    assert np.array_equal(one, again) and not np.array_equal(one, other[:len(one)])
    assert all(np.abs(disturb(tone(200), np.random.default_rng(seed))).max() < 1 for seed in range(30))


@pytest.fixture
def voices(monkeypatch):
    """Two voices that hum for as long as a text is."""
    made = [Voice("hummer", name, 0.5, lambda text, speed, pitch, hertz=hertz: 0.5 * tone(hertz * pitch, len(text) / 15 / speed))
            for name, hertz in (("low", 150), ("high", 300))]
    monkeypatch.setattr(speech.synthetic, "find_voices", lambda wanted: made)
    return made


TALE = [" ".join(f"Ship number {place} went out to sea with {place % 7} old men and came home late." for place in range(900))]


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_seed_makes_the_same_files_and_another_makes_others(voices, tmp_path):
    made = {name: synthesize(tmp_path / name, 0.02, seed, TALE, [], [], workers)
            for name, seed, workers in (("a", 1, 1), ("b", 1, 3), ("c", 2, 1))}
    assert files(tmp_path / "a") == files(tmp_path / "b") != files(tmp_path / "c")
    clips = read_training_manifest(made["a"])
    assert 72 <= sum(clip.seconds for clip in clips) <= 72 + 30
    for clip in clips:
        path = tmp_path / "a" / clip.file
        assert hash_file(path) == clip.sha256 and len(read_wav(path)) == pytest.approx(clip.seconds * RATE, abs=8) and clip.text
    assert {path.name for path in (tmp_path / "a").glob("*.wav")} == {clip.file for clip in clips}


def test_what_was_broken_off_goes_on(voices, tmp_path, monkeypatch):
    whole = files(synthesize(tmp_path / "whole", 0.02, 1, TALE, [], [], 1).parent)
    wrote = []
    write = speech.synthetic.write_wav
    monkeypatch.setattr(speech.synthetic, "write_wav", lambda path, samples: (wrote.append(path.name), write(path, samples)))
    for name in sorted(whole)[:-3]:
        (tmp_path / "part").mkdir(exist_ok=True)
        (tmp_path / "part" / name).write_bytes(whole[name])
    shutil.copy(tmp_path / "whole" / "settings.json", tmp_path / "part" / "settings.json")
    there = set(os.listdir(tmp_path / "part"))
    assert files(synthesize(tmp_path / "part", 0.02, 1, TALE, [], [], 1).parent) == whole
    assert wrote and not there & set(wrote)


@pytest.mark.parametrize(("change", "words"), [
    ({"seed": 2}, "holds speech of other settings"), ({"hours": 0}, "hours is 0")])
def test_refuses(voices, tmp_path, change, words):
    call = {"out": tmp_path / "a", "hours": 0.005, "seed": 1, "texts": TALE[:1], "without": [], "wanted": [], "workers": 1}
    synthesize(**call)
    with pytest.raises(ModelError, match=words):
        synthesize(**call | change)


def test_says_how_much_the_texts_are_enough_for(voices, tmp_path):
    with pytest.raises(ModelError, match=r"are enough for 0\.0 h only, not 50"):
        synthesize(tmp_path / "a", 50, 1, ["The ship went out. It never came back to us."], [], [], 1)


def test_what_a_synthesizer_breaks_down_over_is_left_out(voices, tmp_path, monkeypatch, capsys):
    def speak(text, speed, pitch):
        if "number 2" in text:
            run([sys.executable, "-c", "import os; os.abort()"])
        return 0.5 * tone(200, len(text) / 15)
    monkeypatch.setattr(speech.synthetic, "find_voices", lambda wanted: [Voice("fragile", "a", 1, speak)])
    clips = read_training_manifest(synthesize(tmp_path / "a", 0.02, 1, TALE, [], [], 1))
    assert clips and not any("number 2" in clip.text for clip in clips)
    assert "is left out" in capsys.readouterr().out
    with pytest.raises(ModelError, match="failed with exit code 3"):
        run([sys.executable, "-c", "raise SystemExit(3)"])


def test_refuses_a_folder_of_other_things(voices, tmp_path):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(ModelError, match="holds other files"):
        synthesize(tmp_path, 0.01, 1, TALE, [], [], 1)


def test_says_what_to_install(monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ModelError, match="flite is not on PATH: apt-get install flite"):
        find_voices(["flite"])
    with pytest.raises(ModelError, match="apt-get install espeak-ng.*festvox"):
        find_voices([])
    with pytest.raises(ModelError, match="there is no synthesizer 'hal'"):
        find_voices(["hal"])


@pytest.mark.parametrize("name", ["espeak-ng", "flite", "festival"])
def test_each_synthesizer_that_is_here_speaks_with_each_voice(name):
    if shutil.which("text2wave" if name == "festival" else name) is None:
        pytest.skip(f"{name} is not installed")
    voices = find_voices([name])
    assert len({voice.name for voice in voices}) == len(voices) > 1
    for voice in voices[:1] + voices[-1:]:
        slow, fast = (voice.speak("-v The ship went out.", speed, 1.0) for speed in (0.8, 1.3))
        assert np.abs(slow).max() > 0.05 and RATE / 2 < len(fast) <= len(slow) < 6 * RATE
        assert len(fast) < len(slow) or voice.name.endswith("hts")  # has its own speed


@pytest.mark.parametrize(("line", "words"), [
    ({"file": "a.wav", "seconds": 1}, '"sha256" is None'), ({"file": "a.wav", "seconds": 0, "sha256": "0" * 64}, '"seconds" is 0'),
    ({"file": "a.wav", "seconds": 1, "sha256": "0" * 64, "text": 3}, '"text" is 3'), ({"seconds": 1}, 'has no "file"')])
def test_refuses_a_training_manifest(tmp_path, line, words):
    (tmp_path / "train.jsonl").write_text(json.dumps(line))
    with pytest.raises(ModelError, match=words):
        read_training_manifest(tmp_path / "train.jsonl")


def test_a_model_keeps_the_hashes_of_what_it_was_trained_on(voices, tmp_path):
    clips = read_training_manifest(synthesize(tmp_path / "a", 0.01, 1, TALE, [], [], 1))
    (tmp_path / "trained-on.txt").write_text(trained_on(clips))
    digits, names = read_trained_on(tmp_path / "trained-on.txt")
    assert digits == {clip.sha256[:16] for clip in clips} and names == {clip.file for clip in clips}
    (tmp_path / "trained-on.txt").write_text("no list\n")
    with pytest.raises(ModelError, match="is no list of clips"):
        read_trained_on(tmp_path / "trained-on.txt")


def command(*arguments):
    """By its path: as a module its name is the package's."""
    door = Path(__file__).parents[1] / "speech.py"
    done = subprocess.run([sys.executable, door, *map(str, arguments)], capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def test_the_command_speaks_a_file(tmp_path):
    if shutil.which("espeak-ng") is None:
        pytest.skip("espeak-ng is not installed")
    (tmp_path / "tale.txt").write_text(TALE[0])
    code, out, err = command("--out", tmp_path / "out", "--hours", 0.003, "--text", tmp_path / "tale.txt", "--synthesizer", "espeak-ng")
    assert (code, err) == (0, "") and out.rstrip().endswith("train.jsonl")
    assert read_clips(tmp_path / "out" / "train.jsonl")
    code, _, err = command("--out", tmp_path / "out", "--text", tmp_path / "nothing.txt")
    assert code == 2 and err.startswith("model: cannot read") and err.count("\n") == 1
