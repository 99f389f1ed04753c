"""The way to data: what is promised, and each way it can fail, on a server of our own."""

import dataclasses
import errno
import hashlib
import http.server
import io
import os
import re
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
import zipfile

import numpy as np
import pooch
import pytest

from helpers import datasets, phantoms
from helpers.datasets import FACTS, DatasetError, load
from helpers.models import tutorial_network
from tools.notebooks import ROOT

NAME = "breastmnist"
COUNTS = {"train": 6, "validation": 4, "test": 5}
CHANGED = "is not the published file"


@pytest.fixture(autouse=True)
def alone(monkeypatch, tmp_path):
    """No test sees the machine's mirror, cache, proxy or network."""
    for name in os.environ:
        if name.startswith("MEDMNIST_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("MEDMNIST_CACHE", str(tmp_path / "cache"))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        # Nobody listens there.
        monkeypatch.setattr(datasets, "ADDRESS", f"http://127.0.0.1:{free.getsockname()[1]}/")


def arrays(**changes):
    """Return the arrays of a small file like BreastMNIST's, some of them changed."""
    rng = np.random.default_rng(0)
    content = {}
    for split, key in datasets.SPLITS.items():
        count = COUNTS[split]
        content[f"{key}_images"] = rng.integers(0, 256, (count, 28, 28), np.uint8)
        content[f"{key}_labels"] = np.arange(count, dtype=np.uint8)[:, None] % 2
    return {key: value for key, value in (content | changes).items() if value is not None}


def npz(**changes):
    """Return the bytes of such a file."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays(**changes))
    return buffer.getvalue()


def publish(monkeypatch, content, **changes):
    """Make the registry describe this file as BreastMNIST's."""
    md5 = hashlib.md5(content, usedforsecurity=False).hexdigest()
    facts = dataclasses.replace(FACTS[NAME], counts=COUNTS, md5={28: md5}, **changes)
    monkeypatch.setitem(FACTS, NAME, facts)
    return md5


def put(monkeypatch, folder, content):
    """Put a file where a cache or mirror has it."""
    folder.mkdir(exist_ok=True)
    (folder / f"{NAME}.npz").write_bytes(content)


@pytest.fixture
def serve(monkeypatch):
    """Return a function that serves with the given handler, and says how often it was asked."""
    servers = []

    def start(respond):
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                requests.append(self.path)
                respond(self)

            def log_message(self, *args):
                pass

        requests = []
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        servers.append(server)
        monkeypatch.setattr(datasets, "ADDRESS", f"http://127.0.0.1:{server.server_port}/")
        return requests

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def sends(content, length=None):
    """Return a handler that announces `length` bytes and sends all there are."""

    def respond(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content) if length is None else length))
        handler.end_headers()
        handler.wfile.write(content)

    return respond


def left(tmp_path):
    """Return the names of the files in the cache."""
    return sorted(path.name for path in (tmp_path / "cache").glob("**/*"))


# The registry.


def test_registry_has_each_set_at_each_size():
    flat = [facts for facts in FACTS.values() if facts.dimensions == 2]
    volumes = [facts for facts in FACTS.values() if facts.dimensions == 3]
    assert (len(flat), len(volumes)) == (12, 6)
    assert {tuple(facts.md5) for facts in flat} == {(28, 64, 128, 224)}
    assert {tuple(facts.md5) for facts in volumes} == {(28, 64)}


def test_registry_is_sound():
    sums = [md5 for facts in FACTS.values() for md5 in facts.md5.values()]
    assert len(set(sums)) == len(sums) == 60
    assert all(re.fullmatch("[0-9a-f]{32}", md5) for md5 in sums)
    for facts in FACTS.values():
        assert facts.task in ("binary-class", "multi-class", "multi-label", "ordinal-regression")
        assert facts.license in ("CC BY 4.0", "CC BY-NC 4.0")
        assert facts.channels in (1, 3)
        assert min(facts.counts.values()) > 0
        assert len(set(facts.classes)) == len(facts.classes) >= 2
        assert all(name == name.strip() != "" for name in facts.classes)
        assert (len(facts.classes) == 2) == (facts.task == "binary-class")


