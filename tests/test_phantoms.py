"""The simulators: physics as it should be, masks where the lesions are, same seed same image."""

import numpy as np
import pydicom
import pytest
from scipy import ndimage

from helpers import phantoms
from helpers.dicom import read, to_unit
from helpers.phantoms import FINDINGS, Lesion, Scanner, chests, draw_findings, draw_labels
from helpers.phantoms.export import write_export
from helpers.phantoms.radiography import _slab, path

# Each simulator with its number of classes.
SIMULATORS = [
    (phantoms.radiographs, 2),
    (phantoms.ultrasound, 3),
    (phantoms.fundus, 5),
    (phantoms.slices, 4),
]
each = pytest.mark.parametrize(("simulate", "classes"), SIMULATORS)
QUIET = Scanner(dose=1e6, blur=0)


def same(labels, label):
    """Return labels of the same shape, all of them `label`."""
    return np.full_like(labels, label)


def gray(images):
    """Return images (N, H, W, C) as floats, channels averaged (N, H, W)."""
    return images.astype(float).mean(axis=-1)


@each
@pytest.mark.parametrize("size", [28, 64])
def test_shapes(simulate, classes, size):
    labels = np.arange(3 * classes) % classes
    made = simulate(labels, size=size)
    assert made.images.shape[:3] == made.masks.shape == (len(labels), size, size)
    assert (made.images.dtype, made.masks.dtype) == (np.uint8, bool)
    np.testing.assert_array_equal(made.labels, labels)
    assert {len(values) for values in made.parameters.values()} == {len(labels)}


@each
def test_same_seed_same_image(simulate, classes):
    labels = np.arange(10) % classes
    first, second, other = simulate(labels, 1), simulate(labels, 1), simulate(labels, 2)
    np.testing.assert_array_equal(first.images, second.images)
    np.testing.assert_array_equal(first.masks, second.masks)
    assert (first.images != other.images).mean() > 0.3


@each
def test_uses_the_gray_scale(simulate, classes):
    images = gray(simulate(np.arange(100) % classes).images)
    assert images.std(axis=(1, 2)).min() > 10
    assert np.mean(images == 255) < 0.2


# What is there, is in the mask, and nothing else is.


@each
def test_masks_are_of_the_labels_with_lesions(simulate, classes):
    labels = np.arange(400 * classes) % classes
    masks = simulate(labels).masks
    np.testing.assert_array_equal(masks.any(axis=(1, 2)), labels > 0)
    assert masks.mean(axis=(1, 2)).max() < 0.5


@each
def test_masks_cover_lesions(simulate, classes):
    # One patient, without and with a lesion; the worst label.
    labels = np.zeros(200, int)
    without = simulate(labels, 0, scanner=QUIET)
    with_lesion = simulate(same(labels, classes - 1), 0, scanner=QUIET)
    change = gray(np.abs(with_lesion.images.astype(int) - without.images))
    masks = with_lesion.masks
    if simulate is phantoms.ultrasound:
        # Shadows fall below: look above the middle of each mass.
        height = np.arange(28)[None, :, None]
        middle = (height * masks).sum(axis=(1, 2)) / masks.sum(axis=(1, 2))
        above = height <= middle[:, None, None]
        change, masks = change * above, masks & above
    assert change[~masks].sum() < 0.12 * change.sum()
    assert (change[masks] >= 2).mean() > 0.8


@each
def test_parameters_say_where(simulate, classes):
    labels = np.full(300, 1)
    made = simulate(labels, lesion=Lesion(size=(0.8, 0.8)))
    # One opacity, or all of them: in the eye the spots are scattered around the center.
    alone = made.parameters.get("count", np.ones(300)) == 1
    steps = (np.arange(28) + 0.5) / 28 * 2 - 1
    weights = made.masks[alone] / made.masks[alone].sum(axis=(1, 2), keepdims=True)
    center_x = (weights * steps[None, None, :]).sum(axis=(1, 2))
    center_y = (weights * steps[None, :, None]).sum(axis=(1, 2))
    # Lungs cut opacities off at their edge.
    least = 0.2 if simulate is phantoms.fundus else 0.9
    for center, name in [(center_x, "x"), (center_y, "y")]:
        assert np.corrcoef(center, made.parameters[name][alone])[0, 1] > least


# The knobs.


