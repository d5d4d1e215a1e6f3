"""An account is called by its Account Id, its phone number or its name, in every workflow."""

from __future__ import annotations

import pytest

from tests.customer_care import the


@pytest.mark.parametrize("name", ["2-LB", "509-555-0140", "5095550140", "Maria Lopez", "maria lopez"])
def test_an_account_is_found_by_each_of_its_names(care, name):
    assert the(care("new-quote", account=name)).get("Account Id") == "2-LB"


@pytest.mark.parametrize(("name", "account"), [("100300", "1-B"), ("HH-2201", "1-C"), ("hh2201", "1-C")])
def test_an_account_is_found_by_the_number_that_another_system_knows_it_by(any_care, name, account):
    assert the(any_care("new-quote", account=name)).get("Account Id") == account


def test_a_number_that_several_systems_give_to_one_account_is_its_name_and_to_several_is_not(care):
    key = (
        '<Message MessageType="Integration Object" IntObjectName="Account" IntObjectFormat="Hierarchical">'
        "<ListOfAccount><Account><AccountId>{}</AccountId><ListOfAccountKey><AccountKey><System>{}</System>"
        "<Number>100300</Number></AccountKey></ListOfAccountKey></Account></ListOfAccount></Message>"
    )
    care.road.load(key.format("1-B", "PARTNER"))
    assert the(care("new-quote", account="100300")).get("Account Id") == "1-B"
    care.road.load(key.format("1-A", "BILLING"))
    assert care.refused("new-quote", account="100300").splitlines()[:3] == [
        "'100300' is the name of 2 accounts",
        "  where: argument 'account'",
        "  why:   their Account Ids are 1-A, 1-B",
    ]


def test_an_unknown_name_is_refused_as_it_was_written(care):
    assert care.refused("new-quote", account="Maria L").splitlines()[0] == "the account 'Maria L' is unknown"


def test_the_name_of_several_accounts_is_refused_with_their_ids(care):
    assert care.refused("new-quote", account="212-555-0100", billing_account="2-AW") == (
        "'212-555-0100' is the name of 2 accounts\n"
        "  where: argument 'account'\n"
        "  why:   their Account Ids are 2-AW, 2-AW-NY\n"
        "  mend:  name one of them by its Account Id"
    )


def test_the_arguments_of_a_header_take_names_too(care):
    quote = the(care("new-quote", account="American Widgets Inc, New York", billing_account="american widgets inc"))
    assert (quote.get("Account Id"), quote.get("Billing Account Id")) == ("2-AW-NY", "2-AW")