def test_look_alikes_have_the_real_sizes():
    for name, (_, counts, kinds) in datasets.LOOK_ALIKES.items():
        assert [sum(count) for count in counts] == list(FACTS[name].counts.values())
        assert {len(count) for count in counts} == {len(FACTS[name].classes)} == {len(kinds)}


def test_look_alikes_of_breasts_are_malignant_or_one_of_two(monkeypatch):
    drawn = []

    def simulate(kinds, seed):
        drawn.append(np.array(kinds))
        return phantoms.ultrasound(kinds, seed)

    look_alike = datasets.LOOK_ALIKES["breastmnist"]._replace(simulate=simulate)
    monkeypatch.setitem(datasets.LOOK_ALIKES, "breastmnist", look_alike)
    labels = load("breastmnist", synthetic=True).train.labels
    assert set(drawn[0][labels == 0]) == {2}
    shares = np.bincount(drawn[0][labels == 1]) / np.sum(labels == 1)
    np.testing.assert_allclose(shares, [0.25, 0.75], atol=0.05)


# Bad arguments.


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("pneumonia", "pneumoniamnist"),
        ("ChestMNST", "chestmnist"),
        ("../x", "mean"),
        ("", "mean"),
        (None, "mean"),
        (["breastmnist"], "breastmnist"),
        ({}, "mean"),
        (28, "mean"),
    ],
)
def test_unknown_name_suggests(name, hint, tmp_path):
    with pytest.raises(ValueError, match=hint) as caught:
        load(name)
    assert repr(name) in str(caught.value)
    assert left(tmp_path) == []


@pytest.mark.parametrize("name", ["BreastMNIST", "BREASTMNIST", np.str_("breastmnist")])
def test_names_in_any_case(name):
    assert load(name, synthetic=True).name == "breastmnist"


@pytest.mark.parametrize("give", [lambda x: {"name": x}, lambda x: {"name": NAME, "size": x}])
def test_long_arguments_give_short_messages(give):
    with pytest.raises(ValueError, match=r"zzz \.\.\.") as caught:
        load(**give("z" * 100_000))
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize("size", [28.0, "28", None, [28], {}, np.float32(28)])
def test_size_is_an_integer(size):
    with pytest.raises(ValueError, match=f"{NAME} has no size .*28, 64.* pixels, as an integer$"):
        load(NAME, size)


def test_a_size_of_numpy_is_one():
    assert type(load(NAME, np.int64(28), synthetic=True).size) is int


@pytest.mark.parametrize("value", ["yes", 1, 0.0, [], "False"])
def test_synthetic_is_yes_or_no(value):
    with pytest.raises(ValueError, match="synthetic is .*; say True, False or None"):
        load(NAME, synthetic=value)


@pytest.mark.parametrize(
    ("name", "size"), [(NAME, 32), ("organmnist3d", 128), (NAME, True), (NAME, -28)]
)
def test_size_not_offered(name, size):
    with pytest.raises(ValueError, match=f"{name} has no size {size!r}; choose one of 28, 64"):
        load(name, size)


@pytest.mark.parametrize(("name", "size"), [("pathmnist", 28), (NAME, 64)])
def test_no_look_alike(name, size):
    with pytest.raises(
        ValueError,
        match=f"no simulated {name} of {size} pixels; choose .*retinamnist.* at 28",
    ):
        load(name, size, synthetic=True)


# Where it looks, in which order.


def test_mirror_then_cache_then_download(monkeypatch, tmp_path, serve):
    content = npz()
    publish(monkeypatch, content)
    requests = serve(sends(content))
    mirror = tmp_path / "mirror"
    monkeypatch.setenv("MEDMNIST_MIRROR", str(mirror))

    unusable = f"MEDMNIST_MIRROR is set, but {mirror / NAME}.npz is not there, nor is its folder"
    with pytest.warns(UserWarning, match=unusable):
        assert load(NAME).provenance == f"download {datasets.ADDRESS}{NAME}.npz"
    assert requests == [f"/{NAME}.npz"]
    assert left(tmp_path) == [f"{NAME}.npz"]
    with pytest.warns(UserWarning, match=unusable):
        assert load(NAME).provenance == f"cache {tmp_path / 'cache' / NAME}.npz"
    put(monkeypatch, mirror, content)
    assert load(NAME).provenance == f"mirror {mirror / NAME}.npz"
    assert len(requests) == 1