@each
def test_contrast_of_a_lesion(simulate, classes):
    labels = np.full(100, classes - 1)
    none = simulate(same(labels, 0), scanner=QUIET).images
    changes = [
        np.abs(
            gray(simulate(labels, lesion=Lesion(contrast=(c, c)), scanner=QUIET).images)
            - gray(none)
        )
        for c in (0, 0.5, 1)
    ]
    invisible, faint, clear = (change.mean() for change in changes)
    assert invisible < 0.01
    assert faint < 0.8 * clear


@each
def test_size_of_a_lesion(simulate, classes):
    labels = np.full(100, classes - 1)
    small, large = (simulate(labels, lesion=Lesion(size=(s, s))).masks.mean() for s in (0.6, 1.2))
    assert 2 * small < large < 5 * small


@each
def test_position_of_a_lesion(simulate, classes):
    labels = np.full(50, classes - 1)
    made = simulate(labels, lesion=Lesion(position=(0.3, -0.1)))
    np.testing.assert_allclose(made.parameters["x"], 0.3, rtol=1e-6)
    down, across = np.nonzero(made.masks.any(axis=0) & (made.masks.mean(axis=0) > 0.1))
    assert np.abs((across.mean() + 0.5) / 14 - 1 - 0.3) < 0.2
    assert np.abs((down.mean() + 0.5) / 14 - 1 + 0.1) < 0.2


@each
def test_noise_falls_with_dose(simulate, classes):
    labels = np.zeros(50, int)
    truth = gray(simulate(labels, scanner=Scanner(dose=1e6)).images)
    errors = [
        np.std(gray(simulate(labels, scanner=Scanner(dose=dose)).images) - truth)
        for dose in (0.25, 1, 4, 16)
    ]
    assert errors == sorted(errors, reverse=True)
    # With the root of the dose, rounding and clipping aside.
    assert 2.5 < errors[0] / errors[2] < 5


@each
def test_blur_takes_detail(simulate, classes):
    labels = np.zeros(50, int)
    sharp, soft = (
        np.abs(np.diff(gray(simulate(labels, scanner=Scanner(1e6, blur)).images), axis=2)).mean()
        for blur in (0, 1.5)
    )
    assert soft < 0.9 * sharp


@each
def test_gray_scale_of_the_scanner(simulate, classes):
    labels = np.zeros(50, int)
    usual, steep, bright = (
        simulate(labels, scanner=scanner).images.astype(float)
        for scanner in (Scanner(), Scanner(contrast=1.3), Scanner(brightness=0.1))
    )
    assert steep.std() > usual.std()
    assert bright.mean() > usual.mean() + 10


@each
def test_marker_leaks_the_label(simulate, classes):
    labels = np.arange(200 * classes) % classes
    plain = simulate(labels)
    chances = np.linspace(0, 1, classes)
    made = simulate(labels, marker=chances)
    marked = made.parameters["marker"]
    assert not plain.parameters["marker"].any()
    for label, chance in enumerate(chances):
        assert abs(marked[labels == label].mean() - chance) < 0.12
    # A white square, and nothing else.
    assert (plain.images[:, 2:5, 2:5] == 255).all(axis=(1, 2, 3)).mean() < 0.02
    np.testing.assert_array_equal(made.images[~marked], plain.images[~marked])
    assert (made.images[marked, 2:5, 2:5] == 255).all()
    made.images[marked, 2:5, 2:5] = plain.images[marked, 2:5, 2:5]
    np.testing.assert_array_equal(made.images, plain.images)


@each
def test_labels_and_images_of_the_same_seed_are_independent(simulate, classes):
    labels = draw_labels(2000, np.full(classes, 1 / classes), seed=5)
    made = simulate(labels, seed=5, marker=[0.5] * classes)
    # The numbers of spots are the grade.
    drawn = {k: v.astype(float) for k, v in made.parameters.items() if k not in phantoms.SPOTS}
    correlations = {k: np.corrcoef(v, labels)[0, 1] for k, v in drawn.items() if v.std() > 0}
    assert max(map(abs, correlations.values())) < 0.1, correlations


@each
def test_same_patient_on_two_scanners(simulate, classes):
    labels = np.arange(20) % classes
    first = simulate(labels)
    second = simulate(labels, scanner=Scanner(dose=0.1, blur=1), marker=[1] * classes)
    for name in set(first.parameters) - {"marker"}:
        np.testing.assert_array_equal(first.parameters[name], second.parameters[name])
    np.testing.assert_array_equal(first.masks, second.masks)


