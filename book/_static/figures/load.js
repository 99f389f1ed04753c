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

let styled;
function style() {
  const href = new URL("../figures.css", import.meta.url);
  const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href });
  document.head.append(link);
  return new Promise((done) => (link.onload = done));
}

// The static picture stays in the page: for paper, and if the module can't be loaded.
async function start(host) {
  const [{ build }] = await Promise.all([import(`./${host.dataset.figure}.js`), (styled ??= style())]);
  const stage = document.createElement("div");
  stage.className = "fig-stage";
  await build(stage, host);
  host.append(stage);
  host.classList.add("fig-moves");
}

for (const host of document.querySelectorAll("[data-figure]")) near.observe(host);
