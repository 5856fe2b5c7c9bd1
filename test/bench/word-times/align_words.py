"""align_words.py MANIFEST…: when each word of real speech begins, by forced alignment with the hidden Markov models of
CMU PocketSphinx (pip install pocketsphinx==5.1.1; ffmpeg on the PATH). It knows nothing of Whisper, so its own errors,
some 20 ms, favour nobody. A manifest is JSONL of {"file", "text"}, or JSON of {"file", "clips": [{"start", "end",
"text"}]}. Prints {"file", "words": [{"text", "startSeconds"}]} a line; text with a word that the dictionary lacks is left
out, and named on stderr."""
import json
import re
import subprocess
import sys
from pathlib import Path

from pocketsphinx import Decoder

RATE = 16_000
FRAMES_PER_SECOND = 100
# Of the sonnets in the set that this was made for, after their neighbours in the dictionary
PRONUNCIATIONS = {
    "viewest": "V Y UW AH S T", "renewest": "R IH N UW AH S T", "unbless": "AH N B L EH S", "unear'd": "AH N IH R D",
    "remember'd": "R IH M EH M B ER D", "riper": "R AY P ER", "feed'st": "F IY D S T", "buriest": "B EH R IY AH S T",
    "churl": "CH ER L", "mak'st": "M EY K S T", "niggarding": "N IH G ER D IH NG", "glutton": "G L AH T AH N",
    "beauty's": "B Y UW T IY Z", "tatter'd": "T AE T ER D", "thriftless": "TH R IH F T L AH S",
    "deserv'd": "D IH Z ER V D", "couldst": "K UH D S T", "feel'st": "F IY L S T",
    "overstrained": "OW V ER S T R EY N D", "trivialities": "T R IH V IY AE L AH T IY Z",
}

decoder = Decoder(lm=None, loglevel="FATAL")
for word, phones in PRONUNCIATIONS.items():
    if decoder.lookup_word(word) is None:
        decoder.add_word(word, phones, True)


def samples(path: Path, start: float, end: float | None) -> bytes:
    span = ["-ss", str(start), *([] if end is None else ["-to", str(end)])]
    command = ["ffmpeg", "-v", "error", *span, "-i", str(path), "-f", "s16le", "-ac", "1", "-ar", str(RATE), "-"]
    return subprocess.run(command, capture_output=True, check=True).stdout


def align(path: Path, text: str, start: float = 0, end: float | None = None) -> list[dict]:
    words = [word.strip("'") for word in re.findall(r"[a-z']+", text.lower().replace("’", "'"))]
    words = [word for word in words if word]
    missing = [word for word in words if decoder.lookup_word(word) is None]
    if missing:
        print(f"{path.name} at {start:.1f} s: no pronunciation of {', '.join(missing)}", file=sys.stderr)
        return []
    pcm = samples(path, start, end)
    decoder.set_align_text(" ".join(words))
    try:
        # First the words, then their states within them
        for again in (False, True):
            if again:
                decoder.set_alignment()
            decoder.start_utt()
            decoder.process_raw(pcm, full_utt=True)
            decoder.end_utt()
    except RuntimeError as error:
        print(f"{path.name} at {start:.1f} s: {error}", file=sys.stderr)
        return []
    spoken = [item for item in decoder.get_alignment().words() if not item.name.startswith("<")]
    # A second pronunciation is named "the(2)"
    return [{"text": re.sub(r"\(\d+\)$", "", item.name), "startSeconds": round(start + item.start / FRAMES_PER_SECOND, 3)}
            for item in spoken]


for name in sys.argv[1:]:
    manifest = Path(name)
    content = manifest.read_text()
    lines = [json.loads(content)] if manifest.suffix == ".json" else [json.loads(line) for line in content.split("\n") if line]
    for line in lines:
        path = manifest.parent / line["file"]
        parts = line.get("clips") or [{"text": line.get("text") or ""}]
        aligned = [align(path, part["text"], part.get("start", 0), part.get("end")) for part in parts if part["text"]]
        words = [word for part in aligned for word in part]
        if words:
            print(json.dumps({"file": line["file"], "words": words}))
