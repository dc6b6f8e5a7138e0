"""What scripts add to the portal, in Chromium: and that every page is whole without them.

The first load of each page, with its scripts, stays small; parts that change are announced and keep the focus in reach;
nothing is asked for while a Korean letter is being composed.
"""

import time

import httpx
import pytest
from chromium import WAIT_MS, choose_plan, click, enter, focused, forget, has, mistakes, picture, sign_in, until, window
from playwright.sync_api import expect
from test_accessibility import axe, violations, walk  # noqa: F401  (a fixture)


def texts(browser, selector):
    """At one moment: what is asked for one by one may be swapped meanwhile."""
    return browser.locator(selector).evaluate_all("all => all.map(it => it.innerText.trim())")


def shown(browser, selector):
    """What can be read there: nothing while it is hidden."""
    place = browser.locator(selector)
    return place.inner_text().strip() if place.is_visible() else ""


def write(browser, selector, written):
    """Stroke by stroke, in place of what was there."""
    browser.press(selector, "Control+a")
    if not written:
        browser.press(selector, "Backspace")
    browser.locator(selector).press_sequentially(written)


def led_to(browser, part):
    """Waits until that is part of the address: scripts change it as well, without another page."""
    browser.wait_for_url(lambda address: part in address)


def assert_accessible(browser, axe):  # noqa: F811
    for theme in ("light", "dark"):
        browser.emulate_media(color_scheme=theme)
        found = violations(browser, axe)
        assert not found, f"{browser.url} {theme}: " + "\n".join(found)
    browser.emulate_media(color_scheme="null")


def requests_of(browser):
    """How often the page asked the server for something after it was loaded."""
    asked = "it => it.initiatorType === 'xmlhttprequest'"
    return browser.evaluate(f"performance.getEntriesByType('resource').filter({asked}).length")


@pytest.fixture
def plain(chromium):
    """A window without scripts."""
    page = window(chromium, java_script_enabled=False)
    yield page
    page.context.close()


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_catalogue_is_searched_as_one_types_and_keeps_the_field(browser, axe, demo, language):  # noqa: F811
    browser.goto(f"{demo.url}/{language}/catalogue")
    everything = len(texts(browser, "#results article"))
    assert everything > 1
    write(browser, "#q", "support2")
    until(lambda: len(texts(browser, "#results article")) == 1)
    assert texts(browser, "#results article p.mono") == ["support2"]
    until(lambda: shown(browser, "#said").endswith(": 1"))
    assert focused(browser, "id") == "q", "who types stays in the field"
    led_to(browser, "q=support2")  # what is shown has an address
    assert_accessible(browser, axe)
    write(browser, "#q", "없는데이터")
    until(lambda: not texts(browser, "#results article"))
    assert texts(browser, "#results .empty")
    picture(browser, f"islands-catalogue-{language}")
    browser.reload()
    assert texts(browser, "#results .empty"), "the same address gives the same without a script's help"
    browser.select_option("#tier", "deidentified")
    write(browser, "#q", "")
    until(lambda: texts(browser, "#results article"))
    assert len(texts(browser, "#results article .tag.grant")) >= len(texts(browser, "#results article"))
    assert not mistakes(browser)


