"""Tells a finished event: the verdict in words, the most important first, for every channel to render. Pure functions.

Whatever somebody else has chosen is on one line, visible and of bounded length here; channels escape their own markup.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from functions.pipeline.channels.cut import fitted, visible
from functions.pipeline.comparison import Verdict
from functions.pipeline.finished_event import Finished, FinishedEvent
from functions.pipeline.messages import LEVELS, Level
from functions.pipeline.summary_zh import summary_zh
from functions.pipeline.tell_found import found_of
from functions.pipeline.telling import Fact, Language, Link, Telling, Tone
from functions.pipeline.words import SIGNS, WORDS, Words

#: Characters; the longest are what DRS and callers may have written.
_SENTENCE, _VALUE, _LABEL, _ID = 1000, 500, 100, 80
_TONES: Final[dict[Verdict, Tone]] = {"consistent": "good", "inconsistent": "bad"}
#: Verdicts that say something of the data; for the others nothing was compared, not even the objects alone.
_COMPARED: Final = frozenset({"consistent", "inconsistent", "incomplete"})
_NOT_READY: Final = frozenset({"DRS.M00304", "DRS.M00307"})


def tell(event: FinishedEvent, language: Language, *, links: Sequence[Link] = ()) -> Telling:
    """The verdict of `event` in `language`; `links` lead to more of it, such as a report."""
    finished, words = event.data, WORDS[language]
    found = found_of(finished, words)
    job = _plain(finished.job_id, _ID)
    return Telling(
        event_id=event.id,
        comparison_id=finished.comparison_id,
        job_id=job,
        verdict=finished.verdict,
        language=language,
        tone=_TONES.get(finished.verdict, "unsure"),
        title=words.title.format(sign=SIGNS[finished.verdict], headline=words.headlines[finished.verdict], job=job),
        sentence=_plain(finished.summary if language == "en" else summary_zh(finished), _SENTENCE),
        next_step=_next_step(finished, words),
        facts=tuple(_facts(finished, words)),
        found_word=found.word,
        found=found.shown,
        more=found.more,
        links=tuple(Link(_plain(link.word, _LABEL), link.url) for link in links),
    )


def duration(seconds: float, words: Words) -> str:
    """A duration as people say it: its two largest units that count, at least a second."""
    left = max(1, round(seconds))
    parts = []
    for size, unit in zip((86_400, 3_600, 60, 1), words.units, strict=True):
        parts.append((left // size, unit))
        left %= size
    first = next(n for n, (count, _) in enumerate(parts) if count)
    return " ".join(f"{count}{unit}" for count, unit in parts[first : first + 2] if count)


def _facts(finished: Finished, words: Words) -> list[Fact]:
    compared = [Fact(words.levels[level], _level(finished, level, words)) for level in _levels_shown(finished)]
    caveats = [c for c in finished.caveats if c != "objects_only" or finished.verdict in _COMPARED]
    notes = [words.caveats.get(caveat, f"{_plain(caveat, _LABEL)}.") for caveat in caveats]
    labels = [f"{_plain(name, _LABEL)} = {_plain(value, _LABEL)}" for name, value in finished.labels.items()]
    others = (
        (words.notes, words.stop.join(notes)),
        (words.labels, words.comma.join(labels)),
        (words.audience, finished.audience or ""),
        (words.took, duration(finished.duration_seconds, words)),
        (words.finished, _moment(finished.finished_at)),
        (words.job, finished.job_id),
        (words.project, finished.project_id),
        (words.comparison, finished.comparison_id),
    )
    return compared + [Fact(word, _plain(value, _VALUE)) for word, value in others if value]


def _levels_shown(finished: Finished) -> list[Level]:
    """All three; comparing values compares their number too."""
    counted = finished.levels.get("contents", "not_requested") != "not_requested"
    return [level for level in LEVELS if not (level == "lines" and counted)]


def _level(finished: Finished, level: Level, words: Words) -> str:
    verdict = finished.levels.get(level, "not_requested")
    told = words.verdicts[verdict]
    parts: list[str] = []
    if level == "objects" and verdict == "inconsistent" and finished.objects:
        types = finished.objects.types
        total = sum(bool(t.source_count or t.target_count) for t in types) + finished.objects.types_omitted
        differing = sum(t.result == "inconsistent" for t in types)
        parts.append(words.of_types[differing != 1].format(n=f"{differing:,}", total=f"{total:,}"))
    elif finished.data and level == finished.data.level and verdict in {"inconsistent", "incomplete"}:
        totals = finished.data.totals
        if totals.inconsistent:
            differing, total = totals.inconsistent, totals.compared + totals.incomplete
            parts.append(words.of_tables[differing != 1].format(n=f"{differing:,}", total=f"{total:,}"))
        if totals.incomplete:
            parts.append(words.and_uncompared.format(n=f"{totals.incomplete:,}"))
    return told + (words.colon + words.semicolon.join(parts) if parts else "")


def _next_step(finished: Finished, words: Words) -> str | None:
    if finished.next_step is None:
        return None
    if words.next_steps is None:
        return _plain(finished.next_step, _VALUE)
    if finished.error_code in _NOT_READY:
        return words.not_ready
    return words.next_steps.get(finished.verdict) or _plain(finished.next_step, _VALUE)


def _moment(iso: str) -> str:
    """A moment to the second, in UTC as the event has it; what is no moment is shown as it is."""
    try:
        return f"{datetime.fromisoformat(iso):%Y-%m-%d %H:%M:%S} UTC"
    except ValueError:
        return iso


def _plain(text: str, most: int) -> str:
    return fitted(visible(text), most)
