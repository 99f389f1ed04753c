// The bench: an X-ray, a kernel of nine numbers, the result; where each sum comes from, and where each pixel goes.
import { bytes, checkbox, choice, data, el, fixed, framed, pixels, sentence, slider, words } from "./shared.js";

const WORDS = words({
  en: {
    xray: "X-ray", kernel: "kernel", result: "result", preset: "Kernel", image: "Image",
    own: "your own", lesson: "of the lesson",
    normal: "normal", pneumonia: "pneumonia",
    presets: ["level x edge (Sobel)", "edge x level", "level x level", "spot x spot", "level x spot", "edge x edge", "one 1 in the middle"],
    weight: (row, column) => `Weight in row ${row}, column ${column}`,
    pictures: ["X-ray. Arrow keys move the pixel.", "Result. Arrow keys move the place."],
    more: "Flip, stride, padding, dilation",
    flip: "flip the kernel (convolution as mathematics means it)", stride: "stride", padding: "padding", dilation: "dilation",
    range: (low, high) => `black is ${low}, white ${high}`,
    sums: (row, column, sum) => `Result in row ${row}, column ${column}: nine products, together ${sum}.`,
    uses: (row, column, count) =>
      `The pixel in row ${row}, column ${column} goes into ${count} ${count === 1 ? "sum" : "sums"}${count ? ", each time with another weight" : ""}.`,
    size: (n, p, d, s, result) => `rows: ⌊(${n} + 2 · ${p} − ${d} · 2 − 1) / ${s}⌋ + 1 = ${result}`,
    place: (row, column) => `row ${row}, column ${column}`,
    none: "no sum",
  },
});

const KERNELS = [
  [-1, 0, 1, -2, 0, 2, -1, 0, 1],
  [-1, -2, -1, 0, 0, 0, 1, 2, 1],
  [1, 2, 1, 2, 4, 2, 1, 2, 1],
  [1, -2, 1, -2, 4, -2, 1, -2, 1],
  [-1, 2, -1, -2, 4, -2, -1, 2, -1],
  [1, 0, -1, 0, 0, 0, -1, 0, 1],
  [0, 0, 0, 0, 1, 0, 0, 0, 0],
];

/** Slide a 3 x 3 kernel over a square image; return the result, its size, and the image with its padding. */
export function convolve(image, size, kernel, { flip, stride, padding, dilation }) {
  const wide = size + 2 * padding;
  const padded = new Float64Array(wide * wide);
  for (let row = 0; row < size; row++)
    for (let column = 0; column < size; column++)
      padded[(row + padding) * wide + column + padding] = image[row * size + column];
  const weights = flip ? [...kernel].reverse() : kernel;
  const places = Math.floor((wide - 2 * dilation - 1) / stride) + 1;
  const result = new Float64Array(places * places);
  for (let i = 0; i < places; i++)
    for (let j = 0; j < places; j++)
      for (let k = 0; k < 9; k++) {
        const row = i * stride + Math.floor(k / 3) * dilation;
        result[i * places + j] += weights[k] * padded[row * wide + j * stride + (k % 3) * dilation];
      }
  return { result, places, padded, wide, weights };
}

