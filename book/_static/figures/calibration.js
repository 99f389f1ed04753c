// Calibration: bend scores by a temperature and a shift; the reliability curve, ECE, Brier score and AUC follow.
import { button, chart, choice, data, el, fixed, sentence, slider, svg, ticks, words } from "./shared.js";

const WORDS = words({
  en: {
    network: "Network", networks: ["small", "tutorial"], set: "Images", sets: ["validation", "test"],
    temperature: "temperature: divide the log-odds by", shift: "shift: add to the log-odds",
    fit: "Least log loss on validation images", again: "Scores as they are",
    curve: "Reliability curve: the share of pneumonia against the mean score, a dot for each of ten bins, larger for more images.",
    x: "mean score", y: "share with pneumonia",
    numbers: { ece: "expected calibration error", brier: "Brier score", loss: "log loss", auc: "AUC" },
    promise: (mean, share) => (Math.abs(mean - share) < 0.005 ? "as much as is true" : mean > share ? "too much" : "too little"),
    said: (mean, share, promise, ece) => `Mean score ${mean}, ill ${share}: the scores promise ${promise}. Calibration error ${ece}.`,
  },
});
const [NETWORKS, PARTS] = [["small", "tutorial"], ["validation", "test"]];
const TEMPERATURES = [0.25, 0.33, 0.5, 0.67, 0.8, 1, 1.25, 1.5, 2, 3, 4];
const BINS = 10;

/** Reliability of log-odds z, bent to z / temperature + shift. */
export function reliability(labels, logOdds, temperature, shift) {
  const scores = logOdds.map((z) => 1 / (1 + Math.exp(-(z / temperature + shift))));
  const bins = Array.from({ length: BINS }, () => ({ count: 0, score: 0, ill: 0 }));
  let [brier, loss] = [0, 0];
  scores.forEach((p, k) => {
    // A score at an edge belongs to the bin below.
    const bin = bins[Math.max(0, Math.ceil(p * BINS) - 1)];
    bin.count++;
    bin.score += p;
    bin.ill += labels[k];
    brier += (p - labels[k]) ** 2 / labels.length;
    const z = logOdds[k] / temperature + shift;
    loss += (Math.log1p(Math.exp(-Math.abs(z))) + Math.max(0, labels[k] ? -z : z)) / labels.length;
  });
  const full = bins.filter(({ count }) => count);
  const ece = full.reduce((sum, { score, ill }) => sum + Math.abs(score - ill) / labels.length, 0);
  const curve = full.map(({ count, score, ill }) => ({ score: score / count, share: ill / count, count }));
  const mean = (list) => list.reduce((a, b) => a + b) / list.length;
  return { curve, ece, brier, loss, mean: mean(scores), share: mean(labels) };
}

/** The share of pairs of an ill and a healthy case that are ranked right; ties count half. */
export function auc(labels, logOdds) {
  const [ill, healthy] = [1, 0].map((label) => logOdds.filter((_, k) => labels[k] === label));
  let right = 0;
  for (const a of ill) for (const b of healthy) right += (a > b) + (a === b) / 2;
  return right / (ill.length * healthy.length);
}

/** The temperature and shift of least log loss, by Newton's method. */
export function fit(labels, logOdds) {
  let [slope, shift] = [1, 0];
  for (let step = 0; step < 30; step++) {
    let [g1, g0, h11, h10, h00] = [0, 0, 0, 0, 0];
    logOdds.forEach((z, k) => {
      const p = 1 / (1 + Math.exp(-(slope * z + shift)));
      const [error, weight] = [p - labels[k], p * (1 - p)];
      [g1, g0, h11, h10, h00] = [g1 + error * z, g0 + error, h11 + weight * z * z, h10 + weight * z, h00 + weight];
    });
    const determinant = h11 * h00 - h10 * h10;
    slope -= (h00 * g1 - h10 * g0) / determinant;
    shift -= (h11 * g0 - h10 * g1) / determinant;
  }
  return { temperature: 1 / slope, shift };
}

export async function build(stage) {
  const stored = await data("scores.json");
  const state = { network: 0, part: 1, temperature: 1, shift: 0 };
  const log = (part) => stored[NETWORKS[state.network]][part].map((hundredths) => hundredths / 100);
  const unit = { from: 0, to: 1, ticks: ticks(0, 1, 0.5, 1) };
  const plot = chart(WORDS.curve, { ...unit, name: WORDS.x }, { ...unit, name: WORDS.y }, { height: 300 });
  plot.line("fig-c-gray fig-dashed")([[0, 0], [1, 1]]);
  const line = plot.line("fig-c-green");
  const dots = plot.node.appendChild(svg("g", { class: "fig-c-green" }));
  const said = sentence();
  const cells = {};

  function update() {
    const labels = stored.labels[PARTS[state.part]];
    const logOdds = log(PARTS[state.part]);
    const now = reliability(labels, logOdds, state.temperature, state.shift);
    now.auc = auc(labels, logOdds);
    line(now.curve.map(({ score, share }) => [score, share]));
    dots.replaceChildren(...now.curve.map(({ score, share, count }) =>
      svg("circle", { class: "fig-dot", cx: plot.X(score), cy: plot.Y(share), r: 3 + Math.sqrt(count) / 1.8 })));
    for (const name in cells) cells[name].textContent = fixed(now[name], 3);
    said.say(WORDS.said(fixed(now.mean), fixed(now.share), WORDS.promise(now.mean, now.share), fixed(now.ece, 3)));
    stage.values = { ...state, ...now };
  }
  const network = choice(WORDS.network, WORDS.networks, (k) => ((state.network = k), update()));
  const set = choice(WORDS.set, WORDS.sets, (k) => ((state.part = k), update()));
  const temperature = slider(WORDS.temperature, { min: 0, max: TEMPERATURES.length - 1, value: 5, text: () => fixed(state.temperature) },
    (k) => ((state.temperature = TEMPERATURES[k]), temperature.tell(), update()));
  const shift = slider(WORDS.shift, { min: -3, max: 3, step: 0.1, value: 0, text: () => fixed(state.shift) },
    (value) => ((state.shift = value), shift.tell(), update()));
  function take(values) {
    Object.assign(state, values);
    const near = TEMPERATURES.map((t) => Math.abs(Math.log(t / state.temperature)));
    temperature.set(near.indexOf(Math.min(...near)));
    shift.set(state.shift);
    update();
  }
  const number = ([name, text]) => el("div", {}, el("dt", {}, text), (cells[name] = el("dd")));
  stage.append(
    el("div", { class: "fig-row" }, network.node, set.node),
    el("div", { class: "fig-row" }, temperature.node, shift.node),
    el("div", { class: "fig-buttons" },
      button(WORDS.fit, () => take(fit(stored.labels.validation, log("validation")))),
      button(WORDS.again, () => take({ temperature: 1, shift: 0 }))),
    el("div", { class: "fig-two" }, plot.node, el("div", {}, el("dl", { class: "fig-numbers" }, ...Object.entries(WORDS.numbers).map(number)), said.node)),
  );
  set.input.selectedIndex = 1;
  update();
}
