"""The figures that a reader moves: driven in a browser by keyboard, compared with Python."""

import base64
import functools
import http.server
import json
import re
import shutil
import threading

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from pydicom.data import get_testdata_file
from scipy.special import expit, logit
from sklearn import metrics

from helpers import dicom, evaluation, explain, layers, results
from helpers.datasets import DatasetError, load, synthetic_setting
from tools import figure_data, figures
from tools.notebooks import ROOT, book_pages, lesson_paths, read

STATIC = ROOT / "book" / "_static"
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Figure</title>
</head><body style="margin:8px">
<div class="interactive" data-figure="{name}"><img alt="The static picture." src="data:,"></div>
<script type="module" src="/figures/load.js"></script></body></html>"""


@pytest.fixture(scope="module")
def address():
    """Serve `book/_static`, and a page for each figure, and return the address."""

    class Pages(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *arguments):
            pass

        def do_GET(self):
            if not self.path.startswith("/page/"):
                return super().do_GET()
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(PAGE.format(name=self.path.removeprefix("/page/")).encode())

    handler = functools.partial(Pages, directory=str(STATIC))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def xrays():
    """Have the real images, of which the figures show some."""
    try:
        load("pneumoniamnist", synthetic=False)
    except DatasetError as error:
        if synthetic_setting() is False:
            raise
        pytest.skip(f"the real images can't be had: {error}")


@pytest.fixture
def figure(browser, address):
    """Return a function that opens a figure and returns it, moving; a script error fails."""
    troubles = []
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.route("**/favicon.ico", lambda route: route.fulfill(status=204))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on(
        "console",
        lambda message: troubles.append(message.text) if message.type == "error" else None,
    )

    def open_figure(name, width=1280):
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{address}/page/{name}")
        page.wait_for_selector(".fig-moves")
        return page.locator(".fig-stage")

    yield open_figure
    page.close()
    assert troubles == []


def values(stage, name):
    """Return what a figure shows now, to the last digit; typed arrays as lists."""
    text = stage.evaluate(
        "(stage, name) => JSON.stringify(stage.values[name],"
        " (key, value) => ArrayBuffer.isView(value) ? [...value] : value)",
        name,
    )
    return json.loads(text)


def press(target, *keys):
    for key in keys:
        target.press(key)


def said(stage, words):
    """Wait until the sentence for screen readers holds these words."""
    stage.locator("[aria-live=polite]").get_by_text(words).wait_for(timeout=5000)


# ---- All of them ---------------------------------------------------------------------------


def in_the_book():
    """Return the names of the figures that stand in lessons and pages."""
    htmls = [path.read_text(encoding="utf-8") for path in book_pages()]
    for path in lesson_paths():
        outputs = [output for cell in read(path).cells for output in cell.get("outputs", [])]
        htmls += [output.get("data", {}).get("text/html", "") for output in outputs]
    return {name for html in htmls for name in re.findall(r'data-figure="([\w-]+)"', html)}


MODULES = {path.stem for path in (STATIC / "figures").glob("*.js")} - {"load", "shared", "network"}


def test_each_module_stands_in_the_book():
    assert in_the_book() == MODULES


@pytest.mark.parametrize(
    ("body", "loads"), [('<div data-figure="convolution"></div>', True), ("<p>figure</p>", False)]
)
def test_pages_with_figures_load_the_script(body, loads):
    def pathto(address, resource):
        assert (STATIC.parent / address / "load.js").is_file() and resource
        return f"../{address}"

    context = {"body": body, "pathto": pathto}
    figures.add_script(None, "page", "page.html", context, None)
    assert ('import("./../_static/figures/load.js")' in context["body"]) is loads


@pytest.fixture(scope="module")
def opened_as_file(browser, tmp_path_factory):
    """Return a function that opens a page with a figure, without a server."""
    folder = tmp_path_factory.mktemp("files")
    shutil.copytree(STATIC, folder / "_static")
    script = figures.offline(STATIC / "figures")
    (folder / "_static" / "figures" / "offline.js").write_text(script, encoding="utf-8")

    def open_page(name):
        page, found = browser.new_page(), []
        page.on("pageerror", lambda error: found.append(str(error)))
        page.on("console", lambda one: found.append(one.text) if one.type == "error" else None)
        script = figures.SCRIPT.replace("FOLDER", "_static/figures")
        html = f'<!doctype html><div data-figure="{name}"></div>{script}'
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
        page.goto((folder / f"{name}.html").as_uri())
        for _ in range(200):
            if found or page.locator(".fig-moves").count():
                break
            page.wait_for_timeout(100)
        else:
            found.append("it does not move")
        page.close()
        return found

    return open_page


@pytest.mark.parametrize("name", sorted(MODULES))
def test_figures_move_in_pages_opened_as_files(opened_as_file, name):
    assert opened_as_file(name) == []


def test_a_figure_that_can_not_be_opened_as_a_file_is_found(opened_as_file):
    assert opened_as_file("nowhere")


@pytest.mark.usefixtures("xrays")
def test_data_is_fresh():
    for name, text in figure_data.files().items():
        assert (figure_data.FOLDER / name).read_text(encoding="utf-8") == text, name
    assert {path.name for path in figure_data.FOLDER.iterdir()} == set(figure_data.files())


def test_modules_are_small():
    """A page's figure costs a phone little: code alone, before it is packed."""
    for path in (STATIC / "figures").glob("*.js"):
        assert path.stat().st_size < 12_000, path.name


