"""Minutes and certificates as PDF, as a program that others make reads them; a picture of each page is kept."""

import io
import re
import subprocess

import pypdf
import pytest
import sandbox
from canary import Portal
from test_accessibility import close_a_grant

PICTURES = sandbox.FOLDER / "paper"
WORDS = {
    "ko": (["회의록", "의결 정족수", "위원장 (서명)"], ["파기확인서", "복구할 수 없게 삭제", "신고 내용의 SHA-256"]),
    "en": (["Minutes", "Chair"], ["Certificate of destruction", "Deleted beyond recovery"]),
}


@pytest.fixture(scope="module")
def closed(demo):
    """A request that was decided, and its grant that is closed."""
    portal = Portal(demo.url)
    assert portal.sign_in(demo.json["developer"]).status_code == 303
    answer = portal.submit("/en/apps", "/en/apps", {"name": "For the file", "method": "client_secret"})
    app = answer.headers["location"].split("?")[0].rsplit("/", 1)[1]
    dataset = re.search(r'value="([a-z0-9_]+)"', portal.page("/en/requests/new").split('name="dataset"')[1]).group(1)
    asked = {"app": app, "dataset": dataset, "purpose": "생존 모형을 검증합니다. 漢字 and 😀 too.", "ethics": "exempt"}
    return close_a_grant(demo, portal, asked | {"ethics_reason": "공개 데이터"})


@pytest.mark.parametrize("language", ["ko", "en"])
def test_another_program_reads_what_is_printed(demo, closed, language):
    admin = Portal(demo.url)
    assert admin.sign_in(demo.json["admin"]).status_code == 303
    for path, words in zip(closed, WORDS[language]):
        kind = "minutes" if "requests" in path else "certificate"
        address = path.replace("/en/", f"/{language}/") + f"/{kind}.pdf"
        first, second = admin.http.get(address), admin.http.get(address)
        assert first.status_code == 200 and first.content == second.content, "the same bytes each time"
        assert first.headers["content-type"] == "application/pdf"
        assert f'filename="{kind}-{path.rsplit("/", 1)[1]}.pdf"' in first.headers["content-disposition"]
        assert_accessible(pypdf.PdfReader(io.BytesIO(first.content)), language)
        text = "".join(page.extract_text() for page in pypdf.PdfReader(io.BytesIO(first.content)).pages)
        plain = re.sub(r"\s+", " ", text)
        for said in [*words, "생존 모형을 검증합니다.", "□ too", path.rsplit("/", 1)[1]]:
            assert said in plain, f"{said} is not in {plain}"
        keep(first.content, f"{kind}-{language}")


def assert_accessible(pdf, language):
    root = pdf.trailer["/Root"]
    assert root["/Lang"] == language and root["/MarkInfo"]["/Marked"].value
    assert root["/ViewerPreferences"]["/DisplayDocTitle"].value
    xmp = root["/Metadata"].get_data().decode()
    assert "pdfuaid:part>1<" in xmp and "pdfaid:part>2<" in xmp
    kinds = set(structure(root["/StructTreeRoot"]))
    assert {"/H1", "/P", "/Table", "/TR", "/TH", "/TD"} <= kinds, kinds
    for page in pdf.pages:
        for font in page["/Resources"]["/Font"].values():
            inner = font.get_object()["/DescendantFonts"][0].get_object()["/FontDescriptor"].get_object()
            assert {"/FontFile2", "/FontFile3"} & set(inner), "the font is not inside"
            assert "/ToUnicode" in font.get_object()


def structure(node):
    node = node.get_object()
    if isinstance(node, pypdf.generic.ArrayObject):
        for child in node:
            yield from structure(child)
    elif isinstance(node, pypdf.generic.DictionaryObject):
        if "/S" in node:
            yield str(node["/S"])
        if "/K" in node:
            yield from structure(node["/K"])


def keep(pdf, name):
    PICTURES.mkdir(parents=True, exist_ok=True)
    (PICTURES / f"{name}.pdf").write_bytes(pdf)
    # A picture for people to look at, where the machine has the program for it.
    try:
        subprocess.run(["pdftoppm", "-png", "-r", "70", f"{name}.pdf", name], cwd=PICTURES, check=True)
    except FileNotFoundError:
        pass
