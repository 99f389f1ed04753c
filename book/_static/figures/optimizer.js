// Gradient descent, momentum and Adam on a valley: drag the start, set the rate; see it converge, circle or diverge.
import { chart, el, fixed, sentence, slider, ticks, words } from "./shared.js";

const WORDS = words({
  en: {
    name: "A valley seen from above, its lowest point at the cross, and the steps of three optimizers. Arrow keys move the start.",
    axes: ["w₁", "w₂"], optimizers: ["SGD", "momentum", "Adam"],
    rate: "learning rate η", momentum: "momentum μ", adam: "rate of Adam", steps: "steps", curvature: "steepness across the valley",
    loss: "loss after the last step",
    diverged: "diverges",
    said: (rate, steps, each) => `Rate ${rate}, after ${steps} steps: ${each}.`,
    limit: (rate) => `SGD converges below a rate of 2 / steepness = ${rate}.`,
  },
});
const COLORS = ["blue", "orange", "green"];
const RATES = [0.001, 0.002, 0.005, 0.008, 0.01, 0.012, 0.015, 0.018, 0.019, 0.02, 0.021, 0.025, 0.03, 0.04, 0.05, 0.1];
const ADAM = [0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6];
const [X, Y] = [{ from: -10, to: 4 }, { from: -1.5, to: 1.5 }];

/** The way of each optimizer over (w₁² + steepness · w₂²) / 2, a place a step. */
export function paths(start, { rate, momentum, adam, steps, steepness }) {
  const curvature = [1, steepness];
  const walk = (step) => {
    const way = [start];
    for (let t = 1; t <= steps; t++) {
      const before = way[t - 1];
      way.push(before.map((w, k) => w + step(curvature[k] * w, k, t)));
    }
    return way;
  };
  const [u, m, v] = [[0, 0], [0, 0], [0, 0]];
  return [
    walk((g) => -rate * g),
    walk((g, k) => (u[k] = momentum * u[k] - rate * g)),
    walk((g, k, t) => {
      [m[k], v[k]] = [0.9 * m[k] + 0.1 * g, 0.999 * v[k] + 0.001 * g * g];
      const correction = Math.sqrt(1 - 0.999 ** t) / (1 - 0.9 ** t);
      return (-adam * correction * m[k]) / (Math.sqrt(v[k]) + 1e-7);
    }),
  ];
}

