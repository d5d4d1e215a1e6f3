"""An account is called by its Account Id, its phone number or its name, in every workflow."""

from __future__ import annotations

import pytest

from tests.customer_care import the


@pytest.mark.parametrize("name", ["2-LB", "509-555-0140", "5095550140", "Maria Lopez", "maria lopez"])
def test_an_account_is_found_by_each_of_its_names(care, name):
    assert the(care("new-quote", account=name)).get("Account Id") == "2-LB"


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
