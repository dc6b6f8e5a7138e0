// Lists of columns with boxes: sought by name and meaning, ticked all at once, and counted. The boxes are those of the
// form; what is added is hidden until this script shows it.
"use strict";
(() => {
  const begin = (list) => {
    if (list.dataset.begun) return;
    list.dataset.begun = "yes";
    const tools = list.querySelector("[data-tools]");
    const sought = tools.querySelector("input");
    const count = tools.querySelector("[data-count]");
    const scope = list.querySelector("select[name=scope]");
    const boxes = [...list.querySelectorAll("input[type=checkbox]")];
    const groups = [...list.querySelectorAll("details")];
    const item = (box) => box.closest("li");
    const told = (some) => `${some.filter((it) => it.checked).length} / ${some.length}`;

    const tally = () => {
      const shown = boxes.filter((box) => !item(box).hidden);
      const found = sought.value.trim() === "" ? "" : ` · ${count.dataset.found}: ${shown.length}`;
      count.textContent = `${count.dataset.chosen}: ${told(boxes)}${found}`;
      for (const group of groups) {
        const place = group.querySelector("[data-of]");
        if (place) place.textContent = told(boxes.filter((box) => group.contains(box)));
      }
    };
    const chosen = () => {
      // Who ticks columns means those columns.
      if (scope) scope.value = "chosen";
      tally();
    };
    const seek = () => {
      const wanted = sought.value.trim().toLocaleLowerCase();
      for (const box of boxes) item(box).hidden = !item(box).textContent.toLocaleLowerCase().includes(wanted);
      for (const group of groups) {
        const some = boxes.some((box) => group.contains(box) && !item(box).hidden);
        group.hidden = !some;
        if (wanted !== "") group.open = some;
      }
      tally();
    };
    const ticks = {
      all: () => true,
      none: () => false,
      plain: (box) => !("quasi" in box.dataset),
    };

    tools.hidden = false;
    list.addEventListener("change", (event) => event.target.type === "checkbox" && chosen());
    sought.addEventListener("input", (event) => {
      // What is sought here is no answer of the form.
      event.stopPropagation();
      if (!event.isComposing) seek();
    });
    sought.addEventListener("change", (event) => event.stopPropagation());
    sought.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault());
    for (const button of tools.querySelectorAll("button")) {
      button.addEventListener("click", () => {
        const shown = boxes.filter((box) => !item(box).hidden);
        for (const box of shown) box.checked = ticks[button.dataset.pick](box);
        chosen();
        // Once for all of them: whoever keeps the form hears of it.
        shown[0]?.dispatchEvent(new Event("change", { bubbles: true }));
      });
    }
    tally();
  };

  const look = (within) => {
    for (const list of within.querySelectorAll("[data-columns]")) begin(list);
  };
  look(document);
  document.addEventListener("htmx:load", (event) => look(event.detail.elt.parentNode ?? document));
})();
