// The small network of the book in plain JavaScript: weights on demand, every layer's maps, Grad-CAM.
import { bytes, data } from "./shared.js";

/** Read half-precision floats. */
function halves(buffer) {
  const bits = new Uint16Array(buffer);
  return Float32Array.from(bits, (half) => {
    const [sign, power, rest] = [half >> 15 ? -1 : 1, (half >> 10) & 31, half & 1023];
    return sign * (power ? 2 ** (power - 15) * (1 + rest / 1024) : 2 ** -14 * (rest / 1024));
  });
}

/** Convolve maps (H x W x C) with `kernel` (size x size x C x F), padded to the same height and width. */
function convolve({ values, size, channels }, kernel, bias) {
  const filters = bias.length;
  const width = Math.sqrt(kernel.length / (channels * filters));
  const reach = (width - 1) / 2;
  const result = new Float32Array(size * size * filters);
  for (let i = 0; i < size; i++)
    for (let j = 0; j < size; j++) {
      const place = (i * size + j) * filters;
      for (let f = 0; f < filters; f++) result[place + f] = bias[f];
      for (let m = 0; m < width; m++)
        for (let n = 0; n < width; n++) {
          const [row, column] = [i + m - reach, j + n - reach];
          if (row < 0 || column < 0 || row >= size || column >= size) continue;
          for (let c = 0; c < channels; c++) {
            const pixel = values[(row * size + column) * channels + c];
            if (!pixel) continue;
            const weight = ((m * width + n) * channels + c) * filters;
            for (let f = 0; f < filters; f++) result[place + f] += pixel * kernel[weight + f];
          }
        }
    }
  return { values: result, size, channels: filters };
}

const map = (maps, change) => ({ ...maps, values: maps.values.map(change) });
const relu = (maps) => map(maps, (value) => Math.max(0, value));
const add = (a, b) => map(a, (value, k) => value + b.values[k]);

function pool({ values, size, channels }) {
  const half = Math.floor(size / 2);
  const result = new Float32Array(half * half * channels);
  for (let i = 0; i < half; i++)
    for (let j = 0; j < half; j++)
      for (let c = 0; c < channels; c++) {
        const at = (row, column) => values[((2 * i + row) * size + 2 * j + column) * channels + c];
        result[(i * half + j) * channels + c] = Math.max(at(0, 0), at(0, 1), at(1, 0), at(1, 1));
      }
  return { values: result, size: half, channels };
}

/** Enlarge a square map; the pixels' middles are what is interpolated between, as in TensorFlow. */
export function enlarge(values, size, wanted) {
  const at = (k) => {
    const place = Math.max(0, ((k + 0.5) * size) / wanted - 0.5);
    const low = Math.min(Math.floor(place), size - 1);
    return [low, Math.min(low + 1, size - 1), place - low];
  };
  return Float32Array.from({ length: wanted * wanted }, (_, k) => {
    const [top, bottom, down] = at(Math.floor(k / wanted));
    const [left, right, across] = at(k % wanted);
    const row = (r) => values[r * size + left] * (1 - across) + values[r * size + right] * across;
    return row(top) * (1 - down) + row(bottom) * down;
  });
}

/** Fetch the weights; return a function that takes an image (28 x 28, from 0 to 1). */
export async function load() {
  const stored = await data("network.json");
  const weights = halves(bytes(stored.weights).buffer);

  return function network(image) {
    let place = 0;
    const next = (count) => weights.subarray(place, (place += count));
    const layer = (maps, filters, size = 3) =>
      convolve(maps, next(size * size * maps.channels * filters), next(filters));
    const layers = [];
    const note = (name, maps) => (layers.push({ name, ...maps }), maps);

    let maps = { values: image, size: 28, channels: 1 };
    stored.filters.forEach((filters, stage) => {
      if (stage) maps = note("pool", pool(maps));
      const entry = maps;
      maps = note("first", relu(layer(maps, filters)));
      maps = layer(maps, filters);
      maps = note("second", relu(add(maps, layer(entry, filters, 1))));
    });

    const { values, size, channels } = maps;
    const means = new Float32Array(channels);
    values.forEach((value, k) => (means[k % channels] += value / (size * size)));
    const [dense, bias] = [next(2 * channels), next(2)];
    // Of two classes, the log-odds are the difference of the logits.
    const weight = means.map((_, c) => dense[2 * c + 1] - dense[2 * c]);
    const logOdds = means.reduce((sum, mean, c) => sum + mean * weight[c], bias[1] - bias[0]);
    // So the gradient at each place of a map is its weight, divided by the number of places.
    const cam = new Float32Array(size * size);
    values.forEach((value, k) => (cam[Math.floor(k / channels)] += (value * weight[k % channels]) / (size * size)));
    const gradCam = enlarge(cam.map((value) => Math.max(0, value)), size, 28);
    return { logOdds, score: 1 / (1 + Math.exp(-logOdds)), layers, means, gradCam };
  };
}
