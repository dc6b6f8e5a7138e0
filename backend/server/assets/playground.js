// Sends the request that a page of the playground describes, and shows it as a command while it is written. Token and
// secret stay in their fields; all words are those of the page.
"use strict";
(() => {
  const READ_MAX = 256 * 1024;
  const SHOWN_MAX = 20_000;
  const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;
  const isText = (kind) => /^(text\/|application\/(json|.*\+json|x-ndjson|vnd\.c2sp\.))|openmetrics|^$/.test(kind);

  for (const form of document.querySelectorAll("form[data-playground]")) {
    const { playground: method, path, base, ...words } = form.dataset;
    const at = (selector) => form.querySelector(selector);
    const [token, body, state, answer] = ["[data-token]", "[data-media]", "[data-state]", "[data-answer]"].map(at);
    const fields = [...form.querySelectorAll("[data-name]")];
    const of = (place) => fields.filter((it) => it.dataset.place === place && it.value !== "");

    const request = () => {
      const filled = path.replaceAll(/\{([^}]+)\}/g, (whole, name) => {
        const field = fields.find((it) => it.dataset.place === "path" && it.dataset.name === name);
        return field?.value ? encodeURIComponent(field.value).replaceAll("%2F", name === "tile" ? "/" : "%2F") : whole;
      });
      const query = new URLSearchParams(of("query").map((it) => [it.dataset.name, it.value])).toString();
      const headers = Object.fromEntries(of("header").map((it) => [it.dataset.name, it.value]));
      const sent = new URLSearchParams(of("form").map((it) => [it.dataset.name, it.value]));
      const isForm = fields.some((it) => it.dataset.place === "form");
      if (body) headers["Content-Type"] = body.dataset.media;
      return { target: query ? `${filled}?${query}` : filled, headers, body: isForm ? sent : body?.value };
    };

    // A secret is never part of what is copied.
    const tell = () => {
      const it = request();
      const parts = [method === "GET" ? "curl" : method === "HEAD" ? "curl -I" : `curl -X ${method}`];
      if (token) parts.push('-H "Authorization: Bearer $TOKEN"');
      for (const [name, value] of Object.entries(it.headers)) parts.push(`-H ${quote(`${name}: ${value}`)}`);
      for (const field of of("form")) {
        const { name } = field.dataset;
        const value = field.type === "password" ? `"${name}=$${name.toUpperCase()}"` : quote(`${name}=${field.value}`);
        parts.push(`--data-urlencode ${value}`);
      }
      if (body) parts.push(`--data-binary ${quote(body.value)}`);
      parts.push(quote(base + it.target));
      at("[data-command]").textContent = parts.join(" \\\n  ");
    };

    // As much as is shown, and whether that is all.
    const read = async (response) => {
      const reader = response.body?.getReader();
      const chunks = [];
      let length = 0;
      while (reader) {
        const { done, value } = await reader.read();
        if (done) return [new Blob(chunks), length, true];
        chunks.push(value);
        length += value.length;
        if (length > READ_MAX) {
          await reader.cancel();
          return [new Blob(chunks), length, false];
        }
      }
      return [new Blob(), 0, true];
    };

    const show = async (response, started) => {
      const [blob, length, isAll] = await read(response);
      const took = Math.round(performance.now() - started);
      at("[data-status]").textContent = `${response.status} ${response.statusText} · ${took} ms`;
      at("[data-headers]").textContent = [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
      const receipt = response.headers.get("mudeung-receipt");
      const line = at("[data-receipt-line]");
      line.hidden = receipt === null;
      const link = line.querySelector("a");
      link.textContent = receipt ?? "";
      link.href = `${words.receipts}?index=${encodeURIComponent(receipt ?? "")}`;
      const kind = response.headers.get("content-type") ?? "";
      const size = new Intl.NumberFormat(document.documentElement.lang).format(length) + (isAll ? "" : "+");
      let text;
      if (length === 0) text = words.empty;
      else if (!isText(kind)) text = `${words.binary} ${size} (${kind})`;
      else {
        const whole = await blob.text();
        text = whole.slice(0, SHOWN_MAX);
        if (kind.includes("json") && isAll && whole.length <= SHOWN_MAX) {
          try {
            text = JSON.stringify(JSON.parse(whole), null, 2);
          } catch { /* lines of JSON are shown as they came */ }
        }
        if (!isAll || whole.length > SHOWN_MAX) text += `\n… ${words.cut}`;
      }
      at("[data-body]").textContent = text;
      answer.hidden = false;
      state.textContent = "";
      at("#answer").focus();
    };

    const send = async () => {
      const missing = fields.filter((it) => it.required && it.value === "");
      if (missing.length > 0) {
        state.textContent = `${words.missing} ${missing.map((it) => it.dataset.name).join(", ")}`;
        missing[0].focus();
        return;
      }
      const it = request();
      if (token?.value) it.headers.Authorization = `Bearer ${token.value.trim()}`;
      [answer.hidden, state.textContent] = [true, words.sending];
      const started = performance.now();
      try {
        const options = { method, headers: it.headers, credentials: "omit", cache: "no-store" };
        if (method !== "GET" && method !== "HEAD") options.body = it.body;
        await show(await fetch(it.target, options), started);
      } catch {
        state.textContent = words.unreachable;
      }
    };

    const authorize = async () => {
      const said = at("[data-got-it]");
      const [client, secret] = ["#client", "#secret"].map((id) => at(id).value.trim());
      const sent = new URLSearchParams({ grant_type: "client_credentials", client_id: client, client_secret: secret });
      const scope = [...new Set(words.scope.split(" ").filter(Boolean))].join(" ");
      if (scope) sent.set("scope", scope);
      try {
        const options = { method: "POST", body: sent, credentials: "omit", cache: "no-store" };
        const response = await fetch("/oauth2/token", options);
        const given = await response.json();
        if (response.ok) token.value = given.access_token;
        const why = given.error_description ?? given.error;
        said.textContent = response.ok ? `${words.got} ${given.scope}` : `${words.refused} ${why}`;
      } catch {
        said.textContent = words.unreachable;
      }
    };

    form.noValidate = true;
    at(".without").remove();
    at("button[type=submit]").hidden = false;
    form.addEventListener("input", tell);
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      send();
    });
    const get = at("[data-get]");
    if (get) {
      get.hidden = false;
      get.addEventListener("click", authorize);
      for (const field of [at("#client"), at("#secret")]) {
        field.addEventListener("keydown", (event) => {
          if (event.key !== "Enter" || event.isComposing) return;
          event.preventDefault();
          authorize();
        });
      }
    }
    tell();
  }
})();
