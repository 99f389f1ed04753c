// The receptive field: point at a unit of the last layer, see the pixels that it depends on, layer by layer.
import { button, bytes, choice, data, el, pixels, sentence, words } from "./shared.js";

const WORDS = words({
  en: {
    kind: "Next layer", add: "Add it", remove: "Remove the last", kinds: ["convolution 3 × 3", "convolution 3 × 3, stride 2", "convolution 3 × 3, dilation 2", "max pooling 2 × 2", "convolution 1 × 1"],
    input: (size) => `X-ray, ${size} × ${size}`,
    layer: (name, size) => `${name}: ${size} × ${size}`,
    last: (name) => `Units of the last layer, ${name}. Arrow keys move the unit.`,
    full: "No further layer of this kind fits.",
    said: (row, column, reach, rows, columns) =>
      `The unit in row ${row}, column ${column} depends on ${reach} pixels in each direction: rows ${rows}, columns ${columns}.`,
    range: (from, to) => (from === to ? from : `${from} to ${to}`),
    table: ["layer", "size", "receptive field", "step"],
  },
});
const KINDS = [
  { kernel: 3, stride: 1, dilation: 1 }, { kernel: 3, stride: 2, dilation: 1 }, { kernel: 3, stride: 1, dilation: 2 },
  { kernel: 2, stride: 2, dilation: 1 }, { kernel: 1, stride: 1, dilation: 1 },
];

/** Size, receptive field and step (both in pixels of the image) after each layer; no padding. */
export function trace(kinds, size) {
  const layers = [{ size, field: 1, jump: 1 }];
  for (const { kernel, stride, dilation } of kinds) {
    const { size: before, field, jump } = layers.at(-1);
    layers.push({
      size: Math.floor((before - dilation * (kernel - 1) - 1) / stride) + 1,
      field: field + dilation * (kernel - 1) * jump,
      jump: jump * stride,
    });
  }
  return layers;
}

export async function build(stage) {
  const [xray] = await data("xrays.json");
  const image = Float64Array.from(bytes(xray.pixels), (level) => level / 255);
  const size = 28;
  let chosen = [0, 0, 3];
  let row, column;

  const said = sentence();
  const pictures = el("div", { class: "fig-layers" });
  const body = el("tbody");
  const table = el("table", { class: "fig-table" },
    el("thead", {}, el("tr", {}, ...WORDS.table.map((text) => el("th", { scope: "col" }, text)))), body);
  const kind = choice(WORDS.kind, WORDS.kinds, () => {});
  const names = (k) => WORDS.kinds[chosen[k]];
  let shown = [];

  function rebuild() {
    const layers = trace(chosen.map((k) => KINDS[k]), size);
    const last = layers.length - 1;
    shown = layers.map((layer, k) => {
      const label = k ? WORDS.layer(names(k - 1), layer.size) : WORDS.input(size);
      const picture = pixels(k === last ? WORDS.last(label) : label, k === last ? show : undefined);
      if (k) picture.draw(new Float64Array(layer.size ** 2).fill(0.35), layer.size, layer.size);
      else picture.draw(image, size, size);
      return { ...layer, picture, node: el("div", { class: "fig-framed" }, picture.node, el("div", { class: "fig-name" }, label)) };
    });
    pictures.replaceChildren(...shown.map(({ node }) => node));
    body.replaceChildren(...layers.slice(1).map((layer, k) => el("tr", {},
      el("th", { scope: "row" }, names(k)), el("td", {}, `${layer.size} × ${layer.size}`), el("td", {}, `${layer.field} × ${layer.field}`), el("td", {}, layer.jump))));
    const middle = Math.floor(layers[last].size / 2);
    shown[last].picture.go(middle, middle);
  }

  /** Mark what the unit depends on, from the last layer back to the image. */
  function show(i, j) {
    [row, column] = [i, j];
    let [top, left, reach] = [i, j, 1];
    const windows = [];
    for (let k = shown.length - 1; k >= 0; k--) {
      shown[k].picture.mark(k ? "result" : "image", top, left, reach, reach);
      windows.unshift({ top, left, reach });
      if (!k) break;
      const { kernel, stride, dilation } = KINDS[chosen[k - 1]];
      [top, left, reach] = [top * stride, left * stride, (reach - 1) * stride + dilation * (kernel - 1) + 1];
    }
    const { field } = shown.at(-1);
    said.say(WORDS.said(row + 1, column + 1, field, WORDS.range(top + 1, top + reach), WORDS.range(left + 1, left + reach)));
    stage.values = { chosen, row, column, windows, layers: shown.map(({ size, field, jump }) => ({ size, field, jump })) };
  }

  stage.append(
    el("div", { class: "fig-row" }, kind.node,
      el("div", { class: "fig-buttons fig-bottom" },
        button(WORDS.add, () => {
          const more = [...chosen, kind.input.selectedIndex];
          if (more.length > 6 || trace(more.map((k) => KINDS[k]), size).at(-1).size < 1) return said.say(WORDS.full);
          chosen = more;
          rebuild();
        }),
        button(WORDS.remove, () => {
          if (chosen.length > 1) chosen = chosen.slice(0, -1);
          rebuild();
        }))),
    pictures, said.node, table);
  rebuild();
}
