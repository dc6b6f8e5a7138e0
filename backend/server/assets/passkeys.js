// A form with `data-passkey` asks the browser for a passkey and sends what it answers. All words are those of the page;
// without this script the form says that it needs it, and the other ways are there.
"use strict";
(() => {
  const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (it) => it.charCodeAt(0));
  const text = (buffer) => {
    const letters = Array.from(new Uint8Array(buffer), (byte) => String.fromCharCode(byte)).join("");
    return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  };

  const asked = (form) => {
    const options = JSON.parse(form.dataset.options);
    options.challenge = bytes(options.challenge);
    if (options.user) options.user.id = bytes(options.user.id);
    for (const known of [...(options.allowCredentials ?? []), ...(options.excludeCredentials ?? [])]) {
      known.id = bytes(known.id);
    }
    return { publicKey: options };
  };

  const answered = (answer) => {
    const response = { clientDataJSON: text(answer.response.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"]) {
      if (answer.response[name]) response[name] = text(answer.response[name]);
    }
    if (answer.response.getTransports) response.transports = answer.response.getTransports();
    return JSON.stringify({ id: text(answer.rawId), type: answer.type, response });
  };

  for (const form of document.querySelectorAll("form[data-passkey]")) {
    const { passkey, seconds, cancelled, failed, known, unsupported, waiting } = form.dataset;
    const button = form.querySelector("button");
    const word = form.querySelector("[role=status]");
    if (!window.PublicKeyCredential) {
      word.textContent = unsupported;
      continue;
    }
    let busy = false;
    word.textContent = "";
    button.hidden = false;
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (busy) return;
      busy = true;
      word.textContent = waiting;
      try {
        // Nobody is asked for what would be too late: the server says so, with a new form.
        if (performance.now() < Number(seconds) * 1000) {
          const container = navigator.credentials;
          const answer = await (passkey === "create" ? container.create(asked(form)) : container.get(asked(form)));
          form.elements.credential.value = answered(answer);
        }
        form.submit();
      } catch (error) {
        const words = { InvalidStateError: known, NotAllowedError: cancelled, AbortError: cancelled };
        word.textContent = words[error.name] ?? failed;
        busy = false;
      }
    });
  }
})();
