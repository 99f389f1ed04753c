// Makes a figure in steps show one step at a time. Without it all steps stand below each other.
for (const box of document.querySelectorAll(".steps:not([data-moves])")) {
  const frames = [...box.querySelectorAll("figure")];
  const captions = frames.map((frame) => frame.querySelector("figcaption"));
  const slider = document.createElement("input");
  Object.assign(slider, { type: "range", min: 1, max: frames.length, value: 1 });
  slider.setAttribute("aria-label", box.dataset.label);
  slider.style.cssText = "display:block;width:100%;max-width:30em;height:2em";
  const caption = document.createElement("p");
  caption.setAttribute("aria-live", "polite");
  const show = () => {
    frames.forEach((frame, number) => (frame.hidden = number !== slider.value - 1));
    caption.textContent = captions[slider.value - 1].textContent;
    slider.setAttribute("aria-valuetext", `${slider.value}/${frames.length}`);
  };
  captions.forEach((one) => (one.hidden = true));
  slider.addEventListener("input", show);
  box.prepend(slider);
  box.append(caption);
  box.dataset.moves = "";
  show();
}
