// A small network as a graph: change a number, and watch values go forward and gradients come back.
import { choice, el, fixed, sentence, slider, svg, words } from "./shared.js";

const WORDS = words({
  en: {
    graph: "A network of one input, three hidden units with ReLU and one output. Blue, above each place: its value. Red, below: the gradient of the loss.",
    number: "Number to change", value: (name) => `value of ${name}`,
    said: (name, value, gradient, loss, off) =>
      `${name} = ${value}: the loss is ${loss}, and its gradient with respect to ${name} is ${gradient}.${off}`,
    off: (units) => ` ReLU lets no gradient through ${units}.`,
    rise: (gradient) => (Math.abs(gradient) < 1e-9 ? "A small change of it changes nothing." : gradient > 0 ? "A little more of it raises the loss." : "A little more of it lowers the loss."),
  },
});
const START = { x: 2, t: 1, w1: 0.5, w2: 1, w3: -1, v1: 2, v2: 0.5, v3: 3 };
const NAMES = Object.keys(START);
const sub = (name) => name.replace(/\d/, (digit) => "₁₂₃"[digit - 1]);

/** Forward and backward through L = (v · max(w x, 0) - t)² / 2. */
export function graph({ x, t, w1, w2, w3, v1, v2, v3 }) {
  const [w, v] = [[w1, w2, w3], [v1, v2, v3]];
  const a = w.map((each) => each * x);
  const h = a.map((each) => Math.max(each, 0));
  const y = v.reduce((sum, each, k) => sum + each * h[k], 0);
  const dy = y - t;
  const dh = v.map((each) => dy * each);
  const da = dh.map((each, k) => (a[k] > 0 ? each : 0));
  const named = (letter, list) => Object.fromEntries(list.map((value, k) => [`${letter}${k + 1}`, value]));
  return {
    values: { x, t, y, L: dy ** 2 / 2, ...named("w", w), ...named("v", v), ...named("a", a), ...named("h", h) },
    gradients: {
      y: dy, t: -dy, x: da.reduce((sum, each, k) => sum + each * w[k], 0),
      ...named("w", da.map((each) => each * x)), ...named("v", h.map((each) => dy * each)), ...named("a", da), ...named("h", dh),
    },
  };
}

export function build(stage) {
  const state = { ...START };
  let chosen = "w1";
  const said = sentence();
  const node = svg("svg", { class: "fig-chart fig-graph", viewBox: "0 0 400 300", role: "img", "aria-label": WORDS.graph });
  const places = { x: [24, 145], y: [322, 145], L: [380, 145], t: [322, 255] };
  for (const k of [1, 2, 3]) Object.assign(places, { [`a${k}`]: [150, 100 * k - 55], [`h${k}`]: [222, 100 * k - 55] });
  const edges = [["y", "L"], ["t", "L"]];
  for (const k of [1, 2, 3]) edges.push(["x", `a${k}`, `w${k}`], [`a${k}`, `h${k}`], [`h${k}`, "y", `v${k}`]);
  const texts = {};
  const write = (name, [x, y], circle) => {
    const value = svg("text", { x, y: y - (circle ? 17 : 11), class: "fig-c-blue fig-word", "text-anchor": "middle" });
    const gradient = svg("text", { x, y: y + (circle ? 26 : 21), class: "fig-c-red fig-word", "text-anchor": "middle" });
    texts[name] = { value, gradient };
    const shape = circle ? svg("circle", { cx: x, cy: y, r: 13, class: "fig-node" }) : svg("rect", { x: x - 11, y: y - 9, width: 22, height: 18, class: "fig-weight" });
    const group = svg("g", { "data-name": name }, shape, svg("text", { x, y: y + 4.5, "text-anchor": "middle" }, sub(name)), value, gradient);
    if (NAMES.includes(name)) {
      group.classList.add("fig-pick");
      group.addEventListener("click", () => pick(name));
    }
    return group;
  };
  const groups = [];
  for (const [from, to, weight] of edges) {
    const [[x1, y1], [x2, y2]] = [places[from], places[to]];
    node.append(svg("line", { x1, y1, x2, y2, class: "fig-edge" }));
    const along = from === "x" ? 0.66 : 0.38;
    if (weight) groups.push(write(weight, [x1 + along * (x2 - x1), y1 + along * (y2 - y1)], false));
  }
  for (const name in places) groups.push(write(name, places[name], true));
  node.append(...groups);

  const list = choice(WORDS.number, NAMES.map(sub), (k) => pick(NAMES[k]));
  const value = slider("", { min: -4, max: 4, step: 0.1, value: 0, text: (number) => fixed(number, 1) }, (number) => ((state[chosen] = number), update()));
  const label = value.node.querySelector("label");

  function pick(name) {
    chosen = name;
    list.input.selectedIndex = NAMES.indexOf(name);
    label.textContent = WORDS.value(sub(name));
    value.set(state[name]);
    groups.forEach((group) => group.classList.toggle("fig-picked", group.dataset.name === name));
    update();
  }
  const short = (number) => fixed(number, 2).replace(/\.?0+$/, "");
  function update() {
    const now = graph(state);
    for (const name in texts) {
      texts[name].value.textContent = short(now.values[name]);
      texts[name].gradient.textContent = name in now.gradients ? short(now.gradients[name]) : "";
    }
    const silent = [1, 2, 3].filter((k) => now.values[`a${k}`] <= 0).map((k) => sub(`a${k}`));
    const gradient = now.gradients[chosen];
    said.say(WORDS.said(sub(chosen), short(state[chosen]), short(gradient), short(now.values.L), silent.length ? WORDS.off(silent.join(", ")) : "") + ` ${WORDS.rise(gradient)}`);
    stage.values = { ...now, chosen };
  }
  stage.append(el("div", { class: "fig-row" }, list.node, value.node), node, said.node);
  pick(chosen);
}