@pytest.mark.parametrize("name", sorted(MODULES))
def test_figure_fits_and_is_accessible(figure, name):
    stage = figure(name)
    page = stage.page
    for width in (1280, 390, 320):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert stage.locator("[aria-live=polite]").first.text_content()
    for control in stage.locator("input, select, button, [tabindex='0']").all():
        spoken = control.evaluate("c => c.ariaLabel || c.labels?.[0]?.textContent || c.textContent")
        assert spoken.strip(), control.evaluate("c => c.outerHTML")
    page.evaluate("document.querySelectorAll('details').forEach((one) => (one.open = true))")
    found = Axe().run(page, ".fig-stage").response["violations"]
    assert [(fault["id"], fault["nodes"][0]["html"]) for fault in found] == []
    static = page.locator(".interactive > img")
    assert not static.is_visible()
    page.emulate_media(media="print")
    assert static.is_visible() and not stage.is_visible()
    page.emulate_media(media="screen")


# ---- Convolution ---------------------------------------------------------------------------


def expected_convolution(stage):
    settings = values(stage, "settings")
    kernel = np.reshape(values(stage, "kernel"), (3, 3)).astype(float)
    kernel = kernel[::-1, ::-1] if settings.pop("flip") else kernel
    number = stage.get_by_label("Image").evaluate("list => list.selectedIndex")
    xray = np.frombuffer(base64.b64decode(figure_data.xrays()[number]["pixels"]), "uint8")
    images = xray.reshape(1, 28, 28, 1) / 255
    return layers.conv2d(images, kernel.reshape(3, 3, 1, 1).copy(), **settings)[0, ..., 0]


@pytest.mark.usefixtures("xrays")
def test_convolution(figure):
    stage = figure("convolution")
    said(stage, "row 13, column 8")
    Y = expected_convolution(stage)
    assert Y.shape == (26, 26)
    assert np.abs(np.ravel(values(stage, "result")) - Y.ravel()).max() < 1e-12
    result = stage.get_by_label("Result. Arrow")
    press(result, "ArrowDown", "ArrowRight", "ArrowRight")
    said(stage, f"row 14, column 10: nine products, together {Y[13, 9]:.2f}".replace("-", "−"))
    terms = values(stage, "terms")
    assert abs(sum(term["product"] for term in terms) - Y[13, 9]) < 1e-12
    shown = stage.locator(".fig-nine b").all_text_contents()
    assert abs(sum(float(text.replace("−", "-")) for text in shown) - Y[13, 9]) < 0.05


@pytest.mark.usefixtures("xrays")
def test_convolution_with_settings(figure):
    stage = figure("convolution")
    stage.get_by_label("Kernel", exact=True).select_option("spot x spot")
    stage.get_by_label("Image").press("ArrowDown")
    stage.get_by_label("Weight in row 1, column 2").fill("0.5")
    assert stage.get_by_label("Kernel", exact=True).evaluate("list => list.selectedIndex") == 0
    stage.get_by_text("Flip, stride").press("Enter")
    stage.get_by_label("flip the kernel").press("Space")
    for stride, padding, dilation in ((2, 1, 1), (1, 2, 3), (3, 0, 2)):
        for name, value in (("stride", stride), ("padding", padding), ("dilation", dilation)):
            slider = stage.get_by_label(name, exact=True)
            press(slider, "Home", *["ArrowRight"] * (value - (name != "padding")))
        Y = expected_convolution(stage)
        assert Y.shape == (values(stage, "places"),) * 2
        assert np.abs(np.ravel(values(stage, "result")) - Y.ravel()).max() < 1e-12
        size = layers.output_size(28, 3, stride, padding, dilation)
        assert stage.locator(".fig-formula").text_content().endswith(f"= {size}")