export async function build(stage) {
  const xrays = await data("xrays.json");
  const size = 28;
  const settings = { flip: false, stride: 1, padding: 0, dilation: 1 };
  let kernel = [...KERNELS[0]];
  let image, made;
  let from = "result"; // which picture the reader points at

  const said = sentence();
  const formula = el("p", { class: "fig-formula" });
  const table = el("div", { class: "fig-nine", "aria-hidden": true });
  const range = el("div", { class: "fig-note" });
  const [left, right] = [pixels(WORDS.pictures[0], (row, column) => show("image", row, column)),
    pixels(WORDS.pictures[1], (row, column) => show("result", row, column))];
  const boxes = kernel.map((_, k) =>
    el("input", {
      type: "number", step: "any", "aria-label": WORDS.weight(Math.floor(k / 3) + 1, (k % 3) + 1),
      oninput: (event) => {
        kernel[k] = Number(event.target.value) || 0;
        presets.input.selectedIndex = KERNELS.findIndex((known) => known.every((w, m) => w === kernel[m])) + 1;
        compute();
      },
    }),
  );
  const presets = choice(WORDS.preset, [WORDS.own, ...WORDS.presets], (number) => number && setKernel(KERNELS[number - 1]));
  const images = choice(
    WORDS.image,
    xrays.map((xray, number) => `${number + 1}: ${xray.label ? WORDS.pneumonia : WORDS.normal}${number ? "" : `, ${WORDS.lesson}`}`),
    (number) => setImage(number),
  );

  function setKernel(values) {
    kernel = [...values];
    boxes.forEach((box, k) => (box.value = kernel[k]));
    compute();
  }
  function setImage(number) {
    image = Float64Array.from(bytes(xrays[number].pixels), (level) => level / 255);
    compute();
  }
  function compute() {
    made = convolve(image, size, kernel, settings);
    const [low, high] = [Math.min(...made.result), Math.max(...made.result)];
    left.draw(made.padded, made.wide, made.wide);
    right.draw(made.result, made.places, made.places, low, high);
    range.textContent = WORDS.range(fixed(low), fixed(high));
    formula.textContent = WORDS.size(size, settings.padding, settings.dilation, settings.stride, made.places);
    const picture = from === "image" ? left : right;
    picture.go(...picture.point);
  }

  /** Show the nine products of a place of the result, or the sums that a pixel of the image goes into. */
  function show(picture, row, column) {
    from = picture;
    const { stride, dilation, padding } = settings;
    const terms = made.weights.map((weight, k) => {
      const [down, across] = [Math.floor(k / 3) * dilation, (k % 3) * dilation];
      if (picture === "result") {
        const pixel = made.padded[(row * stride + down) * made.wide + column * stride + across];
        return { weight, pixel, product: weight * pixel };
      }
      const [i, j] = [(row - down) / stride, (column - across) / stride];
      const there = [i, j].every((n) => Number.isInteger(n) && n >= 0 && n < made.places);
      return { weight, place: there ? [i, j] : null };
    });
    const inside = (n) => n - padding + 1;
    if (picture === "result") {
      left.mark("image", row * stride, column * stride, 2 * dilation + 1, 2 * dilation + 1);
      right.mark("result", row, column);
      const sum = made.result[row * made.places + column];
      said.say(WORDS.sums(row + 1, column + 1, fixed(sum)));
      table.replaceChildren(...terms.map((term) => nine(`${short(term.weight)} · ${fixed(term.pixel)}`, fixed(term.product))));
    } else {
      left.mark("image", row, column);
      const places = terms.map((term) => term.place).filter(Boolean);
      const [first, last] = [places[0], places.at(-1)];
      // The places lie one beside the other; the frame holds them all.
      const [top, bottom, start, end] = places.length
        ? [Math.min(first[0], last[0]), Math.max(first[0], last[0]), Math.min(first[1], last[1]), Math.max(first[1], last[1])]
        : [undefined];
      right.mark("result", top, start, bottom - top + 1, end - start + 1);
      said.say(WORDS.uses(inside(row), inside(column), places.length));
      table.replaceChildren(
        ...terms.map((term) => nine(`× ${short(term.weight)}`, term.place ? WORDS.place(term.place[0] + 1, term.place[1] + 1) : WORDS.none)),
      );
    }
    stage.values = { ...made, kernel, settings: { ...settings }, picture, row, column, terms };
  }
  const short = (weight) => String(Number(weight.toFixed(2))).replace("-", "−");
  const nine = (above, below) => el("div", {}, el("small", {}, above), el("b", {}, below));

  const setting = (name, least, most) =>
    slider(WORDS[name], { min: least, max: most, value: settings[name] }, (value) => ((settings[name] = value), compute()));
  stage.append(
    el("div", { class: "fig-row" }, images.node, presets.node),
    el("div", { class: "fig-bench" },
      framed(left, WORDS.xray),
      framed(el("div", { class: "fig-kernel" }, ...boxes), WORDS.kernel),
      framed(right, WORDS.result, range)),
    said.node,
    table,
    el("details", { class: "fig-more" }, el("summary", {}, WORDS.more),
      checkbox(WORDS.flip, (on) => ((settings.flip = on), compute())).node,
      el("div", { class: "fig-row" }, setting("stride", 1, 3).node, setting("padding", 0, 2).node, setting("dilation", 1, 3).node),
      formula),
  );
  presets.input.selectedIndex = 1;
  right.point.splice(0, 2, 12, 7);
  image = Float64Array.from(bytes(xrays[0].pixels), (level) => level / 255);
  setKernel(kernel);
}
