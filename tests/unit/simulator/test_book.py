"""A transaction is all or nothing, and what was committed is read again."""

from pathlib import Path

import pytest

from simulator.book import Book
from simulator.records import Record, Records, Window


def record(number: int) -> Record:
    return Record(f"obj_{number}", "thing", "acct_1", float(number), {"id": f"obj_{number}", "n": number}, {}, number)


def test_an_error_undoes_the_whole_transaction() -> None:
    book = Book()
    records = Records(book, "stripe")

    def fail_after_writing() -> None:
        with book.transaction():
            records.write([record(1)], [], [])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_after_writing()
    assert records.find("obj_1") is None


def test_a_closed_book_is_read_again(tmp_path: Path) -> None:
    path = str(tmp_path / "book.sqlite3")
    book = Book(path)
    with book.transaction():
        Records(book, "stripe").write([record(1)], [], [])
    book.close()
    again = Book(path, durability="normal")
    assert Records(again, "stripe").find("obj_1") == record(1)
    assert again.next_sequence() == 2
    again.close()


@pytest.mark.parametrize(("durability", "level"), [("full", 2), ("normal", 1)])
def test_durability_is_what_was_asked_for(tmp_path: Path, durability: str, level: int) -> None:
    book = Book(str(tmp_path / "book.sqlite3"), durability=durability)  # type: ignore[arg-type]  # a literal above
    assert tuple(book.rows("PRAGMA synchronous")[0]) == (level,)
    assert tuple(book.rows("PRAGMA journal_mode")[0]) == ("wal",)
    book.close()


def test_records_are_private_to_their_account_and_wire() -> None:
    book = Book()
    Records(book, "stripe").write([record(1)], [], [])
    assert Records(book, "razorpay").find("obj_1") is None
    assert Records(book, "stripe").find("obj_1", account="acct_2") is None
    assert Records(book, "stripe").page("acct_2", "thing", Window()) == ([], False)


def test_a_lagging_read_does_not_see_the_young() -> None:
    book = Book()
    records = Records(book, "stripe")
    records.write([record(1), record(2)], [], [])
    assert records.find("obj_2", visible_until=1.5) is None
    found, more = records.page("acct_1", "thing", Window(), visible_until=1.5)
    assert ([each.id for each in found], more) == (["obj_1"], False)


def test_a_cleared_book_is_empty() -> None:
    book = Book()
    Records(book, "stripe").write([record(1)], [], [])
    book.clear()
    assert Records(book, "stripe").find("obj_1") is None
