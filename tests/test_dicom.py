"""DICOM files to images: known values, pydicom's own files, and files that are broken."""

import re
import warnings
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.data import data_manager, get_testdata_file
from pydicom.pixels import apply_modality_lut, apply_voi, apply_voi_lut, apply_windowing

from helpers import dicom


def dataset(name="CT_small.dcm", **elements):
    """Return one of pydicom's files, with elements set, or taken out where the value is None."""
    file = pydicom.dcmread(get_testdata_file(name, download=False))
    for keyword, value in elements.items():
        if value is None:
            del file[keyword]
        else:
            setattr(file, keyword, value)
    return file


def gray(pixels, **elements):
    """Return a data set of 16 bits with these pixels."""
    pixels = np.asarray(pixels)
    signed = np.issubdtype(pixels.dtype, np.signedinteger)
    elements = {"PixelPaddingValue": None, "PixelRepresentation": int(signed), **elements}
    file = dataset(**elements)
    file.Rows, file.Columns = pixels.shape
    file.PixelData = pixels.astype("<i2" if signed else "<u2").tobytes()
    return file


RAMP = np.arange(-1200, 1200).reshape(40, 60).astype(np.int16)
NO_RESCALE = {"RescaleSlope": None, "RescaleIntercept": None}

# ---- known values --------------------------------------------------------------------------


def test_hounsfield_units_of_known_pixels():
    picture = dicom.read(get_testdata_file("CT_small.dcm", download=False))
    stored = dataset().pixel_array
    assert picture.unit == "HU" and stored[0, 0] == 175
    assert picture.values[0, 0] == 175 - 1024
    np.testing.assert_array_equal(picture.values, stored - 1024.0)
    assert picture.millimeters == (0.661468, 0.661468) and not picture.inverted


def test_unsigned_16_bits_do_not_run_over():
    picture = dicom.read(gray(np.array([[0, 65535]], dtype=np.uint16)))
    np.testing.assert_array_equal(picture.values, [[-1024, 64511]])
    assert picture.limits == (-1024, 64511)


def test_a_data_set_stays_as_it_was():
    file = gray(RAMP, PixelPaddingValue=-1200)
    before = file.to_json()
    dicom.to_uint8(dicom.read(file))
    assert file.to_json() == before


def to_unit_range(shown, limits):
    return (shown - limits[0]) / (limits[1] - limits[0])


@pytest.mark.parametrize("function", dicom.FUNCTIONS)
@pytest.mark.parametrize("center, width", [(40, 400), (-600, 1500), (0, 1), (10.5, 2.5)])
def test_windows_are_those_of_pydicom(function, center, width):
    elements = {"WindowCenter": center, "WindowWidth": width, "VOILUTFunction": function}
    file = gray(RAMP, **elements)
    picture = dicom.read(file)
    # pydicom spreads over the range that the bits can hold.
    expected = to_unit_range(apply_windowing(RAMP - 1024.0, file), picture.limits)
    np.testing.assert_allclose(dicom.to_unit(picture), expected, atol=1e-9)
    given = dicom.Window(center, width, function)
    np.testing.assert_array_equal(dicom.to_unit(picture, given), dicom.to_unit(picture))


def test_a_given_window_is_the_lessons():
    unit = dicom.to_unit(dicom.read(gray(RAMP, RescaleIntercept=0)), (40, 400))
    np.testing.assert_allclose(unit, np.clip((RAMP - 40) / 400 + 0.5, 0, 1))


def test_the_first_of_several_windows_is_taken_and_said():
    several = dicom.read(gray(RAMP, WindowCenter=[40, -600], WindowWidth=[400, 1500]))
    first = dicom.read(gray(RAMP, WindowCenter=40, WindowWidth=400))
    assert several.window == first.window == dicom.Window(40, 400, "LINEAR")
    assert "2 windows: the first is taken" in several.warnings
    assert not any("window" in note for note in first.warnings)


@pytest.mark.parametrize("elements", [{"WindowWidth": 0}, {"VOILUTFunction": "CURVE"}])
def test_an_impossible_window_is_left_out_and_said(elements):
    picture = dicom.read(gray(RAMP, **{"WindowCenter": 40, "WindowWidth": 400, **elements}))
    assert picture.window is None and any("left out" in note for note in picture.warnings)


