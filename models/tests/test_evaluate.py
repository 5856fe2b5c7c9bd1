"""evaluate: known figures, and files that do not fit together."""
import dataclasses
import json
import sys
from pathlib import Path

import pytest

from evaluate import main
from hash_file import hash_file
from manifest import FileInfo, Noise, WordError, read_manifest, write_manifest
from training_manifest import TRAINED_ON, TrainingClip, add_trained_on

FIXTURES = Path(__file__).parents[2] / "test" / "fixtures"


def write(path, rows):
    path.write_text("\n".join(row if isinstance(row, str) else json.dumps(row) for row in rows) + "\n")
    return path


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    def run(references, transcripts, *options):
        paths = write(tmp_path / "references.jsonl", references), write(tmp_path / "heard.jsonl", transcripts)
        monkeypatch.setattr(sys, "argv", ["evaluate", *map(str, paths), "--json", str(tmp_path / "out.json"), *options])
        code = main()
        out, err = capsys.readouterr()
        return code, json.loads((tmp_path / "out.json").read_text()) if code == 0 else None, out, err
    return run


SPOKEN = [{"file": "a.wav", "text": "Mr. Brown's colour is grey, 20 dollars."}, {"file": "b.wav", "text": "alpha bravo charlie delta"},
          {"file": "noise.wav", "text": ""}, {"file": "unknown.wav", "text": None}]


def heard(*texts):
    return [{"file": item["file"], "text": text, "seconds": 1} for item, text in zip(SPOKEN, texts)]


def test_counts_what_is_known(run):
    """Two words are added to the first clip, which else differs in spelling alone; one is wrong and one left out in the second."""
    code, figures, out, err = run(SPOKEN, heard("mister brown's color is gray $20 hello there", "alfa bravo delta", "thank you", "?"))
    assert code == 0 and err.startswith("model: not compared") and err.count("\n") == 1
    assert {key: figures[key] for key in ("substitutions", "deletions", "insertions")} == {
        "substitutions": 1, "deletions": 1, "insertions": 2}
    assert (figures["clips"], figures["noiseClips"], figures["noiseWords"]) == (2, 1, 2)
    assert figures["wordErrorPercent"] == round(400 / figures["words"], 2)


def test_a_perfect_transcript_has_no_errors(run):
    code, figures, *_ = run(SPOKEN, heard(SPOKEN[0]["text"], "Alpha, bravo, charlie: delta!", "", ""))
    assert code == 0
    assert figures == {"clips": 2, "words": figures["words"], "wordErrorPercent": 0, "characterErrorPercent": 0, "substitutions": 0,
                       "deletions": 0, "insertions": 0, "noiseClips": 1, "noiseWords": 0}


def test_nothing_heard_is_all_left_out(run):
    _, figures, *_ = run(SPOKEN[1:3], [{"file": "b.wav", "text": ""}, {"file": "noise.wav", "text": " . "}])
    assert (figures["wordErrorPercent"], figures["characterErrorPercent"], figures["deletions"]) == (100, 100, 4)
    assert figures["noiseWords"] == 0


def test_characters_are_counted_apart_from_words(run):
    _, figures, *_ = run([{"file": "a", "text": "abcd efgh"}], [{"file": "a", "text": "abcd efgx"}])
    assert (figures["wordErrorPercent"], figures["characterErrorPercent"]) == (50, 11.11)  # of 2 words, of 9 characters


def test_other_languages_are_not_spelled_as_english(run):
    references, transcripts = [{"file": "a", "text": "Farbe colour"}], [{"file": "a", "text": "farbe color"}]
    assert run(references, transcripts)[1]["wordErrorPercent"] == 0
    assert run(references, transcripts, "--language", "de")[1]["wordErrorPercent"] == 50
    german = [{"file": "a", "text": "Farbe colour", "language": "de"}]
    assert run(german, transcripts)[1]["wordErrorPercent"] == 50


def test_at_most_ten_clips_are_shown_the_worst_first(run):
    references = [{"file": f"{count:02}.wav", "text": "x"} for count in range(1, 15)]
    transcripts = [{"file": f"{count:02}.wav", "text": "y " * count} for count in range(1, 15)]
    shown = [line.split()[0] for line in run(references, transcripts)[2].splitlines() if ".wav" in line]
    assert shown == [f"{count:02}.wav" for count in range(14, 4, -1)]


def test_transcripts_may_name_files_by_their_path(run, tmp_path):
    assert run(SPOKEN[1:2], [{"file": str(tmp_path / "b.wav"), "text": "alpha bravo charlie delta"}])[1]["wordErrorPercent"] == 0


GOOD = {"file": "b.wav", "text": "one"}


@pytest.mark.parametrize(("transcripts", "words"), [
    ([], "is empty"), (["{"], "heard.jsonl:1 is not JSON"), (["[1]"], 'heard.jsonl:1 has no "file"'), ([{"file": 3, "text": ""}], 'has no "file"'),
    ([GOOD, GOOD], "heard.jsonl:2 names b.wav again, after heard.jsonl:1"), ([GOOD, {"file": "c.wav", "text": ""}], "c.wav is not among the references"),
    ([{"file": "noise.wav", "text": ""}], "has no transcript of b.wav"), ([{"file": "b.wav"}], '"text" is None'),
    ([GOOD, {"file": "./b.wav", "text": ""}], "is not among")])
def test_refuses_transcripts_that_do_not_fit(run, transcripts, words):
    code, _, out, err = run(SPOKEN[1:3], transcripts)
    assert (code, out, err.count("\n")) == (2, "", 1) and words in err, err


@pytest.mark.parametrize(("references", "words"), [
    ([{"file": "b.wav", "text": 3}], '"text" is 3'), ([{"file": "b.wav", "text": None}], "there is nothing to score"),
    ([{"file": "b.wav", "text": "a", "languages": "en"}], '"languages" is')])
