from __future__ import annotations

from pathlib import Path

import pytest

from tools.providers.process.log_file import BoundedLog, clear, newest


def texts(folder: Path, lines: int = 1000) -> list[str]:
    return [line.text for line in newest(folder, lines)]


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def test_lines_come_back_in_order_with_the_time_of_their_capture(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path, 10_000)

    log.write(b"one\ntwo\nthr")
    log.write(b"ee\n")
    log.close()

    lines = newest(tmp_path, 2)
    assert [line.text for line in lines] == ["two", "three"]
    assert lines[0].at <= lines[1].at
    assert lines[0].at > 1_700_000_000_000


def test_a_long_stream_keeps_its_beginning_and_its_newest_part_within_the_cap(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path, 8_000)

    for number in range(10_000):
        log.write(b"line %d\n" % number)
    log.close()

    kept = texts(tmp_path)
    assert size(tmp_path) <= 8_000
    assert kept[:2] == ["line 0", "line 1"]
    assert kept[-2:] == ["line 9998", "line 9999"]
    assert [line for line in kept if line.endswith("bytes left out ...")]
    assert len(kept) > 200


def test_a_stream_without_line_ends_is_bounded_too(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path, 8_000)

    for _ in range(100):
        log.write(b"x" * 1_000)
    log.close()

    assert size(tmp_path) <= 8_000
    assert all(len(line) < 9_000 for line in texts(tmp_path))


def test_another_writer_goes_on_where_the_first_one_ended(tmp_path: Path) -> None:
    for number in range(40):
        log = BoundedLog(tmp_path, 1_600)
        log.write(b"writer %d\n" % number)
        log.close()

    kept = texts(tmp_path)
    assert kept[0] == "writer 0"
    assert kept[-1] == "writer 39"
    assert size(tmp_path) <= 1_600


def test_a_line_that_a_killed_writer_left_open_is_ended(tmp_path: Path) -> None:
    BoundedLog(tmp_path, 1_000).write(b"half a li")

    log = BoundedLog(tmp_path, 1_000)
    log.write(b"next\n")
    log.close()

    assert texts(tmp_path) == ["half a li", "next"]


def test_terminal_sequences_and_control_characters_do_not_reach_the_reader(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path, 10_000)

    log.write(b"\x1b[31mred\x1b[0m \x1b]0;title\x07 \x00 \xff \tok\r\n")
    log.close()

    assert texts(tmp_path) == ["red \\x1b]0;title\\x07 \\x00 \N{REPLACEMENT CHARACTER} \tok"]


def test_a_line_that_was_not_ended_is_ended_for_the_next_writer(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path, 10_000)

    log.write(b"Segmentation fau")
    log.end_line()
    log.write(b"starting\n")
    log.close()

    assert texts(tmp_path) == ["Segmentation fau", "starting"]


def test_only_the_beginning_of_an_endless_line_is_shown(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path, 100_000)

    log.write(b"y" * 20_000 + b"\n")
    log.close()

    (line,) = texts(tmp_path)
    assert line.endswith("yy ... 11808 bytes left out")


def test_logs_are_for_their_owner_only(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path, 100)
    log.write(b"some\nlines\n" * 20)
    log.close()

    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_a_log_can_be_forgotten(tmp_path: Path) -> None:
    log = BoundedLog(tmp_path, 100)
    log.write(b"some\nlines\n" * 20)
    log.close()

    clear(tmp_path)

    assert list(tmp_path.iterdir()) == []
    assert texts(tmp_path) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_loses_lines_and_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "head.log").symlink_to("/dev/full")
    log = BoundedLog(tmp_path, 1_000)

    log.write(b"lost\n")
    log.close()

    assert [path.name for path in tmp_path.iterdir()] == ["head.log"]
