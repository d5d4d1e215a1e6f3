"""The people of the demonstration: one of each type, whose printed passwords log in; in the demo's folder alone."""

from __future__ import annotations

import pytest

from hub.access.access import Credentials
from hub.demo.stage import demonstration
from hub.demo.web_demo import NoDemo, people_of_demo, refuse_other_than_demo
from integration_objects.complex_object import message
from integration_objects.names import HELP_TOPIC
from integration_objects.property_set import PropertySet


def test_each_type_has_a_user_whose_printed_password_logs_in_after_each_start(tmp_path):
    with demonstration(tmp_path / "orderhub-demo") as stage:
        open_hub = stage.open_hub
        for name in ("catalogue.xml", "accounts.xml"):
            stage.load(name)
        first = people_of_demo(open_hub)
        assert {type for _, _, type, _ in first} == set(open_hub.deployment.user_types)
        edited = PropertySet("Help Topic", properties={"Topic Id": "moving", "Title": "Moving house"})
        with open_hub.write() as transaction:
            transaction.store.update(message(HELP_TOPIC, [edited]))
        again = people_of_demo(open_hub)
        with open_hub.read() as transaction:
            assert "Moving house" in {topic["Title"] for topic in transaction.store.keys(HELP_TOPIC)}
        assert [person[0] for person in again] == [person[0] for person in first]
        name, password, _, accounts = next(person for person in again if person[2] == "customer")
        logged_in = open_hub.access.log_in(Credentials(name, password), "127.0.0.1")
        assert logged_in.user.accounts == {accounts}
        assert not logged_in.user.must_change_password


def test_no_other_deployment_gets_users_whose_passwords_are_printed(tmp_path):
    (tmp_path / "orderhub.toml").write_text('database_url = "sqlite:///orderhub.db"\n')
    with pytest.raises(NoDemo) as caught:
        refuse_other_than_demo(tmp_path)
    assert "`orderhub demo`" in caught.value.mend
    assert not (tmp_path / "orderhub.db").exists()
