"""The accounts, agreements and service points that quotes and orders name: they exist, and are the customer's."""

from __future__ import annotations

import pytest

from hub.workflows.state.belongings import Named, Stored, belongs
from tests.customer_care import the
from tests.road import sample

ACCOUNTS = {
    "2-AW": {"Parent Account Id": None},
    "2-AW-NY": {"Parent Account Id": "2-AW"},
    "2-AW-NY-5": {"Parent Account Id": "2-AW-NY"},
    "2-AW-CA": {"Parent Account Id": "2-AW"},
    "2-LB": {"Parent Account Id": None},
    # the account above these two isn't loaded yet
    "3-A": {"Parent Account Id": "3"},
    "3-B": {"Parent Account Id": "3"},
}
AGREEMENTS = {"AG-1": {"Account Id": "2-AW"}, "AG-NY": {"Account Id": "2-AW-NY"}, "AG-LB": {"Account Id": "2-LB"}}


@pytest.mark.parametrize(
    ("field", "value", "customer", "service_account", "is_right"),
    [
        ("Billing Account Id", "2-AW", "2-AW-NY", None, True),
        ("Billing Account Id", "2-AW-CA", "2-AW-NY-5", None, True),
        ("Billing Account Id", "2-LB", "2-AW", None, False),
        ("Service Account Id", "2-AW-NY-5", "2-AW", None, True),
        ("Service Account Id", "2-LB", "2-AW-NY", None, False),
        ("Service Account Id", "NOBODY", "2-AW", None, False),
        ("Service Account Id", "3-A", "3-B", None, True),
        ("Service Account Id", "3-A", "2-LB", None, False),
        ("Service Account Id", "2-LB", None, None, True),
        ("Agreement Id", "AG-1", "2-AW", None, True),
        ("Agreement Id", "AG-1", "2-AW-NY-5", None, True),
        ("Agreement Id", "AG-NY", "2-AW-NY-5", None, True),
        ("Agreement Id", "AG-NY", "2-AW", None, False),
        ("Agreement Id", "AG-NY", "2-AW", "2-AW-CA", False),
        ("Agreement Id", "AG-NY", "2-AW", "2-AW-NY-5", True),
        ("Agreement Id", "AG-LB", "2-AW", "2-AW-NY", False),
        ("Agreement Id", "AG-9", "2-AW", None, False),
        ("Agreement Id", "AG-9", None, None, False),
        ("Service Point Id", "SP-1", "2-AW", None, True),
        ("Service Point Id", "SP-9", "2-AW", None, False),
    ],
)
def test_what_belongs_to_a_customer(field, value, customer, service_account, is_right):
    stored = Stored(ACCOUNTS, AGREEMENTS, {"SP-1": {}})
    assert belongs(Named(field, value, "here", service_account), customer, stored) is is_right


@pytest.mark.parametrize("workflow", ["new-quote", "new-order"])
def test_arguments_name_nothing_of_others(any_care, workflow):
    care = any_care
    care.road.load(sample("agreements.xml"))
    assert care.refused(workflow, account="2-AW-NY", billing_account="2-LB") == (
        "the account '2-LB' isn't one of the customer '2-AW-NY'\n"
        "  where: argument 'billing-account'\n"
        "  why:   the account at the top of its hierarchy is '2-LB', that of the customer's is '2-AW'\n"
        "  mend:  name an account of the customer's hierarchy, or put the account into it (orderhub load: Parent "
        "Account Id)"
    )
    assert care.refused(workflow, account="2-LB", agreement="AG-1") == (
        "the agreement 'AG-1' isn't one of the customer '2-LB'\n"
        "  where: argument 'agreement'\n"
        "  why:   it is with the account '2-AW', which is neither the customer nor the service account, nor above one "
        "of them\n"
        "  mend:  name an agreement of the customer, of the service account, or of an account above one of them"
    )
    assert care.refused(workflow, account="2-LB", agreement="AG-9") == (
        "the agreement 'AG-9' is unknown\n"
        "  where: argument 'agreement'\n"
        "  why:   no agreement of this Agreement Id is stored\n"
        "  mend:  mend the Agreement Id, or load the agreement (orderhub load)"
    )
    # The customer's own agreement is proposed.
    assert "did you mean 'AG-1'?" in care.refused(workflow, account="2-AW-NY", agreement="AG-11")
    made = the(care(workflow, account="2-AW-NY", billing_account="2-AW-BILL", agreement="AG-1"))
    assert (made.get("Billing Account Id"), made.get("Agreement Id")) == ("2-AW-BILL", "AG-1")


def test_later_arguments_name_nothing_of_others(care):
    care.road.load(sample("agreements.xml"))
    quote = the(care("new-products-and-services", account="2-LB", product="Local Line")).get("Quote Number")
    order = the(care("new-order", account="2-LB")).get("Order Number")
    for document in ({"quote": quote}, {"order": order}):
        for argument, value in (("service_account", "2-EN"), ("billing_account", "2-AW-BILL"), ("agreement", "AG-1")):
            assert "isn't one of the customer '2-LB'" in care.refused(
                "designate-accounts", **document, **{argument: value}
            )
    assert "argument 'service-account'" in care.refused(
        "move",
        account="2-LB",
        old_address="PR-HOME",
        new_address="PR-WA",
        move_out="2027-01-01",
        move_in="2027-01-01",
        service_account="2-EN",
    )