@pytest.mark.parametrize(
    ("content", "problem"),
    [(None, "is not there;"), (b"changed", CHANGED), ("folder", "is a folder, not a file")],
)
def test_an_unusable_mirror_is_said_where_the_images_are(monkeypatch, tmp_path, content, problem):
    publish(monkeypatch, npz())
    put(monkeypatch, tmp_path / "cache", npz())
    (tmp_path / "mirror").mkdir()
    if content == "folder":
        (tmp_path / "mirror" / f"{NAME}.npz").mkdir()
    elif content:
        put(monkeypatch, tmp_path / "mirror", content)
    monkeypatch.setenv("MEDMNIST_MIRROR", str(tmp_path / "mirror"))
    with pytest.warns(UserWarning, match=f"MEDMNIST_MIRROR is set, but .*{problem}") as caught:
        assert load(NAME).provenance.startswith("cache")
    # The line that is shown is the caller's.
    assert [warning.filename for warning in caught] == [__file__]


def test_a_relative_mirror_is_named_whole(monkeypatch, tmp_path):
    publish(monkeypatch, npz())
    monkeypatch.chdir(tmp_path)
    put(monkeypatch, tmp_path / "mirror", npz())
    monkeypatch.setenv("MEDMNIST_MIRROR", "mirror")
    assert load(NAME).provenance == f"mirror {tmp_path / 'mirror' / NAME}.npz"


@pytest.mark.parametrize("variable", ["MEDMNIST_MIRROR", "MEDMNIST_CACHE"])
def test_a_home_that_nobody_has(monkeypatch, variable):
    monkeypatch.setenv(variable, "~nobody-is-called-so/x")
    with pytest.raises(DatasetError, match=f"{variable} is '~nobody-is.*write the whole path"):
        load(NAME)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such rights")