export function build(stage) {
  const state = { rate: 0.018, momentum: 0.9, adam: 0.4, steps: 60, steepness: 100 };
  let start = [-9, 1];
  const view = chart(WORDS.name, { ...X, ticks: ticks(-8, 4, 4), name: WORDS.axes[0] }, { ...Y, ticks: ticks(-1.5, 1.5, 0.5, 1), name: WORDS.axes[1] },
    { width: 400, height: 290 });
  view.node.setAttribute("role", "application");
  view.node.setAttribute("tabindex", 0);
  view.node.classList.add("fig-wide");
  const id = `fig-clip-${Math.random().toString(36).slice(2)}`;
  view.add("clipPath", { id }).append(view.add("rect", { x: view.X(X.from), y: view.Y(Y.to), width: view.X(X.to) - view.X(X.from), height: view.Y(Y.from) - view.Y(Y.to) }));
  const clipped = view.add("g", { "clip-path": `url(#${id})` });
  const inside = (node) => (clipped.append(node), node);
  const put = (kind) => {
    const draw = view.line(kind);
    inside(view.node.lastChild);
    return draw;
  };
  const levels = Array.from({ length: 8 }, () => put("fig-c-gray fig-level"));
  put("fig-thick")([[-0.2, -0.06], [0.2, 0.06]]);
  put("fig-thick")([[-0.2, 0.06], [0.2, -0.06]]);
  const lines = COLORS.map((color) => put(`fig-c-${color} fig-way`));
  const dot = view.dot("");

  const said = sentence();
  const cells = COLORS.map((color, k) => {
    const shown = el("dd");
    return { shown, node: el("div", {}, el("dt", { class: `fig-c-${color} fig-key` }, WORDS.optimizers[k]), shown) };
  });
  const limit = el("p", { class: "fig-note fig-left" });

  function update() {
    const ways = paths(start, state);
    levels.forEach((level, k) => {
      const radius = 1.5 * (k + 1);
      level(Array.from({ length: 73 }, (_, a) => [radius * Math.cos((a * Math.PI) / 36), (radius / Math.sqrt(state.steepness)) * Math.sin((a * Math.PI) / 36)]));
    });
    const far = (value) => Math.max(-1e4, Math.min(1e4, value));
    lines.forEach((line, k) => line(ways[k].map((place) => place.map(far))));
    dot(...start);
    const losses = ways.map((way) => (way.at(-1)[0] ** 2 + state.steepness * way.at(-1)[1] ** 2) / 2);
    const first = (start[0] ** 2 + state.steepness * start[1] ** 2) / 2;
    const texts = losses.map((loss) => (loss < 10 * first + 10 ? (loss < 0.001 ? loss.toExponential(0).replace("-", "−") : fixed(loss, 3)) : WORDS.diverged));
    cells.forEach(({ shown }, k) => (shown.textContent = texts[k]));
    limit.textContent = WORDS.limit(Number((2 / state.steepness).toPrecision(2)));
    said.say(WORDS.said(state.rate, state.steps, WORDS.optimizers.map((name, k) => `${name} ${texts[k]}`).join(", ")));
    stage.values = { ...state, start, ways, losses };
  }
  function move(w1, w2) {
    start = [Math.min(X.to, Math.max(X.from, w1)), Math.min(Y.to, Math.max(Y.from, w2))].map((w) => Number(w.toFixed(2)));
    update();
  }
  const pointed = (event) => {
    const box = view.node.getBoundingClientRect();
    const [x, y] = [((event.clientX - box.left) / box.width) * 400, ((event.clientY - box.top) / box.height) * 290];
    move(X.from + ((x - view.X(X.from)) / (view.X(X.to) - view.X(X.from))) * (X.to - X.from),
      Y.from + ((y - view.Y(Y.from)) / (view.Y(Y.to) - view.Y(Y.from))) * (Y.to - Y.from));
  };
  view.node.addEventListener("pointerdown", (event) => (view.node.setPointerCapture(event.pointerId), pointed(event)));
  view.node.addEventListener("pointermove", (event) => event.buttons && pointed(event));
  view.node.addEventListener("keydown", (event) => {
    const step = { ArrowUp: [0, 0.1], ArrowDown: [0, -0.1], ArrowLeft: [-0.5, 0], ArrowRight: [0.5, 0] }[event.key];
    if (!step) return;
    event.preventDefault();
    move(start[0] + step[0], start[1] + step[1]);
  });

  const listed = (label, name, list) =>
    slider(label, { min: 0, max: list.length - 1, value: list.indexOf(state[name]), text: (place) => list[place] },
      (place) => ((state[name] = list[place]), update())).node;
  const setting = (label, name, options) => slider(label, { ...options, value: state[name] }, (value) => ((state[name] = value), update())).node;
  stage.append(
    view.node,
    said.node,
    el("div", { class: "fig-row" },
      listed(WORDS.rate, "rate", RATES), setting(WORDS.momentum, "momentum", { min: 0, max: 0.99, step: 0.01 }),
      listed(WORDS.adam, "adam", ADAM), setting(WORDS.steps, "steps", { min: 1, max: 100 }),
      setting(WORDS.curvature, "steepness", { min: 1, max: 200 })),
    limit,
    el("div", { class: "fig-note fig-left" }, WORDS.loss),
    el("dl", { class: "fig-numbers" }, ...cells.map(({ node }) => node)),
  );
  update();
}
