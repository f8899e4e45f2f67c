"""The report as Markdown for a pull request, as GitHub and GitLab render it. Pure functions.

Every name stands in a code span: no mention, link, picture, HTML or reference is made of what is in one. A bar would
end a table's cell even there, and renderers differ on a backslash before it: it stands between two spans.
Sources: GitHub Flavored Markdown Spec (code spans, tables); GitHub: a comment has at most 65,536 characters.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from functions.pipeline.comparison import Result, TypeCount
from functions.pipeline.messages import LEVELS
from functions.pipeline.report.content import Content, DataLevel, Table
from functions.pipeline.report.findings import (
    RESULT_TONES,
    RESULT_WORDS,
    Tone,
    caveats,
    found,
    keys_of,
    kind_of,
    not_compared,
    said,
    tables_tally,
    tone_of,
    types_tally,
    verdict_of,
    went_wrong,
    worst_first,
)
from functions.pipeline.report.text import DASH, difference, duration, fitted, moment, number, shown
from functions.pipeline.report.words import Words
from functions.pipeline.telling import Language
from functions.pipeline.words import WORDS

LIMIT = 60_000
"""Characters."""
_SIGNS: dict[Tone, str] = {"good": "✅", "bad": "❌", "unsure": "⚠️", "ended": "⛔", "none": "⬜"}
_KINDS = {
    "only_in_source": "only_in_source",
    "only_in_target": "only_in_target",
    "different": "named_different",
    "not_compared": "named_not_compared",
}
_FACTS, _NAMES, _ROWS, _FRAME = 8_000, 1_500, 2_000, 600
#: Our own sentences are such: words in which nothing means anything but itself, and no dot or colon within a word.
_NEXT_STEPS = {*(WORDS["zh"].next_steps or {}).values(), WORDS["zh"].not_ready}
_PLAIN = re.compile(r"(?!.*[.:][^ ])[A-Za-z][A-Za-z_ ,;:.()'-]*")


def markdown(content: Content, language: Language = "en") -> str:
    """The whole text, of at most `LIMIT` characters."""
    words = Words(language)
    before, after = "".join(_head(words, content)), "".join(_details(words, content))
    room = LIMIT - len(before) - len(after)
    parts = _objects(words, content, room // 2 if content.data_levels else room)
    for n, data in enumerate(content.data_levels):
        parts += _data(words, data, (room - len(parts)) // (len(content.data_levels) - n))
    return before + parts + after


def code(text: str, most: int = 120) -> str:
    """A name that means nothing but itself."""
    return "&#124;".join(_span(part) for part in shown(text, most).split("|")) if text else DASH


def _span(text: str) -> str:
    if not text:
        return ""
    runs = set(map(len, re.findall("`+", text)))
    fence = "`" * next(n for n in range(1, len(text) + 2) if n not in runs)
    # One space on each side is taken away, unless there is nothing else.
    padding = " " if (text[0] in "` " or text[-1] in "` ") and text.strip() else ""
    return f"{fence}{padding}{text}{padding}{fence}"


def _sentence(text: str) -> str:
    ours = text in _NEXT_STEPS or (len(text) < 600 and _PLAIN.fullmatch(text))
    return text.replace("_", r"\_") if ours else code(text, 600)


def _head(words: Words, content: Content) -> Iterator[str]:
    yield f"## {_SIGNS[tone_of(content.verdict)]} {words.title(content.verdict)}\n\n"
    facts = [f"{words('job')} {code(content.job_id)}"] if content.job_id else []
    facts += [f"{code(content.source)} → {code(content.target)}"] if content.source else []
    facts += [code(content.comparison_id)] if content.comparison_id else []
    facts += [_time(content.finished_at)] if content.finished_at else []
    yield " · ".join([words("report"), *facts]) + "\n\n"
    yield _table_head((words("level"), words("verdict"), words("found")), "---")
    for level in LEVELS:
        verdict = verdict_of(content, level)
        sign = _SIGNS[tone_of(verdict)]
        yield f"| {words(level)} | {sign} {words(verdict)} | {found(words, content, level)} |\n"
    if next_step := said(words, content).next_step:
        yield f"\n**{words('next')}:** {_sentence(next_step)}\n"
    yield from _list(words, words("errors"), [code(text, 500) for text in went_wrong(words, content)])
    told = not_compared(words, content) + caveats(words, content, code)
    yield from _list(words, words("not_compared"), told or [words("everything")])


def _list(words: Words, title: str, texts: Sequence[str]) -> Iterator[str]:
    if not texts:
        return
    kept = fitted((f"- {text}\n" for text in texts), _FACTS, len)
    yield f"\n### {title}\n\n"
    yield from kept
    if left := len(texts) - len(kept):
        yield f"- {words.count(left, 'more errors')}\n"


def _objects(words: Words, content: Content, room: int) -> str:
    if content.objects is None or not content.objects.types:
        return ""
    types, tally = worst_first(content.objects.types), types_tally(content)
    rows = fitted((_type(words, t) for t in types), room // 2, len)
    names = (line for t in types[: len(rows)] for line in _names(words, t))
    lines = fitted(names, room // 2 - _FRAME, len)
    columns = ("type", "source", "target", "difference", "result")
    text = f"\n### {words('objects')}\n\n" + _table_head(map(words.title, columns)) + "".join(rows)
    if left := tally.total - len(rows):
        text += "\n" + words("not_listed", words.count(left, "more types")) + "\n"
    if lines:
        text += "\n" + "".join(lines)
    more = sum(1 for t in types for _ in _names(words, t)) - len(lines)
    return text + (f"- {words('not_listed', words.count(more, 'more errors'))}\n" if more else "")


def _type(words: Words, kind: TypeCount) -> str:
    source, target = kind.source_count, kind.target_count
    return _row(words, code(kind.type), [number(source), number(target), difference(source, target)], kind.result)


def _names(words: Words, kind: TypeCount) -> Iterator[str]:
    """The names that differ, one line for each way."""
    for key, word in _KINDS.items():
        names: Sequence[str] = getattr(kind, key)
        if names:
            kept = fitted((f"{code(name)}, " for name in names), _NAMES, len)
            left = len(names) - len(kept)
            more = f"; {words.count(left, 'more names')}" if left else ""
            yield f"- {code(kind.type)} {words(word)}: {''.join(kept).removesuffix(', ')}{more}\n"
    if kind.omitted:
        yield f"- {code(kind.type)}: {words('not_listed', words.count(kind.omitted, 'more names'))}\n"


def _data(words: Words, data: DataLevel, room: int) -> str:
    tally = tables_tally(data)
    if not tally.total:
        return ""
    tables = [t for t in worst_first(data.tables) if t.result != "consistent"]
    rows = fitted((_table(words, data, t) for t in tables), room // 2 - _FRAME, len)
    details = (line for t in tables[: len(rows)] for line in _details_of(words, t))
    lines = fitted(details, room // 2 - _FRAME, len)
    fourth = "differing" if data.level == "contents" else "difference"
    text = f"\n### {words(data.level)}\n\n"
    if rows:
        text += _table_head(map(words.title, ("table", "source", "target", fourth, "result"))) + "".join(rows) + "\n"
    told = [words.count(tally.same, "tables same" if rows else "tables agree")] if tally.same else []
    if left := tally.total - tally.same - len(rows):
        told.append(words("not_listed", words.count(left, "more tables")))
    text += f"{'; '.join(told)}\n" if told else ""
    if lines:
        text += f"\n<details><summary>{words('differing')}</summary>\n\n{''.join(lines)}\n</details>\n"
    return text


def _table(words: Words, data: DataLevel, table: Table) -> str:
    source, target = table.source_rows, table.target_rows
    gap = number(table.difference_rows) if data.level == "contents" else difference(source, target)
    name = code(table.name)
    if table.renamed:
        name += f" → {code(table.target_name)}"
    return _row(words, name, [number(source), number(target), gap], table.result)


def _details_of(words: Words, table: Table) -> Iterator[str]:
    """Why a table could not be compared, and its rows that differ."""
    if table.message:
        yield f"- {code(table.name)}: {code(table.message, 300)}\n"
    if not table.rows:
        return
    yield f"- {code(table.name)}\n"
    lines = (
        f"  - {words(kind_of(row))}: {code(key, 200)}\n" for row, key in zip(table.rows, keys_of(table), strict=True)
    )
    kept = fitted(lines, _ROWS, len)
    yield from kept
    left = max(table.difference_rows or 0, len(table.rows) + table.rows_omitted) - len(kept)
    if left > 0:
        yield f"  - {words('not_listed', words.count(left, 'more rows'))}\n"


def _details(words: Words, content: Content) -> Iterator[str]:
    facts = [
        (word, code(text))
        for word, text in (
            ("request", content.request_id),
            ("project", content.project_id),
            ("audience", content.audience),
        )
        if text
    ]
    times = (("accepted", content.accepted_at), ("started", content.started_at), ("finished", content.finished_at))
    facts += [(word, _time(text)) for word, text in times if text]
    if content.finished_at:
        facts.append(("took", duration(content.duration_seconds)))
    lines = [f"- {words(word)}: {text}\n" for word, text in facts]
    for task in content.drs_tasks:
        status = f" {code(task.status)}" if task.status else ""
        origin = words("adopted_task" if task.origin == "adopted" else "created")
        lines.append(f"- {words('task')} ({words(task.level)}): {code(task.compare_task_id)}{status}, {origin}\n")
    lines += [f"- {words('labels')}: {code(key)} = {code(value)}\n" for key, value in content.labels.items()]
    if not lines:
        return
    yield f"\n<details><summary>{words('details')}</summary>\n\n"
    yield from fitted(lines, _FACTS, len)
    yield "\n</details>\n"


def _time(iso: str) -> str:
    told = moment(iso)
    return told if told.endswith("UTC") else code(told)


def _table_head(columns: Iterable[str], number_column: str = "---:") -> str:
    names = list(columns)
    lines = ["---", *[number_column] * (len(names) - 2), "---"]
    return f"| {' | '.join(names)} |\n| {' | '.join(lines)} |\n"


def _row(words: Words, name: str, numbers: Sequence[str], result: Result) -> str:
    return f"| {name} | {' | '.join(numbers)} | {_SIGNS[RESULT_TONES[result]]} {words(RESULT_WORDS[result])} |\n"