@pytest.mark.parametrize(("umask", "rights"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_the_class_can_read_a_download(monkeypatch, tmp_path, serve, umask, rights):
    content = npz()
    publish(monkeypatch, content)
    serve(sends(content))
    before = os.umask(umask)
    try:
        load(NAME)
    finally:
        os.umask(before)
    mode = (tmp_path / "cache" / f"{NAME}.npz").stat().st_mode
    assert oct(stat.S_IMODE(mode)) == oct(rights)


@pytest.mark.parametrize("visible", [True, False])
def test_progress_is_shown_where_it_can_be(monkeypatch, capsys, serve, visible):
    content = npz()
    publish(monkeypatch, content)
    serve(sends(content))
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: visible)
    load(NAME)
    assert ("100%" in capsys.readouterr().err) == visible


def test_arrays_arrive_as_published(monkeypatch, tmp_path, serve):
    content = npz()
    publish(monkeypatch, content)
    serve(sends(content))
    data = load(NAME)
    for split, key in datasets.SPLITS.items():
        images, labels = getattr(data, split).images, getattr(data, split).labels
        assert (images.dtype, labels.dtype) == (np.uint8, np.int64)
        assert images.shape == (COUNTS[split], 28, 28, 1)
        np.testing.assert_array_equal(images[..., 0], arrays()[f"{key}_images"])
        np.testing.assert_array_equal(labels, arrays()[f"{key}_labels"][:, 0])
    assert not data.synthetic
    assert "10.1038/s41597-022-01721-8" in data.citation


def test_color_volumes_and_many_labels(monkeypatch, tmp_path):
    shapes = {"dimensions": 3, "channels": 3, "task": "multi-label"}
    changes = {}
    for split, key in datasets.SPLITS.items():
        changes[f"{key}_images"] = np.zeros((COUNTS[split], 28, 28, 28, 3), np.uint8)
        changes[f"{key}_labels"] = np.ones((COUNTS[split], 2), np.uint8)
    content = npz(**changes)
    publish(monkeypatch, content, **shapes)
    put(monkeypatch, tmp_path / "cache", content)
    data = load(NAME)
    assert data.train.images.shape == (6, 28, 28, 28, 3)
    assert data.train.labels.shape == (6, 2)
    assert [counts for _, counts in data._counts()] == [[6, 4, 5]] * 3


def test_a_changed_cache_is_replaced(monkeypatch, tmp_path, serve):
    content = npz()
    publish(monkeypatch, content)
    requests = serve(sends(content))
    put(monkeypatch, tmp_path / "cache", content[:-1] + b"x")
    assert load(NAME).provenance.startswith("download")
    assert load(NAME).provenance.startswith("cache")
    assert len(requests) == 1


def test_a_changed_cache_is_not_used_offline(monkeypatch, tmp_path):
    publish(monkeypatch, npz())
    put(monkeypatch, tmp_path / "cache", b"changed")
    with pytest.raises(DatasetError, match=f"cache: .*{CHANGED}"):
        load(NAME)
    # Not ours to delete: it may be all that is left.
    assert left(tmp_path) == [f"{NAME}.npz"]


@pytest.mark.filterwarnings("ignore:MEDMNIST_MIRROR")
def test_a_changed_mirror_is_not_used(monkeypatch, tmp_path):
    publish(monkeypatch, npz())
    put(monkeypatch, tmp_path / "mirror", b"changed")
    monkeypatch.setenv("MEDMNIST_MIRROR", str(tmp_path / "mirror"))
    with pytest.raises(DatasetError, match=f"mirror: .*{CHANGED}"):
        load(NAME)


@pytest.mark.filterwarnings("ignore:MEDMNIST_MIRROR")
def test_an_unreadable_mirror_is_said(monkeypatch, tmp_path):
    publish(monkeypatch, npz())
    put(monkeypatch, tmp_path / "mirror", npz())
    monkeypatch.setenv("MEDMNIST_MIRROR", str(tmp_path / "mirror"))

    def denied(*args, **kwargs):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(pooch, "file_hash", denied)
    with pytest.raises(DatasetError, match=r"mirror: .*can't be read \(Permission denied\)"):
        load(NAME)


def in_a_process_of_its_own(md5):
    """Start a process that loads the set from the server, and return it."""
    program = (
        "import dataclasses; from helpers import datasets as d; "
        f"d.ADDRESS = {datasets.ADDRESS!r}; "
        f"d.FACTS[{NAME!r}] = dataclasses.replace("
        f"d.FACTS[{NAME!r}], counts={COUNTS!r}, md5={{28: {md5!r}}}); "
        f"print(d.load({NAME!r}).train.labels.sum())"
    )
    return subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)


def test_what_a_killed_download_left_is_swept(monkeypatch, tmp_path, serve):
    content = npz()
    md5 = publish(monkeypatch, content)
    half, go_on = threading.Event(), threading.Event()

    def respond(handler):
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content[:2000])
        handler.wfile.flush()
        half.set()
        go_on.wait(60)

    serve(respond)
    process = in_a_process_of_its_own(md5)
    assert half.wait(60)
    process.send_signal(signal.SIGTERM)
    process.wait(60)
    process.stdout.close()
    go_on.set()
    assert [name for name in left(tmp_path) if not name.endswith(".part")] == []
    assert len(left(tmp_path)) == 1
    # Not a download of ours.
    (tmp_path / "cache" / "notes.txt").write_text("")
    serve(sends(content))
    load(NAME)
    assert left(tmp_path) == [f"{NAME}.npz", "notes.txt"]


def test_two_processes_at_once(monkeypatch, tmp_path, serve):
    content = npz()
    md5 = publish(monkeypatch, content)
    both = threading.Barrier(2, timeout=60)

    def respond(handler):
        # Neither gets its second half before both have their first.
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        handler.wfile.write(content[:2000])
        both.wait()
        handler.wfile.write(content[2000:])

    serve(respond)
    processes = [in_a_process_of_its_own(md5) for _ in range(2)]
    assert [process.communicate(timeout=120)[0].strip() for process in processes] == ["3", "3"]
    assert left(tmp_path) == [f"{NAME}.npz"]
    assert load(NAME).provenance.startswith("cache")


# What can go wrong on the way. Nothing is left behind.