def test_tables_are_those_of_pydicom():
    file = dataset("vlut_04.dcm")
    expected = apply_voi(file.pixel_array, file)
    np.testing.assert_allclose(dicom.to_unit(dicom.read(file)), expected / 65535)
    file = dataset("mlut_18.dcm")
    expected = apply_modality_lut(file.pixel_array, file)
    np.testing.assert_allclose(dicom.read(file).values, expected)


def table(first, levels, bits=8):
    item = pydicom.Dataset()
    item.LUTDescriptor = [len(levels), first, bits]
    item.LUTData = levels
    return [item]


def test_a_table_goes_before_a_window():
    pixels = np.array([[0, 10, 11], [12, 13, 99]], dtype=np.int16)
    elements = {"WindowCenter": 40, "WindowWidth": 400, **NO_RESCALE}
    file = gray(pixels, VOILUTSequence=table(10, [5, 50, 255]), **elements)
    unit = dicom.to_unit(dicom.read(file))
    np.testing.assert_allclose(unit * 255, [[5, 5, 50], [255, 255, 255]])
    np.testing.assert_array_equal(dicom.to_uint8(dicom.read(file)), apply_voi_lut(pixels, file))


def test_a_modality_table_gives_the_unit():
    file = gray(np.array([[3, 4]], dtype=np.uint16), **NO_RESCALE)
    file.ModalityLUTSequence = table(3, [700, 900], bits=16)
    file.ModalityLUTSequence[0].ModalityLUTType = "OD"
    picture = dicom.read(file)
    np.testing.assert_allclose(picture.values, [[700, 900]])
    assert picture.unit == "OD"


# ---- padding, turning, constants -----------------------------------------------------------


def test_padding_gets_the_darkest_other_value():
    pixels = RAMP.copy()
    pixels[:5] = -2000
    picture = dicom.read(gray(pixels, PixelPaddingValue=-2000))
    assert picture.values.min() == pixels[5:].min() - 1024
    assert (picture.values[:5] == picture.values.min()).all()
    assert "300 pixels of padding to the darkest other value" in picture.done
    tissue = dicom.to_unit(picture, "percentiles")[5:]
    assert tissue.max() - tissue.min() > 0.9


def test_padding_of_an_inverted_image_is_black():
    pixels = np.array([[0, 0, 0], [500, 600, 900]], dtype=np.uint16)
    elements = {"PhotometricInterpretation": "MONOCHROME1", **NO_RESCALE}
    picture = dicom.read(gray(pixels, PixelPaddingValue=0, **elements))
    np.testing.assert_array_equal(picture.values, [[900, 900, 900], [500, 600, 900]])
    assert (dicom.to_unit(picture, "percentiles")[0] == 0).all()


@pytest.mark.parametrize("ends", [(10, 12), (12, 10)])
def test_padding_may_be_a_range(ends):
    file = gray(np.array([[10, 11, 12, 13, 40]], dtype=np.uint16), **NO_RESCALE)
    file.PixelPaddingValue, file.PixelPaddingRangeLimit = ends
    np.testing.assert_array_equal(dicom.read(file).values, [[13, 13, 13, 13, 40]])


def test_padding_with_a_negative_slope_is_dark_after_it():
    pixels = np.array([[-2000, 5, 9]], dtype=np.int16)
    picture = dicom.read(gray(pixels, PixelPaddingValue=-2000, RescaleSlope=-1))
    np.testing.assert_array_equal(picture.values, [[-1033, -1029, -1033]])


def test_padding_alone_is_said():
    picture = dicom.read(gray(np.full((4, 4), -2000, np.int16), PixelPaddingValue=-2000))
    assert "all pixels are padding" in picture.warnings
    assert not dicom.to_unit(picture).any()


@pytest.mark.parametrize("bits", [10, 15])
def test_an_image_is_turned_by_its_bits(bits):
    pixels = np.array([[0, 100], [900, 1000]], dtype=np.uint16)
    inverted = {"PhotometricInterpretation": "MONOCHROME1", "BitsStored": bits, **NO_RESCALE}
    picture = dicom.read(gray(pixels, HighBit=bits - 1, **inverted))
    np.testing.assert_array_equal(dicom.to_gray(picture), 2**bits - 1 - pixels.astype(int))
    np.testing.assert_array_equal(picture.values, pixels)
    upright = dicom.read(gray(pixels, **NO_RESCALE))
    for window in ((500, 800), "percentiles"):
        both = dicom.to_unit(picture, window) + dicom.to_unit(upright, window)
        np.testing.assert_allclose(both, 1)


