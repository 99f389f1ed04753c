// The network in the page: its score of an X-ray, what changes it, Grad-CAM, the maps of every layer.
import { button, bytes, checkbox, data, el, fixed, framed, gray, pixels, sentence, slider, words } from "./shared.js";
import { load } from "./network.js";

export const WORDS = words({
  en: {
    choose: "Choose a test image",
    number: (number, label) => `Test image ${number}, ${label}`,
    labels: ["normal", "pneumonia"],
    own: "Or an image of your own (you may drop it here):",
    stays: "It stays on your machine: nothing is sent. The network knows small chest X-rays of children and nothing else. This is no diagnosis.",
    unreadable: "This file is no image that a browser can open. A JPEG or PNG will do.",
    truth: (label) => `truth: ${label}`, yours: "your own image",
    xray: "The X-ray. Arrow keys move the gray square that covers a part.",
    cover: "cover a part", size: "size of the square", bright: "brighter", right: "move right", down: "move down",
    undo: "Undo all changes",
    cam: "Grad-CAM", camLabel: "Grad-CAM: where the last maps speak for pneumonia, bright.",
    score: "score for pneumonia",
    said: (score, odds) => `Score ${score}, log-odds ${odds}.`,
    changed: (score, odds, before) => `Score ${score}, log-odds ${odds}; of the unchanged image ${before}.`,
    layers: "The maps of every layer",
    names: { first: "first convolution", second: "second convolution, with the residual link", pool: "max pooling" },
    layer: (stage, name, count, size) => `Stage ${stage}, ${name}: ${count} maps of ${size} × ${size}`,
    shown: "Each map from its 0, black, to the layer's largest value, white.",
    credit: "Images: PneumoniaMNIST, CC BY 4.0.",
  },
});
const SIZE = 28;
export const UNCHANGED = { cover: false, size: 7, bright: 0, right: 0, down: 0, row: 10, column: 6 };

/** Move an image (the edge repeats), make it brighter, cover a square with gray. */
export function altered(source, { cover, size, bright, right, down, row, column }) {
  const inside = (k) => Math.min(SIZE - 1, Math.max(0, k));
  return Float32Array.from({ length: SIZE * SIZE }, (_, k) => {
    const [i, j] = [Math.floor(k / SIZE), k % SIZE];
    if (cover && i >= row && i < row + size && j >= column && j < column + size) return 0.5;
    return Math.min(1, Math.max(0, source[inside(i - down) * SIZE + inside(j - right)] + bright));
  });
}

/** Black over red and yellow to white. */
export const heat = (level) => [255 * Math.min(1, 2.2 * level), 255 * Math.max(0, Math.min(1, 2 * level - 0.6)), 255 * Math.max(0, 4 * level - 3), 255];

/** Read an image file as 28 x 28 gray values from 0 to 1: the largest square in its middle. */
async function read(file) {
  const picture = await createImageBitmap(file);
  const side = Math.min(picture.width, picture.height);
  const canvas = Object.assign(document.createElement("canvas"), { width: SIZE, height: SIZE });
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(picture, (picture.width - side) / 2, (picture.height - side) / 2, side, side, 0, 0, SIZE, SIZE);
  const { data: colors } = context.getImageData(0, 0, SIZE, SIZE);
  return Float32Array.from({ length: SIZE * SIZE }, (_, k) =>
    (0.299 * colors[4 * k] + 0.587 * colors[4 * k + 1] + 0.114 * colors[4 * k + 2]) / 255);
}

/** The parts that both forms of the figure share; `shown` is called with what the network says. */
export async function parts(stage, { count, first }, shown) {
  const [all, network] = await Promise.all([data("xrays.json"), load()]);
  const xrays = all.filter(({ split }) => split === "test").filter((_, k, tests) => count === tests.length || k % (tests.length / count) === 0);
  const state = { ...UNCHANGED };
  let source, before, name;

  const said = sentence();
  const truth = el("div", { class: "fig-name" });
  const picture = pixels(WORDS.xray, (row, column) => {
    const half = Math.floor(state.size / 2);
    const inside = (k) => Math.min(SIZE - state.size, Math.max(0, k - half));
    Object.assign(state, { cover: true, row: inside(row), column: inside(column) });
    update();
  });
  picture.point.splice(0, 2, 13, 9);
  const bar = el("div", { class: "fig-bar-inside" });
  const marker = el("i");
  const meter = el("div", { class: "fig-meter", "aria-hidden": "true" }, bar, marker);
  const score = el("b");

  const thumbnails = xrays.map((xray, k) => {
    const thumbnail = pixels("");
    thumbnail.draw(bytes(xray.pixels), SIZE, SIZE, 0, 255);
    thumbnail.node.removeAttribute("role");
    thumbnail.node.removeAttribute("aria-label");
    const label = WORDS.number(xray.number, WORDS.labels[xray.label]);
    const radio = el("input", { type: "radio", name: `${stage.id}xray`, "aria-label": label, checked: k === first, onchange: () => choose(k) });
    return el("label", {}, radio, thumbnail.node);
  });
  const gallery = el("fieldset", { class: "fig-gallery" }, el("legend", {}, WORDS.choose), ...thumbnails);

  function choose(k) {
    truth.textContent = WORDS.truth(WORDS.labels[xrays[k].label]);
    name = xrays[k].number;
    start(Float32Array.from(bytes(xrays[k].pixels), (level) => level / 255));
  }
  function start(image) {
    source = image;
    before = network(source);
    update();
  }
  function update() {
    const image = altered(source, state);
    const now = network(image);
    picture.draw(image, SIZE, SIZE);
    picture.mark("image", state.cover ? state.row : undefined, state.column, state.size, state.size);
    bar.style.width = `${100 * now.score}%`;
    marker.style.left = `${100 * before.score}%`;
    score.textContent = fixed(now.score);
    const same = Math.abs(now.logOdds - before.logOdds) < 1e-6;
    said.say(same ? WORDS.said(fixed(now.score), fixed(now.logOdds, 1)) : WORDS.changed(fixed(now.score), fixed(now.logOdds, 1), fixed(before.score)));
    shown?.(now, image, state);
    stage.values = { ...now, image, state: { ...state }, before: before.logOdds, name };
  }
  async function open(file) {
    if (!file) return;
    try {
      const image = await read(file);
      gallery.querySelectorAll("input").forEach((radio) => (radio.checked = false));
      truth.textContent = WORDS.yours;
      name = "";
      start(image);
    } catch {
      said.say(WORDS.unreadable);
    }
  }
  const meterNode = el("div", { class: "fig-score" }, el("span", {}, WORDS.score), score, meter);
  return { gallery, picture, truth, said, state, update, choose, open, meter: meterNode };
}

