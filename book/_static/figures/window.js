// The window of a CT image: its center and width, the histogram, what each number becomes.
import { bytes, chart, choice, data, el, fixed, pixels, sentence, slider, svg, words } from "./shared.js";

const WORDS = words({
  en: {
    preset: "Window", own: "your own", presets: ["soft tissue", "lung", "bone", "brain", "a threshold"],
    center: "center", width: "width", unit: (value) => `${String(value).replace("-", "−")} HU`,
    picture: "CT image. Arrow keys point at a pixel.",
    histogram: "Histogram of the Hounsfield units, and the line from black to white that the window draws.",
    x: "Hounsfield units", y: "pixels (logarithmic)",
    said: (low, high, black, white, row, column, hu, gray) =>
      `Black up to ${low}, white from ${high}: ${black} of the pixels are black, ${white} white. Row ${row}, column ${column}: ${hu}, gray ${gray} of 255.`,
    credit: "A test image of pydicom.",
  },
});
const PRESETS = [[40, 400], [-600, 1500], [400, 1800], [40, 80], [150, 1]];
const BIN = 25;

/** Values from 0 (black) to 1 (white): the standard's LINEAR_EXACT. */
export const through = (values, center, width) => Float64Array.from(values, (v) => Math.min(1, Math.max(0, (v - center) / width + 0.5)));

export async function build(stage) {
  const stored = await data("ct.json");
  const size = stored.size;
  const values = new Int16Array(bytes(stored.values).buffer);
  const state = { center: 40, width: 400 };
  let gray;

  const said = sentence();
  const picture = pixels(WORDS.picture, show);
  const counts = new Map();
  values.forEach((v) => counts.set(Math.floor(v / BIN), (counts.get(Math.floor(v / BIN)) ?? 0) + 1));
  const ticks = [-1000, -500, 0, 500, 1000, 1500].map((v) => [v, String(v).replace("-", "−")]);
  const histogram = chart(WORDS.histogram, { from: -1100, to: 1500, ticks, name: WORDS.x },
    { from: 0, to: 4, ticks: [[0, "1"], [1, "10"], [2, "10²"], [3, "10³"], [4, "10⁴"]], name: WORDS.y });
  const bars = histogram.node.insertBefore(svg("g", { class: "fig-c-blue" }), null);
  for (const [bin, count] of counts) {
    const top = histogram.Y(Math.log10(count) + 0.05);
    bars.append(svg("rect", { class: "fig-bar", x: histogram.X(bin * BIN), width: histogram.X(BIN) - histogram.X(0), y: top, height: histogram.Y(0) - top }));
  }
  const ramp = histogram.line("fig-c-orange fig-thick");
  const dot = histogram.dot("fig-c-orange");

  function compute() {
    gray = through(values, state.center, state.width);
    picture.draw(gray, size, size);
    const [low, high] = [state.center - state.width / 2, state.center + state.width / 2];
    const inside = (v) => Math.max(-1100, Math.min(1500, v));
    const height = (v) => 4 * Math.min(1, Math.max(0, (v - state.center) / state.width + 0.5));
    ramp([-1100, inside(low), inside(high), 1500].map((v) => [v, height(v)]));
    picture.go(...picture.point);
  }
  function show(row, column) {
    const k = row * size + column;
    picture.mark("image", row, column);
    dot(Math.max(-1100, Math.min(1500, values[k])), 4 * gray[k]);
    const share = (test) => `${fixed((100 * gray.filter(test).length) / gray.length, 0)} %`;
    said.say(WORDS.said(WORDS.unit(state.center - state.width / 2), WORDS.unit(state.center + state.width / 2),
      share((g) => g === 0), share((g) => g === 1), row + 1, column + 1, WORDS.unit(values[k]), Math.round(255 * gray[k])));
    stage.values = { ...state, gray, row, column, hu: values[k] };
  }
  const preset = choice(WORDS.preset, [WORDS.own, ...WORDS.presets], (chosen) => {
    if (!chosen) return;
    [state.center, state.width] = PRESETS[chosen - 1];
    center.set(state.center);
    width.set(state.width);
    compute();
  });
  const setting = (name, options) =>
    slider(WORDS[name], { ...options, value: state[name], text: WORDS.unit }, (value) => {
      state[name] = value;
      preset.input.selectedIndex = 0;
      compute();
    });
  const center = setting("center", { min: -1000, max: 1000, step: 10 });
  const width = setting("width", { min: 1, max: 2000 });
  stage.append(
    el("div", { class: "fig-row" }, preset.node, center.node, width.node),
    el("div", { class: "fig-two" }, picture.node, histogram.node),
    said.node,
    el("div", { class: "fig-note fig-left" }, WORDS.credit),
  );
  preset.input.selectedIndex = 1;
  picture.point.splice(0, 2, 64, 40);
  compute();
}