def test_a_signed_image_is_turned_by_its_bits():
    inverted = {"PhotometricInterpretation": "MONOCHROME1", **NO_RESCALE}
    picture = dicom.read(gray(np.array([[-32768, 0, 32767]], dtype=np.int16), **inverted))
    np.testing.assert_array_equal(dicom.to_gray(picture), [[32767, -1, -32768]])


@pytest.mark.parametrize("kind", ["MONOCHROME1", "MONOCHROME2"])
@pytest.mark.parametrize("level", [0, 7, 65535])
def test_a_constant_image_is_zeros(kind, level):
    file = gray(np.full((30, 20), level, np.uint16), PhotometricInterpretation=kind)
    picture = dicom.read(file)
    assert "all pixels are the same" in picture.warnings
    assert not dicom.to_unit(picture).any() and not dicom.to_tensor(picture, 28).any()


def test_percentiles_that_coincide():
    pixels = np.zeros((64, 64), np.uint16)
    pixels[:3, :3] = 9
    unit = dicom.to_unit(dicom.read(gray(pixels)))
    np.testing.assert_array_equal(unit, pixels / 9)


# ---- what is said, and what is refused ------------------------------------------------------


@pytest.mark.parametrize(
    "elements, note",
    [
        ({"RescaleSlope": None}, "RescaleSlope or RescaleIntercept is missing; 1 and 0 are taken"),
        ({"RescaleIntercept": -3000}, "-4200 HU is less than air"),
        ({"Modality": None}, "Modality is missing"),
        ({"Modality": "SEG"}, "a mask, not an image"),
        ({"PixelSpacing": None, "ImagerPixelSpacing": [1, 1]}, "only ImagerPixelSpacing"),
    ],
)
def test_what_is_odd_is_said(elements, note):
    assert any(note in warning for warning in dicom.read(gray(RAMP, **elements)).warnings)
    assert not any(note in warning for warning in dicom.read(gray(RAMP)).warnings)


def test_what_pydicom_warns_of_is_said():
    picture = dicom.read(get_testdata_file("MR_small_padded.dcm", download=False))
    assert any("128 bytes of excess padding" in note for note in picture.warnings)


@pytest.mark.parametrize("slope, fault", [(0, "RescaleSlope is 0"), (1e300, "too large")])
def test_a_slope_that_leaves_no_image_is_refused(slope, fault):
    with pytest.raises(ValueError, match=f"^CT_small.dcm: .*{fault}"):
        dicom.read(gray(RAMP, RescaleSlope=slope))


def test_an_unspecified_unit_is_none():
    assert dicom.read(gray(RAMP, RescaleType="US")).unit == ""


@pytest.mark.parametrize("dtype, level, written", [("i2", -2000, 63536), ("u2", 63536, -2000)])
def test_padding_may_be_written_with_the_other_sign(dtype, level, written):
    file = gray(np.array([[level, 5, 9]], dtype=dtype), **NO_RESCALE)
    vr = "US" if written > 0 else "SS"
    file.add_new("PixelPaddingValue", vr, written)
    np.testing.assert_array_equal(dicom.read(file).values, [[5, 5, 9]])


# ---- color and frames ----------------------------------------------------------------------


def test_color_is_rgb():
    file = dataset("SC_ybr_full_uncompressed.dcm")
    same = dataset("SC_rgb.dcm").pixel_array
    picture = dicom.read(file)
    assert "YBR_FULL to RGB" in picture.done
    assert np.abs(picture.values - same).max() <= 6  # YBR is rounded
    np.testing.assert_array_equal(dicom.to_uint8(picture), picture.values)
    with pytest.raises(ValueError, match="is in color"):
        dicom.to_uint8(picture, (40, 400))


def test_16_bits_of_color_are_scaled():
    picture = dicom.read(dataset("SC_rgb_16bit.dcm"))
    np.testing.assert_allclose(dicom.to_unit(picture), picture.values / 65535)


def test_a_palette_is_looked_up():
    file = dataset("examples_palette.dcm")
    red = np.frombuffer(file.RedPaletteColorLookupTableData, "<u2")
    colors = dicom.to_unit(dicom.read(file))
    assert colors.shape == (350, 800, 3)
    np.testing.assert_allclose(colors[..., 0], red[file.pixel_array] / 65535)


def test_a_palette_of_16_bits_with_colors_of_8():
    picture = dicom.read(dataset("OBXXXX1A_expb.dcm"))
    assert picture.limits == (0, 255) and "a palette of 16 bits" in " ".join(picture.warnings)
    same = dicom.read(dataset("OBXXXX1A.dcm"))
    assert np.abs(dicom.to_unit(picture) - dicom.to_unit(same)).max() < 0.01


