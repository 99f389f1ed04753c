"""The published chest X-rays: found, checked by content, cached; never half, never other files."""

import http.server
import os
import threading
import zipfile

import numpy as np
import pytest

from helpers import chest_xrays, phantoms
from helpers.datasets import DatasetError
from tests.test_folders import png, put

PUBLISHED = os.environ.get("CHEST_XRAYS")
NAMES = [
    "train/NORMAL/IM-0115-0001.jpeg",
    "train/NORMAL/NORMAL2-IM-0115-0001.jpeg",
    "train/NORMAL/IM-0117-0001-0002.jpeg",
    "train/PNEUMONIA/person1_bacteria_1.jpeg",
    "train/PNEUMONIA/person1_virus_2.jpeg",
    "train/PNEUMONIA/person2_virus_3_1.jpeg",
    "test/NORMAL/IM-0115-0001.jpeg",
    "test/PNEUMONIA/person1_virus_6.jpeg",
]
COUNTS = {
    ("train", "normal"): 3,
    ("train", "pneumonia"): 3,
    ("test", "normal"): 1,
    ("test", "pneumonia"): 1,
}


def few():
    drawn = phantoms.radiographs([0] * len(NAMES), size=48).images
    return {
        name: png(image[: 30 + n, :, 0], format="JPEG")
        for n, (name, image) in enumerate(zip(NAMES, drawn, strict=True))
    }


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """No test sees the machine's files or network, and eight images are all that is published."""
    for name in os.environ:
        if name.startswith("CHEST_XRAYS") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("CHEST_XRAYS_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(chest_xrays, "ADDRESS", "http://127.0.0.1:9/nobody")
    monkeypatch.setattr(chest_xrays, "COUNTS", COUNTS)


@pytest.fixture
def folder(monkeypatch, tmp_path):
    monkeypatch.setenv("CHEST_XRAYS", str(tmp_path / "published"))
    return put(tmp_path / "published", few())


@pytest.fixture
def serve(monkeypatch):
    """Return a function that publishes these bytes at the address."""
    servers = []

    def start(content):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *arguments):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(chest_xrays, "ADDRESS", f"http://127.0.0.1:{server.server_port}/")
        servers.append(server)

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def archive(path, files):
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in files.items():
            packed.writestr(f"chest_xray/{name}", content)
            packed.writestr(f"__MACOSX/chest_xray/{name.replace('/', '/._', 1)}", b"shadow")
    return path.read_bytes()


def test_names_say_child_germ_and_part(folder):
    cases = chest_xrays.load(16)
    assert cases.files.tolist() == sorted(NAMES)
    assert cases.images.shape == (8, 16, 16, 1) and cases.images.dtype == np.uint8
    known = dict(zip(cases.files.tolist(), cases.patients.tolist(), strict=True))
    assert known["train/NORMAL/IM-0115-0001.jpeg"] == "train/IM-0115"
    assert known["train/NORMAL/NORMAL2-IM-0115-0001.jpeg"] == "train/NORMAL2-IM-0115"
    assert known["test/NORMAL/IM-0115-0001.jpeg"] == "test/IM-0115"
    assert known["train/PNEUMONIA/person1_virus_2.jpeg"] == "train/person1"
    assert known["test/PNEUMONIA/person1_virus_6.jpeg"] == "test/person1"
    assert cases.columns["germ"].tolist() == ["normal", "viral"] + ["normal"] * 3 + [
        "bacterial",
        "viral",
        "viral",
    ]
    assert cases.labels.tolist() == [0, 1, 0, 0, 0, 1, 1, 1]
    assert cases.parts.tolist() == ["test"] * 2 + ["train"] * 6
    assert cases.measured["width"].tolist() == [48] * 8
    assert not cases.synthetic


def test_the_cache_is_used_only_for_the_same_files(folder, monkeypatch):
    first = chest_xrays.load(16)
    with monkeypatch.context() as blind:
        blind.setattr(chest_xrays, "open_bytes", None)  # nothing is read again
        again = chest_xrays.load(16)
    np.testing.assert_array_equal(first.images, again.images)
    for name in ("files", "labels", "patients", "parts"):
        np.testing.assert_array_equal(getattr(first, name), getattr(again, name))
    for part in ("columns", "measured"):
        for name, values in getattr(first, part).items():
            np.testing.assert_array_equal(values, getattr(again, part)[name])
    other = png(phantoms.radiographs([1], size=60).images[0, ..., 0], format="JPEG")
    (folder / NAMES[0]).write_bytes(other)
    changed = chest_xrays.load(16)
    place = changed.files.tolist().index(NAMES[0])
    assert (changed.images[place] != first.images[place]).any()


def test_a_spoilt_cache_is_made_anew(folder, tmp_path):
    first = chest_xrays.load(16)
    (made,) = (tmp_path / "cache").iterdir()
    made.write_bytes(made.read_bytes()[:500])
    np.testing.assert_array_equal(chest_xrays.load(16).images, first.images)
    np.savez(made, images=np.array([{}], dtype=object))  # a pickle is never opened
    np.testing.assert_array_equal(chest_xrays.load(16).images, first.images)