def test_convolution_says_where_a_pixel_goes(figure):
    """The weights that a pixel meets are the gradient of the sum of those results."""
    stage = figure("convolution")
    xray = stage.get_by_label("X-ray. Arrow")
    press(xray, *["ArrowDown"] * 9, *["ArrowRight"] * 5)
    said(stage, "row 10, column 6 goes into 9 sums")
    for term in values(stage, "terms"):
        row, column = term["place"]
        pushed = np.zeros((1, 28, 28, 1))
        pushed[0, 9, 5, 0] = 1
        kernel = np.reshape(values(stage, "kernel"), (3, 3, 1, 1)).astype(float)
        assert layers.conv2d(pushed, kernel)[0, row, column, 0] == term["weight"]
    press(xray, *["ArrowUp"] * 9, *["ArrowLeft"] * 5)
    said(stage, "row 1, column 1 goes into 1 sum")


# ---- Threshold -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def stored():
    """Return a function that gives labels and scores of "What is the model worth?"."""
    runs = results.load("what-is-it-worth")

    def of(task, part):
        return runs.shared["labels"][task][part], expit(
            runs.where(task=task, seed=0).array(part)[0]
        )

    return of


def compare_threshold(stage, labels, scores):
    """Compare what a figure shows with scikit-learn and `helpers.evaluation`; return it."""
    names = ("score", "prevalence", "miss", "sensitivity", "specificity", "positive", "negative")
    counts = ("passed", "alarms", "missed", "found")
    shown = {name: values(stage, name) for name in (*names, *counts, "cost", "benefit")}
    t, prevalence = shown["score"], shown["prevalence"]
    matrix = metrics.confusion_matrix(labels, scores > t)
    assert [shown[name] for name in counts] == matrix.ravel().tolist()
    se, sp = (np.mean(scores[labels == 1] > t), np.mean(scores[labels == 0] <= t))
    assert np.allclose([shown["sensitivity"], shown["specificity"]], [se, sp], atol=1e-12)
    values_of = evaluation.predictive_values(se, sp, prevalence)
    assert np.allclose([shown["positive"], shown["negative"]], values_of, atol=1e-12)
    cost = prevalence * (1 - se) * shown["miss"] + (1 - prevalence) * (1 - sp)
    assert abs(shown["cost"] - cost) < 1e-12
    # The test set with as many copies of each case as make its prevalence the reader's.
    weights = np.where(
        labels == 1, prevalence / labels.mean(), (1 - prevalence) / (1 - labels.mean())
    )
    acted = (scores > t) * weights
    benefit = np.mean(acted * (labels == 1)) - np.mean(acted * (labels == 0)) * t / (1 - t)
    assert abs(shown["benefit"] - benefit) < 1e-12
    return shown


def test_threshold(figure, stored):
    stage = figure("threshold")
    labels, scores = stored("small", "test")
    shown = compare_threshold(stage, labels, scores)
    assert abs(shown["benefit"] - evaluation.net_benefit(labels, scores, [0.5])[0]) < 1e-12
    said(stage, "Threshold 0.5: misses 21 of 390 ill, alarms for 34 of 234 healthy")
    press(stage.get_by_label("threshold", exact=True), *["ArrowLeft"] * 20)
    press(stage.get_by_label("prevalence"), *["ArrowLeft"] * 5)
    press(stage.get_by_label("a miss costs"), *["ArrowRight"] * 3)
    shown = compare_threshold(stage, labels, scores)
    assert (shown["prevalence"], shown["miss"]) == (0.1, 13)
    assert abs(shown["score"] - expit(-1)) < 1e-12
    said(stage, f"misses {shown['missed']} of 390 ill")
    cells = stage.locator("dd").all_text_contents()
    assert cells[0] == f"{shown['sensitivity']:.3f}" and cells[2] == f"{shown['positive']:.3f}"
    stage.get_by_label("Network").press("ArrowDown")
    compare_threshold(stage, *stored("tutorial", "test"))