def test_no_network(tmp_path):
    with pytest.raises(DatasetError) as caught:
        load(NAME)
    message = str(caught.value)
    for part in (f"{NAME}.npz can't be had", "cache: ", datasets.ADDRESS, "Connect", "MIRROR"):
        assert part in message
    assert "synthetic=True" in message
    assert left(tmp_path) == []


def test_no_network_offers_only_look_alikes_that_exist():
    with pytest.raises(DatasetError, match="Connect") as caught:
        load(NAME, 64)
    assert "synthetic" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "remedy"),
    [
        (400, "does not take this request"),
        (401, "refuses this network"),
        (403, "refuses this network. Try from another one"),
        (404, "has no such file any more. Get a newer copy"),
        (407, "set HTTPS_PROXY to http://NAME:PASSWORD@HOST:PORT"),
        (410, "has no such file any more"),
        (429, "Wait 77 seconds and try again; let one machine fetch"),
        (500, "fault is the server's, not yours. Try again later"),
        (503, "fault is the server's"),
    ],
)
def test_an_answer_that_is_no_file(serve, tmp_path, status, remedy):
    def respond(handler):
        handler.send_response(status)
        handler.send_header("Retry-After", "77")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    serve(respond)
    with pytest.raises(DatasetError, match=rf"{status} .*\n.*{remedy}") as caught:
        load(NAME)
    message = str(caught.value)
    assert "MEDMNIST_MIRROR" in message and "Connect" not in message
    assert left(tmp_path) == []


def test_a_pause_that_is_no_number(serve):
    def respond(handler):
        handler.send_response(429)
        handler.send_header("Retry-After", "Wed, 21 Oct 2026 07:28:00 GMT")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    serve(respond)
    with pytest.raises(DatasetError, match="Wait a few minutes"):
        load(NAME)


def test_a_server_without_a_certificate(monkeypatch, serve):
    serve(sends(b""))
    # It does not speak TLS at all.
    monkeypatch.setattr(datasets, "ADDRESS", datasets.ADDRESS.replace("http", "https"))
    with pytest.raises(DatasetError, match="SSLError(.|\n)*clock(.|\n)*REQUESTS_CA_BUNDLE"):
        load(NAME)


def test_certificates_that_are_not_there(monkeypatch, tmp_path):
    monkeypatch.setattr(datasets, "ADDRESS", datasets.ADDRESS.replace("http", "https"))
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "missing.pem"))
    with pytest.raises(DatasetError, match="missing.pem(.|\n)*REQUESTS_CA_BUNDLE"):
        load(NAME)


@pytest.mark.parametrize(
    ("answer", "remedy"),
    [
        (None, "See what HTTPS_PROXY says"),
        (403, "See what HTTPS_PROXY says"),
        (407, "set HTTPS_PROXY to http://NAME"),
    ],
)
def test_a_proxy_in_the_way(monkeypatch, serve, answer, remedy):
    proxy = datasets.ADDRESS
    if answer:

        class Proxy(http.server.BaseHTTPRequestHandler):
            def do_CONNECT(self):
                self.send_error(answer)

            def log_message(self, *args):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        proxy = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("https_proxy", proxy)
    monkeypatch.setattr(datasets, "ADDRESS", "https://example.invalid/")
    with pytest.raises(DatasetError, match=f"ProxyError(.|\n)*{remedy}"):
        load(NAME)
    if answer:
        server.shutdown()
        server.server_close()


def test_what_a_server_says_may_be_long(monkeypatch):
    def fail(*arguments):
        raise OSError("x" * 100_000)

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", fail)
    with pytest.raises(DatasetError) as caught:
        load(NAME)
    assert len(str(caught.value)) < 2000


def test_time_out(monkeypatch, serve, tmp_path):
    monkeypatch.setattr(datasets, "TIMEOUT", 0.2)
    serve(lambda handler: time.sleep(1))
    with pytest.raises(DatasetError, match="timed out"):
        load(NAME)
    assert left(tmp_path) == []


def test_time_out_in_the_middle(monkeypatch, serve, tmp_path):
    monkeypatch.setattr(datasets, "TIMEOUT", 0.2)

    def respond(handler):
        sends(b"half", length=8)(handler)
        handler.wfile.flush()
        time.sleep(1)

    serve(respond)
    with pytest.raises(DatasetError, match="timed out"):
        load(NAME)
    assert left(tmp_path) == []


