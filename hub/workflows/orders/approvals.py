"""Approvals: the rules that hold an order when it is submitted, and what is noted of them.

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
from integration_objects.property_set import PropertySet

APPROVAL = "Order Approval"
HELD, APPROVED, REFUSED, WITHDRAWN = "Held", "Approved", "Refused", "Withdrawn"


#: what can be done with an order that no rule holds, by its status
_NOT_HELD = {
    "New": "submit it; a rule may hold it then",
    "Pending": "submit it; a rule may hold it then",
    "Open": "leave it, or cancel or revise it where it isn't to go on as it is",
}
_DECIDED = "leave it: nothing is left to be decided"


class HeldForApproval(Refused):
    """An order is to be changed or submitted that waits for an approval."""


class NotHeld(Refused):
    """An approval is given or refused to an order that doesn't wait for one."""


class MayNotApprove(Refused):
    """Somebody without the right wants to decide on an order."""


def rules_that_hold(run: Run, order: PropertySet) -> list[ApprovalRule]:
    """The deployment's approval rules under which an order must be approved before it opens."""
    return [rule for rule in run.runtime.approval_rules.values() if rule.holds(order)]


def hold(run: Run, order: PropertySet, rules: Sequence[ApprovalRule]) -> None:
    """Note that *rules* hold an order; it is stored already, or is in this transaction."""
    run.effects.insert(
        message(
            APPROVAL,
            [
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
            ],
        )
    )


def approvals_held(run: Run, order: PropertySet) -> list[PropertySet]:
    """The approvals that an order still waits for."""
    if order.get("Status") != "Pending":
        return []
    return instances(run.query(APPROVAL, {"Order Id": order.get("Row Id"), "State": HELD}))


def refuse_held(run: Run, order: PropertySet, what: str) -> None:
    """Refuse to do *what* ("be submitted") with an order that waits for an approval.

    Raises:
        HeldForApproval: it does.
    """
    held = approvals_held(run, order)
    if held:
        names = [approval.get("Rule") or "" for approval in held]
        raise HeldForApproval(
            f"the order {order.get('Order Number')} can't {what}: it waits for an approval",
            where=f"order {order.get('Order Number')}",
            why="; ".join(_held_by(run, name) for name in names),
            mend="have it approved or refused (`orderhub workflow approve`, `refuse`), or cancel it",
        )


def _held_by(run: Run, name: str) -> str:
    rule = run.runtime.approval_rules.get(name)
    if rule is None:
        return f"the rule '{name}' holds it, which the deployment declares no more: anybody may decide"
    return f"the rule '{name}' holds it; it may be approved by {rule.approvers}"


def decide(
    run: Run, order: PropertySet, by: str, state: str, comment: str | None, only: str | None
) -> list[PropertySet]:
    """Decide on the approvals that an order waits for and that *by* may decide on.

    Args:
        run: the run; the order's account is locked.
        order: the order's instance.
        by: who decides.
        state: ``Approved`` or ``Refused``.
        comment: why; None for nothing said.
        only: the rule to decide on; None: every one on which *by* may.

    Returns:
        The approvals that were decided.

    Raises:
        NotHeld: the order waits for none, or not for *only*.
        MayNotApprove: *by* may decide on none of them, or not on *only*.
    """
    number = order.get("Order Number")
    held = approvals_held(run, order)
    waits = [approval for approval in held if only is None or approval.get("Rule") == only]
    if not waits:
        names = ", ".join(approval.get("Rule") or "" for approval in held)
        raise NotHeld(
            f"the order {number} doesn't wait for an approval" + (f" under the rule '{only}'" if held else ""),
            where=f"order {number}",
            why=f"it waits for {names}" if held else f"its status is {order.get('Status')}, and no rule holds it",
            mend="name one of these rules" if held else _NOT_HELD.get(order.get("Status") or "", _DECIDED),
        )
    mine = [approval for approval in waits if _may_decide(run, by, approval.get("Rule") or "")]
    if not mine:
        raise MayNotApprove(
            f"{by} may not decide on the order {number}",
            where=f"order {number}",
            why="; ".join(_held_by(run, approval.get("Rule") or "") for approval in waits),
            mend="have one of these decide",
        )
    for approval in mine:
        _note(run, approval, state, by, comment)
    return mine


def withdraw(run: Run, order: PropertySet, by: str) -> None:
    """Note that nobody need decide on an order any more: it was cancelled or replaced."""
    for approval in approvals_held(run, order):
        _note(run, approval, WITHDRAWN, by, None)


def _note(run: Run, approval: PropertySet, state: str, by: str, comment: str | None) -> None:
    approval.properties.update({"State": state, "Decided By": by, "Decided Date": run.now(), "Comment": comment})
    run.effects.update(message(APPROVAL, [approval]))


def _may_decide(run: Run, by: str, name: str) -> bool:
    """Whether *by* is named by the rule, or has a role that it names.

    A rule that the deployment has taken back binds nobody any more: the order must not hang for ever.
    """
    rule = run.runtime.approval_rules.get(name)
    if rule is None or by in rule.users:
        return True
    return bool(rule.roles) and not _roles(run, by).isdisjoint(rule.roles)


def _roles(run: Run, user: str) -> set[str | None]:
    """The role of a user who works here."""
    return {
        found.get("Role")
        for found in instances(run.query("User", {"User Id": user}))
        if found.get("Active Flag") != "N"
    }