def test_threshold_finds_those_of_the_lesson(figure, stored):
    stage = figure("threshold")
    labels, scores = stored("small", "test")
    goals = stage.get_by_label("Set the threshold")
    goals.select_option("the cheapest on validation images")
    chosen = evaluation.operating_point(*stored("small", "validation"), miss=10, false_alarm=1)
    assert abs(compare_threshold(stage, labels, scores)["score"] - chosen) < 1e-4
    goals.select_option(index=2)
    assert abs(compare_threshold(stage, labels, scores)["score"] - 1 / 11) < 1e-12
    goals.select_option(index=4)
    shown = compare_threshold(stage, labels, scores)
    assert shown["missed"] == 0
    # One number for one threshold, though it lies between two steps of the slider.
    said(stage, f"Threshold {stage.locator('output').first.inner_text()}: misses 0 of 390 ill")
    press(stage.get_by_label("threshold", exact=True), "ArrowRight", "ArrowRight")
    assert compare_threshold(stage, labels, scores)["missed"] > 0


# ---- The network in the page ---------------------------------------------------------------


@pytest.fixture(scope="module")
def network():
    """Return the network of the page as a Keras model."""
    from helpers.models import small_network

    stored = figure_data.network()
    model = small_network(filters=stored["filters"], batch_norm=False)
    weights = np.frombuffer(base64.b64decode(stored["weights"]), "<f2").astype("float32")
    sizes = [weight.size for weight in model.get_weights()]
    parts = np.split(weights, np.cumsum(sizes)[:-1])
    shapes = [weight.shape for weight in model.get_weights()]
    model.set_weights([part.reshape(shape) for part, shape in zip(parts, shapes, strict=True)])
    return model


def by_keras(model, images):
    """Return log-odds, the maps of each layer that the page shows, and Grad-CAM."""
    import keras

    names = ("ReLU", "MaxPooling2D")
    shown = [layer for layer in model.layers if type(layer).__name__ in names]
    maps = keras.Model(model.input, [layer.output for layer in shown])(images)
    cam = explain.grad_cam(model, images, label=1, layer=shown[-1].name)
    return explain.log_odds(model, images, label=1), [np.asarray(each) for each in maps], cam


@pytest.mark.usefixtures("xrays")
def test_network_is_that_of_keras(figure, network):
    """On twenty test images: the score, every layer's maps, Grad-CAM."""
    images = load("pneumoniamnist", synthetic=False).test.images[::31][:20].astype("float32") / 255
    assert len(images) == 20
    log_odds, layers_of_keras, cams = by_keras(network, images)
    stage = figure("explain")
    answers = stage.page.evaluate(
        """async (images) => {
          const { load } = await import("/figures/network.js");
          const network = await load();
          return images.map((image) => {
            const { logOdds, layers, gradCam } = network(Float32Array.from(image));
            return { logOdds, maps: layers.map(({ values }) => [...values]),
                     gradCam: [...gradCam] };
          });
        }""",
        images.reshape(20, -1).tolist(),
    )
    assert np.abs([each["logOdds"] for each in answers] - log_odds).max() < 1e-4
    assert len(answers[0]["maps"]) == len(layers_of_keras) == 8
    for number, maps in enumerate(layers_of_keras):
        page = np.array([each["maps"][number] for each in answers])
        assert np.abs(page - maps.reshape(20, -1)).max() < 1e-4 * max(1, maps.max())
    page = np.array([each["gradCam"] for each in answers]).reshape(cams.shape)
    assert cams.max() > 0.01 and np.abs(page - cams).max() < 1e-4


@pytest.mark.usefixtures("xrays")
def test_network_answers_as_the_trained_one(network):
    """Folded and rounded, it gives the scores that were stored when it was trained."""
    runs = results.load("why-did-it-say-that-network")
    images = load("pneumoniamnist", synthetic=False).test.images.astype("float32") / 255
    scores = explain.log_odds(network, images, label=1)
    assert np.abs(scores - runs.array("test")[0]).max() < 0.01  # stored in hundredths


def changed(image, row=None, column=None, size=7, bright=0.0, right=0, down=0):
    """Return an image (28, 28) moved, made brighter, with a gray square on it."""
    image = np.pad(image, 7, mode="edge")[7 - down : 35 - down, 7 - right : 35 - right]
    image = np.clip(image + bright, 0, 1)
    if row is not None:
        image[row : row + size, column : column + size] = 0.5
    return image.astype("float32")


def compare_explanation(stage, network, image):
    log_odds, _, (cam,) = by_keras(network, image[None, ..., None])
    assert np.abs(np.ravel(values(stage, "image")) - image.ravel()).max() < 1e-6
    assert abs(values(stage, "logOdds") - log_odds[0]) < 1e-4
    assert np.abs(np.ravel(values(stage, "gradCam")) - cam.ravel()).max() < 1e-4
    said(
        stage,
        f"Score {expit(log_odds[0]):.2f}, log-odds {log_odds[0]:.1f}".replace("-", "−").replace(
            "log−", "log-"
        ),
    )


