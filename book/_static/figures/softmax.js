// Softmax: three logits and a temperature; probabilities, the loss, its gradient p - y, and a step against it.
import { button, choice, el, fixed, sentence, slider, words } from "./shared.js";

const WORDS = words({
  en: {
    classes: ["normal", "bacterial", "viral"],
    logit: (name) => `logit of ${name}`, p: "p", gradient: "p − y",
    temperature: "temperature T", truth: "true class", loss: "loss",
    step: "One step against the gradient", again: "As at first",
    said: (name, p, loss, least) => `Most likely ${name}, with probability ${p}. The loss is ${loss}; most of it would go if the logit of ${least} rose.`,
    right: (name, p, loss) => `Most likely ${name}, with probability ${p}, and this is true: the loss is ${loss}.`,
  },
});
const COLORS = ["blue", "orange", "green"];
const TEMPERATURES = [0.25, 0.5, 1, 1.5, 2, 3, 5, 10];

/** Probabilities of logits at a temperature, the loss, and its gradient with respect to z / T. */
export function softmax(logits, temperature, truth) {
  const scaled = logits.map((z) => z / temperature);
  const largest = Math.max(...scaled);
  const powers = scaled.map((z) => Math.exp(z - largest));
  const sum = powers.reduce((a, b) => a + b);
  const p = powers.map((power) => power / sum);
  return { p, loss: largest + Math.log(sum) - scaled[truth], gradient: p.map((share, k) => share - (k === truth)) };
}

export function build(stage) {
  const first = { logits: [1, 2, 0], temperature: 1, truth: 0 };
  let state = structuredClone(first);
  const said = sentence();
  const loss = el("b");

  const rows = WORDS.classes.map((name, k) => {
    const logit = slider(WORDS.logit(name), { min: -4, max: 4, step: 0.01, value: state.logits[k], text: (z) => fixed(z) }, (z) => ((state.logits[k] = z), update()));
    const [p, gradient] = [el("i"), el("i")];
    const [pNumber, gradientNumber] = [el("b"), el("b")];
    const node = el("div", { class: `fig-softmax fig-c-${COLORS[k]}` }, logit.node,
      el("div", {}, el("span", {}, WORDS.p), pNumber, el("div", { class: "fig-rod", "aria-hidden": "true" }, p)),
      el("div", {}, el("span", {}, WORDS.gradient), gradientNumber, el("div", { class: "fig-rod fig-signed", "aria-hidden": "true" }, gradient)));
    return { node, logit, p, gradient, pNumber, gradientNumber };
  });
  const temperature = slider(WORDS.temperature, { min: 0, max: TEMPERATURES.length - 1, value: 2, text: (place) => TEMPERATURES[place] },
    (place) => ((state.temperature = TEMPERATURES[place]), update()));
  const truth = choice(WORDS.truth, WORDS.classes, (k) => ((state.truth = k), update()));

  function update() {
    const now = softmax(state.logits, state.temperature, state.truth);
    rows.forEach((row, k) => {
      row.p.style.width = `${100 * now.p[k]}%`;
      row.pNumber.textContent = fixed(now.p[k], 3);
      const g = now.gradient[k];
      row.gradient.style.left = `${50 + 50 * Math.min(0, g)}%`;
      row.gradient.style.width = `${50 * Math.abs(g)}%`;
      row.gradientNumber.textContent = fixed(g, 3);
    });
    loss.textContent = fixed(now.loss, 3);
    const best = now.p.indexOf(Math.max(...now.p));
    const [name, p] = [WORDS.classes[best], fixed(now.p[best])];
    said.say(best === state.truth ? WORDS.right(name, p, fixed(now.loss)) : WORDS.said(name, p, fixed(now.loss), WORDS.classes[state.truth]));
    stage.values = { ...state, ...now };
  }
  function set(logits) {
    state.logits = logits.map((z) => Math.max(-4, Math.min(4, z)));
    rows.forEach((row, k) => {
      row.logit.set(state.logits[k]);
    });
    update();
  }
  stage.append(
    ...rows.map(({ node }) => node),
    el("div", { class: "fig-row" }, temperature.node, truth.node),
    el("div", { class: "fig-buttons" },
      button(WORDS.step, () => set(state.logits.map((z, k) => z - stage.values.gradient[k] / state.temperature))),
      button(WORDS.again, () => {
        state = structuredClone(first);
        temperature.set(2);
        truth.input.selectedIndex = 0;
        set(state.logits);
      }),
      el("span", { class: "fig-loss" }, WORDS.loss, " ", loss)),
    said.node,
  );
  update();
}
