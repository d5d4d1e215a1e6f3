"""The mainframe is killed after it has carried a change out, before it answers: nothing is lost or doubled."""

from __future__ import annotations

import pathlib

import pytest

from adapters.virtual_components.stand_in import StandInMainframe
from adapters.virtual_components.stand_in_process import stand_in_process
from hub.data_manager.profile_copy import ProfileChangesWait, bring_up_to_date
from tests.mainframe import CHANNEL, KEEPER, care_with_mainframe

PROFILE = (
    '<Message MessageType="Integration Object" IntObjectName="OM Asset" IntObjectFormat="Hierarchical"><ListOfOMAsset>'
    "<Asset><AccountId>1-B</AccountId><ListOfLineItem>"
    "<LineItem><IntegrationId>A1</IntegrationId><ProductId>Calling Card</ProductId></LineItem>"
    "<LineItem><IntegrationId>A2</IntegrationId><ProductId>Calling Card</ProductId></LineItem>"
    "</ListOfLineItem></Asset></ListOfOMAsset></Message>"
)


@pytest.mark.parametrize("transport", ["embedded", "RabbitMQ"])
def test_a_change_whose_reply_a_death_has_cut_off_is_sent_again_and_changes_nothing(request, tmp_path, transport):
    file, url, channel, broker_url = tmp_path / "mainframe.db", f"sqlite:///{tmp_path}/orderhub.db", CHANNEL, None
    arguments = ["--database", url]
    if transport == "RabbitMQ":
        broker_url, channel = request.getfixturevalue("broker_url"), request.getfixturevalue("new_queue_name")()
        arguments = ["--broker", broker_url]
    with care_with_mainframe(tmp_path, None, broker_url, channel, timeout_s=1) as care:
        care.road.load(PROFILE)
        with stand_in_process(file, "--channel", channel, *arguments, "--die-after", "1") as process:
            with pytest.raises(ProfileChangesWait):
                bring_up_to_date(care.open_hub, ["1-B"])
            process.wait(20)
        assert StandInMainframe(file).changes() == [("insert", "SERVICE", '["A1"]')]
        care.road.surroundings.sleep(60)
        with stand_in_process(file, "--channel", channel, *arguments):
            bring_up_to_date(care.open_hub, ["1-B"])
        assert StandInMainframe(file).changes() == [
            ("insert", "SERVICE", '["A1"]'),
            ("insert", "SERVICE", '["A2"]'),
        ]
        assert care.road.profile() == {"Calling Card": "Active"}


def test_the_pages_commands_are_those_that_were_tried():
    page = pathlib.Path("docs/virtual_components.md").read_text(encoding="utf-8")
    assert f'service_profile = "{KEEPER}"' in page
    command = "python -m adapters.virtual_components.stand_in mainframe.db --channel mainframe.services"
    assert f"{command} --database sqlite:///orderhub.db" in page