def test_interrupted_download(monkeypatch, serve, tmp_path):
    content = npz()
    publish(monkeypatch, content)
    serve(sends(content[:3000], length=len(content)))
    with pytest.raises(DatasetError, match="IncompleteRead(.|\n)*connection broke. Try again"):
        load(NAME)
    assert left(tmp_path) == []


def test_interrupted_by_the_reader(monkeypatch, tmp_path):
    def stop(self, url, output_file, pooch, check_only=False):
        output_file.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", stop)
    with pytest.raises(KeyboardInterrupt):
        load(NAME)
    assert left(tmp_path) == []


def test_truncated_download(monkeypatch, serve, tmp_path):
    content = npz()
    publish(monkeypatch, content)
    serve(sends(content[:3000]))
    with pytest.raises(DatasetError, match="the md5 of what came(.|\n)*Try again"):
        load(NAME)
    assert left(tmp_path) == []


def test_wrong_checksum(serve, tmp_path):
    serve(sends(b"<html>Please log in</html>"))
    with pytest.raises(DatasetError, match="the md5 of what came(.|\n)*login page"):
        load(NAME)
    assert left(tmp_path) == []


def test_cache_not_writable(monkeypatch, tmp_path):
    # Below a file no folder can be made, whoever asks.
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MEDMNIST_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(DatasetError, match="can't be written to: set MEDMNIST_CACHE"):
        load(NAME)


def test_a_folder_where_the_file_should_be(monkeypatch, tmp_path, serve):
    requests = serve(sends(npz()))
    (tmp_path / "cache" / f"{NAME}.npz").mkdir(parents=True)
    with pytest.raises(DatasetError, match="is a folder, not a file(.|\n)*Remove the folder"):
        load(NAME)
    assert requests == []


def test_a_file_that_its_owner_alone_can_read(monkeypatch, tmp_path):
    publish(monkeypatch, npz())
    put(monkeypatch, tmp_path / "cache", npz())

    def denied(*arguments, **options):
        raise PermissionError(errno.EACCES, "Permission denied")

    # As for another user: the superuser, who may run this, reads everything.
    monkeypatch.setattr(pooch, "file_hash", denied)
    monkeypatch.setattr(datasets, "_download", denied)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(DatasetError, match=r"can't be read(.|\n)*let you read it \(chmod a\+r\)"):
        load(NAME)


def test_disk_full(monkeypatch, tmp_path):
    def fill(self, url, output_file, pooch, check_only=False):
        output_file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", fill)
    with pytest.raises(DatasetError, match="No space left(.|\n)*disk is full: make room"):
        load(NAME)
    assert left(tmp_path) == []


# What can be wrong with a file, even one that has its checksum.


def not_arrays():
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in arrays():
            archive.writestr(f"{name}.npy", "no array")
    return buffer.getvalue()


def plain_array():
    buffer = io.BytesIO()
    np.save(buffer, np.zeros(3))
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"not a zip", "not a zip file"),
        (b"", "not a zip file"),
        (plain_array(), "not a zip file"),
        (not_arrays(), "expected uint8"),
        (npz(val_images=None), "val_images is not a file in the archive"),
        (npz(test_labels=None), "test_labels is not a file in the archive"),
        (npz(train_images=np.zeros((6, 28, 27), np.uint8)), r"\(6, 28, 27\).*\(6, 28, 28\)"),
        (npz(train_images=np.zeros((6, 28, 28, 3), np.uint8)), r"expected \(6, 28, 28\)"),
        (npz(train_images=np.zeros((7, 28, 28), np.uint8)), r"\(7, 28, 28\)"),
        (npz(val_labels=np.zeros(4, np.uint8)), r"val_labels \(4,\), expected .*\(4, 1\)"),
        (npz(val_labels=np.zeros((3, 1), np.uint8)), r"val_labels \(3, 1\)"),
        (npz(test_images=np.zeros((5, 28, 28), np.float32)), "float32.*expected uint8"),
        (npz(test_labels=np.zeros((5, 1), np.float32)), "float32.*expected uint8 and integers"),
        (npz(train_images=np.array([[0], "a"], dtype=object)), "allow_pickle=False"),
        (npz(train_labels=np.full((6, 1), 2, np.uint8)), "from 2 to 2, expected 0 to 1"),
        (npz(train_labels=np.full((6, 1), -1, np.int8)), "from -1 to -1, expected 0 to 1"),
    ],
)
def test_bad_file(monkeypatch, tmp_path, content, reason):
    publish(monkeypatch, content)
    put(monkeypatch, tmp_path / "cache", content)
    with pytest.raises(DatasetError, match=reason) as caught:
        load(NAME)
    assert f"{NAME}.npz is not as described in helpers/medmnist.csv" in str(caught.value)


