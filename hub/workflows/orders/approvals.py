"""Approvals: the rules that hold an order when it is submitted, and the decisions on them.

    submit --> a rule holds --> Pending, an Order Approval in state Held for each such rule
                                  approve: Approved; with the last one the order opens
                                  refuse:  Refused, and the order is Cancelled

Spec: docs/design/workflows.md, "Submit Order"; docs/design/road.md, "Statuses" ("an order held for approval opens by
approval only").
"""

from __future__ import annotations

from collections.abc import Sequence

from hub.workflow_manager.approval_rule import ApprovalRule
from hub.workflow_manager.run import Run
from integration_objects.complex_object import instances, message
from integration_objects.errors import Refused
from integration_objects.names import APPROVAL
from integration_objects.property_set import PropertySet

HELD, APPROVED, REFUSED, WITHDRAWN = "Held", "Approved", "Refused", "Withdrawn"

#: the mend for an order that no rule holds, by its status
_ADVICE = {
    "New": "submit it; a rule may hold it then",
    "Pending": "submit it; a rule may hold it then",
    "Open": "leave it; or cancel or revise it, if it isn't to go on as it is",
}


class HeldForApproval(Refused):
    """An order is to be changed or submitted that waits for an approval."""

    what = "the order {number} can't {action}: it waits for an approval"
    where = "order {number}"
    why = "{holds}"
    mend = "have it approved or refused (`orderhub workflow approve`, `refuse`), or cancel it"


class NotHeld(Refused):
    """An approval is given or refused to an order that doesn't wait for one."""

    what = "the order {number} doesn't wait for an approval{under_rule}"
    where = "order {number}"
    why = "{state}"
    mend = "{advice}"


class MayNotApprove(Refused):
    """Somebody without the right wants to decide on an order."""

    what = "{user} may not decide on the order {number}"
    where = "order {number}"
    why = "{holds}"
    mend = "have one of these decide"


def rules_that_hold(run: Run, order: PropertySet) -> list[ApprovalRule]:
    """Return the deployment's approval rules under which an order must be approved before it opens."""
    return [rule for rule in run.runtime.approval_rules.values() if rule.holds(order)]


def hold(run: Run, order: PropertySet, rules: Sequence[ApprovalRule]) -> None:
    """Store an approval in state Held for each rule; the order is stored already, or in this transaction."""
    approvals = [
        PropertySet(
            "Approval",
            properties={
                "Order Id": order.get("Row Id"),
                "Rule": rule.name,
                "Order Number": order.get("Order Number"),
                "Revision": order.get("Revision"),
                "Account Id": order.get("Account Id"),
                "State": HELD,
                "Reason": rule.help or None,
                "Held Date": run.now(),
            },
        )
        for rule in rules
    ]
    run.effects.insert(message(APPROVAL, approvals))


def approvals_held(run: Run, order: PropertySet) -> list[PropertySet]:
    """Return the approvals that an order still waits for."""
    # Only a Pending order can be held: for every other one no query is needed.
    if order.get("Status") != "Pending":
        return []
    return instances(run.query(APPROVAL, {"Order Id": order.get("Row Id"), "State": HELD}))


def refuse_held(run: Run, order: PropertySet, action: str) -> None:
    """Refuse an action ("be submitted") on an order that waits for an approval.

    Raises:
        HeldForApproval: the order waits.
    """
    held = approvals_held(run, order)
    if held:
        raise HeldForApproval(number=order.get("Order Number"), action=action, holds=_holds(run, held))


def _holds(run: Run, approvals: Sequence[PropertySet]) -> str:
    """Say which rules hold an order, and who may decide."""
    sentences = []
    for approval in approvals:
        name = approval.get("Rule") or ""
        rule = run.runtime.approval_rules.get(name)
        sentences.append(
            f"the rule '{name}' holds it; the deployment doesn't declare it any more: anybody may decide"
            if rule is None
            else f"the rule '{name}' holds it; it may be approved by {rule.approvers}"
        )
    return "; ".join(sentences)


def waiting_for(run: Run, user: str) -> list[PropertySet]:
    """Return the approvals in state Held on which a user may decide, the oldest first."""
    held = instances(run.query(APPROVAL, {"State": HELD}))
    may = {rule: _may_decide(run, user, rule) for rule in {approval.get("Rule") or "" for approval in held}}
    waiting = [approval for approval in held if may[approval.get("Rule") or ""]]
    return sorted(waiting, key=lambda approval: (approval.get("Held Date") or "", approval.get("Order Number") or ""))


def decide(run: Run, order: PropertySet, by: str, state: str, comment: str | None, only: str | None) -> None:
    """Decide on the approvals that an order waits for and that *by* may decide on.

    Args:
        run: the run; the order's account is locked.
        order: the order's instance.
        by: the user who decides.
        state: ``Approved`` or ``Refused``.
        comment: the reason; None for none.
        only: the rule to decide on; None: every rule on which *by* may decide.

    Raises:
        NotHeld: the order waits for none, or not for *only*.
        MayNotApprove: *by* may decide on none of them, or not on *only*.
    """
    number = order.get("Order Number")
    held = approvals_held(run, order)
    waiting = [approval for approval in held if only is None or approval.get("Rule") == only]
    if not waiting:
        names = ", ".join(approval.get("Rule") or "" for approval in held)
        status = order.get("Status")
        raise NotHeld(
            number=number,
            under_rule=f" under the rule '{only}'" if held else "",
            state=f"it waits for {names}" if held else f"its status is {status}, and no rule holds it",
            advice="name one of these rules"
            if held
            else _ADVICE.get(status or "", "leave it: nothing is left to be decided"),
        )
    decided = [approval for approval in waiting if _may_decide(run, by, approval.get("Rule") or "")]
    if not decided:
        raise MayNotApprove(user=by, number=number, holds=_holds(run, waiting))
    for approval in decided:
        _write_decision(run, approval, state, by, comment)


def withdraw(run: Run, order: PropertySet, by: str) -> None:
    """Withdraw the approvals that an order waits for: it was cancelled or replaced."""
    for approval in approvals_held(run, order):
        _write_decision(run, approval, WITHDRAWN, by, None)


def _write_decision(run: Run, approval: PropertySet, state: str, by: str, comment: str | None) -> None:
    approval.properties |= {"State": state, "Decided By": by, "Decided Date": run.now(), "Comment": comment}
    run.effects.update(message(APPROVAL, [approval]))


def _may_decide(run: Run, user: str, rule_name: str) -> bool:
    """Tell whether a rule names a user, or a role of the user.

    Anybody may decide under a rule that the deployment has taken back: the order must not hang for ever.
    """
    rule = run.runtime.approval_rules.get(rule_name)
    # Users first: roles are stored, and cost a query.
    if rule is None or user in rule.users:
        return True
    if not rule.roles:
        return False
    users = instances(run.query("User", {"User Id": user}))
    return any(found.get("Role") in rule.roles for found in users if found.get("Active Flag") == "Y")
