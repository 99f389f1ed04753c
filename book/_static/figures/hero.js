// The landing page: the network's score of an X-ray, and a gray square that covers a part of it.
import { el, words } from "./shared.js";
import { parts, WORDS as COMMON } from "./explain.js";

const WORDS = words({
  en: {
    hint: "The network of this book runs here, in your browser. Choose an X-ray, and move the gray square over it: which part does the score depend on?",
    note: "No diagnosis: a network for learning.",
    more: "Ask it more, also about an image of your own",
  },
});

const PLACE = globalThis.offline?.place ?? import.meta.url;
const LESSON = new URL("../../notebooks/why-did-it-say-that.html#on-real-x-rays", PLACE);

export async function build(stage) {
  const it = await parts(stage, { count: 6, first: 4 });
  stage.append(
    el("div", { class: "fig-hero" },
      el("div", { class: "fig-framed" }, it.picture.node, it.truth),
      el("div", {}, el("p", {}, WORDS.hint), it.gallery, it.meter, it.said.node,
        el("div", { class: "fig-note fig-left" }, `${WORDS.note} ${COMMON.credit} `, el("a", { href: LESSON }, WORDS.more), "."))),
  );
  it.choose(4);
}
