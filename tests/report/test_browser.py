"""The report opened in a real browser: nothing asked for, nothing complained of, readable in every light.

Its pictures are kept in build/reports.
"""

import asyncio
import functools
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from functions.pipeline.report.formats import render
from tests.report.chromium import Tab, browser, program
from tests.report.events import NASTY, data, hostile, many_tables, three_tables

KEPT = Path(__file__).parents[2] / "build/reports"
PHONE, DESK = 375, 1100
# Of every text: how it contrasts with what is behind it, by WCAG 2.2; the worst of all.
CONTRAST = """(() => {
  const part = c => { c /= 255; return c <= .04045 ? c / 12.92 : ((c + .055) / 1.055) ** 2.4 };
  const light = colour => {
    const [red, green, blue] = colour.match(/[\\d.]+/g).map(Number);
    return .2126 * part(red) + .7152 * part(green) + .0722 * part(blue);
  };
  const clear = colour => /, 0\\)$|transparent/.test(colour);
  const behind = element => {
    for (let e = element; e; e = e.parentElement) {
      const colour = getComputedStyle(e).backgroundColor;
      if (!clear(colour)) return colour;
    }
  };
  const speaks = e => [...e.childNodes].some(n => n.nodeType === Node.TEXT_NODE && n.data.trim());
  const texts = [...document.body.querySelectorAll('*')].filter(e => speaks(e) && !e.closest('desc, title'));
  const ratios = texts.map(e => {
    const style = getComputedStyle(e);
    const [ink, paper] = [e.closest('svg') ? style.fill : style.color, behind(e)].map(light);
    return (Math.max(ink, paper) + .05) / (Math.min(ink, paper) + .05);
  });
  return [ratios.length, Math.min(...ratios)];
})()"""


def in_a_browser(tmp_path: Path, visit: Callable[[Tab], Awaitable[None]]) -> None:
    async def run() -> None:
        async with browser(tmp_path / "profile") as tab:
            await visit(tab)

    program()
    asyncio.run(run())


def saved(folder: Path, content: dict[str, Any], language: Any = "en") -> str:
    file = folder / "report.html"
    file.write_bytes(render(content, "html", language))
    return file.as_uri()


def keep(name: str, picture: bytes) -> None:
    KEPT.mkdir(parents=True, exist_ok=True)
    (KEPT / f"{name}.png").write_bytes(picture)
    assert picture.startswith(b"\x89PNG")


@functools.cache
def contents() -> dict[str, dict[str, Any]]:
    return {"3-tables": three_tables(), "3000-tables": many_tables(), "hostile": hostile([*NASTY]), "equal": data()}


@pytest.mark.parametrize("name", ["3-tables", "3000-tables", "hostile", "equal"])
def test_it_opens_light_and_dark_on_a_desk_and_on_a_phone_in_silence(name: str, tmp_path: Path) -> None:
    url = saved(tmp_path, contents()[name])

    async def visit(tab: Tab) -> None:
        papers = []
        for dark, width in ((False, DESK), (True, DESK), (False, PHONE)):
            await tab.open(url, width=width, dark=dark)
            papers.append(await tab.value("getComputedStyle(document.body).backgroundColor"))
            texts, worst = await tab.value(CONTRAST)
            assert texts > 20
            assert worst >= 4.5
            assert await tab.value("document.documentElement.scrollWidth") <= width
            keep(f"{name}-{'dark' if dark else 'light'}-{width}", await tab.picture())
            assert tab.requests() == [url]
            assert tab.complaints() == []
        assert papers[0] == papers[2] != papers[1]

    in_a_browser(tmp_path, visit)


def test_it_opens_in_chinese(tmp_path: Path) -> None:
    url = saved(tmp_path, three_tables(), "zh")

    async def visit(tab: Tab) -> None:
        await tab.open(url)
        assert await tab.value("document.querySelector('h1').textContent") == "不一致"
        keep("chinese", await tab.picture())
        assert (tab.requests(), tab.complaints()) == ([url], [])

    in_a_browser(tmp_path, visit)


def test_nothing_that_a_name_says_is_run_or_asked_for(tmp_path: Path) -> None:
    url = saved(tmp_path, hostile([*NASTY]))

    async def visit(tab: Tab) -> None:
        await tab.open(url)
        assert await tab.value("document.scripts.length + document.images.length + document.links.length") == 0
        handlers = (
            "[...document.querySelectorAll('*')].flatMap(e => e.getAttributeNames()).filter(n => n.startsWith('on'))"
        )
        assert await tab.value(handlers) == []
        assert not [e for e in tab.events if e["method"] == "Page.javascriptDialogOpening"]

    in_a_browser(tmp_path, visit)


def test_the_policy_would_stop_a_script_a_picture_and_a_style_that_got_in(tmp_path: Path) -> None:
    page = render(data(), "html").decode()
    added = (
        "<script>document.title = 'ran'</script><img src='http://127.0.0.1:9/x.png'><style>h1 { color: red }</style>"
    )
    file = tmp_path / "changed.html"
    file.write_text(page.replace("</main>", f"{added}</main>"))

    async def visit(tab: Tab) -> None:
        await tab.open(file.as_uri())
        assert "ran" not in await tab.value("document.title")
        assert len([c for c in tab.complaints() if "Content Security Policy" in str(c)]) == 3
        refused = [e["params"] for e in tab.events if e["method"] == "Network.loadingFailed"]
        assert {params["blockedReason"] for params in refused} <= {"csp"}

    in_a_browser(tmp_path, visit)


def test_it_is_printed_light_and_whole(tmp_path: Path) -> None:
    url = saved(tmp_path, three_tables())

    async def visit(tab: Tab) -> None:
        await tab.open(url, dark=True)
        await tab.call(
            "Emulation.setEmulatedMedia", media="print", features=[{"name": "prefers-color-scheme", "value": "dark"}]
        )
        assert await tab.value("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        printed = await tab.call("Page.printToPDF")
        assert printed["data"].startswith("JVBERi")  # %PDF

    in_a_browser(tmp_path, visit)


def test_people_who_listen_are_told_the_same(tmp_path: Path) -> None:
    """Roles and names as the browser tells them to a screen reader."""
    url = saved(tmp_path, three_tables())

    async def visit(tab: Tab) -> None:
        await tab.open(url)
        await tab.call("Accessibility.enable")
        tree = (await tab.call("Accessibility.getFullAXTree"))["nodes"]
        named = [(n["role"]["value"], n.get("name", {}).get("value")) for n in tree if not n["ignored"]]
        assert ("heading", "Inconsistent") in named
        assert ("image", "Source against target, objects per type") in named
        assert ("rowheader", "shop.orders") in named
        assert ("columnheader", "Rows that differ") in named
        assert ("cell", "differs") in named or ("gridcell", "differs") in named

    in_a_browser(tmp_path, visit)
