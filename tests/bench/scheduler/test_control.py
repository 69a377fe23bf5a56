"""The pipe through which other processes send requests to a job."""

from __future__ import annotations

import os
import time

import pytest

from bench.run.files import control_path
from bench.scheduler.control import ControlPipe, PauseRequest, StopRequest, has_reader, send_request

JOB_ID = "a" * 32


@pytest.fixture
def pipe():
    made = ControlPipe.create(JOB_ID)
    yield made
    made.close()


def test_a_stop_request_reaches_the_job(pipe):
    assert not pipe.stop_request()
    assert send_request(JOB_ID, StopRequest(origin="command line"))
    assert pipe.stop_request()
    assert pipe.stop_request(), "it stays requested"


def test_a_pause_ends_at_its_time_and_the_longest_counts(pipe):
    assert pipe.pause_left_s() == 0
    now = time.time()
    for seconds in (100, 50):
        send_request(JOB_ID, PauseRequest(until=now + seconds))
    assert 90 < pipe.pause_left_s() <= 100
    assert not pipe.stop_request()


def test_a_pause_that_was_read_late_is_over(pipe):
    send_request(JOB_ID, PauseRequest(until=time.time() - 1))
    assert pipe.pause_left_s() == 0


def test_requests_wait_for_a_reader_in_another_process(pipe):
    send_request(JOB_ID, StopRequest(origin="command line"))
    inherited = ControlPipe(os.dup(pipe.descriptor))
    assert inherited.stop_request()
    inherited.close()


def test_lines_that_are_no_request_are_ignored(pipe):
    writer = os.open(control_path(JOB_ID), os.O_WRONLY)
    os.write(writer, b'nonsense\n{"type": "dance"}\n{"type": "st')
    os.write(writer, b'op", "origin": "command line"}\n')
    os.close(writer)
    assert pipe.stop_request()


def test_a_request_to_a_job_that_has_ended_leaves_nothing():
    assert not send_request(JOB_ID, StopRequest(origin="command line"))
    assert not control_path(JOB_ID).exists()
    ControlPipe.create(JOB_ID).close()
    assert not has_reader(control_path(JOB_ID))
    assert not send_request(JOB_ID, StopRequest(origin="command line")), "its process has died"


def test_a_pipe_full_of_unread_requests_does_not_block_the_sender(pipe):
    sent = 0
    while send_request(JOB_ID, PauseRequest(until=0)):
        sent += 1
        assert sent < 100_000
    assert sent > 100
    assert not pipe.stop_request()
    assert send_request(JOB_ID, StopRequest(origin="command line")), "reading makes room"
    assert pipe.stop_request()
