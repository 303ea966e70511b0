"""Work beside a notebook: told, stopped, and never lost."""

import logging
from collections.abc import Iterator
from threading import Event, current_thread, main_thread

import pytest

from forensics.errors import Cancelled, EvidenceError
from forensics.explorers.background import STEPS, Background, Progress


@pytest.fixture
def background() -> Iterator[Background]:
    made = Background(lambda: None)
    yield made
    made._pool.shutdown()


def test_work_is_done_beside_and_its_result_handed_on(background: Background) -> None:
    seen, go = [], Event()

    def work(progress: Progress, _stop: Event) -> str:
        go.wait(10)
        progress(1, 4)
        seen.append((background.bar.value, current_thread() is main_thread()))
        return "result"

    background.run("Working <b>", work, seen.append)
    assert background.busy
    assert background._line.layout.display == "flex"
    assert "Working &lt;b&gt; …" in background.words.value
    go.set()
    background.wait(10)
    assert seen == [(STEPS // 4, False), "result"]
    assert not background.busy
    assert background._line.layout.display == "none"


def test_the_button_stops_the_work(background: Background) -> None:
    begun, seen = Event(), []

    def work(_progress: Progress, stop: Event) -> None:
        begun.set()
        if stop.wait(10):
            raise Cancelled("stopped")

    background.run("Working", work, seen.append)
    begun.wait(10)
    background.button.click()
    assert background.button.disabled
    background.wait(10)
    assert seen == []
    assert "Cancelled; nothing was changed" in background.message.value


def test_what_came_too_late_is_not_shown(background: Background) -> None:
    """A filter that cannot be stopped midway: its result is thrown away."""
    seen, begun, go = [], Event(), Event()

    def work(_progress: Progress, _stop: Event) -> str:
        begun.set()
        go.wait(10)
        return "late"

    background.run("Working", work, seen.append)
    begun.wait(10)
    background.stop()
    go.set()
    background.wait(10)
    assert seen == []


def test_a_second_piece_has_to_wait(background: Background) -> None:
    go, seen = Event(), []
    background.run("First", lambda _p, _s: go.wait(10), seen.append)
    background.run("Second", lambda _p, _s: "second", seen.append)
    assert "still being worked on" in background.message.value
    go.set()
    background.wait(10)
    assert seen == [True]


def test_errors_are_one_line_and_do_nothing(background: Background) -> None:
    def work(_progress: Progress, _stop: Event) -> None:
        raise EvidenceError("the file <script>x</script>\nis empty. Ask for a new copy.")

    background.run("Working", work, pytest.fail, wait=False)
    background.wait(10)
    assert "<b>Not done.</b> the file &lt;script&gt;x&lt;/script&gt; is empty." in background.message.value
    background.run("Working", lambda _p, _s: 1, lambda _: None)
    background.wait(10)
    assert background.message.value == ""


def test_what_nobody_thought_of_is_said_and_logged(background: Background, caplog: pytest.LogCaptureFixture) -> None:
    def work(_progress: Progress, _stop: Event) -> None:
        raise ZeroDivisionError("by <zero>")

    with caplog.at_level(logging.ERROR):
        background.run("Working", work, pytest.fail)
        with pytest.raises(ZeroDivisionError):
            background.wait(10)
    assert "Failed: ZeroDivisionError: by &lt;zero&gt;" in background.message.value
    assert "failed" in caplog.text
    assert not background.busy


def test_buttons_are_told_of_beginning_and_end() -> None:
    seen: list[bool] = []
    made = Background(lambda: seen.append(made.busy))
    made.run("Working", lambda _p, _s: None, lambda _: seen.append(made.busy), wait=True)
    made._pool.shutdown()
    assert seen == [True, False, False]


def test_without_a_head_everything_is_done_at_once(background: Background, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORENSICS_HEADLESS", "1")
    seen: list[object] = []
    background.run("Working", lambda _p, _s: current_thread() is main_thread(), seen.append)
    assert seen == [True]
    monkeypatch.setenv("FORENSICS_HEADLESS", "0")
    background.run("Working", lambda _p, _s: current_thread() is main_thread(), seen.append, wait=True)
    assert seen == [True, False]