def test_nothing_is_asked_for_while_a_korean_letter_is_being_composed(browser, demo):
    browser.goto(f"{demo.url}/ko/catalogue")
    browser.click("#q")
    keys = browser.context.new_cdp_session(browser)
    before = requests_of(browser)
    for strokes in ("ㅇ", "아", "암"):
        composed = {"text": strokes, "selectionStart": len(strokes), "selectionEnd": len(strokes)}
        keys.send("Input.imeSetComposition", composed)
        time.sleep(0.5)
    assert browser.input_value("#q") == "암"
    assert requests_of(browser) == before, "a letter is not done yet"
    keys.send("Input.insertText", {"text": "암"})
    led_to(browser, "q=%EC%95%94")
    assert requests_of(browser) == before + 1
    assert not mistakes(browser)


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_ledger_is_filtered_and_paged_in_its_place(browser, axe, demo, language):  # noqa: F811
    company = demo.company()
    for _ in range(60):
        company.ask("/v1/datasets")
    sign_in(browser, demo, language, "admin")
    browser.goto(f"{demo.url}/{language}/ledger")
    write(browser, "#operation", "catalog.list_datasets")
    before = requests_of(browser)
    time.sleep(0.6)
    assert requests_of(browser) == before, "a look at the ledger is an entry: strokes are none"
    browser.keyboard.press("Tab")
    led_to(browser, "operation=catalog.list_datasets")
    assert set(texts(browser, "#results tbody td:nth-child(4)")) == {"catalog.list_datasets"}
    assert focused(browser, "id") == "organization"
    first = texts(browser, "#results tbody th")
    browser.evaluate("window.same = true")
    browser.press("#results a.button", "Enter")
    until(lambda: texts(browser, "#results tbody th") not in ([], first))
    second = texts(browser, "#results tbody th")
    assert int(second[0]) < int(first[-1]) and browser.evaluate("window.same"), "the list alone changed"
    assert focused(browser, "id") == "results", "one goes on reading where it changed"
    led_to(browser, "before=")
    assert_accessible(browser, axe)
    browser.go_back()
    # The page may be fetched anew for that: this waits beyond it.
    expect(browser.locator("#results tbody th")).to_have_text(first, timeout=WAIT_MS)
    kept = browser.evaluate("[Object.keys(localStorage), Object.keys(sessionStorage)]")
    assert kept == [[], ["htmx-current-path-for-history"]], "nothing of a page is kept but its address"
    assert not mistakes(browser)


def test_who_was_signed_out_meanwhile_is_led_to_sign_in(browser, demo):
    sign_in(browser, demo, "en", "admin")
    browser.goto(f"{demo.url}/en/ledger")
    forget(browser)
    write(browser, "#app", "app_x")
    browser.keyboard.press("Tab")
    led_to(browser, "/en/sign-in")
    assert has(browser, "main [name=password]")


@pytest.mark.parametrize("language", ["ko", "en"])
def test_a_draft_keeps_itself_and_says_at_once_how_it_matches(browser, axe, server, language):  # noqa: F811
    server.json = server.credentials
    words = {"ko": ("저장했습니다", "아직 저장할 수 없는"), "en": ("Saved at", "cannot be saved yet")}[language]
    sign_in(browser, server, language, "developer")
    browser.goto(f"{server.url}/{language}/requests/new")
    assert not has(browser, "#match-part section")
    choose_plan(browser)
    until(lambda: has(browser, "#match-part section"))
    until(lambda: shown(browser, "p#said"))
    assert_accessible(browser, axe)
    picture(browser, f"islands-match-{language}")
    write(browser, "#purpose", "a draft")
    browser.select_option("#ethics", "exempt")
    click(browser, "button[formaction$='/drafts']")
    draft = browser.url.split("?")[0]
    browser.goto(draft + "/edit")
    assert shown(browser, "[data-promise]") == browser.get_attribute("[data-promise]", "data-promise") != ""
    browser.press("#purpose", "Control+End")
    browser.locator("#purpose").press_sequentially(" that is written on and on")
    until(lambda: words[0] in shown(browser, "[data-promise]"))
    picture(browser, f"islands-autosave-{language}")
    assert_accessible(browser, axe)
    # What cannot be kept is said, and what was kept before stays.
    browser.select_option("#ethics", "approved")
    until(lambda: words[1] in shown(browser, "[data-promise]"))
    browser.goto(draft + "/edit")
    assert browser.input_value("#purpose") == "a draft that is written on and on"
    # The refusal is an answer that the browser's console shows as an error; there is no other one.
    assert all("422" in it for it in mistakes(browser)), mistakes(browser)


def test_without_scripts_the_same_is_done_by_links_and_forms(plain, demo):
    plain.goto(f"{demo.url}/ko/catalogue")
    write(plain, "#q", "support2")
    enter(plain)
    assert "q=support2" in plain.url
    assert texts(plain, "#results article p.mono") == ["support2"]
    sign_in_plainly(plain, demo, "admin")
    plain.goto(f"{demo.url}/en/ledger")
    click(plain, "#results a.button")
    assert "before=" in plain.url
    assert texts(plain, "#results tbody th")


def sign_in_plainly(plain, demo, who):
    """By the keyboard, as forms are sent without any script."""
    plain.goto(f"{demo.url}/en/sign-in")
    write(plain, "[name=email]", demo.json[who]["email"])
    write(plain, "[name=password]", demo.json[who]["password"])
    enter(plain)
    assert plain.url.endswith("/en/home")


def widths(browser, selector):
    return browser.locator(selector).evaluate_all("all => all.map(it => it.getBoundingClientRect().width)")


