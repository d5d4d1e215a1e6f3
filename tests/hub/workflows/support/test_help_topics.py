"""Help topics: found by words, page and product; written and changed with revisions; received."""

from __future__ import annotations

import pytest

from hub.workflows.support.help_topics import TopicChangedMeanwhile, TopicIncomplete, TopicUnknown
from integration_objects.complex_object import components
from tests.customer_care import the
from tests.road import sample


def found(care, **about):
    return [row["topic"] for row in care("help-topics", **about).rows]


def test_topics_are_found_by_words_in_any_order_and_capitals(office):
    assert found(office, text="VOICE code") == ["voice-mail"]
    assert found(office, text="order") == ["order-status", "moving"]  # the title first
    assert found(office, text="telephone") == ["voice-mail"]
    assert found(office, text="100%") == []
    assert found(office, text="late") == ["order-status"]  # a further word
    row = office("help-topics", text="greeting").rows[0]
    assert "press * while the greeting plays" in row["text"]
    assert office("help-topics", text="nothing like it").why == "no help topic is found"


def test_topics_of_a_product_and_a_page_come_first_and_those_of_others_are_left_out(office):
    assert found(office, product="Voice Mail")[:2] == ["voice-mail", "moving"]  # voice mail is part of a line
    assert "voice-mail" not in found(office, product="Calling Card")
    office("edit-help-topic", topic="order-status", page="orders", reason="shown there")
    assert found(office, page="orders")[0] == "order-status"
    assert "order-status" not in found(office, page="services")


def test_the_staffs_topics_are_left_out_for_others(desk):
    assert "callback-script" in found(desk)
    assert "callback-script" not in found(desk, audience="Everybody")
    assert found(desk, audience="Staff") == ["callback-script"]


def test_a_topic_is_written_changed_withdrawn_and_keeps_every_text(office):
    new = the(office("edit-help-topic", topic="bills", title="Your bill", text="It comes monthly.", by="ann"))
    assert (new.get("Status"), new.get("Revision"), new.get("Changed By")) == ("Published", "1", "ann")
    changed = the(office("edit-help-topic", topic="bills", text="It comes on the 5th.", reason="the day", revision="1"))
    assert (changed.get("Title"), changed.get("Revision")) == ("Your bill", "2")
    assert found(office, text="5th") == ["bills"]
    office("edit-help-topic", topic="bills", status="Withdrawn")
    assert found(office, text="bill") == []
    assert found(office, text="bill", status="Withdrawn") == ["bills"]
    (stored,) = office.road.stored("Help Topic", Topic_Id="bills")
    assert [(one.get("Revision"), one.get("Text"), one.get("Status"), one.get("Reason"))
            for one in components(stored, "Help Revision")] == [
        ("1", "It comes monthly.", "Published", None),
        ("2", "It comes on the 5th.", "Published", "the day"),
        ("3", "It comes on the 5th.", "Withdrawn", None),
    ]  # fmt: skip
    former = the(office("help-topic", topic="bills", revision="1"))
    assert (former.get("Text"), former.get("Searched Text")) == ("It comes monthly.", None)


def test_changes_that_cannot_be_kept_are_refused(desk):
    with pytest.raises(TopicIncomplete):
        desk("edit-help-topic", topic="new", title="X")
    desk("edit-help-topic", topic="moving", title="Moving", by="ann")
    with pytest.raises(TopicChangedMeanwhile) as refused:
        desk("edit-help-topic", topic="moving", text="X", revision="1")
    assert refused.value.why == "this change was made from revision 1; ann wrote revision 2"
    assert "can't have the id '../x'" in desk.refused("edit-help-topic", topic="../x", title="X", text="X")
    assert "the argument 'text' says nothing" in desk.refused("edit-help-topic", topic="moving", text=" ")
    assert "can't have the status 'Gone'" in desk.refused("edit-help-topic", topic="moving", status="Gone")
    assert "can't have the audience 'Me'" in desk.refused("help-topics", audience="Me")
    with pytest.raises(TopicUnknown) as unknown:
        desk("help-topic", topic="movin")
    assert "moving" in unknown.value.mend
    with pytest.raises(TopicUnknown):
        desk("help-topic", topic="moving", revision="9")


def test_a_message_that_changes_a_topic_makes_a_revision_and_a_repeat_makes_none(office):
    again = sample("help_topics.xml")
    assert office.road.load(again)[0] == "unchanged Help Topic order-status"
    changed = again.replace(b"Set up voice mail", b"Voice mail")
    assert office.road.work(changed, "hub_object")["state"] == "done"
    (stored,) = office.road.stored("Help Topic", Topic_Id="voice-mail")
    assert (stored.get("Revision"), stored.get("Changed By")) == ("2", "local")
    assert office.road.stored("Help Topic", Topic_Id="moving")[0].get("Revision") == "1"
    unfit = office.road.work(again.replace(b"<TopicId>moving<", b"<TopicId>A B/..<"), "hub_object")
    assert (unfit["state"], unfit["reason"]) == ("rejected", "TopicIdUnfit")
