// Finds the figures of a page and lets each one move when a reader comes near it.
const near = new IntersectionObserver(
  (entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      start(target);
    }
  },
  { rootMargin: "600px" },
);

// Pages that are opened as files have all modules in one script, made by tools.figures.
const offline = globalThis.offline;

let styled;
function style() {
  const href = new URL("../figures.css", offline?.place ?? import.meta.url);
  const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href });
  document.head.append(link);
  return new Promise((done) => (link.onload = done));
}

// The static picture stays in the page: for paper, and if the module can't be loaded.
async function start(host) {
  const name = `${host.dataset.figure}.js`;
  const module = import(offline?.module(name) ?? `./${name}`);
  const [{ build }] = await Promise.all([module, (styled ??= style())]);
  const stage = document.createElement("div");
  stage.className = "fig-stage";
  await build(stage, host);
  host.append(stage);
  host.classList.add("fig-moves");
}

for (const host of document.querySelectorAll("[data-figure]")) near.observe(host);
