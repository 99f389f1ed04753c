// What a page of this book does with scripts: search, definitions of terms, menus, printing.
// Without scripts the page reads all the same.
(() => {
  const words = {
    en: { none: "Nothing here has these words.", count: (n) => `${n} place${n === 1 ? "" : "s"}` },
  };
  const say = words[document.documentElement.lang] || words.en;

  // ---- Search: the index comes when a search field gets the focus --------------------------------

  const root = document.documentElement.dataset.content_root;
  const [LESSON, PAGE, TERM, REFERENCE] = [0, 1, 2, 3];
  const WEIGHT = { [LESSON]: 1.2, [PAGE]: 1.1, [TERM]: 1, [REFERENCE]: 0.15 };
  let coming;

  const loadIndex = () =>
    (coming ||= new Promise((resolve, reject) => {
      const script = document.createElement("script");
      script.src = `${root}_static/search-index.js`;
      script.onload = () => resolve(window.searchIndex);
      script.onerror = reject;
      document.head.append(script);
    }));

  // Chinese has no spaces: its words are found anywhere, others where a word begins.
  const pattern = (word) => {
    const stem = word.length > 3 ? word.replace(/s$/, "") : word;
    const safe = stem.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return new RegExp(/[\u4e00-\u9fff]/.test(word) ? safe : `(?<![\\p{L}\\p{N}])${safe}`, "giu");
  };

  const rank = (index, query) => {
    const phrase = query.trim().toLowerCase();
    const patterns = phrase.split(/[\s,;:?!]+/).filter(Boolean).map(pattern);
    if (!patterns.length) return [];
    const count = {};
    for (const [, , heading] of index.sections) count[heading] = (count[heading] || 0) + 1;
    const results = index.sections.map(([number, anchor, heading, text]) => {
      const [url, title, kind] = index.pages[number];
      let found = 0;
      let score = 0;
      for (const one of patterns) {
        const inHeading = heading.match(one) ? 30 : 0;
        const inTitle = title.match(one) ? 15 : 0;
        const inText = Math.min(text.match(one)?.length || 0, 4) * 3;
        found += inHeading || inTitle || inText ? 1 : 0;
        score += inHeading + inTitle + inText;
      }
      const names = heading.toLowerCase().split(" · ");
      if (names.includes(phrase)) score += 100;
      else if (heading.toLowerCase().includes(phrase)) score += 40;
      if (text.toLowerCase().includes(phrase)) score += 15;
      if (!anchor) score *= 1.2; // the page as a whole
      if (count[heading] > 5) score *= 0.5; // "Summary", "Try it yourself": explained elsewhere
      // A long heading that holds a word among others is less about it.
      score *= WEIGHT[kind] / (1 + heading.length / 200);
      const href = root + url + (anchor && `#${anchor}`);
      return { found, score, href, title: kind === TERM || !anchor ? "" : title, heading, text, patterns };
    });
    const most = Math.max(...results.map((one) => one.found));
    return results
      .filter((one) => one.found && one.found === most)
      .sort((a, b) => b.score - a.score)
      .slice(0, 20);
  };

  const marked = (text, patterns) => {
    const spans = patterns.flatMap((one) => [...text.matchAll(one)].map((m) => [m.index, m.index + m[0].length]));
    spans.sort((a, b) => a[0] - b[0]);
    const from = spans.length && spans[0][0] > 80 ? text.indexOf(" ", spans[0][0] - 60) + 1 : 0;
    const to = from + 180;
    const paragraph = document.createElement("p");
    let at = from;
    for (const [start, end] of spans) {
      if (start < at || end > to) continue;
      const mark = document.createElement("mark");
      mark.textContent = text.slice(start, end);
      paragraph.append(text.slice(at, start), mark);
      at = end;
    }
    paragraph.prepend(from ? "… " : "");
    paragraph.append(text.slice(at, to), text.length > to ? " …" : "");
    return paragraph;
  };

  const show = (box, results) => {
    const count = document.createElement("p");
    count.className = "search-count";
    count.setAttribute("role", "status");
    count.textContent = results.length ? say.count(results.length) : say.none;
    const list = document.createElement("ol");
    for (const { href, title, heading, text, patterns } of results) {
      const item = document.createElement("li");
      const link = document.createElement("a");
      link.href = href;
      link.textContent = heading;
      item.append(link);
      if (title) {
        const where = document.createElement("span");
        where.textContent = title;
        item.append(where);
      }
      item.append(marked(text, patterns));
      list.append(item);
    }
    box.replaceChildren(count, list);
  };

  for (const form of document.querySelectorAll("form.bd-search")) {
    const input = form.querySelector("input");
    const box = document.createElement("div");
    box.className = "search-results";
    form.after(box);
    const search = async () => {
      const query = input.value;
      if (query.trim().length < 2 && !/[\u4e00-\u9fff]/.test(query)) return box.replaceChildren();
      const index = await loadIndex();
      if (query === input.value) show(box, rank(index, query));
    };
    input.addEventListener("focus", loadIndex);
    input.addEventListener("input", search);
    if (document.querySelector("main").contains(form)) {
      input.value = new URLSearchParams(location.search).get("q") || "";
      search();
    }
  }

  // ---- Terms: the definition beside the link, on hover and focus ------------------------------------

  const tip = document.createElement("span");
  tip.id = "definition";
  tip.setAttribute("role", "tooltip");
  tip.hidden = true;
  let leaving;

  const hide = () => {
    document.querySelector("[aria-describedby=definition]")?.removeAttribute("aria-describedby");
    tip.hidden = true;
  };
  const define = (link) => {
    clearTimeout(leaving);
    hide();
    tip.textContent = link.dataset.definition;
    link.setAttribute("aria-describedby", tip.id);
    link.after(tip);
    tip.hidden = false;
    const line = link.getClientRects()[0];
    const parent = (tip.offsetParent || document.body).getBoundingClientRect();
    const left = Math.max(8, Math.min(line.left, document.documentElement.clientWidth - tip.offsetWidth - 8));
    tip.style.left = `${left - parent.left}px`;
    tip.style.top = `${line.bottom - parent.top + 4}px`;
  };
  const later = () => {
    clearTimeout(leaving);
    leaving = setTimeout(hide, 200); // so that the pointer may move onto the definition
  };
  for (const link of document.querySelectorAll("[data-definition]")) {
    link.addEventListener("pointerenter", (event) => event.pointerType === "mouse" && define(link));
    link.addEventListener("pointerleave", later);
    link.addEventListener("focus", () => define(link));
    link.addEventListener("blur", later);
  }
  tip.addEventListener("pointerenter", () => clearTimeout(leaving));
  tip.addEventListener("pointerleave", later);

  // ---- What scrolls sideways is reached by the keyboard -------------------------------------------

  const reach = () => {
    for (const box of document.querySelectorAll("article :is(table, div.math)"))
      if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
  };
  window.addEventListener("load", reach);
  window.addEventListener("resize", reach);

  // ---- Menus and printing -----------------------------------------------------------------------

  const menus = document.querySelectorAll("details.menu");
  document.addEventListener("click", (event) => {
    for (const menu of menus) if (!menu.contains(event.target)) menu.open = false;
    if (event.target.closest("[data-print]")) window.print();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    hide();
    for (const menu of menus) menu.open = false;
  });
  // Paper is white, and cannot be clicked: what is folded is opened first.
  window.addEventListener("beforeprint", () => {
    const { theme } = document.documentElement.dataset;
    document.documentElement.dataset.theme = "light";
    window.addEventListener("afterprint", () => (document.documentElement.dataset.theme = theme), { once: true });
    for (const folded of document.querySelectorAll("article details")) folded.open = true;
  });
})();