@pytest.mark.usefixtures("xrays")
def test_explain(figure, network):
    stage = figure("explain")
    radios = stage.get_by_role("radio")
    assert radios.count() == 12
    chosen = values(stage, "name")
    images = load("pneumoniamnist", synthetic=False).test.images[..., 0] / 255
    compare_explanation(stage, network, changed(images[chosen]))
    stage.locator("input:checked").press("ArrowRight")
    assert values(stage, "name") != chosen
    image = images[values(stage, "name")]
    picture = stage.get_by_label("The X-ray.")
    press(picture, "ArrowDown", "ArrowLeft")
    compare_explanation(stage, network, changed(image, row=11, column=5))
    assert stage.get_by_label("cover a part").is_checked()
    press(stage.get_by_label("size of the square"), "ArrowRight")
    press(stage.get_by_label("brighter"), *["ArrowLeft"] * 3)
    press(stage.get_by_label("move right"), *["ArrowRight"] * 2)
    press(stage.get_by_label("move down"), *["ArrowLeft"] * 3)
    compare_explanation(stage, network, changed(image, 11, 5, 9, bright=-0.15, right=2, down=-3))
    stage.get_by_text("Undo").press("Enter")
    compare_explanation(stage, network, changed(image))
    stage.get_by_text("The maps of every layer").press("Enter")
    stage.locator(".fig-sheets canvas").nth(7).wait_for()


@pytest.mark.usefixtures("xrays")
def test_hero(figure, network):
    stage = figure("hero")
    assert stage.get_by_role("radio").count() == 6
    images = load("pneumoniamnist", synthetic=False).test.images[..., 0] / 255
    press(stage.get_by_label("The X-ray."), "ArrowDown", "ArrowRight")
    compare_explanation(stage, network, changed(images[values(stage, "name")], row=11, column=7))
    (link,) = stage.get_by_role("link").all()
    address = link.get_attribute("href").rpartition("/")[2]
    assert address.partition(".html")[0] in {path.stem for path in lesson_paths()}


def test_own_image_stays_on_the_machine(figure, network, tmp_path):
    from PIL import Image

    stage = figure("explain")
    gray = np.linspace(0, 255, 56 * 56).reshape(56, 56).astype("uint8")
    Image.fromarray(np.pad(gray, ((0, 0), (20, 20)))).save(tmp_path / "own.png")
    requests = []
    stage.page.on("request", lambda request: requests.append(request.url))
    stage.locator("input[type=file]").set_input_files(tmp_path / "own.png")
    stage.get_by_text("your own image").first.wait_for()
    image = np.reshape(values(stage, "image"), (28, 28))
    halved = gray.reshape(28, 2, 28, 2).mean(axis=(1, 3)) / 255
    assert np.abs(image - halved).max() < 0.02
    compare_explanation(stage, network, image.astype("float32"))
    (tmp_path / "no.png").write_text("no image")
    stage.locator("input[type=file]").set_input_files(tmp_path / "no.png")
    said(stage, "no image that a browser can open")
    assert requests == []


# ---- Optimizers ----------------------------------------------------------------------------


def keras_ways(start, steepness, rate, momentum, adam, steps):
    """Return the ways (3, steps + 1, 2) that Keras' optimizers go in the valley."""
    import keras

    optimizers = keras.optimizers
    ways = []
    for optimizer in (
        optimizers.SGD(rate),
        optimizers.SGD(rate, momentum=momentum),
        optimizers.Adam(adam),
    ):
        w = keras.Variable(start)
        way = [w.numpy()]
        for _ in range(steps):
            optimizer.apply([w.value * np.array([1, steepness], "float32")], [w])
            way.append(w.numpy())
        ways.append(way)
    return np.array(ways)


