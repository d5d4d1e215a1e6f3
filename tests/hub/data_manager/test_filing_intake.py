"""A folder's intake while the hub's database is away."""

from __future__ import annotations

import pytest

from adapters.database.connection.driver_faults import DatabaseAway
from hub.data_manager.intake import FilingIntake
from tests.road import sample


def test_files_that_could_not_be_filed_are_taken_again(road, tmp_path, monkeypatch):
    inbox = tmp_path / "folders" / "mainframe" / "inbox"
    inbox.mkdir(parents=True)
    (inbox / "order.xml").write_bytes(sample("order-5-file.xml"))
    intake = next(one for one in road.worker._intakes if isinstance(one, FilingIntake))

    def no_database(*_):
        raise DatabaseAway("the database doesn't answer", database="", cause="")

    with monkeypatch.context() as away:
        away.setattr(intake._manager, "file", no_database)
        for _ in range(2):
            with pytest.raises(DatabaseAway):
                intake.take_in(25, 0.0)
    assert intake.take_in(25, 0.0) == 1
    assert road.run()
    assert road.counts() == {"done": 1, "received": 1}  # the day of the order is planned
    assert [file.name for file in (inbox.parent / "done").glob("*.xml")].count("order.xml") == 1
