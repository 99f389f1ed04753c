// A slide that is too full gets smaller letters; what is still too much scrolls.
const fit = (slide) => {
  for (let size = 100; slide.scrollHeight > slide.clientHeight + 2 && size > 55; size -= 5) {
    slide.style.fontSize = `${size - 5}%`;
  }
};
Reveal.on("ready", () => fit(Reveal.getCurrentSlide()));
Reveal.on("slidechanged", (event) => fit(event.currentSlide));
Reveal.on("pdf-ready", () => Reveal.getSlides().forEach(fit));
Reveal.initialize({
  width: 960, height: 640, margin: 0.04, center: false, hash: true, slideNumber: "c/t",
  transition: "none", pdfMaxPagesPerSlide: 1, pdfSeparateFragments: false, plugins: [RevealNotes],
});
