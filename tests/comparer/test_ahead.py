"""How many tables are asked about at once: ever more for whoever wants all of them, one for whoever wants a few."""

from functions.comparer.core.ahead import Ahead, Trials

NAMES = [f"t{number:04d}" for number in range(2_000)]


def asked(ahead: Ahead, names: list[str]) -> list[list[str]]:
    """The batches that are read for tables that are asked for one after the other."""
    known: set[str] = set()
    batches = []
    for name in names:
        if name not in known:
            batches.append(ahead.batch(name))
            known.update(batches[-1])
    assert known >= set(names)
    return batches


def test_tables_that_are_asked_for_in_order_are_read_in_ever_larger_batches_up_to_a_limit() -> None:
    batches = asked(Ahead(NAMES), NAMES)
    assert [len(batch) for batch in batches] == [1, 4, 16, 64, *[256] * 7, 123]
    assert [name for batch in batches for name in batch] == NAMES


def test_tables_here_and_there_are_read_alone() -> None:
    assert asked(Ahead(NAMES), NAMES[1::100]) == [[name] for name in NAMES[1::100]]
    assert asked(Ahead(NAMES), NAMES[300:200:-1]) == [[name] for name in NAMES[300:200:-1]]


def test_a_table_that_is_passed_over_now_and_then_does_not_end_the_reading_ahead() -> None:
    wanted = [name for number, name in enumerate(NAMES) if number % 5]
    assert len(asked(Ahead(NAMES), wanted)) < 20


def test_a_table_that_nobody_has_told_of_is_read_alone() -> None:
    assert Ahead().batch("t") == ["t"]
    assert Ahead(NAMES).batch("nowhere") == ["nowhere"]


def test_the_wider_tables_are_the_fewer_are_read_at_once() -> None:
    def sizes(columns: int) -> list[int]:
        ahead, found = Ahead(NAMES), []
        end = 0
        while end < len(NAMES):
            found.append(len(ahead.batch(NAMES[end])))
            ahead.took(columns * found[-1])
            end += found[-1]
        return found

    assert max(sizes(50)) == 256
    assert sizes(1_000)[:5] == [1, 4, 16, 64, 20]
    assert max(sizes(1_000)[4:]) == 20
    assert sizes(1_600)[2:5] == [16, 12, 12]


def test_after_trouble_every_table_is_read_alone() -> None:
    ahead = Ahead(NAMES)
    asked(ahead, NAMES[:100])
    ahead.alone()
    assert asked(ahead, NAMES[400:410]) == [[name] for name in NAMES[400:410]]


def test_a_table_is_tried_with_those_that_wait_and_only_once() -> None:
    trials = Trials()
    trials.add({"a": "1", "b": "2", "c": "3"})
    assert list(trials.batch("b", "2").items()) == [("b", "2"), ("a", "1"), ("c", "3")]
    trials.add({"d": "4"})
    assert trials.batch("a", "1") == {"a": "1"}
    assert trials.batch("d", "4") == {"d": "4"}


def test_what_is_sent_at_once_has_a_limit() -> None:
    trials = Trials()
    statements = dict.fromkeys(NAMES[:100], "x" * 10_000)
    trials.add(statements)
    sizes = []
    for name, statement in statements.items():
        batch = trials.batch(name, statement)
        assert next(iter(batch)) == name
        assert sum(map(len, batch.values())) <= 250_000
        sizes.append(len(batch))
    assert max(sizes) == 25
    assert sizes[:2] == [25, 1]


def test_a_statement_that_is_longer_than_the_limit_is_sent_alone() -> None:
    trials = Trials()
    trials.add({"a": "x" * 300_000, "b": "2"})
    assert list(trials.batch("a", "x" * 300_000)) == ["a"]
    assert list(trials.batch("b", "2")) == ["b"]