def test_the_common_copy_with_a_small_validation_folder(folder):
    (folder / "val/NORMAL").mkdir(parents=True)
    (folder / NAMES[0]).rename(folder / NAMES[0].replace("train", "val"))
    assert chest_xrays.load(16).parts.tolist() == ["test"] * 2 + ["train"] * 6


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda root: (root / NAMES[0]).unlink(), "train normal: 2 of 3"),
        (lambda root: (root / NAMES[3]).rename(root / "train/NORMAL/person1.jpeg"), "2 of 3"),
        (lambda root: (root / NAMES[3]).rename(root / f"{NAMES[0]}.txt"), "pneumonia: 2 of 3"),
        (lambda root: (root / NAMES[2]).write_bytes(b"<html>"), "IM-0117-0001-0002.jpeg: it is"),
        (lambda root: (root / NAMES[2]).write_bytes(b""), "1 chest X-rays can't be read"),
        (lambda root: root.rename(root.with_name("gone")), "no such folder"),
    ],
)
def test_other_files_are_refused(spoil, said, folder, tmp_path):
    spoil(folder)
    with pytest.raises(DatasetError) as error:
        chest_xrays.load(16)
    assert said in str(error.value) and "CHEST_XRAYS" in str(error.value)
    assert not (tmp_path / "cache").exists()


def test_the_archive_is_downloaded_once(serve, tmp_path, monkeypatch):
    serve(archive(tmp_path / "a.zip", few()))
    first = chest_xrays.load(16)
    monkeypatch.setattr(chest_xrays, "ADDRESS", "http://127.0.0.1:9/nobody")
    np.testing.assert_array_equal(chest_xrays.load(16).images, first.images)
    assert chest_xrays.load(20).images.shape == (8, 20, 20, 1)  # from the archive that is kept
    names = {path.name for path in (tmp_path / "cache").iterdir()}
    assert names == {"ChestXRay2017.zip", "chest-xrays-16.npz", "chest-xrays-20.npz"}


@pytest.mark.parametrize(
    "content",
    [b"<html>Please log in</html>", None, "half"],
    ids=["a login page", "an image short", "half an archive"],
)
def test_what_is_not_the_archive_is_not_kept(content, serve, tmp_path):
    files = few()
    if content is None:
        del files[NAMES[0]]
    whole = archive(tmp_path / "a.zip", files)
    serve(whole[: len(whole) // 2] if content == "half" else content or whole)
    with pytest.raises(DatasetError, match="CHEST_XRAYS"):
        chest_xrays.load(16)
    assert not list((tmp_path / "cache").iterdir())


def test_no_network_is_told():
    with pytest.raises(DatasetError, match="can't be had.*synthetic=True"):
        chest_xrays.load(16)


@pytest.mark.parametrize("size", [0, 2.0, "28", None])
def test_a_wrong_size_is_told(size):
    with pytest.raises(ValueError, match="size="):
        chest_xrays.load(size, synthetic=True)


def test_simulated_ones_have_the_layout_and_the_shift():
    cases = chest_xrays.load(32, synthetic=True)
    assert cases.synthetic and "SIMULATED" in repr(cases) and not cases.measured
    assert all(chest_xrays.NAME.fullmatch(name) for name in cases.files)
    assert len(set(cases.files)) == len(cases) and set(cases.columns["germ"]) == {
        "normal",
        "bacterial",
        "viral",
    }
    # Images of one child are more alike than those of two.
    child = cases.patients == np.unique(cases.patients[cases.labels == 1])[0]
    several = next(p for p in cases.patients if (cases.patients == p).sum() >= 3)
    theirs = cases.images[cases.patients == several].reshape(-1, 32 * 32)
    strange = cases.images[(cases.labels == 1) & ~child][:20].reshape(-1, 32 * 32)
    assert np.corrcoef(theirs)[0, 1:].min() > np.corrcoef(theirs[0], strange)[0, 1:].mean()
    normal = cases.labels == 0
    brightness = [cases.images[normal & (cases.parts == p)].mean() for p in ("train", "test")]
    assert brightness[1] > brightness[0]
    np.testing.assert_array_equal(chest_xrays.load(32, synthetic=True).images, cases.images)


@pytest.mark.skipif(not PUBLISHED, reason="CHEST_XRAYS names no folder with the published images")
def test_the_published_images(monkeypatch):
    monkeypatch.undo()
    files = chest_xrays._list(chest_xrays.Path(PUBLISHED))
    assert len(files) == 5856
    germs = [file.germ for file in files if file.part == "train"]
    assert [germs.count(germ) for germ in chest_xrays.GERMS] == [1349, 2538, 1345]
    cases = chest_xrays._read(files[::100], 28)
    assert cases.images.std(axis=(1, 2, 3)).min() > 20