@pytest.mark.parametrize("error", [RuntimeError("encrypted"), NotImplementedError(), EOFError()])
def test_whatever_is_wrong_in_a_file_is_one_error(monkeypatch, tmp_path, error):
    def fail(*arguments, **options):
        raise error

    content = npz()
    publish(monkeypatch, content)
    put(monkeypatch, tmp_path / "cache", content)
    monkeypatch.setattr(np, "load", fail)
    with pytest.raises(DatasetError, match="is not as described.*please report it"):
        load(NAME)


def test_too_little_memory_is_said(monkeypatch, tmp_path):
    def fail(*arguments, **options):
        raise MemoryError

    put(monkeypatch, tmp_path / "cache", b"")
    monkeypatch.setattr(datasets, "_problem", lambda path, md5: "")
    monkeypatch.setattr(zipfile, "is_zipfile", lambda path: True)
    monkeypatch.setattr(np, "load", fail)
    with pytest.raises(DatasetError, match=r"pathmnist at 224 pixels takes 16\.1 GB"):
        load("pathmnist", 224)


def test_many_labels_out_of_range(monkeypatch, tmp_path):
    changes = {f"{key}_labels": np.full((COUNTS[s], 2), 2) for s, key in datasets.SPLITS.items()}
    content = npz(**changes)
    publish(monkeypatch, content, task="multi-label")
    put(monkeypatch, tmp_path / "cache", content)
    with pytest.raises(DatasetError, match="expected 0 to 1"):
        load(NAME)


# What is shown is the same wherever the images come from.


def test_shown_alike_from_everywhere(monkeypatch, tmp_path, serve):
    content = npz()
    publish(monkeypatch, content)
    serve(sends(content))
    downloaded, cached = load(NAME), load(NAME)
    assert downloaded.provenance != cached.provenance
    assert repr(downloaded) == repr(cached)
    assert downloaded._repr_html_() == cached._repr_html_()
    assert str(tmp_path) not in repr(cached) + cached._repr_html_()
    assert repr(cached).splitlines()[0].endswith("real images, CC BY 4.0")


def test_table_counts_and_escapes(monkeypatch, tmp_path):
    content = npz()
    publish(monkeypatch, content, classes=("a <b>", "c & d"))
    put(monkeypatch, tmp_path / "cache", content)
    page = load(NAME)._repr_html_()
    assert '<th scope="row">0 a &lt;b&gt;</th><td>3</td><td>2</td><td>3</td>' in page
    assert '<th scope="row">images</th><td>6</td><td>4</td><td>5</td>' in page
    # Colors are the page's, light or dark.
    assert "style" not in page and "color" not in page


# Simulated images: only when asked for, and said.


@pytest.mark.parametrize("name", datasets.LOOK_ALIKES)
def test_look_alikes(name):
    data = load(name, synthetic=True)
    assert data.synthetic
    assert data.provenance == "SIMULATED (not real images)"
    assert "SIMULATED, not real images" in repr(data)
    assert "SIMULATED, not real images" in data._repr_html_()
    for split, counts in zip(datasets.SPLITS, datasets.LOOK_ALIKES[name].counts, strict=True):
        images, labels = getattr(data, split).images, getattr(data, split).labels
        assert images.shape == (sum(counts), *FACTS[name].image_shape(28))
        assert (images.dtype, labels.dtype) == (np.uint8, np.int64)
        assert np.bincount(labels).tolist() == list(counts)
    # No image twice, within a split or across.
    images = np.concatenate([getattr(data, split).images for split in datasets.SPLITS])
    assert len({image.tobytes() for image in images}) == len(images)


