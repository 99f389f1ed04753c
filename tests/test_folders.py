"""The way in for a reader's own images: 60 bad folders and tables, three good ones, the splits."""

import hashlib
import io
import tracemalloc

import numpy as np
import pydicom
import pytest
from PIL import Image
from pydicom.data import get_testdata_file

from helpers import folders, phantoms
from helpers.folders import FolderError, copies, nested_folds, read, report, split_by_patient

LABELS = ["clear", "opaque"]
IMAGES = phantoms.radiographs([0, 1] * 6, size=40).images[..., 0]
COLORS = phantoms.fundus([0, 1, 2], size=40).images


def png(pixels=IMAGES[0], **options):
    buffer = io.BytesIO()
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(buffer, options.pop("format", "PNG"), **options)
    return buffer.getvalue()


def put(root, files):
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return root


def class_folders(prefix=""):
    """Return twelve good images in two class folders."""
    return {f"{prefix}{LABELS[n % 2]}/{n}.png": png(image) for n, image in enumerate(IMAGES)}


def table(lines=(), header="file,label,patient,split", count=12):
    """Return twelve good images and a table of them, with more lines."""
    rows = [f"{n}.png,{LABELS[n % 2]},p{n},train" for n in range(count)]
    files = {f"{n}.png": png(image) for n, image in enumerate(IMAGES)}
    return files | {"cases.csv": "\n".join([header, *rows, *lines]) + "\n"}


def dicom_bytes(name="CT_small.dcm", **elements):
    data = pydicom.dcmread(get_testdata_file(name, download=False))
    for keyword, value in elements.items():
        if value is None:
            delattr(data, keyword)
        else:
            setattr(data, keyword, value)
    buffer = io.BytesIO()
    data.save_as(buffer)
    return buffer.getvalue()


