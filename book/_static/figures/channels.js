// Many channels: a filter has a sheet of weights for each channel; the three results are added to one map.
import { bytes, choice, data, el, fixed, framed, pixels, sentence, slider, words } from "./shared.js";
import { convolve } from "./convolution.js";

const WORDS = words({
  en: {
    channels: ["red", "green", "blue"],
    pattern: "Pattern of each sheet", patterns: ["one 1 in the middle", "mean of nine", "level x edge (Sobel)", "spot in the middle"],
    weight: (name) => `weight of ${name}`, bias: "bias",
    channel: (name) => `${name} channel`, result: "one feature map",
    picture: "Feature map. Arrow keys move the place.",
    said: (row, column, parts, bias, sum) => `Row ${row}, column ${column}: ${parts} + bias ${bias} = ${sum}.`,
    range: (low, high) => `black is ${low}, white ${high}`,
    credit: "Stained tissue of the colon: scikit-image, no known restrictions.",
  },
});
const PATTERNS = [
  [0, 0, 0, 0, 1, 0, 0, 0, 0],
  Array(9).fill(1 / 9),
  [-1, 0, 1, -2, 0, 2, -1, 0, 1],
  [0, -0.25, 0, -0.25, 1, -0.25, 0, -0.25, 0],
];
const PLAIN = { flip: false, stride: 1, padding: 0, dilation: 1 };

export async function build(stage) {
  const stored = await data("slide.json");
  const size = stored.size;
  const levels = bytes(stored.pixels);
  const channels = [0, 1, 2].map((c) => Float64Array.from({ length: size * size }, (_, k) => levels[3 * k + c] / 255));
  const state = { pattern: 0, weights: [1, 0, -1], bias: 0 };
  let sheets, parts, result;
  const places = size - 2;

  const said = sentence();
  const sheetPictures = WORDS.channels.map((name) => pixels(WORDS.channel(name)));
  const map = pixels(WORDS.picture, show);
  const range = el("div", { class: "fig-note" });
  const numbers = WORDS.channels.map(() => Array.from({ length: 9 }, () => el("span")));
  const sums = WORDS.channels.map(() => el("b"));

  function compute() {
    sheets = state.weights.map((weight) => PATTERNS[state.pattern].map((value) => weight * value));
    parts = sheets.map((sheet, c) => convolve(channels[c], size, sheet, PLAIN).result);
    result = parts[0].map((value, k) => value + parts[1][k] + parts[2][k] + state.bias);
    const [low, high] = [Math.min(...result), Math.max(...result)];
    map.draw(result, places, places, low, high);
    range.textContent = WORDS.range(fixed(low), fixed(high));
    sheets.forEach((sheet, c) => sheet.forEach((weight, k) => (numbers[c][k].textContent = fixed(weight).replace(/\.?0+$/, ""))));
    map.go(...map.point);
  }
  function show(row, column) {
    const at = parts.map((part) => part[row * places + column]);
    sheetPictures.forEach((picture) => picture.mark("image", row, column, 3, 3));
    map.mark("result", row, column);
    at.forEach((value, c) => (sums[c].textContent = fixed(value)));
    const sum = result[row * places + column];
    const bracket = (value) => (value < 0 ? `(${fixed(value)})` : fixed(value));
    said.say(WORDS.said(row + 1, column + 1, at.map((value, c) => `${WORDS.channels[c]} ${bracket(value)}`).join(" + "), bracket(state.bias), fixed(sum)));
    stage.values = { ...state, sheets, result, row, column, parts: at, sum };
  }

  const pattern = choice(WORDS.pattern, WORDS.patterns, (k) => ((state.pattern = k), compute()));
  const weights = WORDS.channels.map((name, c) =>
    slider(WORDS.weight(name), { min: -2, max: 2, step: 0.25, value: state.weights[c], text: (w) => fixed(w) }, (w) => ((state.weights[c] = w), compute())));
  const bias = slider(WORDS.bias, { min: -1, max: 1, step: 0.05, value: 0, text: (b) => fixed(b) }, (b) => ((state.bias = b), compute()));
  stage.append(
    el("div", { class: "fig-row" }, pattern.node, bias.node),
    el("div", { class: "fig-channels" },
      ...WORDS.channels.map((name, c) =>
        el("div", { class: "fig-channel" }, framed(sheetPictures[c], WORDS.channel(name)),
          el("div", { class: "fig-sheet", "aria-hidden": "true" }, ...numbers[c]), weights[c].node, el("div", { class: "fig-partial" }, "= ", sums[c]))),
      framed(map, WORDS.result, range)),
    said.node,
    el("div", { class: "fig-note fig-left" }, WORDS.credit),
  );
  sheetPictures.forEach((picture, c) => picture.draw(channels[c], size, size));
  map.point.splice(0, 2, 13, 18);
  compute();
}