def test_prevalence():
    labels = draw_labels(10_000, prevalence=[0.7, 0.2, 0.1], seed=3)
    np.testing.assert_allclose(np.bincount(labels) / 10_000, [0.7, 0.2, 0.1], atol=0.02)
    np.testing.assert_array_equal(labels, draw_labels(10_000, [0.7, 0.2, 0.1], seed=3))


# Physics.


def test_x_rays_are_stopped_by_what_is_thick_and_dense():
    labels = np.ones(300, int)
    made = phantoms.radiographs(labels, scanner=QUIET)
    clear = phantoms.radiographs(0 * labels, scanner=QUIET)
    # An opacity is whiter than the lung it fills.
    change = gray(made.images) - gray(clear.images)
    assert change[made.masks].mean() > 10
    assert change.min() >= -1
    # The same window: a deeper torso is whiter.
    parameters = clear.parameters
    window = (parameters["window_high"] - parameters["window_low"]) / 255
    rays = gray(clear.images)[:, 24:27, 3:6].mean(axis=(1, 2)) * window + parameters["window_low"]
    assert np.corrcoef(rays, parameters["depth"])[0, 1] > 0.7
    # Middle of the chest whiter than lungs, lungs whiter than the air beside the neck.
    mean = gray(clear.images).mean(axis=0)
    assert mean[12:16, 13:15].mean() > mean[12:16, 6:8].mean() + 30
    assert mean[12:16, 6:8].mean() > mean[0, 0]


def test_beer_and_lambert():
    # Through an ellipsoid's middle: twice its half axis; through its rim: nothing.
    square = np.array([0.0, 0.75, 1.0, 2.0])
    np.testing.assert_allclose(path(square, 3.0), [6, 3, 0, 0])
    np.testing.assert_allclose(_slab(square, 3.0), [6, 6 * 0.25**0.25, 0, 0])
    assert phantoms.LUNG < phantoms.TISSUE < phantoms.BONE


def test_sound():
    labels = np.zeros(300, int)
    normal = gray(phantoms.ultrasound(labels, scanner=QUIET).images)
    benign = phantoms.ultrasound(labels + 1, scanner=QUIET)
    malignant = phantoms.ultrasound(labels + 2, scanner=QUIET)
    # Less comes back from the deep.
    assert normal[:, 5:10].mean() > normal[:, 20:].mean() + 20
    for made in (benign, malignant):
        assert (gray(made.images) - normal)[made.masks].mean() < -20
    # Below the mass: brighter, and darker.
    for made, sign in ((benign, 1), (malignant, -1)):
        below = np.maximum.accumulate(made.masks, axis=1) & ~made.masks
        assert sign * (gray(made.images) - normal)[below].mean() > 5
    # Taller than wide.
    height, width = (
        [made.masks.any(axis=axis).sum(axis=1).mean() for made in (benign, malignant)]
        for axis in (2, 1)
    )
    assert height[0] < width[0]
    assert height[1] / width[1] > 1.3 * height[0] / width[0]


def test_fundus_grades():
    labels = np.repeat(np.arange(5), 100)
    made = phantoms.fundus(labels)
    area = made.masks.mean(axis=(1, 2)).reshape(5, 100).mean(axis=1)
    assert (np.diff(area) > 0).all()
    assert made.parameters["exudates"][labels == 1].max() == 0
    assert (made.parameters["bleedings"] > 0).tolist() == (labels == 4).tolist()
    # Reddish, in a dark frame.
    red, green, blue = made.images.reshape(-1, 3).mean(axis=0)
    assert red > green > blue
    assert made.images[:, 0, 0].mean() < 2


def test_tissues_in_three_modalities():
    white, demyelination, edema, blood, water, fat = (
        phantoms.signals(name)
        for name in ("white matter", "demyelination", "edema", "hemorrhage", "fluid", "scalp")
    )
    # T1-weighted: fat bright, water dark. T2-weighted: water bright.
    assert fat[1] > white[1] > water[1]
    assert water[2] > white[2]
    # Alike in CT, unlike in T2; alike in T2, unlike in CT.
    assert abs(demyelination[0] - white[0]) < 2
    assert demyelination[2] > 2 * white[2]
    assert abs(demyelination[2] - edema[2]) < 0.1
    assert edema[0] < demyelination[0] - 10
    assert blood[0] > white[0] + 30