def moved(image):
    """Return what a camera writes that was held on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return png(image, format="JPEG", exif=exif.tobytes())


def without(files, *names):
    return {name: content for name, content in files.items() if name not in names}


def frames(format):
    images = [Image.fromarray(image) for image in IMAGES[:3]]
    return png(images[0], format=format, save_all=True, append_images=images[1:])


LONG = IMAGES[0].astype(np.int32) * 1_000_000
EDITED = np.clip(IMAGES[0] * 1.1 + 9, 0, 255).astype(np.uint8)
WIDE = phantoms.radiographs([0], seed=9, size=80).images[0, :40, :, 0]
# What is added to (or instead of) twelve good images; the kind of problem; a part of what is said;
# a file that it names.
IN_FOLDER = {
    "empty file": ({"clear/x.png": b""}, "unreadable", "0 bytes", "clear/x.png"),
    "text called png": (
        {"clear/x.png": b"hello, world"},
        "unreadable",
        "begins with",
        "clear/x.png",
    ),
    "web page": (
        {"clear/x.jpg": b"<!DOCTYPE html><html>"},
        "unreadable",
        "web page",
        "clear/x.jpg",
    ),
    "half a JPEG": ({"clear/x.jpg": png(format="JPEG")[:-300]}, "truncated", "", "clear/x.jpg"),
    "half a PNG": ({"clear/x.png": png()[:-300]}, "truncated", "", "clear/x.png"),
    "half a TIFF": ({"clear/x.tif": png(format="TIFF")[:900]}, "truncated", "", "clear/x.tif"),
    "spoilt PNG": (
        {"clear/x.png": png()[:60] + b"??" + png()[62:]},
        "unreadable",
        "",
        "clear/x.png",
    ),
    "head of a JPEG": ({"clear/x.jpg": png(format="JPEG")[:12]}, "truncated", "", "clear/x.jpg"),
    "DICOM called so": ({"clear/x.dcm": b"no DICOM"}, "unreadable", "no DICOM file", "clear/x.dcm"),
    "DICOM cut": ({"clear/x.dcm": dicom_bytes()[:9000]}, "unreadable", "", "clear/x.dcm"),
    "DICOM plan": (
        {"clear/x.dcm": dicom_bytes("rtplan.dcm")},
        "unreadable",
        "no pixels",
        "clear/x.dcm",
    ),
    "DICOM film": (
        {"clear/x.dcm": dicom_bytes("emri_small.dcm")},
        "several images",
        "10 frames",
        "clear/x.dcm",
    ),
    "DICOM warns": (
        {"clear/x": dicom_bytes(PixelSpacing=None)},
        "DICOM",
        "PixelSpacing",
        "clear/x",
    ),
    "TIFF of pages": ({"clear/x.tif": frames("TIFF")}, "several images", "3 images", "clear/x.tif"),
    "GIF that moves": ({"clear/x.gif": frames("GIF")}, "several images", "3 images", "clear/x.gif"),
    "fractions": (
        {"clear/x.tif": png(IMAGES[0] / np.float32(255), format="TIFF")},
        "kind of pixels",
        "fractions",
        "clear/x.tif",
    ),
    "32 bits": (
        {"clear/x.tif": png(LONG, format="TIFF")},
        "kind of pixels",
        "65,535",
        "clear/x.tif",
    ),
    "negative": (
        {"clear/x.tif": png(-LONG, format="TIFF")},
        "kind of pixels",
        "go from",
        "clear/x.tif",
    ),
    "huge": (
        {"clear/x.png": png(Image.new("1", (9000, 9000)))},
        "too large",
        "9,000 x 9,000",
        "clear/x.png",
    ),
    "JPEG called png": (
        {"clear/x.png": png(WIDE, format="JPEG")},
        "wrong type",
        "JPEG",
        "clear/x.png",
    ),
    "held on its side": ({"clear/x.jpg": moved(WIDE)}, "turned", "upright", "clear/x.jpg"),
    "all black": ({"clear/x.png": png(IMAGES[0] * 0)}, "constant", "the same", "clear/x.png"),
    "transparent": (
        {"clear/x.png": png(np.dstack([COLORS[0], IMAGES[0]]))},
        "transparent",
        "black",
        "clear/x.png",
    ),
    "for print": (
        {"clear/x.jpg": png(Image.fromarray(COLORS[0]).convert("CMYK"), format="JPEG")},
        "colors",
        "CMYK",
        "clear/x.jpg",
    ),
    "color among gray": ({"clear/x.png": png(COLORS[0])}, "modes", "color", "clear/x.png"),
    "16 bits among 8": (
        {"clear/x.png": png(WIDE.astype(np.uint16) * 16)},
        "bit depths",
        "bits",
        "clear/x.png",
    ),
    "wide": ({"clear/x.png": png(WIDE)}, "sizes", "another size", "clear/x.png"),
    "copy": ({"clear/x.png": png()}, "copies", "same pixels", "clear/x.png"),
    "copy, another format": (
        {"clear/x.bmp": png(format="BMP")},
        "copies",
        "same pixels",
        "clear/x.bmp",
    ),
    "copy, other label": (
        {"opaque/x.png": png()},
        "same image, two labels",
        "as clear and as opaque",
        "opaque/x.png",
    ),
    "brighter": ({"clear/x.png": png(EDITED)}, "near copies", "nearly", "clear/x.png"),
    "brighter, other label": (
        {"opaque/x.jpg": png(EDITED, format="JPEG")},
        "same image, two labels",
        "nearly",
        "opaque/x.jpg",
    ),
    "in no class": ({"x.png": png(WIDE)}, "no label", "no class folder", "x.png"),
    "notes": ({"clear/notes.docx": b"PK"}, "not taken", "no image", "clear/notes.docx"),
    "table in the folder": (
        {"cases.csv": b"file,label"},
        "not taken",
        "read cases.csv",
        "cases.csv",
    ),
    "class of notes": ({"odd/notes.nii.gz": b"x"}, "empty class", "odd", None),
    "class in capitals": (
        {"Clear/x.png": png(WIDE)},
        "misspelled label",
        '"clear" is meant',
        "Clear/x.png",
    ),
    "class misspelled": (
        {"opaqeu/x.png": png(WIDE)},
        "misspelled label",
        '"opaque"',
        "opaqeu/x.png",
    ),
    "rare class": ({"edema/x.png": png(WIDE)}, "few images", "edema has 1", "edema/x.png"),
    "folder beside parts": (
        dict.fromkeys(class_folders()) | class_folders("train/") | {"more/x.png": png(WIDE)},
        "unknown split",
        "beside train",
        "more/x.png",
    ),
    "class in one part": (
        dict.fromkeys(class_folders()) | class_folders("train/") | {"test/clear/x.png": png(WIDE)},
        "class in one part",
        "no opaque in test",
        None,
    ),
    "one class": (
        dict.fromkeys(n for n in class_folders() if "opaque" in n),
        "one class",
        "clear",
        None,
    ),
    "images without classes": (
        dict.fromkeys(class_folders()) | {"a.png": png(), "b.png": png(WIDE)},
        "no label",
        "",
        "a.png",
    ),
    "nothing": (dict.fromkeys(class_folders()), "no images", "FOLDER/CLASS/IMAGE", None),
}
IN_TABLE = {
    "file not there": (table(["13.png,clear,p,test"]), "missing file", "line 14", "13.png"),
    "file misspelled": (
        table(["scan_l.png,clear,p,test"]) | {"scan_1.png": png(WIDE)},
        "missing file",
        "did you mean scan_1.png",
        "scan_l.png",
    ),
    "name in two folders": (
        table(["x.png,clear,p,test"]) | {"a/x.png": png(WIDE), "b/x.png": png(WIDE)},
        "missing file",
        "2 files",
        "x.png",
    ),
    "listed twice": (table(["3.png,opaque,p3,train"]), "listed twice", "2 times", "3.png"),
    "listed with two labels": (
        table(["3.png,clear,p3,train"]),
        "listed twice",
        "as clear and as",
        "3.png",
    ),
    "no label": (table(["x.png,,p,test"]) | {"x.png": png(WIDE)}, "no label", "line 14", "x.png"),
    "label misspelled": (
        table(["x.png,opaqe,p,train"]) | {"x.png": png(WIDE)},
        "misspelled label",
        "opaque",
        "x.png",
    ),
    "no patient": (
        table(["x.png,clear,,test"]) | {"x.png": png(WIDE)},
        "no patient",
        "14",
        "x.png",
    ),
    "split unknown": (
        table(["x.png,clear,p,holdout"]) | {"x.png": png(WIDE)},
        "unknown split",
        "holdout",
        "x.png",
    ),
    "patient, two labels": (
        table(["x.png,clear,p1,train"]) | {"x.png": png(WIDE)},
        "patient, two labels",
        "p1",
        "x.png",
    ),
    "patient on both sides": (
        table(["x.png,clear,p0,test"]) | {"x.png": png(WIDE)},
        "patient in two parts",
        "train and test",
        "x.png",
    ),
    "file not in the table": (table() | {"x.png": png(WIDE)}, "not taken", "table lacks", "x.png"),
    "no file named": (table([",clear,p,test"]), "table", "line 14 names no file", None),
    "a cell too many": (table(["x.png,clear,p,test,1"]), "table", "5 cells", None),
    "no column file": (table(header="image,label,patient,split"), "table", 'called "file"', None),
    "no column label": (table(header="file,finding,patient,split"), "table", "finding", None),
    "column twice": (table(header="file,label,label,split"), "table", "two columns", None),
    "no lines": (table(count=0), "table", "no lines", None),
    "empty table": ({"cases.csv": b""}, "table", "empty", None),
    "empty first line": ({"cases.csv": b"\nfile,label\n"}, "table", "first line", None),
    "not UTF-8": (table() | {"cases.csv": b"file,label\nx.png,b\xf6se\n"}, "table", "line 2", None),
    "zero bytes": ({"cases.csv": b"file,label\0\n"}, "table", "no text", None),
    "open quote": ({"cases.csv": b'file,label\n"x.png,clear\n'}, "table", "no CSV", None),
    "no table": ({}, "no images", "not there", None),
}


def test_there_are_sixty():
    assert len(IN_FOLDER) + len(IN_TABLE) >= 60


def of_all_files(root):
    return {p: hashlib.md5(p.read_bytes()).hexdigest() for p in root.rglob("*") if p.is_file()}


def check(root, place, kind, text, file):
    before = of_all_files(root)
    result = report(place)
    problems = [p for p in result.of(kind) if text in p.text and (file is None or file in p.files)]
    assert problems, f"{kind}: {text} is not in\n{result}"
    # It is said once, in words, as text and as HTML.
    assert kind in str(result) and kind in result._repr_html_().replace("&#x27;", "'")
    if problems[0].stops:
        with pytest.raises(FolderError) as error:
            read(place, size=32, fit="pad")
        assert kind in str(error.value) and "Traceback" not in str(error.value)
        assert error.value.report.of(kind)
    else:
        read(place, size=32, fit="pad")
    assert of_all_files(root) == before, "something on the disk was changed"
    return problems[0]


@pytest.mark.parametrize("name", IN_FOLDER)
def test_a_bad_folder_is_told(name, tmp_path):
    files, kind, text, file = IN_FOLDER[name]
    files = {n: c for n, c in (class_folders() | files).items() if c is not None}
    root = put(tmp_path / "own", files)
    root.mkdir(exist_ok=True)
    problem = check(root, root, kind, text, file)
    alone = kind in ("one class", "no images", "no label") and len(files) < 10
    if problem.stops and folders.KINDS[kind].removable and not alone:
        cases = read(root, size=32, fit="pad", leave_out=[kind])
        assert file not in cases.files.tolist() and len(cases) == 12


@pytest.mark.parametrize("name", IN_TABLE)
def test_a_bad_table_is_told(name, tmp_path):
    files, kind, text, file = IN_TABLE[name]
    root = put(tmp_path / "own", files)
    root.mkdir(exist_ok=True)
    problem = check(root, root / "cases.csv", kind, text, file)
    if problem.stops and folders.KINDS[kind].removable:
        cases = read(root / "cases.csv", size=32, fit="pad", leave_out=[kind])
        assert len(cases) == {"listed with two labels": 11}.get(name, 12)
        assert len(set(cases.files)) == len(cases)


@pytest.mark.parametrize(
    ("name", "reason"),
    [("cases.xlsx", "spreadsheet"), ("cases.pdf", "neither"), ("owm", "did you mean own")],
)
def test_what_is_no_table_is_told(name, reason, tmp_path):
    put(tmp_path, {"own/clear/0.png": png(), "cases.xlsx": b"PK", "cases.pdf": b"%PDF"})
    with pytest.raises(FolderError, match=reason):
        read(tmp_path / name, size=32, fit="pad")


def test_everything_is_told_at_once(tmp_path):
    parts = ["empty file", "half a PNG", "copy", "all black", "rare class", "notes", "wide"]
    files = class_folders()
    for number, name in enumerate(parts):
        for file, content in IN_FOLDER[name][0].items():
            files[file.replace("/x", f"/x{number}").replace("/notes", f"/notes{number}")] = content
    result = report(put(tmp_path, files))
    assert {IN_FOLDER[name][1] for name in parts} <= {problem.kind for problem in result.problems}
    assert [p.kind for p in result.stops] == ["unreadable", "truncated"]


def test_good_folders_have_no_problem(tmp_path):
    result = report(put(tmp_path, class_folders()))
    assert [p.kind for p in result.problems] == ["few images"] * 2


# ---- three that differ in everything -------------------------------------------------------


def test_four_classes_of_png_without_patients(tmp_path, capsys):
    rng = np.random.default_rng(0)
    drawn = phantoms.fundus([0, 1, 2, 3] * 12, size=64)
    files = {}
    for n, (image, label) in enumerate(zip(drawn.images, drawn.labels, strict=True)):
        high, wide = rng.integers(40, 64, 2)
        files[f"archive/grade {label}/eye {n:02}.png"] = png(image[:high, :wide])
    files["__MACOSX/archive/._x.png"] = b"litter"
    cases = read(put(tmp_path / "eyes", files), size=48, fit="crop")
    assert "nothing seems wrong" not in capsys.readouterr().out  # sizes differ
    assert cases.images.shape == (48, 48, 48, 3) and cases.images.dtype == np.uint8
    assert cases.classes == ("grade 0", "grade 1", "grade 2", "grade 3")
    assert cases.patients is None and np.bincount(cases.labels).tolist() == [12] * 4
    data = split_by_patient(cases, test=0.25, validation=0.25, seed=1)
    assert [np.bincount(s.labels).tolist() for s in (data.train, data.validation, data.test)] == [
        [6] * 4,
        [3] * 4,
        [3] * 4,
    ]
    assert "patients are not known" in repr(data)


def test_sixteen_bit_tiff_with_patients_and_splits(tmp_path):
    drawn = phantoms.radiographs([0, 1] * 20, size=50)
    rows = ["Image Index;Finding;Subject;Set;age;scanner"]
    files = {}
    for n, (image, label) in enumerate(zip(drawn.images, drawn.labels, strict=True)):
        files[f"images/{n}.tif"] = png(image[..., 0].astype(np.uint16) * 16, format="TIFF")
        part = ("training", "Valid", "test")[max(0, n // 10 - 1)]
        rows.append(
            f"{n};{('healthy', 'sick')[label]};s{n // 2};{part};{n or ''};{'AB'[n % 3 > 0]}"
        )
    put(tmp_path, files | {"list.csv": b"\xef\xbb\xbf" + "\r\n".join(rows).encode()})
    cases = read(
        tmp_path / "list.csv",
        size=25,
        fit="squeeze",
        columns={"file": "image index", "label": "Finding", "patient": "Subject", "split": "Set"},
        classes=["sick", "healthy"],
    )
    assert cases.white == 4095 and "16-bit levels 0 to 4,095" in cases.how
    # The same as the 8-bit image that the file was made of, but for rounding.
    expected = folders.fit_to(drawn.images[3, ..., 0], 25, "squeeze")
    assert np.abs(cases.images[3, ..., 0] - expected * (255 * 16 / 4095)).max() <= 1.5
    assert cases.labels[:4].tolist() == [1, 0, 1, 0] and cases.patients[3] == "s1"
    assert np.isnan(cases.columns["age"][0]) and cases.columns["age"][7] == 7
    assert cases.columns["scanner"][:4].tolist() == ["A", "B", "B", "A"]
    data = split_by_patient(cases, test=None, validation=None)
    assert [len(s) for s in (data.train, data.validation, data.test)] == [20, 10, 10]
    assert data.test.files.tolist() == [f"images/{n}.tif" for n in range(30, 40)]


def test_dicom_folder_with_a_table(tmp_path):
    rng = np.random.default_rng(0)
    rows = ["file,label,patient"]
    files = {}
    for n in range(24):
        source = pydicom.dcmread(get_testdata_file("CT_small.dcm", download=False))
        pixels = source.pixel_array + rng.integers(0, 900, source.pixel_array.shape)
        source.PixelData = pixels.astype(np.int16).tobytes()
        if n == 5:
            source.PhotometricInterpretation = "MONOCHROME1"
        buffer = io.BytesIO()
        source.save_as(buffer)
        files[f"series/{n}"] = buffer.getvalue()
        rows.append(f"series\\{n},{n % 2},p{n // 2}")
    put(tmp_path, files | {"cases.csv": "\n".join(rows)})
    cases = read(tmp_path / "cases.csv", size=64, fit="pad", window=(400, 2000))
    assert cases.images.shape == (24, 64, 64, 1) and cases.classes == ("0", "1")
    assert set(cases.measured["format"]) == {"DICOM"}
    assert cases.measured["mode"][5] == "MONOCHROME1"
    # White and black are turned around, and the images are noise on the same body.
    others = cases.images[[0, 1, 2, 3]].mean(axis=0).ravel()
    assert np.corrcoef(cases.images[5].ravel(), others)[0, 1] < -0.5
    # Both images of a patient, one of each label, stay together.
    data = split_by_patient(cases, test=0.25, validation=0.25)
    assert not set(data.train.patients) & set(data.test.patients)


# ---- pixels --------------------------------------------------------------------------------

GRAY = IMAGES[1]
ALPHA = np.dstack([GRAY, np.full_like(GRAY, 255)])
MODES = {
    "L": Image.fromarray(GRAY),
    "LA": Image.fromarray(ALPHA, "LA"),
    "RGB": Image.fromarray(np.dstack([GRAY] * 3)),
    "RGBA": Image.fromarray(np.dstack([GRAY] * 3 + [np.full_like(GRAY, 255)])),
    "P": Image.fromarray(GRAY).convert("P"),
    "I;16": Image.fromarray(GRAY.astype(np.uint16) * 257),
}


@pytest.mark.parametrize("mode", MODES)
def test_a_gray_image_is_the_same_in_every_mode(mode, tmp_path):
    files = class_folders() | {"clear/0.png": png(MODES[mode])}
    cases = read(put(tmp_path, files), size=40, fit="pad", color=False, white=65_535)
    assert cases.measured["mode"][0] == mode
    np.testing.assert_array_equal(cases.images[0, ..., 0], GRAY)


def test_transparent_pixels_lie_on_black_and_cameras_are_turned_upright(tmp_path):
    clear = np.dstack(
        [
            np.full((40, 40, 3), 200, np.uint8),
            np.repeat([[0], [255]], 20, axis=0).repeat(40, axis=1),
        ]
    )
    files = class_folders() | {
        "clear/x.png": png(clear.astype(np.uint8)),
        "clear/y.jpg": moved(WIDE),
    }
    cases = read(put(tmp_path, files), size=40, fit="squeeze")
    images = dict(zip(cases.files.tolist(), cases.images, strict=True))
    assert (images["clear/x.png"][:20] == 0).all() and (images["clear/x.png"][20:] == 200).all()
    turned = folders.fit_to(np.rot90(WIDE, -1), 40, "squeeze").astype(int)  # 6: a quarter clockwise
    assert np.abs(images["clear/y.jpg"][..., 0] - turned).mean() < 6


def test_color_is_chosen_or_seen(tmp_path):
    root = put(tmp_path, class_folders() | {"clear/x.png": png(COLORS[0])})
    assert read(root, size=40, fit="pad").images.shape[-1] == 3
    gray = read(root, size=40, fit="pad", color=False)
    place = gray.files.tolist().index("clear/x.png")
    expected = COLORS[0] @ [0.299, 0.587, 0.114]
    assert np.abs(gray.images[place, ..., 0] - expected).max() <= 1


def test_how_an_image_becomes_a_square():
    wide = np.zeros((20, 60), np.uint8)
    wide[:, 20:40] = 200
    cropped, padded, squeezed = (folders.fit_to(wide, 20, fit) for fit in folders.FITS)
    assert (cropped == 200).all()
    assert (padded[[0, 5, -6, -1]] == 0).all() and padded[10, 10] == 200 and padded[10, 1] == 0
    assert squeezed[0, 10] == 200 and squeezed[10, 0] == 0 and squeezed.shape == (20, 20)


def test_the_picture_of_the_three_ways(tmp_path):
    put(tmp_path, {"x.png": png(WIDE), "y.png": b""})
    figure = folders.draw_fits(tmp_path / "x.png", 32)
    assert [a.get_title() for a in figure.axes] == ["40x80", "crop", "pad", "squeeze"]
    with pytest.raises(ValueError, match="y.png: it is empty"):
        folders.draw_fits(tmp_path / "y.png", 32)


def test_images_may_stay_in_their_files(tmp_path):
    root = put(tmp_path, class_folders() | {"clear/x.png": png(WIDE)})
    held = read(root, size=32, fit="crop")
    left = read(root, size=32, fit="crop", in_memory=False)
    np.testing.assert_array_equal(np.asarray(left.images), held.images)
    np.testing.assert_array_equal(left.images[3], held.images[3])
    some = left.take([7, 2])
    assert isinstance(some.images, folders.FileImages) and some.images.shape == (2, 32, 32, 1)
    np.testing.assert_array_equal(some.images[:], held.images[[7, 2]])


def test_images_in_their_files_are_not_in_memory(tmp_path):
    root, size = put(tmp_path, class_folders()), 1024
    peaks = []
    for in_memory in (True, False):
        tracemalloc.start()
        cases = read(root, size=size, fit="crop", in_memory=in_memory)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    all_of_them = len(cases) * size**2
    assert peaks[0] > all_of_them and peaks[1] < all_of_them / 2


@pytest.mark.parametrize("in_memory", [True, False])
def test_batches(in_memory, tmp_path):
    cases = read(put(tmp_path, class_folders()), size=32, fit="crop", in_memory=in_memory)
    images, labels = zip(*cases.batches(5), strict=True)
    assert [len(batch) for batch in labels] == [5, 5, 2]
    np.testing.assert_array_equal(np.concatenate(labels), cases.labels)
    np.testing.assert_allclose(np.concatenate(images) * 255, cases.images[:], atol=1e-4)
    mixed = cases.batches(5, seed=3)
    passes = [np.concatenate([x for x, _ in mixed]) for _ in range(2)]
    again = np.concatenate([x for x, _ in cases.batches(5, seed=3)])
    np.testing.assert_array_equal(passes[0], again)
    assert (passes[0] != passes[1]).any()
    np.testing.assert_allclose(np.sort(passes[0].sum((1, 2, 3))), np.sort(passes[1].sum((1, 2, 3))))


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"size": 0}, "size=0"),
        ({"size": 28.0}, "size=28.0"),
        ({"size": True}, "size=True"),
        ({"size": 10**6}, "size=1000000"),
        ({"fit": "stretch"}, "fit='stretch'"),
        ({"white": 0}, "white=0"),
        ({"classes": "clear"}, "classes='clear'"),
        ({"classes": ["a", "a"]}, "different names"),
        ({"leave_out": "copies"}, "give a list"),
        ({"leave_out": ["copy"]}, "'copy'"),
        ({"leave_out": ["table"]}, "'table'"),
        ({"patient": "("}, "regular expression"),
        ({"columns": {"file": "x"}}, "is for a table"),
    ],
)
def test_a_wrong_argument_is_named(arguments, named, tmp_path):
    root = put(tmp_path, class_folders())
    with pytest.raises(ValueError, match="(?s)" + named.replace("(", r"\(")):
        read(root, **({"size": 32, "fit": "pad"} | arguments))


def test_labels_that_are_not_misspelled(tmp_path):
    names = ["grade 1", "grade 2", "T1", "T2", "normal", "abnormal", "left", "right"]
    files = {}
    for k, name in enumerate(names):
        for n in range(12 if k % 2 else 1):
            files[f"{name}/{n}.png"] = png(
                phantoms.radiographs([0], seed=20 * k + n).images[0, ..., 0]
            )
    assert not report(put(tmp_path, files)).of("misspelled label")


def test_a_label_that_is_meant(tmp_path):
    root = put(tmp_path, class_folders() | {"opaques/x.png": png(WIDE)})
    with pytest.raises(FolderError, match='"opaque" is meant'):
        read(root, size=32, fit="pad")
    meant = read(root, size=32, fit="pad", classes=["clear", "opaque", "opaques"])
    assert meant.labels.max() == 2
    with pytest.raises(FolderError, match="unknown label"):
        read(root, size=32, fit="pad", classes=["clear", "opaque"])


def test_patients_from_names(tmp_path):
    files = {f"{LABELS[n % 2]}/child{n // 4}_{n}.png": png(image) for n, image in enumerate(IMAGES)}
    cases = read(put(tmp_path, files), size=32, fit="pad", patient=r"(child\d+)_")
    assert np.unique(cases.patients).tolist() == ["child0", "child1", "child2"]
    both = read(tmp_path, size=32, fit="pad", patient=r"(clear|opaque)/(child\d+)")
    assert both.patients[0] == "clear/child0"
    with pytest.raises(FolderError, match="no patient in its name"):
        read(tmp_path, size=32, fit="pad", patient=r"person(\d+)")


# ---- copies --------------------------------------------------------------------------------


def test_near_copies_of_every_kind_and_no_others():
    images = phantoms.radiographs([0, 1] * 100, seed=3, size=112).images[..., 0]
    changed = []
    for image in images:
        buffer = io.BytesIO(png(image, format="JPEG", quality=50))
        brighter = np.clip(np.asarray(Image.open(buffer)) * 1.1 + 6, 0, 255).astype(np.uint8)
        smaller = np.array(Image.fromarray(brighter).resize((90, 70)))
        smaller[2:9, 2:12] = 255  # a marker
        changed.append(folders.fit_to(smaller, 112, "squeeze"))
    first, second = (copies.thumbnails(np.stack(x)[..., None]) for x in (images, changed))
    pairs = [(i, j) for i, j, _ in copies.near_pairs(first, second)]
    assert {(i, i) for i in range(200)} >= set(pairs)
    assert len(pairs) >= 180
    assert not copies.near_pairs(first)


def test_blank_images_are_no_copies_of_each_other():
    blank = np.stack([np.full((40, 40, 1), level, np.uint8) for level in (0, 90, 91)])
    assert not copies.near_pairs(copies.thumbnails(blank))


# ---- splits --------------------------------------------------------------------------------


def make_cases(patients, labels, parts=None):
    count = len(labels)
    return folders.Cases(
        images=np.zeros((count, 4, 4, 1), np.uint8),
        labels=np.array(labels),
        classes=tuple("abc"[: max(labels) + 1]),
        files=np.array([f"{n}.png" for n in range(count)]),
        patients=None if patients is None else np.array(patients),
        parts=None if parts is None else np.array(parts),
        columns={},
        measured={},
        name="made",
        how="by a test",
    )


def many(seed):
    """Return cases of 90 patients with one to five images and three classes, one of them rare."""
    rng = np.random.default_rng(seed)
    patients = np.repeat(np.arange(90), rng.integers(1, 6, 90))
    labels = np.where(patients % 9 == 0, 2, patients % 2)
    order = rng.permutation(len(patients))
    return make_cases([f"p{n}" for n in patients[order]], labels[order].tolist())


@pytest.mark.parametrize("seed", range(5))
def test_no_patient_is_torn_and_classes_are_spread(seed):
    cases = many(seed)
    data = split_by_patient(cases, test=0.2, validation=0.1, seed=seed)
    sides = data.train, data.validation, data.test
    whose = [set(side.patients) for side in sides]
    assert len(set().union(*whose)) == sum(map(len, whose)) == 90
    assert sum(map(len, sides)) == len(cases)
    for side, share in zip(sides, (0.7, 0.1, 0.2), strict=True):
        assert abs(len(side) / len(cases) - share) < 0.04
        parts = np.bincount(side.labels, minlength=3) / np.bincount(cases.labels)
        assert np.abs(parts - share).max() < 0.12
    again = split_by_patient(cases, test=0.2, validation=0.1, seed=seed)
    assert again.test.files.tolist() == data.test.files.tolist()
    other = split_by_patient(cases, test=0.2, validation=0.1, seed=seed + 1)
    assert other.test.files.tolist() != data.test.files.tolist()


def test_nested_folds_test_each_patient_once():
    cases = many(0)
    tested, chosen = [], {}
    for outer, inner, data in nested_folds(cases, outer=4, inner=3):
        whose = [set(side.patients) for side in (data.train, data.validation, data.test)]
        assert len(set().union(*whose)) == sum(map(len, whose)) == 90
        chosen.setdefault(outer, []).extend(whose[1])
        if inner == 0:
            tested += whose[2]
    assert sorted(tested) == sorted(set(cases.patients))
    for outer in range(4):
        assert len(chosen[outer]) == len(set(chosen[outer])), "a patient is validated twice"


PARTS = ["train", "train", "test", "test"]


@pytest.mark.parametrize(
    ("cases", "arguments", "said"),
    [
        (many(0), {"test": 0}, "test=0"),
        (many(0), {"test": "0.2"}, "test='0.2'"),
        (many(0), {"validation": 1.5}, "validation=1.5"),
        (many(0), {"test": 0.6, "validation": 0.5}, "leave nothing"),
        (many(0), {"test": None}, "has none"),
        (many(0), {"test": 0.01}, "test=0.01"),
        (make_cases(["p"] * 8, [0, 1] * 4), {}, "a has 1"),
        (make_cases(["p", "p", "q", "r"], [0, 0, 1, 1]), {}, "a has 1"),
        (make_cases(list("ppqqrrss"), [0, 0, 0, 0, 1, 1, 1, 1]), {"test": 0.5}, "too few|needs 2"),
        (make_cases(None, [0, 1]), {}, "images (patients are not known)"),
        (make_cases(list("pqpq"), [0, 1, 0, 1], PARTS), {"test": None}, "needs 2"),
        (
            make_cases(list("pqrspq"), [0, 1, 0, 1, 0, 1], ["train"] * 4 + ["test"] * 2),
            {"test": None, "validation": 0.5},
            "2 patients, p among them, are on two sides",
        ),
    ],
)
def test_a_split_that_can_not_be_is_told(cases, arguments, said):
    with pytest.raises(ValueError) as error:
        split_by_patient(cases, **arguments)
    assert any(part in str(error.value) for part in said.split("|")), error.value


@pytest.mark.parametrize("folds", [{"outer": 1}, {"inner": 2.5}, {"outer": 11}])
def test_folds_that_can_not_be_are_told(folds):
    with pytest.raises(ValueError):
        next(nested_folds(many(0), **folds))
