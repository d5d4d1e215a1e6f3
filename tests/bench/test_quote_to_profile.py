"""What the bench measures of a large quote is done: its steps run, and bring the profile up to date."""

from __future__ import annotations

import gc

from tests.bench import quote_to_profile
from tests.bench.quote_to_profile import STEPS, Watch, customer, load_plan
from tests.customer_care import care_on


def test_a_customer_goes_through_all_that_is_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(quote_to_profile, "SIZES", (40,))
    watch = Watch()
    # Each step begins with a whole collection, which would walk through all that the tests before have left.
    gc.freeze()
    try:
        with care_on(tmp_path) as care:
            load_plan(care)
            customer(care, watch, "C-1", 40)
    finally:
        gc.unfreeze()
    assert tuple(watch.worked) == STEPS
    assert tuple(watch.passed) == STEPS