def test_lesions_show_in_slices_as_their_tissue():
    labels = np.zeros(100, int)
    plain = phantoms.slices(labels, scanner=QUIET).images.astype(float)
    # Against white matter in CT, T1, T2: darker, hardly different, brighter.
    signs = {1: (0, 0, 1), 2: (-1, -1, 1), 3: (1, -1, -1)}
    for label, expected in signs.items():
        made = phantoms.slices(labels + label, scanner=QUIET)
        change = (made.images - plain)[made.masks].mean(axis=0)
        for value, sign in zip(change, expected, strict=True):
            assert sign * value > 15 if sign else abs(value) < 15


# Bad input.


@each
def test_labels_must_be_classes(simulate, classes):
    with pytest.raises(
        ValueError, match=f"from 0 to {classes}; give classes from 0 to {classes - 1}"
    ):
        simulate([0, classes])
    with pytest.raises(ValueError, match="from -1 to 0"):
        simulate([-1, 0])
    for wrong in ([], [[0, 1]], [0.5], 3):
        with pytest.raises(ValueError, match="labels .* give"):
            simulate(wrong)


@each
def test_marker_must_be_probabilities(simulate, classes):
    for wrong in ([0.5], [2.0] * classes, [-0.1] * classes):
        with pytest.raises(ValueError, match=f"one probability for each of {classes} classes"):
            simulate([0, 1], marker=wrong)


def test_size_must_show_something():
    with pytest.raises(ValueError, match="size=4; give an integer of 8 or more"):
        phantoms.radiographs([0], size=4)


# Volumes.


def test_tubes_are_white_or_black_and_of_each_seed_its_own():
    made, again, other = (phantoms.tubes([0, 1, 1], seed, size=20) for seed in (3, 3, 4))
    assert made.images.shape == (3, 20, 20, 20, 1) and made.images.dtype == np.uint8
    assert set(np.unique(made.images)) == {0, 255}
    np.testing.assert_array_equal(made.images, again.images)
    assert (made.images != other.images).any(axis=(1, 2, 3, 4)).all()


def test_a_swelling_is_what_it_adds_to_the_same_tube():
    plain, swollen = phantoms.tubes(np.zeros(20, int)), phantoms.tubes(np.ones(20, int))
    added = (swollen.images > plain.images)[..., 0]
    np.testing.assert_array_equal(swollen.masks, added)
    assert added.any(axis=(1, 2, 3)).all() and not plain.masks.any()
    assert not (swollen.images < plain.images).any()


def test_a_tube_is_as_thick_as_was_drawn():
    made = phantoms.tubes(np.zeros(30, int), size=56)
    # The widest ball that fits into a tube has the tube's radius.
    depth = [ndimage.distance_transform_edt(volume[..., 0]).max() for volume in made.images]
    np.testing.assert_allclose(depth, 28 * made.parameters["radius"], atol=1)


# Several findings at once.

# The same patients, as good as without noise.
PLAIN = np.zeros((60, len(FINDINGS)))
only = pytest.mark.parametrize("finding", FINDINGS)


def with_finding(finding, strength=1.0):
    there = PLAIN.copy()
    there[:, list(FINDINGS).index(finding)] = strength
    return chests(there, 4).astype(float)[..., 0]


def test_findings_are_as_frequent_and_go_together_as_is_said():
    strength = draw_findings(40_000, seed=1)
    there, share = strength > 0, np.array(list(FINDINGS.values()))
    assert np.abs(there.mean(axis=0) - share).max() < 0.01
    assert strength[there].min() > 0.2 and strength.max() < 1
    heart, effusion, _, nodule, _ = there.T
    assert effusion[heart].mean() > 2 * effusion[~heart].mean()
    assert abs(nodule[heart].mean() - nodule[~heart].mean()) < 0.01


@only
def test_a_finding_changes_the_image_and_more_if_it_is_strong(finding):
    none = chests(PLAIN, 4).astype(float)[..., 0]
    weak, strong = (np.abs(with_finding(finding, s) - none) for s in (0.2, 1))
    assert (strong.mean(axis=(1, 2)) > weak.mean(axis=(1, 2))).mean() > 0.9
    # Noise changes no pixel by so much; a nodule may lie behind the heart.
    assert (strong.max(axis=(1, 2)) > 20).mean() > 0.8


