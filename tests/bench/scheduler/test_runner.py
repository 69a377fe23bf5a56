"""The process of a job: what it leaves on disk at each moment."""

from __future__ import annotations

from bench import paths
from bench.run.files import journal_path, order_path
from bench.run.journal import JournalWriter
from bench.scheduler.order import order_race, write_order
from bench.scheduler.runner import _Journal
from bench.storage.cleaning import Limits, find_removable, remove_items
from bench.storage.uploads import UPLOAD_PREFIX
from tests.support.runs import make_opening


def test_an_order_names_the_uploads_of_a_job_until_its_journal_does(home):
    upload = paths.uploads() / ("a" * 64)
    upload.write_bytes(b"x")
    opening = make_opening()
    plan = opening.plan.model_copy(update={"parameters": {"image": f"{UPLOAD_PREFIX}{upload.name}"}})
    opening = opening.model_copy(update={"plan": plan})
    order = order_race(plan, origin="page").model_copy(update={"job_id": opening.run})
    write_order(order)
    writer = JournalWriter(journal_path(opening.run))
    journal = _Journal(writer, order_path(opening.run))
    try:
        for write in (lambda: None, lambda: journal.append(opening)):
            write()
            remove_items(find_removable(lambda digests: set(), Limits(upload_age_s=0)).removable)
            assert upload.exists()
        assert not order_path(opening.run).exists() and journal.failure is None
    finally:
        writer.close()