def test_a_film_needs_a_frame():
    file = dataset("emri_small.dcm")
    with pytest.raises(ValueError, match=r"^emri_small.dcm: a film of 10 frames.*frame=0 to 9$"):
        dicom.read(file)
    frames = file.pixel_array
    for frame in (0, 9):
        np.testing.assert_array_equal(dicom.read(file, frame).values, frames[frame])
    for frame in (10, -1, 1.0, "a"):
        with pytest.raises(ValueError, match="is none of its 10"):
            dicom.read(file, frame)


def test_elements_of_all_frames_and_of_one_are_found():
    file = dataset("eCT_Supplemental.dcm")
    assert "RescaleSlope" not in file and "PixelSpacing" not in file
    picture = dicom.read(file, frame=1)
    np.testing.assert_array_equal(picture.values, file.pixel_array[1] - 1024.0)
    assert picture.millimeters == (0.388672, 0.388672)
    for number, frame in enumerate(file.PerFrameFunctionalGroupsSequence):
        rescale = pydicom.Dataset()
        rescale.RescaleSlope, rescale.RescaleIntercept = 2, number
        frame.PixelValueTransformationSequence = [rescale]
    np.testing.assert_array_equal(dicom.read(file, 1).values, file.pixel_array[1] * 2.0 + 1)


# ---- millimeters ---------------------------------------------------------------------------


def test_rows_and_columns_may_differ_in_spacing():
    picture = dicom.read(gray(np.arange(4096).reshape(64, 64), PixelSpacing=[0.5, 1.0]))
    assert picture.millimeters == (0.5, 1.0)
    resampled = dicom.resample(picture)
    assert resampled.values.shape == (32, 64) and resampled.millimeters == (1.0, 1.0)
    assert dicom.resample(picture, 0.5).values.shape == (64, 128)


def test_a_tensor_has_square_pixels():
    y, x = np.mgrid[-16:16, -32:32] + 0.5
    disk = ((y * 2) ** 2 + x**2 < 20**2).astype(np.uint16)  # round in millimeters
    tensor = dicom.to_tensor(dicom.read(gray(disk, PixelSpacing=[2.0, 1.0])), 32)[..., 0]
    assert tensor.shape == (32, 32) and tensor.dtype == np.float32
    high, wide = (tensor.max(axis) > 0.5 for axis in (1, 0))
    assert high.sum() == wide.sum() == 20


@pytest.mark.parametrize("spacing", [[0, 0], [-1, 1], None])
def test_no_spacing_is_said(spacing):
    picture = dicom.read(gray(RAMP, PixelSpacing=spacing))
    assert picture.millimeters is None
    assert any("PixelSpacing" in note for note in picture.warnings)
    with pytest.raises(ValueError, match="has no spacing"):
        dicom.resample(picture)


def test_a_wrong_spacing_fills_no_memory():
    picture = dicom.read(gray(RAMP, PixelSpacing=[1e6, 1e-6]))
    for call in (dicom.resample, lambda picture: dicom.to_tensor(picture, 28)):
        with pytest.raises(ValueError, match=r"^CT_small.dcm has a spacing of"):
            call(picture)


# ---- wrong calls ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "window", [3, "bone", (40,), (40, 0), (40, -1), (np.nan, 1), (0, np.inf), (0, 1, "CURVE"), ()]
)
def test_a_wrong_window_is_named(window):
    with pytest.raises(ValueError, match=r"window"):
        dicom.to_uint8(dicom.read(gray(RAMP)), window)


@pytest.mark.parametrize("size", [0, -1, 2.0, "28", True, 10**6])
def test_a_wrong_size_is_named(size):
    with pytest.raises(ValueError, match=re.escape(f"size={size!r}")):
        dicom.to_tensor(dicom.read(gray(RAMP)), size)


@pytest.mark.parametrize("millimeters", [0, -1, np.nan, np.inf, "1"])
def test_a_wrong_distance_is_named(millimeters):
    with pytest.raises(ValueError, match=f"millimeters={millimeters!r}"):
        dicom.resample(dicom.read(gray(RAMP)), millimeters)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        dicom.read(tmp_path / "none.dcm")


# ---- files of every kind -------------------------------------------------------------------