def test_optimizer(figure):
    stage = figure("optimizer")
    press(stage.get_by_role("application"), "ArrowRight", "ArrowUp", "ArrowUp")
    said(stage, "Rate 0.018, after 60 steps")
    press(stage.get_by_role("slider", name="momentum"), *["ArrowLeft"] * 10)
    press(stage.get_by_label("rate of Adam"), "ArrowLeft")
    press(stage.get_by_role("slider", name="steps"), *["ArrowLeft"] * 20)
    press(stage.get_by_label("steepness"), *["ArrowLeft"] * 10)
    assert values(stage, "start") == [-8.5, 1.2]
    expected = keras_ways([-8.5, 1.2], 90, 0.018, 0.8, 0.2, 40)
    assert np.abs(np.array(values(stage, "ways")) - expected).max() < 1e-4
    losses = (expected[:, -1] ** 2 @ [1, 90]) / 2
    assert np.allclose(values(stage, "losses"), losses, atol=1e-3)


def test_optimizer_diverges_where_theory_says(figure):
    stage = figure("optimizer")
    rate = stage.get_by_label("learning rate")
    press(rate, "ArrowRight")
    assert values(stage, "rate") == 0.019 and values(stage, "losses")[0] < 10
    press(rate, "ArrowRight", "ArrowRight")
    assert values(stage, "rate") == 0.021 and values(stage, "losses")[0] > 10_000
    said(stage, "SGD diverges")


# ---- Softmax -------------------------------------------------------------------------------


def compare_softmax(stage):
    z = np.array([values(stage, "logits")]) / values(stage, "temperature")
    truth = [values(stage, "truth")]
    assert np.abs(layers.softmax(z)[0] - values(stage, "p")).max() < 1e-12
    assert abs(layers.cross_entropy(z, truth) - values(stage, "loss")) < 1e-12
    gradient = layers.cross_entropy_backward(z, truth)[0]
    assert np.abs(gradient - values(stage, "gradient")).max() < 1e-12
    assert stage.locator(".fig-loss b").text_content() == f"{values(stage, 'loss'):.3f}"


def test_softmax(figure):
    stage = figure("softmax")
    compare_softmax(stage)
    said(stage, "Most likely bacterial, with probability 0.67. The loss is 1.41")
    press(stage.get_by_label("logit of viral"), *["ArrowRight"] * 7)
    press(stage.get_by_label("temperature"), "ArrowLeft", "ArrowLeft")
    stage.get_by_label("true class").select_option("bacterial")
    assert values(stage, "logits") == [1, 2, 0.07] and values(stage, "temperature") == 0.25
    compare_softmax(stage)
    said(stage, "and this is true")
    stage.get_by_text("As at first").press("Enter")
    compare_softmax(stage)
    loss = values(stage, "loss")
    stage.get_by_text("One step").press("Enter")
    compare_softmax(stage)
    expected = np.array([1, 2, 0]) - layers.cross_entropy_backward([[1.0, 2.0, 0.0]], [0])[0]
    assert np.allclose(values(stage, "logits"), expected, atol=1e-12)
    assert values(stage, "loss") < loss


# ---- Receptive field -----------------------------------------------------------------------


def pixels_that_matter(chosen, row, column):
    """Return the rows and columns of the image that a unit depends on, by Keras' gradient."""
    import keras
    import tensorflow as tf

    kinds = [
        lambda: keras.layers.Conv2D(1, 3, kernel_initializer="ones"),
        lambda: keras.layers.Conv2D(1, 3, strides=2, kernel_initializer="ones"),
        lambda: keras.layers.Conv2D(1, 3, dilation_rate=2, kernel_initializer="ones"),
        # The average's gradient reaches all of the window, the maximum's one pixel.
        lambda: keras.layers.AveragePooling2D(2),
        lambda: keras.layers.Conv2D(1, 1, kernel_initializer="ones"),
    ]
    X = tf.ones((1, 28, 28, 1))
    with tf.GradientTape() as tape:
        tape.watch(X)
        Y = X
        for kind in chosen:
            Y = kinds[kind]()(Y)
        unit = Y[0, row, column, 0]
    matter = np.argwhere(tape.gradient(unit, X)[0, ..., 0] != 0)
    return Y.shape[1], matter.min(axis=0), matter.max(axis=0)


def compare_receptive_field(stage):
    chosen, row, column = (values(stage, name) for name in ("chosen", "row", "column"))
    size, first, last = pixels_that_matter(chosen, row, column)
    window, layer = values(stage, "windows")[0], values(stage, "layers")[-1]
    assert layer["size"] == size
    assert [window["top"], window["left"]] == first.tolist()
    assert [window["reach"]] * 2 == (last - first + 1).tolist() == [layer["field"]] * 2
    said(stage, f"row {row + 1}, column {column + 1} depends on {layer['field']} pixels")