def test_look_alikes_are_always_the_same():
    first, second = load(NAME, synthetic=True), load(NAME, synthetic=True)
    np.testing.assert_array_equal(first.test.images, second.test.images)
    np.testing.assert_array_equal(first.test.labels, second.test.labels)


def test_asked_for_in_the_environment(monkeypatch):
    monkeypatch.setenv("MEDMNIST_SYNTHETIC", "1")
    assert load(NAME).synthetic
    with pytest.raises(DatasetError):
        load(NAME, synthetic=False)


@pytest.mark.parametrize("value", ["", "0"])
def test_never_in_silence(monkeypatch, value):
    monkeypatch.setenv("MEDMNIST_SYNTHETIC", value)
    with pytest.raises(DatasetError):
        load(NAME)


@pytest.mark.parametrize("value", ["false", "no", "True", " ", "01", "2", "1 ", "x" * 1000])
def test_the_environment_says_yes_or_no(monkeypatch, value):
    monkeypatch.setenv("MEDMNIST_SYNTHETIC", value)
    with pytest.raises(ValueError, match="MEDMNIST_SYNTHETIC is .*set it to 1 .*to 0 ") as caught:
        load(NAME)
    assert len(str(caught.value)) < 300


@pytest.mark.parametrize("name", datasets.LOOK_ALIKES)
def test_look_alikes_can_be_learned(name):
    import keras
    from sklearn.metrics import roc_auc_score

    data = load(name, synthetic=True)

    def pictures(split):
        # The slices of a volume are its channels.
        volumes = split.images.ndim == 5
        return (np.moveaxis(split.images[..., 0], 1, 3) if volumes else split.images) / 255

    keras.utils.set_random_seed(0)
    network = tutorial_network(pictures(data.test).shape[1:], len(data.classes))
    network.compile("adam", "sparse_categorical_crossentropy", steps_per_execution=8)
    network.fit(pictures(data.train), data.train.labels, batch_size=32, epochs=4, verbose=0)
    scores = network.predict(pictures(data.test), verbose=0)
    present = data.test.labels[:, None] == np.arange(len(data.classes))
    assert 0.8 <= roc_auc_score(present, scores, average="macro") <= 0.99


# The real files, where there are any.


@pytest.mark.parametrize("name", datasets.LOOK_ALIKES)
def test_real(name, monkeypatch):
    monkeypatch.undo()
    wanted = datasets.synthetic_setting()
    if wanted:
        pytest.skip("MEDMNIST_SYNTHETIC is set")
    monkeypatch.setattr(datasets, "ADDRESS", "http://127.0.0.1:9/")
    try:
        data = load(name)
    except DatasetError as error:
        if wanted is False:
            raise
        pytest.skip(f"neither mirror nor cache has the real files: {error}")
    assert not data.synthetic
    for split, counts in zip(datasets.SPLITS, datasets.LOOK_ALIKES[name].counts, strict=True):
        assert np.bincount(getattr(data, split).labels).tolist() == list(counts)


# What is fetched for a class.


def test_files_are_fetched_checked_and_named(monkeypatch, tmp_path, serve, capsys):
    content = npz()
    publish(monkeypatch, content)
    serve(sends(content))
    monkeypatch.setattr(datasets, "LOOK_ALIKES", [NAME])
    assert datasets._main() == 0
    assert capsys.readouterr().out == f"{NAME}: checked, {tmp_path / 'cache' / NAME}.npz\n"


def test_files_that_cannot_be_fetched_are_said(capsys):
    assert datasets._main() == 1
    said = capsys.readouterr().err
    assert all(f"{name}: {name}.npz can't be had" in said for name in datasets.LOOK_ALIKES)


def test_the_teaching_page_names_each_file_with_its_checksum():
    page = (ROOT / "book" / "teaching" / "index.md").read_text(encoding="utf-8")
    published = "https://zenodo.org/records/10519652/files/"
    lines = [
        f"| [{name}.npz]({published}{name}.npz) | `{FACTS[name].md5[28]}` |"
        for name in datasets.LOOK_ALIKES
    ]
    assert [line for line in lines if line not in page] == []
