"""The report as one HTML page that needs nothing else: no script, no font, no picture from anywhere. Pure functions.

Sources: HTML Living Standard; CSP Level 3 (a policy in a meta element); WCAG 2.2 (contrast, never colour alone).
"""

from collections.abc import Iterable, Iterator

from functions.pipeline.finished_event import DrsTask
from functions.pipeline.messages import LEVELS, Level
from functions.pipeline.report.content import Content
from functions.pipeline.report.findings import caveats, found, not_compared, said, tone_of, verdict_of, went_wrong
from functions.pipeline.report.markup import Markup, element, joined
from functions.pipeline.report.page_tables import data_section, named, objects_section
from functions.pipeline.report.signs import definitions, sign
from functions.pipeline.report.style import CSS, POLICY
from functions.pipeline.report.text import DASH, duration, fitted, in_bytes, moment, shown
from functions.pipeline.report.words import Words
from functions.pipeline.telling import Language

LIMIT = 98_000
"""Bytes of a page: under 100 kB whatever it has to tell. Tables and names that do not fit are counted."""
_FACTS, _ERRORS = 9_000, 6_000


def page(content: Content, language: Language = "en") -> str:
    """The whole page."""
    words = Words(language)
    before = joined(part(words, content) for part in (_head, _levels, _errors, _not_compared))
    after = joined([_details(words, content), _tasks(words, content.drs_tasks)])
    room = LIMIT - in_bytes(_document(words, content, joined([before, after])))
    objects = objects_section(words, content, room // 2 if content.data_levels else room)
    room -= in_bytes(objects)
    sections = [objects]
    for n, data in enumerate(content.data_levels):
        sections.append(data_section(words, data, room // (len(content.data_levels) - n)))
        room -= in_bytes(sections[-1])
    return _document(words, content, joined([before, *sections, after]))


def _document(words: Words, content: Content, body: Markup) -> str:
    what = shown(content.job_id or content.target, 80)
    head = [
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("meta", name="robots", content="noindex"),
        element("meta", name="format-detection", content="telephone=no"),
        element("title", f"{words.title(content.verdict)}: {what} {DASH} Parity"),
        element("style", Markup(CSS)),
    ]
    html = element(
        "html", element("head", joined(head)), element("body", definitions(), element("main", body)), lang=words.tag
    )
    return f"<!DOCTYPE html>{html}\n"


def _head(words: Words, content: Content) -> Markup:
    tone = tone_of(content.verdict)
    of_what = [words("job"), " ", named(content.job_id)] if content.job_id else _pair(content)
    when = [" · ", _time(content.finished_at)] if content.finished_at else []
    told = said(words, content)
    language = None if told.tag == words.tag else told.tag
    verdict = element(
        "div",
        sign(tone),
        element(
            "div",
            element("h1", words.title(content.verdict)),
            element("p", shown(told.sentence, 1500), lang=language, dir="auto"),
        ),
        class_=f"verdict {tone}",
    )
    following = (
        element("strong", f"{words('next')}: "),
        element("span", shown(told.next_step or "", 500), lang=language),
    )
    return joined(
        [
            element("p", f"{words('report')} · ", *of_what, *when, class_="faint"),
            verdict,
            element("p", *following, class_=f"next {tone}") if told.next_step else Markup(),
        ]
    )


def _pair(content: Content) -> list[Markup | str]:
    return [named(content.source), " → ", named(content.target)]


def _levels(words: Words, content: Content) -> Markup:
    return element("ul", *(_level(words, content, level) for level in LEVELS), class_="levels")


def _level(words: Words, content: Content, level: Level) -> Markup:
    verdict = verdict_of(content, level)
    tone = tone_of(verdict)
    told = found(words, content, level)
    return element(
        "li",
        element("h2", words(level)),
        sign(tone),
        element("strong", words(verdict)),
        element("p", told, class_="faint") if told else Markup(),
        class_=tone,
    )


def _errors(words: Words, content: Content) -> Markup:
    said = went_wrong(words, content)
    return _list(words, words("errors"), [shown(text, 1000) for text in said], "more errors")


def _not_compared(words: Words, content: Content) -> Markup:
    told = not_compared(words, content) + caveats(words, content)
    return _list(words, words("not_compared"), told or [words("everything")], "more errors")


def _list(words: Words, title: str, texts: list[str], more: str) -> Markup:
    if not texts:
        return Markup()
    items = fitted((element("li", element("span", text, dir="auto")) for text in texts), _ERRORS, in_bytes)
    if left := len(texts) - len(items):
        items.append(element("li", words.count(left, more)))
    return element("section", element("h2", title), element("ul", *items, class_="plain"))


def _details(words: Words, content: Content) -> Markup:
    facts = fitted(_facts(words, content), _FACTS // 2, in_bytes)
    labels = [joined([named(k), ": ", named(v)]) for k, v in content.labels.items()]
    kept = fitted((element("dd", label) for label in labels), _FACTS // 2, in_bytes)
    if kept:
        facts += [element("dt", words("labels")), *kept]
    if left := len(labels) - len(kept):
        facts.append(element("dd", words.count(left, "more labels")))
    return element("section", element("h2", words("details")), element("dl", *facts)) if facts else Markup()


def _facts(words: Words, content: Content) -> Iterator[Markup]:
    """Pairs of a term and what it is."""
    for word, text in (
        ("job", content.job_id),
        ("source", content.source),
        ("target", content.target),
        ("comparison", content.comparison_id),
        ("request", content.request_id),
        ("project", content.project_id),
        ("audience", content.audience),
    ):
        if text:
            yield _fact(words, word, named(text))
    for word, time in (
        ("accepted", content.accepted_at),
        ("started", content.started_at),
        ("finished", content.finished_at),
        ("deadline", content.deadline_at),
    ):
        if time:
            yield _fact(words, word, _time(time))
    if content.finished_at:
        yield _fact(words, "took", duration(content.duration_seconds))
    if content.polls:
        yield _fact(words, "polls", f"{content.polls:,}")


def _fact(words: Words, word: str, what: str) -> Markup:
    return joined([element("dt", words(word)), element("dd", what)])


def _time(iso: str) -> Markup:
    return element("time", moment(iso), datetime=shown(iso, 40))


def _tasks(words: Words, tasks: Iterable[DrsTask]) -> Markup:
    rows = [
        element(
            "tbody",
            element(
                "tr",
                element("th", words(task.level), scope="row"),
                element("td", named(task.compare_task_id)),
                element("td", words("adopted_task" if task.origin == "adopted" else "created")),
                element("td", named(task.status) if task.status else DASH),
            ),
        )
        for task in tasks
    ]
    if not rows:
        return Markup()
    columns = [element("th", words(word), scope="col") for word in ("level", "task", "origin", "status")]
    return element(
        "section",
        element("h2", words("tasks")),
        element("table", element("thead", element("tr", *columns)), *rows),
    )