def test_receptive_field(figure):
    stage = figure("receptive-field")
    compare_receptive_field(stage)
    press(stage.get_by_role("application"), "ArrowUp", "ArrowLeft", "ArrowLeft")
    compare_receptive_field(stage)
    for kind in (2, 1):
        stage.get_by_label("Next layer").select_option(index=kind)
        stage.get_by_text("Add it").press("Enter")
        compare_receptive_field(stage)
    assert values(stage, "chosen") == [0, 0, 3, 2, 1]
    stage.get_by_label("Next layer").select_option(index=2)
    stage.get_by_text("Add it").press("Enter")
    said(stage, "No further layer of this kind fits.")
    stage.get_by_text("Remove the last").press("Enter")
    compare_receptive_field(stage)
    assert values(stage, "chosen") == [0, 0, 3, 2]


# ---- Many channels -------------------------------------------------------------------------


def compare_channels(stage):
    slide = figure_data.slide()
    pixels = np.frombuffer(base64.b64decode(slide["pixels"]), "uint8").reshape(1, 40, 40, 3) / 255
    kernel = np.array(values(stage, "sheets"), float).T.reshape(3, 3, 3, 1)
    bias = float(values(stage, "bias"))
    Y = layers.conv2d(pixels, kernel, [bias])[0, ..., 0]
    assert np.abs(np.ravel(values(stage, "result")) - Y.ravel()).max() < 1e-12
    row, column = values(stage, "row"), values(stage, "column")
    assert abs(sum(values(stage, "parts")) + bias - Y[row, column]) < 1e-12
    said(stage, f"Row {row + 1}, column {column + 1}: red")
    total = f"= {Y[row, column]:.2f}.".replace("-", "−")
    assert stage.locator(".fig-sentence").text_content().endswith(total)


def test_channels(figure):
    stage = figure("channels")
    compare_channels(stage)
    press(stage.get_by_role("application"), "ArrowDown", "ArrowDown", "ArrowRight")
    stage.get_by_label("Pattern").select_option("level x edge (Sobel)")
    press(stage.get_by_label("weight of green"), *["ArrowRight"] * 3)
    press(stage.get_by_label("bias"), "ArrowLeft")
    stage.page.wait_for_timeout(300)  # the sentence waits until the reader rests
    compare_channels(stage)
    assert (values(stage, "weights"), values(stage, "row")) == ([1, 0.75, -1], 15)
    sobel = np.array([-1, 0, 1, -2, 0, 2, -1, 0, 1])
    assert np.array_equal(values(stage, "sheets"), np.outer([1, 0.75, -1], sobel))


# ---- Window --------------------------------------------------------------------------------


def compare_window(stage):
    stored = figure_data.ct()
    hu = np.frombuffer(base64.b64decode(stored["values"]), "<i2").reshape(128, 128)
    picture = dicom.read(get_testdata_file("explicit_VR-UN.dcm", download=False))
    picture = picture._replace(values=hu.astype(float))
    center, width = values(stage, "center"), values(stage, "width")
    gray = dicom.to_unit(picture, dicom.Window(center, width, "LINEAR_EXACT"))
    assert np.abs(np.ravel(values(stage, "gray")) - gray.ravel()).max() < 1e-12
    row, column = values(stage, "row"), values(stage, "column")
    unit = f"{hu[row, column]} HU".replace("-", "−")
    place = f"Row {row + 1}, column {column + 1}: {unit}, gray"
    said(stage, place)
    shown = stage.locator(".fig-sentence").text_content()
    assert f"{100 * np.mean(gray == 0):.0f} % of the pixels are black" in shown
    assert f"gray {np.floor(255 * gray[row, column] + 0.5):.0f} of 255" in shown


def test_window(figure):
    stage = figure("window")
    compare_window(stage)
    press(stage.get_by_role("application"), *["ArrowDown"] * 3, "ArrowRight")
    press(stage.get_by_label("center"), *["ArrowLeft"] * 6)
    press(stage.get_by_label("width"), *["ArrowRight"] * 2)
    assert [values(stage, name) for name in ("center", "width", "row")] == [-20, 402, 67]
    stage.page.wait_for_timeout(300)  # the sentence waits until the reader rests
    compare_window(stage)
    preset = stage.get_by_label("Window", exact=True)
    assert preset.evaluate("list => list.selectedIndex") == 0
    preset.select_option("lung")
    stage.page.wait_for_timeout(300)
    compare_window(stage)
    assert values(stage, "width") == 1500


# ---- Calibration ---------------------------------------------------------------------------