def test_refuses_references_that_say_nothing(run, references, words):
    code, _, _, err = run(references, [GOOD])
    assert (code, err.count("\n")) == (2, 1) and words in err, err


def test_a_set_is_written_into_the_manifest_once(run, tmp_path):
    write_manifest(dataclasses.replace(read_manifest(FIXTURES), recipe=None), tmp_path)  # as of weights that were published
    before = read_manifest(tmp_path)
    for text in ("alpha bravo", "alpha bravo charlie"):
        run(SPOKEN[1:2], [{"file": "b.wav", "text": text}], "--write-manifest", str(tmp_path), "--set", "counting")
    after = read_manifest(tmp_path)
    assert [error.set for error in after.word_errors] == ["counting", *(error.set for error in before.word_errors)]
    assert after.word_errors[0] == WordError("counting", 1, 4, 25.0, after.word_errors[0].character_error_percent)


def test_a_set_of_noise_alone_has_no_word_error(run, tmp_path):
    write_manifest(dataclasses.replace(read_manifest(FIXTURES), figures=None, recipe=None), tmp_path)
    before = (tmp_path / "manifest.json").read_bytes()
    noise = [{"file": "noise.wav", "text": ""}], [{"file": "noise.wav", "text": "you"}]
    assert run(*noise)[1]["wordErrorPercent"] is None
    assert run(*noise, "--write-manifest", str(tmp_path), "--set", "noise")[0] == 2
    assert (tmp_path / "manifest.json").read_bytes() == before


def test_a_manifest_needs_the_name_of_the_set(run):
    with pytest.raises(SystemExit):
        run(SPOKEN, heard("", "", "", ""), "--write-manifest", "x")


@pytest.fixture
def trained(tmp_path):
    """A model that was trained on one file, which was cut from another."""
    folder = tmp_path / "model"
    folder.mkdir()
    for name, data in (("b.wav", b"training"), ("other.wav", b"other")):
        (tmp_path / name).write_bytes(data)
    clip = TrainingClip("clips/cut.wav", None, 1.0, hash_file(tmp_path / "b.wav"), "whole.flac", "5" * 64)
    add_trained_on(folder, [clip])
    files = {path.name: FileInfo(hash_file(path), path.stat().st_size) for path in folder.iterdir()}
    write_manifest(dataclasses.replace(read_manifest(FIXTURES), files=files), folder)
    return folder


OTHER = {"file": "other.wav", "text": "one"}


@pytest.mark.parametrize(("names", "words"), [
    (["b.wav"], "has learnt from b.wav: evaluate it on other clips"), (["other.wav", "b.wav"], "has learnt from b.wav"),
    (["eval/cut.wav"], "has learnt from a file called cut.wav"), (["whole.flac"], "has learnt from a file called whole.flac"),
    (["gone.wav"], "gone.wav is not there")])
def test_refuses_references_that_the_model_was_trained_on(run, trained, names, words):
    rows = [{"file": name, "text": "one"} for name in names]
    for option in (["--model", str(trained)], ["--write-manifest", str(trained), "--set", "x"]):
        code, _, out, err = run(rows, rows, *option)
        assert (code, out, err.count("\n")) == (2, "", 1) and words in err, err


def test_evaluates_a_trained_model_on_other_clips(run, trained):
    unknown = {"file": "b.wav", "text": None}
    assert run([OTHER, unknown], [OTHER], "--model", str(trained))[0] == 0


def test_the_model_that_transcripts_name_is_held_to_what_it_was_trained_on(run, trained, monkeypatch):
    monkeypatch.setattr("evaluate.ARTIFACTS", trained.parent)
    rows = [{"file": "b.wav", "text": "one", "model": "model"}]
    assert "has learnt from b.wav" in run(rows, rows)[3]
    assert run([OTHER], [OTHER | {"model": "../model"}])[0] == 0


@pytest.mark.parametrize(("named", "says"), [({}, "a model that the transcripts do not name"), ({"model": "gone-model"}, "what gone-model has learnt")])
def test_says_that_a_model_which_is_not_here_was_not_compared(run, trained, named, says):
    rows = [{"file": "b.wav", "text": "one"}]
    code, _, _, err = run(rows, [rows[0] | named])
    assert code == 0 and err.count("\n") == 1 and says in err and "give its folder by --model" in err
    assert "not compared" not in run([OTHER], [OTHER | named], "--model", str(trained))[3]


def test_refuses_a_trained_model_that_does_not_say_on_what(run, trained):
    manifest = read_manifest(trained)
    (trained / TRAINED_ON).write_text("0123456789abcdef x.wav\n")
    assert "is not what its manifest says" in run([OTHER], [OTHER], "--model", str(trained))[3]
    write_manifest(dataclasses.replace(manifest, files={}), trained)
    assert "has no trained-on.txt" in run([OTHER], [OTHER], "--model", str(trained))[3]


def test_invented_words_are_kept_by_a_model_with_figures(run, trained):
    for words in ("thank you", "you"):
        for rows in ([OTHER | {"text": ""}], [OTHER | {"text": ""}, {"file": "x.wav", "text": "one"}]):
            (trained.parent / "x.wav").write_bytes(b"x")
            heard = [row | {"text": words if row["text"] == "" else "one"} for row in rows]
            assert run(rows, heard, "--write-manifest", str(trained), "--set", f"noise-{len(rows)}")[0] == 0
    manifest = read_manifest(trained)
    assert manifest.figures.noise == [Noise("noise", 22, 0), Noise("noise-1", 1, 1), Noise("noise-2", 1, 1)]
    assert [error.set for error in manifest.word_errors] == ["librispeech-test-clean", "noise-2"]
