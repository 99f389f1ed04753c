// What the figures share: elements, controls, pictures of pixels, charts, the sentence that is read aloud.

/** Return the words of the page's language; what is not translated stays English. */
export function words(all) {
  return { ...all.en, ...all[document.documentElement.lang.slice(0, 2)] };
}

/** Return a number with a fixed count of decimals and a true minus. */
export function fixed(value, digits = 2) {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "−");
}

/** Return a file of `data/`, read once. */
const files = {};
export function data(name) {
  files[name] ??= globalThis.offline
    ? Promise.resolve(globalThis.offline.data[name])
    : fetch(new URL(`data/${name}`, import.meta.url)).then((answer) => answer.json());
  return files[name];
}

/** Return the bytes that base64 text stands for. */
export function bytes(text) {
  return Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
}

// ---- Elements and controls

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}

export const el = (tag, attributes = {}, ...children) =>
  fill(document.createElement(tag), attributes, children);
export const svg = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

let count = 0;
const newId = () => `fig-${++count}`;

/** A native slider with its label and its value in words. `set` moves it from code, and may say what lies between its steps. */
export function slider(label, { min, max, step = 1, value, text = String }, changed) {
  const id = newId();
  const shown = el("output", { for: id });
  const input = el("input", { type: "range", id, min, max, step, value });
  const tell = (said = text(input.valueAsNumber)) => {
    shown.textContent = said;
    input.setAttribute("aria-valuetext", shown.textContent);
  };
  input.addEventListener("input", () => (tell(), changed(input.valueAsNumber)));
  tell();
  const node = el("div", { class: "fig-slider" }, el("label", { for: id }, label), shown, input);
  const set = (number, said) => ((input.value = number), tell(said));
  return { node, input, set, tell, get value() { return input.valueAsNumber; } };
}

/** A native list to choose from: `options` are texts; `changed` gets the number of the chosen one. */
export function choice(label, options, changed) {
  const id = newId();
  const list = options.map((text, value) => el("option", { value }, text));
  const input = el("select", { id, onchange: () => changed(input.selectedIndex) }, ...list);
  return { node: el("div", { class: "fig-choice" }, el("label", { for: id }, label), input), input };
}

export function checkbox(label, changed) {
  const input = el("input", { type: "checkbox", onchange: () => changed(input.checked) });
  return { node: el("label", { class: "fig-check" }, input, " ", label), input };
}

export const button = (text, pressed) => el("button", { type: "button", class: "fig-button", onclick: pressed }, text);

/** The sentence that follows what is done; a screen reader reads it when the reader rests. */
export function sentence() {
  const node = el("p", { class: "fig-sentence", "aria-live": "polite" });
  let timer;
  const say = (text) => {
    clearTimeout(timer);
    timer = setTimeout(() => (node.textContent = text), node.textContent ? 120 : 0);
  };
  return { node, say };
}

// ---- Pictures of pixels

/**
 * A picture of H x W pixels. If `moved(row, column)` is given, mouse, touch and arrow keys point at one of them.
 */