def compare_calibration(stage, stored):
    network = ("small", "tutorial")[values(stage, "network")]
    labels, scores = stored(network, ("validation", "test")[values(stage, "part")])
    bent = expit(logit(scores) / values(stage, "temperature") + values(stage, "shift"))
    curve = evaluation.calibration_bins(labels, bent)
    shown = values(stage, "curve")
    assert np.allclose([bin["score"] for bin in shown], curve.score, atol=1e-9)
    assert np.allclose([bin["share"] for bin in shown], curve.share, atol=1e-9)
    assert [bin["count"] for bin in shown] == curve.cases.tolist()
    expected = {
        "ece": evaluation.calibration_error(labels, bent),
        "brier": metrics.brier_score_loss(labels, bent),
        "loss": metrics.log_loss(labels, bent),
        "auc": metrics.roc_auc_score(labels, scores),
    }
    for name, value in expected.items():
        assert abs(values(stage, name) - value) < 1e-9, name
    cells = stage.locator("dd").all_text_contents()
    assert cells == [f"{value:.3f}" for value in expected.values()]
    return labels, scores


def test_calibration(figure, stored):
    stage = figure("calibration")
    compare_calibration(stage, stored)
    press(stage.get_by_label("temperature"), *["ArrowRight"] * 3)
    press(stage.get_by_label("shift"), *["ArrowLeft"] * 4)
    assert (values(stage, "temperature"), values(stage, "shift")) == (2, -0.4)
    compare_calibration(stage, stored)
    stage.get_by_label("Network").press("ArrowDown")
    stage.get_by_label("Images", exact=True).press("ArrowUp")
    compare_calibration(stage, stored)


def test_calibration_fits_as_scikit_learn(figure, stored):
    from sklearn.linear_model import LogisticRegression

    stage = figure("calibration")
    stage.get_by_label("Images", exact=True).press("ArrowUp")
    stage.get_by_text("Least log loss").press("Enter")
    labels, scores = compare_calibration(stage, stored)
    line = LogisticRegression(C=np.inf, tol=1e-10).fit(logit(scores)[:, None], labels)
    assert abs(1 / values(stage, "temperature") - line.coef_[0, 0]) < 1e-4
    assert abs(values(stage, "shift") - line.intercept_[0]) < 1e-4
    stage.get_by_text("Scores as they are").press("Enter")
    assert (values(stage, "temperature"), values(stage, "shift")) == (1, 0)
    compare_calibration(stage, stored)


# ---- Backpropagation -----------------------------------------------------------------------


def compare_graph(stage):
    """Compare with what TensorFlow says of the same graph."""
    import tensorflow as tf

    shown, gradients = values(stage, "values"), values(stage, "gradients")
    x, t = (tf.Variable(float(shown[name])) for name in "xt")
    w, v = (tf.Variable([float(shown[f"{name}{k}"]) for k in (1, 2, 3)]) for name in "wv")
    with tf.GradientTape() as tape:
        a = w * x
        h = tf.nn.relu(a)
        y = tf.reduce_sum(v * h)
        L = (y - t) ** 2 / 2
    sources = {"x": x, "t": t, "w": w, "v": v, "a": a, "h": h, "y": y}
    for name, gradient in tape.gradient(L, sources).items():
        keys = [name] if gradient.shape == () else [f"{name}{k}" for k in (1, 2, 3)]
        assert np.allclose([gradients[key] for key in keys], gradient, atol=1e-5), name
    for name, value in {"a": a, "h": h}.items():
        assert np.allclose([shown[f"{name}{k}"] for k in (1, 2, 3)], value, atol=1e-5)
    assert abs(shown["L"] - float(L)) < 1e-4
    return gradients


def test_backpropagation(figure):
    stage = figure("backpropagation")
    said(stage, "w₁ = 0.5: the loss is 2, and its gradient with respect to w₁ is 8.")
    gradients = compare_graph(stage)
    assert (gradients["x"], gradients["a3"]) == (3, 0)
    stage.get_by_label("Number to change").select_option("w₃")
    press(stage.get_by_label("value of w₃"), *["ArrowRight"] * 15)
    assert compare_graph(stage)["a3"] != 0  # the third unit speaks now
    stage.get_by_label("Number to change").select_option("x")
    press(stage.get_by_label("value of x"), *["ArrowLeft"] * 35)
    compare_graph(stage)
    said(stage, "x = −1.5")
    assert (
        "ReLU lets no gradient through a₁, a₂, a₃" in stage.locator(".fig-sentence").text_content()
    )
