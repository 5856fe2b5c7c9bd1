"""The manifest: the fixtures that test/unit/manifest.test.ts reads too are accepted and refused alike."""
import copy
import json
from pathlib import Path

import pytest

from manifest import format_manifest, parse_manifest, read_manifest, write_manifest
from weights import ModelError

FIXTURES = Path(__file__).parents[2] / "test" / "fixtures"
TEXT = (FIXTURES / "manifest.json").read_text("utf8")


def changes(name):
    rows = json.loads((FIXTURES / f"manifest-{name}.json").read_text("utf8"))
    return [pytest.param(row, id=row["why"]) for row in rows]


def changed(row) -> str:
    """The whole manifest with one value put in, or taken out where the row has none."""
    manifest = copy.deepcopy(json.loads(TEXT))
    *parents, last = row["path"]
    place = manifest
    for key in parents:
        place = place[int(key) if isinstance(place, list) else key]
    last = int(last) if isinstance(place, list) else last
    if "value" in row:
        place[last] = row["value"]
    else:
        del place[last]
    return json.dumps(manifest)


def test_comes_back_as_it_was_written(tmp_path):
    manifest = parse_manifest(TEXT)
    assert format_manifest(manifest) == TEXT
    write_manifest(manifest, tmp_path)
    assert read_manifest(tmp_path) == manifest
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.json"]


@pytest.mark.parametrize("row", changes("accepted"))
def test_accepts_a_manifest_that(row):
    parse_manifest(changed(row))


@pytest.mark.parametrize("row", changes("broken"))
def test_refuses_a_manifest_that(row):
    with pytest.raises(ModelError, match="^manifest: ") as caught:
        parse_manifest(changed(row))
    assert "\n" not in str(caught.value).removesuffix("\n")


@pytest.mark.parametrize("text", ["", "{", "null", "[]", TEXT[:-10], TEXT.replace("2.79", "NaN"), TEXT.replace("2.79", "1e999")])
def test_refuses_what_is_no_manifest(text):
    with pytest.raises(ModelError, match="^manifest: "):
        parse_manifest(text)


def test_whole_numbers_may_be_written_as_javascript_reads_them():
    assert parse_manifest(TEXT.replace('"opset": 20', '"opset": 2.0e1')) == parse_manifest(TEXT)


def test_a_folder_without_a_manifest_is_named(tmp_path):
    with pytest.raises(ModelError, match="has no manifest.json"):
        read_manifest(tmp_path)


def test_never_writes_what_it_would_not_read(tmp_path):
    manifest = parse_manifest(TEXT)
    write_manifest(manifest, tmp_path)
    object.__setattr__(manifest.dimensions, "mels", 0)
    with pytest.raises(ModelError, match="mels"):
        write_manifest(manifest, tmp_path)
    assert (tmp_path / "manifest.json").read_text("utf8") == TEXT