export function pixels(label, moved) {
  const canvas = el("canvas");
  const box = el("div", { class: "fig-pixels", "aria-label": label, role: moved ? "application" : "img" }, canvas);
  const marks = {};
  const point = [0, 0];
  let [height, width] = [1, 1];

  /** Draw gray values (H x W); `low` is black and `high` white. Or, with `paint`, any colors. */
  function draw(values, rows, columns, low = 0, high = 1, paint = gray) {
    [height, width] = [rows, columns];
    [canvas.height, canvas.width] = [rows, columns];
    box.style.aspectRatio = `${columns} / ${rows}`;
    const image = new ImageData(columns, rows);
    for (let k = 0; k < values.length; k++) {
      const level = Math.min(1, Math.max(0, (values[k] - low) / (high - low || 1)));
      image.data.set(paint(level, k), 4 * k);
    }
    canvas.getContext("2d").putImageData(image, 0, 0);
  }

  /** Frame `rows` x `columns` pixels from a pixel on; without a place, take the frame away. */
  function mark(name, row, column, rows = 1, columns = 1) {
    marks[name] ??= box.appendChild(el("i", { class: `fig-mark fig-${name}` }));
    marks[name].hidden = row === undefined;
    const percent = [(100 * row) / height, (100 * column) / width, (100 * rows) / height, (100 * columns) / width];
    ["top", "left", "height", "width"].forEach((side, k) => (marks[name].style[side] = `${percent[k]}%`));
  }

  function go(row, column) {
    point[0] = Math.min(height - 1, Math.max(0, row));
    point[1] = Math.min(width - 1, Math.max(0, column));
    moved(...point);
  }
  if (moved) {
    box.tabIndex = 0;
    const pointed = (event) => {
      const { left, top, width: wide, height: high } = canvas.getBoundingClientRect();
      go(Math.floor(((event.clientY - top) / high) * height), Math.floor(((event.clientX - left) / wide) * width));
    };
    box.addEventListener("pointerdown", pointed);
    box.addEventListener("pointermove", (event) => {
      if (event.pointerType === "mouse" || event.buttons) pointed(event);
    });
    box.addEventListener("keydown", (event) => {
      const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
      if (!step) return;
      event.preventDefault();
      go(point[0] + step[0], point[1] + step[1]);
    });
  }
  return { node: box, draw, mark, go, point };
}

export const gray = (level) => [255 * level, 255 * level, 255 * level, 255];

/** A picture with its name below. */
export const framed = (picture, name, ...more) =>
  el("div", { class: "fig-framed" }, picture.node ?? picture, el("div", { class: "fig-name" }, name), ...more);

// ---- Charts

/** A chart with two axes: `x` and `y` are {from, to, ticks: [[value, text], ...], name}. */
export function chart(label, x, y, { width = 320, height = 250 } = {}) {
  const [left, right, top, bottom] = [48, width - 10, 10, height - 42];
  const X = (value) => left + ((right - left) * (value - x.from)) / (x.to - x.from);
  const Y = (value) => bottom - ((bottom - top) * (value - y.from)) / (y.to - y.from);
  const node = svg("svg", { class: "fig-chart", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": label });
  const add = (tag, attributes, ...children) => node.appendChild(svg(tag, attributes, ...children));
  for (const [value, text] of x.ticks) {
    add("line", { class: "fig-grid", x1: X(value), x2: X(value), y1: top, y2: bottom });
    add("text", { x: X(value), y: bottom + 16, "text-anchor": "middle" }, text);
  }
  for (const [value, text] of y.ticks) {
    add("line", { class: "fig-grid", x1: left, x2: right, y1: Y(value), y2: Y(value) });
    add("text", { x: left - 6, y: Y(value) + 4, "text-anchor": "end" }, text);
  }
  add("text", { x: (left + right) / 2, y: height - 6, "text-anchor": "middle" }, x.name);
  add("text", { x: 12, y: (top + bottom) / 2, "text-anchor": "middle", transform: `rotate(-90 12 ${(top + bottom) / 2})` }, y.name);
  const line = (kind) => {
    const path = add("path", { class: `fig-line ${kind}` });
    return (points) => path.setAttribute("d", points.map(([u, v], k) => `${k ? "L" : "M"}${X(u).toFixed(1)} ${Y(v).toFixed(1)}`).join(""));
  };
  const dot = (kind) => {
    const circle = add("circle", { class: `fig-dot ${kind}`, r: 6 });
    return (u, v) => (circle.setAttribute("cx", X(u)), circle.setAttribute("cy", Y(v)));
  };
  return { node, add, line, dot, X, Y };
}

/** Ticks at equal steps. */
export const ticks = (from, to, step, digits = 0) =>
  Array.from({ length: Math.round((to - from) / step) + 1 }, (_, k) => [from + k * step, fixed(from + k * step, digits)]);