def colours(browser):
    """Those of the second chart, where nothing shines through."""
    return browser.evaluate("""() => {
        const canvas = document.querySelectorAll('figure canvas')[1];
        const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        const seen = new Set();
        for (let at = 0; at < data.length; at += 4) {
            if (data[at + 3] === 255) seen.add(data.slice(at, at + 3).join());
        }
        return [...seen];
    }""")


@pytest.mark.parametrize("language", ["ko", "en"])
def test_usage_is_drawn_in_the_colours_of_the_page_and_told_in_a_table(browser, axe, demo, language):  # noqa: F811
    company = demo.company()
    for _ in range(3):
        company.ask("/v1/datasets/lymph_node/synthetic/tables/patient/rows", params={"limit": 400})
    sign_in(browser, demo, language, "developer")
    browser.goto(f"{demo.url}/{language}/usage")
    until(lambda: browser.locator("figure .uplot canvas").count() == 2)
    assert has(browser, "figure > svg") and not has(browser, "figure > svg:visible")
    assert browser.locator("figure .plot").first.get_attribute("aria-label"), "who cannot see it is told what it is"
    # Drawn: pixels of the chart have the green of the theme.
    for theme, green in (("light", "18,89,77"), ("dark", "127,208,187")):
        browser.emulate_media(color_scheme=theme)
        until(lambda green=green: green in colours(browser))
        picture(browser, f"islands-usage-{language}-{theme}")
    browser.emulate_media(color_scheme="null")
    # By the keyboard: another amount, and the table.
    figure = browser.locator("figure[data-usage]").first
    chosen = figure.locator("select")
    chosen.select_option("rows")
    word = chosen.locator("[value=rows]").text_content().strip()
    until(lambda: word in figure.locator(".u-legend").inner_text())
    chosen.press("Tab")
    assert focused(browser, "localName") == "summary"
    browser.keyboard.press("Enter")
    until(lambda: figure.locator("details tbody").is_visible())
    amounts = figure.locator("details tbody tr:first-child td").all_inner_texts()
    assert int(amounts[1].replace(",", "")) >= 1_200, f"the rows that were read today: {amounts}"
    assert_accessible(browser, axe)
    browser.set_viewport_size({"width": 420, "height": 900})
    until(lambda: all(0 < it <= 420 for it in widths(browser, "figure .uplot") or [0]))
    width = browser.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert width[0] <= width[1]
    assert not mistakes(browser)


def test_without_scripts_usage_is_a_drawing_and_tables(plain, demo):
    demo.company().ask("/v1/datasets")
    sign_in_plainly(plain, demo, "developer")
    plain.goto(f"{demo.url}/ko/usage")
    assert [it.is_visible() for it in plain.locator("figure > svg").all()] == [True, True]
    assert has(plain, "figure select") and not has(plain, "figure select:visible")
    plain.locator("figure summary").first.click()
    assert plain.locator("figure details tbody th").first.is_visible()


def fill(browser, name, value):
    write(browser, f"[data-name='{name}']", value)


def answered(browser):
    until(lambda: browser.is_visible("[data-answer]") and shown(browser, "[data-status]"))
    return shown(browser, "[data-status]"), browser.text_content("[data-body]")


@pytest.mark.parametrize("language", ["ko", "en"])
def test_the_interface_is_tried_out_and_the_answer_has_its_receipt(browser, axe, demo, language):  # noqa: F811
    browser.goto(f"{demo.url}/{language}/catalogue/lymph_node/synthetic/patient")
    click(browser, "main a[href*='/playground/read_rows']")
    assert browser.input_value("[data-name=dataset]") == "lymph_node"
    assert_accessible(browser, axe)
    fill(browser, "limit", "2")
    fill(browser, "filter", "age >= '0'")
    command = shown(browser, "[data-command]")
    assert "limit=2" in command and "$TOKEN" in command
    browser.locator("fieldset summary").press("Enter")
    browser.press("[data-get]", "Enter")
    until(lambda: "synthetic.read" in shown(browser, "[data-got-it]"))
    token = browser.input_value("#token")
    assert token.count(".") == 2 and token not in browser.content()
    assert token not in shown(browser, "[data-command]")
    browser.press("button[type=submit]", "Enter")
    status, body = answered(browser)
    assert status.startswith("200 "), (status, body)
    assert focused(browser, "id") == "answer"
    receipt = shown(browser, "[data-receipt-line] a")
    assert receipt.isdigit()
    led = browser.locator("[data-receipt-line] a").evaluate("it => it.href")
    assert led.endswith(f"/{language}/receipts?index={receipt}")
    assert "mudeung-receipt" in browser.text_content("[data-headers]")
    assert_accessible(browser, axe)
    picture(browser, f"islands-playground-{language}")
    # What is no text is told by its size, and a refusal is shown as it came.
    fill(browser, "format", "parquet")
    browser.click("button[type=submit]")
    until(lambda: "parquet" in browser.text_content("[data-body]"))
    assert "PAR1" not in browser.text_content("[data-body]")
    fill(browser, "format", "nothing")
    browser.click("button[type=submit]")
    until(lambda: browser.text_content("[data-status]").startswith("400 "))
    assert "invalid_parameter" in browser.text_content("[data-body]")
    kept = browser.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie])")
    secret = browser.input_value("#secret")
    assert token not in kept and secret and secret not in kept, "token and secret are kept nowhere"
    browser.reload()
    assert browser.input_value("#token") == ""
    assert all("400" in it for it in mistakes(browser)), mistakes(browser)


