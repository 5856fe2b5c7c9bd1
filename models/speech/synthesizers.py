"""Synthesizers found on this machine: each speaks a text with a voice, a speed and a pitch."""
from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from speech.wav_file import read_wav
from weights import ModelError

INSTALL = {
    "espeak-ng": "apt-get install espeak-ng",
    "flite": "apt-get install flite",
    "festival": "apt-get install festival festvox-kallpc16k festvox-kdlpc16k festvox-us-slt-hts",
}
# Each voice of espeak-ng takes each of these ways of speaking; robots and whisperers are left out
ESPEAK_VOICES = ["en-us", "en-gb", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-029", "en-us-nyc"]
ESPEAK_VARIANTS = ["", "m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "f1", "f2", "f3", "f4", "f5", "klatt", "klatt2", "klatt3",
                   "Alex", "Alicia", "Andrea", "Andy", "Annie", "Denis", "Diogo", "Gene", "Jacky", "Lee", "Mario", "Michael",
                   "adam", "anika", "antonio", "aunty", "belinda", "benjamin", "boris", "caleb", "david", "ed", "edward", "grandma",
                   "grandpa", "iven", "john", "linda", "max", "norbert", "pablo", "paul", "quincy", "rob", "robert", "sandro",
                   "shelby", "steph", "travis", "victor", "zac"]
# Mean pitch in Hz of the voices that take one; `kal` and `awb_time` are left out: 8 kHz, and a clock
FLITE_PITCH = {"awb": 120, "rms": 100, "slt": 180, "kal16": 105}
FESTIVAL_VOICES = ["kal_diphone", "ked_diphone", "cmu_us_slt_arctic_hts"]


@dataclass(frozen=True)
class Voice:
    synthesizer: str
    name: str
    share: float  # how often it is chosen
    speak: Callable[[str, float, float], np.ndarray]  # text, speed and pitch as factors of the voice's own → (samples,) at 16 kHz


def find_voices(wanted: list[str]) -> list[Voice]:
    """The voices of the synthesizers that are there; raises ModelError where one of `wanted`, or all, are not."""
    unknown = [name for name in wanted if name not in INSTALL]
    if unknown:
        raise ModelError(f"there is no synthesizer {unknown[0]!r}: choose from {', '.join(INSTALL)}")
    found = [name for name in INSTALL if shutil.which("text2wave" if name == "festival" else name)]
    missing = [name for name in wanted or ([] if found else list(INSTALL)) if name not in found]
    if missing:
        ways = "; ".join(INSTALL[name] for name in missing)
        raise ModelError(f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not on PATH: {ways}")
    makers = {"espeak-ng": espeak_voices, "flite": flite_voices, "festival": festival_voices}
    voices = [voice for name in found if not wanted or name in wanted for voice in makers[name]()]
    if not voices:
        raise ModelError(f"{', '.join(wanted or found)} has no English voice: {'; '.join(INSTALL[name] for name in wanted or found)}")
    return voices


def espeak_voices() -> list[Voice]:
    listed = run(["espeak-ng", "--voices=en"]).split()
    variants = run(["espeak-ng", "--voices=variant"]).split()
    names = [(voice, variant) for voice in ESPEAK_VOICES if voice in listed
             for variant in ESPEAK_VARIANTS if not variant or f"!v/{variant}" in variants]

    def speaker(voice: str, variant: str):
        name = f"{voice}+{variant}" if variant else voice
        return Voice("espeak-ng", name, 0.25 / len(names), lambda text, speed, pitch: through_file(
            lambda said, out: ["espeak-ng", "-v", name, "-s", str(round(165 * speed)), "-p", str(round(50 * pitch)), "-f", said, "-w", out],
            text))
    return [speaker(voice, variant) for voice, variant in names]


def flite_voices() -> list[Voice]:
    names = [name for name in run(["flite", "-lv"]).split() if name in FLITE_PITCH]

    def speaker(name: str):
        return Voice("flite", name, 0.45 / len(names), lambda text, speed, pitch: through_file(
            lambda said, out: ["flite", "-voice", name, "--setf", f"duration_stretch={1 / speed:.3f}", "--setf",
                               f"int_f0_target_mean={FLITE_PITCH[name] * pitch:.1f}", "-f", said, "-o", out], text))
    return [speaker(name) for name in names]


def festival_voices() -> list[Voice]:
    listed = run(["festival", "-b", "(print (voice.list))"])
    names = [name for name in FESTIVAL_VOICES if name in listed]

    def speaker(name: str):
        # Pitch is fixed in festival's voices, and speed in the hts one: the resampling of effects.py moves both
        return Voice("festival", name, 0.3 / len(names), lambda text, speed, pitch: through_file(
            lambda said, out: ["text2wave", "-F", "16000", "-eval",
                               f"(begin (voice_{name}) (Parameter.set 'Duration_Stretch {1 / speed:.3f}))", said, "-o", out], text))
    return [speaker(name) for name in names]


def through_file(command: Callable[[str, str], list[str]], text: str) -> np.ndarray:
    """Texts go by file: on the command line one that begins with a dash would be an option."""
    with tempfile.TemporaryDirectory(prefix="murmuration-speech-") as folder:
        said, out = Path(folder) / "said.txt", Path(folder) / "out.wav"
        said.write_text(text + "\n", "utf8")
        run(command(str(said), str(out)))
        return read_wav(out)


class Unspoken(Exception):
    """A synthesizer broke down over a text; others may be fine."""


def run(command: list[str]) -> str:
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=600)
    except subprocess.TimeoutExpired as error:
        raise ModelError(f"{command[0]} takes more than {error.timeout:.0f} s for one text: run this again when the machine is less busy") from error
    if done.returncode < 0:  # a signal: festival crashes on some texts, each time
        raise Unspoken(f"{command[0]} was ended by signal {-done.returncode}")
    if done.returncode:
        raise ModelError(f"{command[0]} failed with exit code {done.returncode} ({done.stderr.strip()[-300:]}): install it anew, "
                         "or leave it out with --synthesizer")
    return done.stdout
