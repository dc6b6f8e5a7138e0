"""Receipts checked in Chromium: good ones hold, and whatever was tampered with is refused with the step that finds it."""

import base64
import hashlib

import httpx
import pytest
from chromium import enter, focused, forget, mistakes, picture, sign_in, until
from test_accessibility import axe  # noqa: F401  (a fixture)
from test_islands import assert_accessible, shown, texts, write


def proof_of(company, index):
    answer = company.get(f"/v1/receipts/{index}?format=tlog-proof")
    assert answer.status_code == 200, answer.text
    return answer.text


def flipped(encoded):
    """The same length in base64, with one bit that is another."""
    changed = bytearray(base64.b64decode(encoded))
    changed[len(changed) // 2] ^= 1
    return base64.b64encode(changed).decode()


def key_of(name, public):
    """A verifier key as C2SP signed-note writes it."""
    typed = b"\x01" + public
    number = hashlib.sha256(name.encode() + b"\n" + typed).digest()[:4]
    return f"{name}+{number.hex()}+{base64.b64encode(typed).decode()}"


def tampered(proof, key):
    """Receipts and keys that must be refused, each with the steps that find out."""
    head, note = proof.split("\n\n", 1)
    first, extra, index, *path = head.split("\n")
    body, signatures = note.split("\n\n", 1)
    origin, size, root = body.split("\n")
    number = int(index.removeprefix("index "))
    entry = base64.b64decode(extra.removeprefix("extra "))
    other = base64.b64encode(entry.replace(b'"catalog.list_datasets"', b'"catalog.list_dataset5"'))
    assert other != base64.b64encode(entry) and len(path) > 2

    def whole(extra=extra, index=index, path=path, size=size, root=root, signatures=signatures, origin=origin):
        head = "\n".join([first, extra, index, *path])
        return f"{head}\n\n{origin}\n{size}\n{root}\n\n{signatures}"

    assert whole() == proof
    lines = signatures.rstrip("\n").split("\n")
    name, signed = lines[0].removeprefix("\u2014 ").split(" ")
    raw = bytearray(base64.b64decode(signed))
    raw[-1] ^= 1
    bad = f"\u2014 {name} {base64.b64encode(raw).decode()}\n"
    stranger = bytes.fromhex("d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a")  # RFC 8032, test 1
    wrong_size = str(int(size) + 1)
    yield "another entry", whole(extra=f"extra {other.decode()}"), key, {"path"}
    yield "another hash beside the way", whole(path=[*path[:-1], flipped(path[-1])]), key, {"path"}
    yield "a hash too few", whole(path=path[:-1]), key, {"path"}
    yield "a hash too many", whole(path=[*path, path[-1]]), key, {"path"}
    yield "another place", whole(index=f"index {number ^ 1}"), key, {"path"}
    yield "a place outside", whole(index=f"index {int(size)}"), key, {"path"}
    yield "another root", whole(root=flipped(root)), key, {"path", "signature"}
    yield "another size", whole(size=wrong_size), key, {"signature"}
    yield "another signature", whole(signatures=bad), key, {"signature"}
    yield "another key of that name", proof, key_of(name, stranger), {"signature"}
    yield "a key of another name", proof, key_of("other.example/ledger", stranger), {"origin"}
    yield "a key that is none", proof, key[:-6] + "AAAAA=", {"origin"}
    yield "no entry in it", whole(extra="extra"), key, {"shape"}
    yield "a number with a nought before it", whole(index=f"index 0{number}"), key, {"shape"}
    yield "base64 that is written otherwise", whole(path=[path[0].rstrip("="), *path[1:]]), key, {"shape"}
    yield "no proof", "hello", key, {"shape"}
    yield "nothing", "", key, {"shape"}


def put(browser, selector, text):
    """As a script does it: what a proof consists of is kept to the byte."""
    script = "(it, text) => { it.value = text; it.dispatchEvent(new Event('input', {bubbles: true})) }"
    browser.locator(selector).evaluate(script, text)


def outcome(browser):
    """The class of the verdict, and each step with the class of its badge."""
    until(lambda: shown(browser, ".verdict") and browser.is_visible(".steps"))
    return browser.evaluate("""() => [document.querySelector('.verdict').className,
        Object.fromEntries([...document.querySelectorAll('[data-step]')].map(
            it => [it.dataset.step, it.querySelector('.badge').classList[1]]))]""")


def check(browser, proof, key):
    put(browser, "#proof", proof)
    put(browser, "#keys", key)
    assert not shown(browser, ".verdict"), "what was said of another receipt is taken back"
    browser.click("form[data-receipt] button")
    return outcome(browser)


ALL_GOOD = dict.fromkeys(("shape", "leaf", "path", "origin", "signature"), "good")


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_company_checks_its_receipt_in_its_browser(browser, axe, demo, tmp_path, language):  # noqa: F811
    company = demo.company()
    for _ in range(6):
        index = int(company.get("/v1/datasets").headers["mudeung-receipt"])
    proof = proof_of(company, index)
    sign_in(browser, demo, language, "developer")
    browser.goto(f"{demo.url}/{language}/receipts")
    assert_accessible(browser, axe)
    assert str(index) in texts(browser, "main tbody th"), "the latest are there to choose from"
    write(browser, "#index", str(index))
    enter(browser)
    assert f"index={index}" in browser.url
    own = browser.input_value("#proof")
    assert own.split("\nindex ")[0] == proof.split("\nindex ")[0], "it is the entry that the interface gives"
    browser.press("form[data-receipt] button", "Enter")
    assert outcome(browser) == ["verdict notice", ALL_GOOD]
    assert '"operation": "catalog.list_datasets"' in shown(browser, "form[data-receipt] pre")
    assert focused(browser, "className") == "verdict notice"
    assert_accessible(browser, axe)
    picture(browser, f"islands-receipt-{language}")
    # What the interface gives and what the page gives to keep are files that anybody can put in.
    forget(browser)
    browser.goto(f"{demo.url}/{language}/receipts")
    file = tmp_path / f"{index}.tlog-proof"
    file.write_bytes(proof.encode())
    browser.set_input_files("#file", file)
    assert outcome(browser) == ["verdict notice", ALL_GOOD]
    assert not texts(browser, "main table"), "a stranger sees nobody's receipts"
    assert not mistakes(browser)


def test_every_receipt_that_was_tampered_with_is_refused_with_what_does_not_hold(browser, axe, demo):  # noqa: F811
    company = demo.company()
    for _ in range(6):
        index = int(company.get("/v1/datasets").headers["mudeung-receipt"])
    proof = proof_of(company, index)
    browser.goto(f"{demo.url}/en/receipts")
    key = browser.input_value("#keys").strip()
    assert key == httpx.get(demo.url + "/ledger/verifier").text.strip()
    assert check(browser, proof, key) == ["verdict notice", ALL_GOOD]
    assert check(browser, proof, f"{key_of('other.example/ledger', bytes(32))}\n{key}")[0] == "verdict notice"
    for name, text, keys, broken in tampered(proof, key):
        verdict, steps = check(browser, text, keys)
        assert verdict == "verdict notice bad", name
        found = {step for step, kind in steps.items() if kind == "stop"}
        assert found == broken or (broken == {"signature"} and found == {"path", "signature"}), (name, steps)
        assert "good" not in steps.values() or broken != {"shape"}, name
    picture(browser, "islands-receipt-refused-en")
    assert_accessible(browser, axe)
    assert check(browser, proof, key) == ["verdict notice", ALL_GOOD], "and a good one still holds"


def test_a_browser_without_ed25519_checks_the_hashes_and_says_what_it_did_not(browser, demo):
    company = demo.company()
    index = int(company.get("/v1/datasets").headers["mudeung-receipt"])
    proof = proof_of(company, index)
    lacks = """const known = crypto.subtle.importKey.bind(crypto.subtle);
        crypto.subtle.importKey = (format, key, name, ...rest) => name === "Ed25519"
            ? Promise.reject(new DOMException("Unrecognized name.", "NotSupportedError"))
            : known(format, key, name, ...rest);"""
    browser.add_init_script(lacks)
    browser.goto(f"{demo.url}/ko/receipts")
    key = browser.input_value("#keys")
    verdict, steps = check(browser, proof, key)
    assert (verdict, steps) == ("verdict note", {**ALL_GOOD, "signature": "wait"})
    assert "Ed25519가 없습니다" in shown(browser, ".verdict")
    verdict, steps = check(browser, proof.replace("\nindex ", "\nindex 1"), key)
    assert (verdict, steps["path"]) == ("verdict notice bad", "stop"), "hashes are still checked"


def test_the_page_of_receipts_asks_nobody(demo):
    answer = httpx.get(f"{demo.url}/en/receipts")
    assert "connect-src" not in answer.headers["content-security-policy"], "not even this server"