def works_or_says(file, name, frame=None):
    """Read a file and make all that can be made of it; return what was said against it, or None."""
    try:
        picture = dicom.read(file, frame)
    except ValueError as error:
        message = str(error)
        assert message.startswith(f"{name}: ") and "\n" not in message and len(message) < 500
        return message
    shape = picture.values.shape
    assert len(shape) == 2 or shape[2:] == (3,)
    assert np.isfinite(picture.values).all() and picture.limits[0] <= picture.limits[1]
    for image in (dicom.to_unit(picture), dicom.to_gray(picture)):
        assert image.shape == shape and np.isfinite(image).all()
    assert dicom.to_uint8(picture).dtype == np.uint8
    part = picture._replace(values=picture.values[:300, :300])  # a large one takes seconds
    try:
        tensor = dicom.to_tensor(part, 28)
    except ValueError as error:
        assert str(error).startswith(f"{name} has a spacing of")
        return str(error)
    assert tensor.shape == (28, 28, 3 if len(shape) == 3 else 1)
    assert 0 <= tensor.min() <= tensor.max() <= 1
    return None


def own_files():
    """Return pydicom's test files that are on this machine."""
    stored = Path(data_manager.DATA_ROOT) / "test_files"
    package = data_manager.external_data_sources()["pydicom-data"]
    paths = [*stored.rglob("*"), *map(Path, package.get_paths("**/*", 0))]
    return sorted({path for path in paths if path.is_file() and path.suffix != ".py"})


def test_all_files_of_pydicom():
    said = {}
    for path in own_files():
        message = works_or_says(path, path.name)
        if message and "a film of" in message:
            message = works_or_says(path, path.name, frame=0)
        said[path.name] = message
    refused = {name for name, message in said.items() if message}
    assert len(said) > 150 and len(said) - len(refused) > 100
    # Nothing is refused that pydicom and a look at its pixels would take.
    for name in ("rtplan.dcm", "no_meta.dcm", "MR_truncated.dcm", "README.txt"):
        assert name in refused
    for name in ("liver.dcm", "OBXXXX1A.dcm", "RG1_UNCR.dcm", "emri_small.dcm", "mlut_18.dcm"):
        assert name not in refused


BASES = ("CT_small.dcm", "MR_small_RLE.dcm", "SC_rgb_small_odd.dcm", "vlut_04.dcm", "RG3_UNCR.dcm")
VALUES = (0, 1, 2, -1, 7, 65535, 10**9, 1e300, 1e-300, "nan", "inf", "", "abc", b"\0\1", None)
VALUES += ([0, 0], [1, 2, 3], [40, -600], [1e-6, 1e6], "MONOCHROME1", "RGB", "PALETTE COLOR")


def mutants(count, seed=0):
    """Yield (what was done, name, data set or bytes): elements out or changed, bytes too."""
    rng = np.random.default_rng(seed)
    for number in range(count):
        name = BASES[number % len(BASES)]
        kind = ("out", "changed", "cut", "bytes")[number // len(BASES) % 4]
        content = Path(get_testdata_file(name, download=False)).read_bytes()
        file = dataset(name)
        if kind in ("out", "changed"):
            # Those that say how pixels are to be read, more often than others.
            groups = (0x0028,) if rng.random() < 0.8 else (0x0008, 0x0018, 0x0020, 0x7FE0)
            tags = [element.tag for element in file if element.tag.group in groups]
            tag = tags[rng.integers(len(tags))]
            what = file[tag].keyword
            if kind == "out":
                del file[tag]
            else:
                value = VALUES[rng.integers(len(VALUES))]
                what += f" = {value!r}"
                file[tag]._value = value  # past pydicom's checks, as a broken file would
            yield f"{name} {kind} {what}", name, file
        elif kind == "cut":
            place = int(rng.integers(len(content)))
            yield f"{name} cut at {place}", name, content[:place]
        else:
            changed = bytearray(content)
            places = rng.integers(128, min(len(content), 4000), 8)
            for place in places:
                changed[place] = rng.integers(256)
            yield f"{name} bytes {places}", name, bytes(changed)


def test_400_broken_files(tmp_path):
    refused = 0
    for what, name, file in mutants(400):
        if isinstance(file, bytes):
            (tmp_path / name).write_bytes(file)
            file = tmp_path / name
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)  # NumPy's, of divisions and casts
            try:
                refused += works_or_says(file, name) is not None
            except Exception as error:
                pytest.fail(f"{what}: {type(error).__name__}: {error}")
    assert 100 < refused < 300
