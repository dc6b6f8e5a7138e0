// Beside htmx, which fetches parts of pages: letters that are still being composed ask for nothing, what was swapped in
// is announced or gets the focus, who was signed out is led to where the server leads, and drafts keep themselves.
"use strict";
(() => {
  const said = () => document.getElementById("said");
  const say = (text) => {
    const line = said();
    // The same words again would not be read out.
    if (line) line.textContent = line.textContent === text ? `${text}\u00a0` : text;
  };

  // Korean is composed: while it is, each stroke is an `input`, and the last one ends with none.
  document.addEventListener("input", (event) => {
    if (event.isComposing) event.stopImmediatePropagation();
  }, true);
  document.addEventListener("compositionend", (event) => {
    setTimeout(() => event.target.dispatchEvent(new Event("input", { bubbles: true })));
  }, true);

  document.addEventListener("htmx:beforeRequest", () => say(""));

  document.addEventListener("htmx:beforeSwap", (event) => {
    const { xhr, pathInfo } = event.detail;
    const [here, there] = [pathInfo.requestPath, xhr.responseURL].map((it) => new URL(it, document.baseURI).pathname);
    if (here === there) return;
    event.detail.shouldSwap = false;
    location.assign(xhr.responseURL);
  });

  document.addEventListener("htmx:afterSettle", (event) => {
    const { elt, requestConfig } = event.detail;
    const fresh = elt.id ? document.getElementById(elt.id) : elt;
    if (!fresh) return;
    // Who followed a link goes on in what came; who types stays in the field.
    if (requestConfig?.elt?.matches("a")) {
      fresh.focus();
      fresh.scrollIntoView({ block: "start" });
    }
    if (fresh.dataset.said) say(fresh.dataset.said);
  });

  for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    document.addEventListener(name, () => say(said()?.dataset.failed ?? ""));
  }

  for (const form of document.querySelectorAll("form[data-autosave]")) {
    const { autosave, calm } = form.dataset;
    const line = form.querySelector("[data-promise]");
    const { promise, saved, unsaved, incomplete } = line.dataset;
    let waiting, sending = false, changed = false, leaving = false;
    const time = () => new Intl.DateTimeFormat(document.documentElement.lang, {
      timeZone: "Asia/Seoul", hour: "2-digit", minute: "2-digit", second: "2-digit",
    }).format(new Date());
    const keep = async () => {
      if (sending || leaving || !changed) return;
      [sending, changed] = [true, false];
      try {
        const answer = await fetch(autosave, { method: "POST", body: new URLSearchParams(new FormData(form)) });
        const kept = answer.ok && autosave.startsWith(new URL(answer.url).pathname);
        line.textContent = kept ? `${saved} ${time()}` : answer.status === 422 ? incomplete : unsaved;
      } catch {
        line.textContent = unsaved;
        changed = true;
      }
      sending = false;
    };
    const later = () => {
      changed = true;
      clearTimeout(waiting);
      waiting = setTimeout(keep, Number(calm) * 1000);
    };
    line.textContent = promise;
    form.addEventListener("input", later);
    form.addEventListener("change", later);
    form.addEventListener("submit", () => {
      leaving = true;
      clearTimeout(waiting);
    });
    document.addEventListener("visibilitychange", () => document.hidden && keep());
  }
})();