def test_bodies_are_sent_and_what_is_missing_is_said(browser, demo):
    browser.goto(f"{demo.url}/en/playground/run_query")
    browser.fill("#token", demo.company().new_token())
    write(browser, "#body", '{"sql": "select count(*) as n from lymph_node.synthetic.patient"}')
    assert "--data-binary '{" in shown(browser, "[data-command]")
    browser.click("button[type=submit]")
    status, body = answered(browser)
    assert status.startswith("200 ") and '"n"' in body, (status, body)
    browser.goto(f"{demo.url}/en/playground/describe_dataset")
    browser.click("button[type=submit]")
    until(lambda: shown(browser, "[data-state]").endswith("dataset"))
    assert focused(browser, "dataset.name") == "dataset"
    fill(browser, "dataset", "../../oauth2/token")
    assert "%2F" in shown(browser, "[data-command]"), "a value stays within its part of the path"
    browser.goto(f"{demo.url}/en/playground/issue_token")
    secret = "a-secret-that-is-not-shown"
    fill(browser, "grant_type", "client_credentials")
    fill(browser, "client_id", "app_x")
    fill(browser, "client_secret", secret)
    assert secret not in shown(browser, "[data-command]")
    browser.click("button[type=submit]")
    status, body = answered(browser)
    assert status.startswith("401 ") and "invalid_client" in body


def test_every_command_of_the_playground_is_that_of_the_document(plain, demo):
    """Without scripts it is documentation: each operation has a page with its command and all that it takes."""
    document = httpx.get(f"{demo.url}/openapi.json").json()
    ways = [(method, path, it) for path, ways in document["paths"].items() for method, it in ways.items()]
    operations = {it["operationId"]: (method, path, it) for method, path, it in ways}
    plain.goto(f"{demo.url}/ko/playground")
    links = plain.locator("ul.operations a").evaluate_all("all => all.map(it => it.href)")
    assert {link.rsplit("/", 1)[1] for link in links} == set(operations)
    for name in ("read_rows", "run_query", "issue_token", "describe_file", "delete_query_job"):
        method, path, it = operations[name]
        plain.goto(f"{demo.url}/ko/playground/{name}")
        command = shown(plain, "[data-command]")
        assert demo.url + path in command and (method in ("get", "head") or f"-X {method.upper()}" in command), command
        named = set(plain.locator("[data-name]").evaluate_all("all => all.map(it => it.dataset.name)"))
        assert {parameter["name"] for parameter in it.get("parameters", [])} <= named
        button = plain.locator("button[type=submit][hidden]")
        assert button.count() and not button.is_visible()


def loaded(browser):
    """Bytes that the first load of this page took, with all that it brought along, as they came over the wire.

    The API reference is not among the pages: Swagger UI is a component of others, and weighs some ten times as much.
    """
    entries = "[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]"
    return browser.evaluate(f"{entries}.reduce((sum, it) => sum + it.transferSize, 0)")