def test_fluid_is_white_where_air_was_and_free_air_is_black():
    none = chests(PLAIN, 4).astype(float)[..., 0]
    for finding in FINDINGS:
        change = with_finding(finding) - none
        large = change[np.abs(change) > 20]
        assert (large < 0).mean() > 0.95 if finding == "pneumothorax" else (large > 0).mean() > 0.95


def test_anatomy_does_not_tell_what_is_found():
    """Findings and anatomy of one seed: the scale of the patients must not follow the findings."""
    strength = draw_findings(3000, seed=7)
    healthy = chests(np.zeros_like(strength), seed=7).astype(float).mean(axis=(2, 3))
    for finding in (strength > 0).T.astype(float):
        for row in healthy.T:
            assert abs(np.corrcoef(finding, row)[0, 1]) < 0.075  # four standard errors


def test_findings_of_one_seed_are_the_same_on_every_machine():
    """A factor of the correlations that is not unique would draw other patients elsewhere."""
    there = [[4, 3], [5, 1], [5, 2], [6, 2], [8, 1], [8, 2], [9, 0], [9, 1]]
    assert np.argwhere(draw_findings(10, seed=3) > 0).tolist() == there


def test_chests_of_one_seed_are_the_same():
    strength = draw_findings(5, seed=2)
    first, again, other = (chests(strength, seed, size=32) for seed in (3, 3, 4))
    assert first.shape == (5, 32, 32, 1) and first.dtype == np.uint8
    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.3


UNUSABLE = ("truncated", "no pixels", "no depth", "constant")


def test_an_export_is_what_it_says(tmp_path):
    """Each planted fault is in the files or the table, the rest is as it should be."""
    export = write_export(tmp_path / "a", seed=3)
    rows = [line.split(",") for line in export.table.read_text().splitlines()[1:]]
    assert set(export.truth) == {f"images/{path.name}" for path in tmp_path.glob("a/images/*")}
    (gone,), (unlisted,) = export.planted["missing file"], export.planted["not listed"]
    assert {row[0] for row in rows} == set(export.truth) - {unlisted} | {gone}
    named = set()
    for name in set(export.truth) - set(export.planted["truncated"]):
        file = pydicom.dcmread(tmp_path / "a" / name)
        named |= {name} if "PatientName" in file else set()
        if "PixelData" in file and "BitsStored" in file:
            assert file.pixel_array.max() <= 4095
            assert (file.StationName == "ward") == (file.PhotometricInterpretation == "MONOCHROME1")
    assert named == set(export.planted["patient's name"])
    spelled = [row for row in rows if row[1] in ("normal", "pneumonia") and row[0] != gone]
    differ = {row[0] for row in spelled if export.truth[row[0]] != (row[1] == "pneumonia")}
    assert differ - set(export.planted["two labels"]) <= set(export.planted["wrong label"])
    assert len(differ) >= len(export.planted["wrong label"]) - 2


def test_an_export_has_one_seed_and_an_empty_folder(tmp_path):
    for name in ("a", "b"):
        write_export(tmp_path / name, seed=1)
    contents = [
        {path.name: path.read_bytes() for path in (tmp_path / name).rglob("*.*")} for name in "ab"
    ]
    assert contents[0] == contents[1]
    with pytest.raises(ValueError, match="holds files already; give an empty folder"):
        write_export(tmp_path / "a")
    with pytest.raises(ValueError, match="seed="):
        write_export(tmp_path / "c", seed=-1)
    assert not (tmp_path / "c").exists()


def test_places_in_an_export_do_not_tell_who_is_ill(tmp_path):
    """From the seed of the labels, anatomy would follow them: so there are two."""
    export = write_export(tmp_path / "a")
    bad = {file for kind in UNUSABLE for file in export.planted[kind]}
    names = [name for name in export.truth if name not in bad]
    files = [pydicom.dcmread(tmp_path / "a" / name) for name in names]
    of_one = np.unique([file.PatientID for file in files], return_index=True)[1]
    columns = np.arange(64)
    middles = [np.average(columns, weights=to_unit(read(files[at])).sum(axis=0)) for at in of_one]
    ill = [export.truth[names[at]] for at in of_one]
    assert abs(np.corrcoef(middles, ill)[0, 1]) < 0.25  # four standard errors
