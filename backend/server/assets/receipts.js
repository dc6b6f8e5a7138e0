// Checks a receipt (C2SP tlog-proof) within the browser: form, hash of the entry, way to the root (RFC 6962), and the
// signature of the checkpoint (C2SP signed-note, Ed25519). All words are those of the page; it asks nobody.
"use strict";
(() => {
  const HEADER = "c2sp.org/tlog-proof@v1";
  const HASHES_MAX = 63;
  const U64 = 1n << 64n;

  const refuse = (why) => { throw new Error(why); };
  const join = (...parts) => Uint8Array.from(parts.flatMap((part) => [...part]));
  const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  const same = (one, other) => hex(one) === hex(other);
  const sha256 = async (...parts) => new Uint8Array(await crypto.subtle.digest("SHA-256", join(...parts)));

  // Only what would be written the same way again is read.
  const base64 = (text) => {
    let letters;
    try { letters = atob(text); } catch { return refuse("base64"); }
    if (btoa(letters) !== text) refuse("base64");
    return Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
  };
  const number = (text) => /^(0|[1-9][0-9]{0,19})$/.test(text) && BigInt(text) < U64 ? BigInt(text) : refuse("number");
  const hash = (text) => {
    const bytes = base64(text);
    return bytes.length === 32 ? bytes : refuse("hash");
  };

  const parseProof = (text) => {
    const end = text.indexOf("\n\n");
    if (end < 0) refuse("no checkpoint");
    const lines = text.slice(0, end).split("\n");
    if (lines.shift() !== HEADER) refuse(`not ${HEADER}`);
    if (!lines[0]?.startsWith("extra ")) refuse("no entry in it");
    const entry = base64(lines.shift().slice("extra ".length));
    if (!lines[0]?.startsWith("index ")) refuse("no index");
    const index = number(lines.shift().slice("index ".length));
    if (lines.length > HASHES_MAX) refuse("too many hashes");
    return { entry, index, path: lines.map(hash), note: parseNote(text.slice(end + 2)) };
  };

  const parseNote = (note) => {
    const end = note.lastIndexOf("\n\n");
    if (end < 0 || !note.endsWith("\n") || /[\0-\x09\x0b-\x1f]/.test(note)) refuse("no signed note");
    const body = note.slice(0, end + 1);
    const signatures = note.slice(end + 2, -1).split("\n").map((line) => {
      const [, name, encoded] = /^\u2014 ([^\s+]+) (\S+)$/u.exec(line) ?? refuse("a line is no signature");
      const bytes = base64(encoded);
      if (bytes.length < 5) refuse("a signature is too short");
      return { name, id: bytes.slice(0, 4), bytes: bytes.slice(4) };
    });
    const [origin, size, root, ...rest] = body.slice(0, -1).split("\n");
    if (!origin || size === undefined || root === undefined || rest.includes("")) refuse("no checkpoint");
    return { body, signatures, origin, size: number(size), root: hash(root) };
  };

  const parseKey = async (text) => {
    const [, name, id, encoded] = /^([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/u.exec(text) ?? refuse("not a key");
    const bytes = base64(encoded);
    if (bytes.length !== 33 || bytes[0] !== 1) refuse("not a key of Ed25519");
    const own = (await sha256(new TextEncoder().encode(`${name}\n`), bytes)).slice(0, 4);
    if (hex(own) !== id) refuse("the key does not have its own number");
    return { name, id: own, raw: bytes.slice(1) };
  };

  // RFC 9162, section 2.1.3.2.
  const climb = async (index, leaf, size, path) => {
    if (index >= size) refuse(`${index} ≥ ${size}`);
    let [node, last, at] = [index, size - 1n, leaf];
    for (const sibling of path) {
      if (last === 0n) refuse("a hash too many");
      if (node & 1n || node === last) {
        at = await sha256([1], sibling, at);
        while (!(node & 1n) && node !== 0n) [node, last] = [node >> 1n, last >> 1n];
      } else {
        at = await sha256([1], at, sibling);
      }
      [node, last] = [node >> 1n, last >> 1n];
    }
    if (last !== 0n) refuse("a hash is missing");
    return at;
  };

  // Whether the browser has Ed25519 at all.
  const hasEd25519 = async () => {
    try {
      await crypto.subtle.importKey("raw", new Uint8Array(32), "Ed25519", false, ["verify"]);
      return true;
    } catch (error) {
      return error.name !== "NotSupportedError";
    }
  };

  const checkSignature = async (note, keys) => {
    let signed = 0;
    for (const key of keys.filter((it) => it.name === note.origin)) {
      const claimed = note.signatures.filter((it) => it.name === key.name && same(it.id, key.id));
      for (const { bytes } of claimed) {
        const imported = await crypto.subtle.importKey("raw", key.raw, "Ed25519", false, ["verify"]);
        const text = new TextEncoder().encode(note.body);
        if (!await crypto.subtle.verify("Ed25519", imported, bytes, text)) refuse("it does not verify");
        signed += 1;
      }
    }
    return signed || refuse("no signature by the key");
  };

  // What is true of each step: `[true, detail]`, `[false, why]`, or nothing where it could not be checked.
  const verify = async (text, keyLines) => {
    const steps = new Map();
    const attempt = async (step, work) => {
      try {
        const [detail, value] = await work();
        steps.set(step, [true, detail]);
        return value;
      } catch (error) {
        steps.set(step, [false, error.message]);
        return undefined;
      }
    };
    const proof = await attempt("shape", () => {
      const it = parseProof(text);
      return [`${it.index} / ${it.note.size}`, it];
    });
    if (!proof) return { steps };
    const { note, entry } = proof;
    const leaf = await attempt("leaf", async () => {
      const it = await sha256([0], entry);
      JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(entry));
      return [hex(it), it];
    });
    if (leaf) {
      await attempt("path", async () => {
        const root = await climb(proof.index, leaf, note.size, proof.path);
        return same(root, note.root) ? [hex(root)] : refuse(`${hex(root)} ≠ ${hex(note.root)}`);
      });
    }
    const keys = await attempt("origin", async () => {
      const it = await Promise.all(keyLines.map(parseKey));
      return it.some((key) => key.name === note.origin) ? [note.origin, it] : refuse(note.origin);
    });
    if (keys && await hasEd25519()) {
      await attempt("signature", async () => [`${await checkSignature(note, keys)}`]);
    } else if (keys) {
      steps.set("signature", undefined);
    }
    return { steps, entry };
  };

  for (const form of document.querySelectorAll("form[data-receipt]")) {
    const words = form.dataset;
    const [proof, keys, file] = ["proof", "keys", "file"].map((id) => form.querySelector(`#${id}`));
    const verdict = form.querySelector(".verdict");
    const list = form.querySelector(".steps");
    const shown = form.querySelector("pre");
    if (!window.crypto?.subtle) {
      verdict.textContent = words.insecure;
      continue;
    }
    form.querySelector(".without").remove();
    form.querySelector("button").hidden = false;
    file.disabled = false;

    const forget = () => {
      [verdict.textContent, verdict.className, list.hidden, shown.hidden] = ["", "verdict", true, true];
    };
    const tell = (item, result, isLooked) => {
      const kind = !isLooked || !result ? ["wait", "○", words.open] : result[0] ? ["good", "✓", words.good] : ["stop", "×", words.bad];
      const badge = item.querySelector(".badge");
      badge.className = `badge ${kind[0]}`;
      badge.textContent = `${kind[1]} ${kind[2]}`;
      item.querySelector("small").textContent = result?.[1] ?? "";
    };
    const check = async (text) => {
      forget();
      const lines = keys.value.split("\n").map((line) => line.trim()).filter(Boolean);
      const { steps, entry } = await verify(text, lines);
      const all = [...list.querySelectorAll("[data-step]")].map((item) => {
        const result = steps.get(item.dataset.step);
        tell(item, result, steps.has(item.dataset.step));
        return result;
      });
      const hasFailed = all.some((result) => result && !result[0]);
      const isWhole = all.every((result) => result?.[0]);
      const word = hasFailed ? words.fails : isWhole ? words.holds : `${words.holdsBut} ${words.unsupported}`;
      verdict.className = hasFailed ? "verdict notice bad" : isWhole ? "verdict notice" : "verdict note";
      verdict.textContent = word;
      list.hidden = false;
      if (isWhole) {
        shown.firstChild.textContent = JSON.stringify(JSON.parse(new TextDecoder().decode(entry)), null, 2);
        shown.hidden = false;
      }
      verdict.focus();
    };
    const take = async (chosen) => {
      if (!chosen) return;
      // Longer than any proof there is; it would only be refused line by line.
      const text = chosen.size > 1 << 20 ? "" : await chosen.text();
      proof.value = text;
      await check(text);
    };

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      check(proof.value);
    });
    for (const field of [proof, keys]) field.addEventListener("input", forget);
    file.addEventListener("change", () => take(file.files[0]));
    form.addEventListener("dragover", (event) => event.preventDefault());
    form.addEventListener("drop", (event) => {
      event.preventDefault();
      take(event.dataTransfer.files[0]);
    });
  }
})();
