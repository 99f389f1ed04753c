// The threshold: what each one brings on the network's scores, with a prevalence and costs that the reader states.
import { chart, choice, data, el, fixed, sentence, slider, svg, ticks, words } from "./shared.js";

const WORDS = words({
  en: {
    network: "Network", networks: ["small", "tutorial"],
    threshold: "threshold", prevalence: "prevalence: share who are ill", cost: "a miss costs as many false alarms",
    marks: "Set the threshold to", yours: "where the slider is", half: "one half", cheapest: "the cheapest on validation images", costs: "the cost ratio, 1 / (1 + cost)",
    none: "where no ill child is missed",
    score: "score", images: "images", histogram: "Scores of normal images, above, and of images with pneumonia, below; a line at the threshold.",
    normal: "normal", ill: "pneumonia",
    roc: "ROC curve with the point of this threshold.", alarms: "1 - specificity", found: "sensitivity",
    table: ["", "called ill", "called healthy"], rows: ["ill", "healthy"],
    caption: "624 test images",
    numbers: {
      sensitivity: "sensitivity", specificity: "specificity", positive: "positive predictive value",
      negative: "negative predictive value", cost: "cost of a case", benefit: "net benefit at this threshold",
    },
    undefined: "no such case",
    said: (t, missed, ill, alarms, healthy, ppv) =>
      `Threshold ${t}: misses ${missed} of ${ill} ill, alarms for ${alarms} of ${healthy} healthy; ${ppv}.`,
    right: (share) => `an alarm is right in ${share} of cases`,
    silent: "there is no alarm",
  },
});
const LOGITS = { min: -6, max: 12 };
const expit = (x) => 1 / (1 + Math.exp(-x));
const NETWORKS = ["small", "tutorial"];
const PREVALENCES = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.625, 0.7, 0.8, 0.9];

/** What acting on scores above a threshold brings. Scores are log-odds; prevalence and costs are the reader's. */
export function judge(labels, scores, logit, prevalence, miss) {
  const count = { found: 0, missed: 0, alarms: 0, passed: 0 };
  labels.forEach((label, k) => count[scores[k] > logit ? (label ? "found" : "alarms") : label ? "missed" : "passed"]++);
  const sensitivity = count.found / (count.found + count.missed);
  const specificity = count.passed / (count.passed + count.alarms);
  const [found, missed] = [prevalence * sensitivity, prevalence * (1 - sensitivity)];
  const [passed, alarms] = [(1 - prevalence) * specificity, (1 - prevalence) * (1 - specificity)];
  return {
    ...count, sensitivity, specificity,
    positive: found / (found + alarms), negative: passed / (passed + missed),
    cost: missed * miss + alarms, benefit: found - alarms * Math.exp(logit),
  };
}

/** The threshold of least cost, midway between two neighboring scores, or beyond them all. */
export function cheapest(labels, scores, prevalence, miss) {
  const sorted = [...new Set(scores)].sort((a, b) => a - b).map(expit);
  const between = sorted.slice(1).map((score, k) => (score + sorted[k]) / 2);
  let best = { cost: Infinity };
  for (const threshold of [0, ...between, 1]) {
    const logit = Math.log(threshold / (1 - threshold));
    const { cost } = judge(labels, scores, logit, prevalence, miss);
    if (cost < best.cost - 1e-12) best = { cost, logit };
  }
  return best.logit;
}

