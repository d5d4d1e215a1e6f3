"""`orderhub check` tells of a route that feeds itself, directly, through another route, or through a system."""

from __future__ import annotations

import pytest

from hub.deployment.proof import check_deployment


def route(name, reads, answers=None):
    reply = f"reply: {{channel: {answers}}}\n" if answers else ""
    return f"route: {name}\nfrom: {{channel: {reads}}}\nobject: hub\nworkflow: Hub Object\n{reply}"


@pytest.fixture
def findings(tmp_path):
    """Write the routes and systems of a deployment; returns the findings, without the folder."""

    def check(*routes, system=None):
        (tmp_path / "orderhub.toml").write_text("routes = []\n")
        for folder in ("hub/routes", "adapters/systems"):
            (tmp_path / folder).mkdir(parents=True, exist_ok=True)
        for number, text in enumerate(routes):
            (tmp_path / "hub/routes" / f"r{number}.yaml").write_text(text)
        if system is not None:
            (tmp_path / "adapters/systems/s.yaml").write_text(system)
        return [str(finding).replace(f"{tmp_path}/", "") for finding in check_deployment(tmp_path)]

    return check


def test_a_route_whose_answers_go_to_its_own_channel_feeds_itself(findings):
    assert findings(route("a", "x", "x")) == [
        "hub/routes/r0.yaml:1:1: error: route 'a' feeds itself: the answers of 'a' go to 'x', which 'a' reads "
        "(give one of the routes another channel)"
    ]


def test_a_loop_of_three_routes_is_told_once_with_its_way(findings):
    assert findings(route("a", "x", "y"), route("b", "y", "z"), route("c", "z", "x")) == [
        "hub/routes/r0.yaml:1:1: error: route 'a' feeds itself: the answers of 'a' go to 'y', which 'b' reads; "
        "the answers of 'b' go to 'z', which 'c' reads; the answers of 'c' go to 'x', which 'a' reads "
        "(give one of the routes another channel)"
    ]


def test_a_route_that_reads_its_own_dead_letters_feeds_itself(findings):
    [finding] = findings(route("a", "a.dead-letter"))
    assert "the dead letters of 'a' go to 'a.dead-letter', which 'a' reads" in finding


def test_routes_in_a_row_are_no_loop(findings):
    assert findings(route("a", "x", "y"), route("b", "y", "z"), route("c", "c.in", "y")) == []


def test_what_a_system_is_sent_and_a_route_reads_is_doubtful(findings):
    system = "system: S\ntakes: OM Work Order\nchannel: x\n"
    assert findings(route("a", "x"), system=system) == [
        "adapters/systems/s.yaml:1:1: warning: the messages to system 'S' come back in by route 'a' "
        "(give the system another channel, unless route 'a' never sends to it)"
    ]
    in_folder = "route: a\nfrom: {folder: x}\nobject: hub\nworkflow: Hub Object\n"
    assert findings(in_folder, system=system.replace("channel", "folder")) == []