@pytest.mark.parametrize("language", ["ko", "en"])
def test_no_page_is_more_than_150_kb_at_its_first_load(browser, demo, language):
    tools = browser.context.new_cdp_session(browser)
    tools.send("Network.enable")
    tools.send("Network.setCacheDisabled", {"cacheDisabled": True})
    heaviest = {}

    def look(kind):
        until(lambda: browser.evaluate("document.readyState") == "complete")
        heaviest[kind] = loaded(browser)

    walk(browser, demo.url, language, look)
    for who in ("developer", "admin"):
        forget(browser)
        sign_in(browser, demo, language, who)
        walk(browser, demo.url, language, look)
    browser.goto(f"{demo.url}/guide/{language}")
    chapters = browser.locator("nav.contents a").evaluate_all("all => all.map(it => it.href)")
    for chapter in chapters:
        browser.goto(chapter)
        look(chapter.removeprefix(demo.url))
    print(sorted(heaviest.items(), key=lambda it: -it[1])[:5])
    assert all(heaviest.values()), "what was not loaded was not weighed"
    too_heavy = {kind: size for kind, size in heaviest.items() if size > 150_000}
    assert not too_heavy
    assert {"/usage", "/catalogue", "/playground/{operation}", "/receipts", "/ledger"} <= set(heaviest)


def ticked(browser):
    return browser.locator("[data-columns] input:checked").evaluate_all("all => all.map(it => it.value)")


@pytest.mark.parametrize("language", ["ko", "en"])
def test_columns_are_sought_ticked_and_counted(browser, axe, demo, language):  # noqa: F811
    sign_in(browser, demo, language, "developer")
    browser.goto(f"{demo.url}/{language}/requests/new?dataset=lymph_node")
    everything = ticked(browser)
    quasi = browser.locator("[data-quasi]").evaluate_all("all => all.map(it => it.value)")
    assert quasi and set(quasi) < set(everything), "some are taken to be known, not all"
    count = "[data-columns] [data-count]"
    assert shown(browser, count).endswith(f"{len(everything)} / {len(everything)}")
    browser.press("[data-pick=plain]", "Enter")
    assert set(ticked(browser)) == set(everything) - set(quasi)
    assert browser.input_value("#scope") == "chosen", "who ticks columns means those"
    write(browser, "#pick", "tumor")
    until(lambda: ": " in shown(browser, count) and "·" in shown(browser, count))
    found = texts(browser, "[data-columns] li:visible")
    assert 0 < len(found) < len(everything) and all("tumor" in it.lower() for it in found)
    assert_accessible(browser, axe)
    picture(browser, f"islands-columns-{language}")
    browser.click("[data-pick=none]")
    assert not [it for it in ticked(browser) if "tumor" in it], "what is shown was taken away"
    assert ticked(browser), "and nothing else"
    browser.press("#pick", "Enter")
    assert "/requests/new" in browser.url, "seeking files nothing"
    write(browser, "#pick", "")
    browser.click("[data-pick=none]")
    assert ticked(browser) == [] and "0 / " in shown(browser, count)
    # Another dataset brings its own columns, and they are a list like this.
    other = [it for it in texts(browser, "#dataset option") if it]
    if len(other) > 1:
        now = browser.input_value("#dataset")
        values = browser.locator("#dataset option").evaluate_all("all => all.map(it => it.value)")
        another = next(it for it in values if it != now)
        browser.select_option("#dataset", another)
        until(lambda: browser.input_value("[name=columns_of]") == another)
        until(lambda: browser.is_visible("[data-columns] [data-tools]"))
        assert ticked(browser)
    assert not mistakes(browser)


def test_the_code_of_a_table_follows_the_columns(browser, axe, plain, demo):  # noqa: F811
    address = f"{demo.url}/en/catalogue/lymph_node/deidentified/patient"
    browser.goto(address)
    browser.click("form[data-columns] summary")
    browser.click("[data-pick=none]")
    browser.locator("form[data-columns] li input").nth(4).click()
    until(lambda: "to_pandas(columns=" in shown(browser, "#example"))
    named = shown(browser, "#example").split("columns=[")[1].split("]")[0]
    assert named.split('"')[1::2] == ticked(browser)
    assert_accessible(browser, axe)
    assert not mistakes(browser)
    plain.goto(address)
    plain.click("form[data-columns] summary")
    assert not plain.is_visible("form[data-columns] [data-tools]") and has(plain, "form[data-columns] [data-tools]")
    for box in plain.locator("form[data-columns] li input").all()[1:]:
        box.click()
    click(plain, "form[data-columns] button[type=submit]")
    assert "column=" in plain.url
    [only] = ticked(plain)
    assert f'"{only}"' in shown(plain, "#example")