export async function build(stage) {
  const stored = await data("scores.json");
  const state = { network: "small", logit: 0, prevalence: 0.625, miss: 10 };
  const log = (part) => stored[state.network][part].map((hundredths) => hundredths / 100);
  let scores = log("test");
  const labels = stored.labels.test;
  const percent = (share) => `${fixed(100 * share, share < 0.01 || share > 0.99 ? 1 : 0)} %`;
  const score = (logit) => {
    const p = expit(logit);
    return p.toPrecision(p > 0.99 ? 4 : 2).replace(/(\.\d*?)0+$/, "$1");
  };
  const logits = [0.01, 0.1, 0.5, 0.9, 0.99, 0.9999].map((p) => [Math.log(p / (1 - p)), String(p)]);

  // Above the axis the healthy, below it the ill.
  const heap = chart(WORDS.histogram, { from: LOGITS.min, to: LOGITS.max, ticks: logits, name: WORDS.score },
    { from: -60, to: 60, ticks: [[-50, "50"], [0, "0"], [50, "50"]], name: WORDS.images });
  const bars = heap.node.appendChild(svg("g"));
  const acted = heap.add("rect", { class: "fig-acted", y: heap.Y(60), height: heap.Y(-60) - heap.Y(60) });
  const cut = heap.line("");
  heap.add("text", { x: heap.X(-5.8), y: heap.Y(52), class: "fig-c-blue fig-word" }, WORDS.normal);
  heap.add("text", { x: heap.X(-5.8), y: heap.Y(-56), class: "fig-c-orange fig-word" }, WORDS.ill);
  const unit = { from: 0, to: 1, ticks: ticks(0, 1, 0.5, 1) };
  const roc = chart(WORDS.roc, { ...unit, name: WORDS.alarms }, { ...unit, name: WORDS.found });
  roc.line("fig-c-gray fig-dashed")([[0, 0], [1, 1]]);
  const curve = roc.line("fig-c-green");
  const dot = roc.dot("");

  const said = sentence();
  const cells = {};
  const cell = (name) => (cells[name] = el("td"));
  const number = ([name, text]) => el("div", {}, el("dt", {}, text), (cells[name] = el("dd")));
  const table = el("table", { class: "fig-table" }, el("caption", {}, WORDS.caption),
    el("thead", {}, el("tr", {}, ...WORDS.table.map((text) => (text ? el("th", { scope: "col" }, text) : el("td"))))),
    el("tbody", {},
      el("tr", {}, el("th", { scope: "row" }, WORDS.rows[0]), cell("found"), cell("missed")),
      el("tr", {}, el("th", { scope: "row" }, WORDS.rows[1]), cell("alarms"), cell("passed"))));

  const network = choice(WORDS.network, WORDS.networks, (chosen) => {
    state.network = NETWORKS[chosen];
    scores = log("test");
    drawScores();
    update();
  });
  const threshold = slider(WORDS.threshold, { ...LOGITS, step: 0.05, value: 0, text: score }, (logit) => ((state.logit = logit), update()));
  const prevalence = slider(WORDS.prevalence,
    { min: 0, max: PREVALENCES.length - 1, value: 11, text: (place) => `${Number((100 * PREVALENCES[place]).toPrecision(3))} %` },
    (place) => ((state.prevalence = PREVALENCES[place]), update()));
  const cost = slider(WORDS.cost, { min: 1, max: 50, value: 10 }, (miss) => ((state.miss = miss), update()));
  const jumps = {
    half: () => 0,
    costs: () => -Math.log(state.miss),
    cheapest: () => cheapest(stored.labels.validation, log("validation"), validationShare, state.miss),
    none: () => Math.min(...scores.filter((_, k) => labels[k])) - 0.01,
  };
  const validationShare = stored.labels.validation.reduce((a, b) => a + b) / stored.labels.validation.length;
  const jump = choice(WORDS.marks, [WORDS.yours, ...Object.keys(jumps).map((name) => WORDS[name])], (chosen) => {
    if (!chosen) return;
    state.logit = Object.values(jumps)[chosen - 1]();
    threshold.set(Math.min(LOGITS.max, Math.max(LOGITS.min, state.logit)), score(state.logit));
    update();
  });
  threshold.input.addEventListener("input", () => (jump.input.selectedIndex = 0));

  function drawScores() {
    const width = 0.4;
    const counts = [new Map(), new Map()];
    scores.forEach((logit, k) => {
      const bin = Math.floor(Math.min(LOGITS.max - 0.01, Math.max(LOGITS.min, logit)) / width);
      counts[labels[k]].set(bin, (counts[labels[k]].get(bin) ?? 0) + 1);
    });
    bars.replaceChildren(...counts.flatMap((bins, label) => [...bins].map(([bin, count]) => {
      const [top, bottom] = label ? [0, -count] : [count, 0];
      return svg("rect", {
        class: label ? "fig-c-orange fig-bar" : "fig-c-blue fig-bar", x: heap.X(bin * width) + 0.5, y: heap.Y(top),
        width: heap.X(width) - heap.X(0) - 1, height: heap.Y(bottom) - heap.Y(top),
      });
    })));
    const cuts = [Infinity, ...[...new Set(scores)].sort((a, b) => b - a).map((logit) => logit - 0.005)];
    curve(cuts.map((logit) => judge(labels, scores, logit, 0.5, 1)).map((at) => [1 - at.specificity, at.sensitivity]));
  }
  function update() {
    const at = judge(labels, scores, state.logit, state.prevalence, state.miss);
    const x = Math.min(LOGITS.max, Math.max(LOGITS.min, state.logit));
    cut([[x, -60], [x, 60]]);
    acted.setAttribute("x", heap.X(x));
    acted.setAttribute("width", heap.X(LOGITS.max) - heap.X(x));
    dot(1 - at.specificity, at.sensitivity);
    for (const [name, node] of Object.entries(cells)) {
      const whole = name in { found: 1, missed: 1, alarms: 1, passed: 1 };
      node.textContent = whole ? at[name] : Number.isFinite(at[name]) ? fixed(at[name], 3) : WORDS.undefined;
    }
    said.say(WORDS.said(score(state.logit), at.missed, at.found + at.missed, at.alarms, at.alarms + at.passed,
      at.found + at.alarms ? WORDS.right(percent(at.positive)) : WORDS.silent));
    stage.values = { ...state, ...at, score: expit(state.logit) };
  }

  stage.append(
    el("div", { class: "fig-row" }, network.node, jump.node),
    threshold.node,
    el("div", { class: "fig-row" }, prevalence.node, cost.node),
    el("div", { class: "fig-two" }, heap.node, roc.node),
    said.node,
    el("div", { class: "fig-two" }, table, el("dl", { class: "fig-numbers" }, ...Object.entries(WORDS.numbers).map(number))),
  );
  drawScores();
  update();
}