/** Draw the maps of a layer on one sheet, eight in a row. */
function sheet(canvas, { values, size, channels }) {
  const [columns, rows] = [8, channels / 8];
  [canvas.width, canvas.height] = [columns * (size + 1) - 1, rows * (size + 1) - 1];
  const image = new ImageData(canvas.width, canvas.height);
  const high = values.reduce((a, b) => Math.max(a, b), 1e-9);
  values.forEach((value, k) => {
    const [channel, pixel] = [k % channels, Math.floor(k / channels)];
    const row = Math.floor(channel / columns) * (size + 1) + Math.floor(pixel / size);
    const column = (channel % columns) * (size + 1) + (pixel % size);
    image.data.set(gray(value / high), 4 * (row * canvas.width + column));
  });
  canvas.getContext("2d").putImageData(image, 0, 0);
}

export async function build(stage) {
  const cam = pixels(WORDS.camLabel);
  const sheets = el("div", { class: "fig-sheets" });
  const more = el("details", { class: "fig-more", ontoggle: () => it.update() }, el("summary", {}, WORDS.layers), el("p", {}, WORDS.shown), sheets);
  const it = await parts(stage, { count: 12, first: 7 }, ({ layers, gradCam }, image) => {
    cam.draw(gradCam, SIZE, SIZE, 0, Math.max(...gradCam) || 1, heat);
    if (more.open) drawLayers(layers);
  });
  let stageOf = 0;
  function drawLayers(layers) {
    stageOf = 1;
    layers.forEach(({ name, channels, size }, k) => {
      if (name === "pool") stageOf++;
      sheets.children[k] ?? sheets.append(el("figure", {}, el("figcaption", {}, WORDS.layer(stageOf, WORDS.names[name], channels, size)), el("canvas")));
      sheet(sheets.children[k].querySelector("canvas"), layers[k]);
    });
  }
  const controls = {};
  const setting = (name, options) => {
    controls[name] = slider(WORDS[name], { ...options, value: UNCHANGED[name] }, (value) => {
      it.state[name] = value;
      const most = SIZE - it.state.size;
      [it.state.row, it.state.column] = [Math.min(it.state.row, most), Math.min(it.state.column, most)];
      it.update();
    });
    return controls[name].node;
  };
  const cover = checkbox(WORDS.cover, (on) => ((it.state.cover = on), it.update()));
  it.picture.node.addEventListener("pointerdown", () => (cover.input.checked = true));
  it.picture.node.addEventListener("keydown", () => (cover.input.checked = it.state.cover));
  const undo = button(WORDS.undo, () => {
    Object.assign(it.state, UNCHANGED);
    for (const [name, control] of Object.entries(controls)) control.set(UNCHANGED[name]);
    cover.input.checked = false;
    it.update();
  });
  const file = el("input", { type: "file", accept: "image/*", onchange: () => it.open(file.files[0]) });
  stage.addEventListener("dragover", (event) => event.preventDefault());
  stage.addEventListener("drop", (event) => {
    event.preventDefault();
    it.open(event.dataTransfer.files[0]);
  });
  stage.append(
    it.gallery,
    el("label", { class: "fig-file" }, WORDS.own, " ", file),
    el("div", { class: "fig-note fig-left" }, WORDS.stays),
    el("div", { class: "fig-explain" }, el("div", { class: "fig-framed" }, it.picture.node, it.truth), framed(cam, WORDS.cam),
      el("div", {}, it.meter, cover.node, setting("size", { min: 3, max: 15, step: 2 }),
        setting("bright", { min: -0.5, max: 0.5, step: 0.05, text: (value) => fixed(value) }),
        setting("right", { min: -7, max: 7 }), setting("down", { min: -7, max: 7 }), undo)),
    it.said.node,
    more,
    el("div", { class: "fig-note fig-left" }, WORDS.credit),
  );
  it.choose(7);
}
