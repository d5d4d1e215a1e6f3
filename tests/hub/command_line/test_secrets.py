"""A secret attribute: provisioning gets its value, and no command, answer, log or record shows it to people."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from adapters.files import read_file
from hub.workflow_manager.named_workflow import request
from schemas.hub_xml import hub_to_xml
from tests.customer_care import CustomerCare, care_on

#: no name of the setting `secrets`: the product marks it
CODE = "Mailbox Code"
PRODUCT = f"""
<Message MessageType="Integration Object" IntObjectName="Product"><ListOfProduct><Product>
  <ProductId>Call Waiting</ProductId><FulfilmentSystem>Provisioning</FulfilmentSystem>
  <ListOfProductAttribute>
    <ProductAttribute><Name>{CODE}</Name><Type>number</Type><Secret>Y</Secret><MostValue>999999</MostValue></ProductAttribute>
    <ProductAttribute><Name>Rings</Name></ProductAttribute>
  </ListOfProductAttribute>
</Product></ListOfProduct></Message>"""
FIRST, SECOND, TOO_LARGE = "714263", "583921", "83629174"
SECRETS = (FIRST, SECOND, TOO_LARGE)


@pytest.fixture(params=["SQLite", "PostgreSQL"])
def care(request, tmp_path, monkeypatch) -> Iterator[CustomerCare]:
    """On each database, with a product whose code is secret; the commands have the same database and clock."""
    url = request.getfixturevalue("database_url") if request.param == "PostgreSQL" else None
    with care_on(tmp_path, url) as made:
        if url is not None:
            (tmp_path / "orderhub.toml").write_text(f'database_url = "{url}"\nroutes = ["*"]\n')
        monkeypatch.setattr("hub.data_manager.open_hub.Surroundings", lambda: made.road.surroundings)
        made.road.load(PRODUCT)
        yield made


def codes(item: str, code: str) -> str:
    """Requests that set an item's code."""
    return json.dumps([{"request": "set", "item": item, "attributes": {CODE: code, "Rings": "6"}}])


def of(shown: str) -> str:
    """What was shown, proven to hold no secret."""
    assert not [secret for secret in SECRETS if secret in shown], shown
    return shown


def test_a_secret_goes_to_provisioning_and_is_shown_nowhere(care, command):
    def typed(*arguments: str, expect: int = 0) -> str:
        printed = command(*arguments, expect=expect)
        of(printed.err)
        return of(printed.out)

    ordered = typed("workflow", "new-products-and-services", "account=1-B", "product=Call Waiting",
                    f"requests={codes('Call Waiting', FIRST)}", "--json")  # fmt: skip
    assert {"Name": CODE, "Action Code": "Add", "Number Value": "***"}.items() <= attribute_of(ordered).items()
    assert f"{CODE}=***, Rings=6" in typed("workflow", "quote-to-order", "quote=Q-0000001")
    typed("workflow", "submit", "order=O-0000001")
    (row,) = care.road.left("provisioning.work_orders")
    assert f"<value>{FIRST}</value>" in row.message.body.decode()
    assert "<value>***</value>" in typed("messages", "show", row.id, "--body")
    assert "<value>***</value>" in typed("receive", "--peek", "provisioning.work_orders")
    assert FIRST in command("messages", "show", row.id, "--body", "--unmasked").out
    care.provision()

    # A later change, which overrides nothing and is overridden by nothing: its values are compared all the same.
    root = care.profile_root("1-B").get("Integration Id")
    typed("workflow", "modify", "account=1-B", f"root={root}", f"requests={codes(root, SECOND)}")
    number = care.road.stored("OM Quote", Account_Id="1-B")[-1].get("Quote Number")
    typed("workflow", "verify", f"quote={number}")
    typed("workflow", "quote-to-order", f"quote={number}")
    assert f"{CODE}  Number Value" in typed("workflow", "projected-state", "account=1-B")
    care.submit(care.road.stored("OM Order", Account_Id="1-B")[-1])
    care.provision()

    for name, key in (("OM Asset", "1-B"), ("OM Quote", number), ("OM Order", "O-0000001")):
        for form in ([], ["--text"], ["--json"]):
            assert "***" in typed("show", name, str(key), *form)
        header = "Account Id=1-B" if name == "OM Asset" else f"{name.removeprefix('OM ')} Number={key}"
        assert "***" in typed("object", "query", name, header)
    typed("show", "OM Work Order", "O-0000001-1")
    history = json.loads(typed("show", "Service Profile History", "1-B", "--json"))
    values = [json.loads(row["fields"]["New Values"]) for row in history["instances"]]
    assert [one.get(f"Attribute/{CODE}/Number Value") for one in values] == ["***", "***"]
    for run in json.loads(typed("workflow", "--runs", "--json")):
        typed("workflow", "--recording", run["id"])
    for message in json.loads(typed("messages", "list", "--json")):
        typed("messages", "show", message["id"], "--body")
        typed("messages", "show", message["id"], "--json")

    # The history and the runs are for people only: they keep no secret at all.
    rows = {name: str(rows) for name, rows in care.rows().items() if any(secret in str(rows) for secret in SECRETS)}
    kept = {"s_quote_item", "s_order_item", "s_asset", "s_quote_item_xa", "s_order_item_xa", "s_asset_xa",
            "s_work_order_item", "s_work_order_item_xa", "hub_outbox"}  # fmt: skip
    assert set(rows) <= kept, sorted(rows)
    assert SECOND in rows["s_asset"]


def attribute_of(shown: str) -> dict[str, str]:
    """The first attribute of the first line of what a workflow shows as JSON."""
    fields: dict[str, str] = json.loads(shown)["objects"][0]["instances"][0]["items"][0]["attributes"][0]
    return fields


def test_an_error_does_not_quote_a_secret(care, command):
    requests = codes("Call Waiting", TOO_LARGE)
    printed = command("workflow", "new-products-and-services", "account=1-B", "product=Call Waiting",
                      f"requests={requests}", expect=1)  # fmt: skip
    assert "expected at most 999999, found ***" in of(printed.err)
    no_attribute = json.dumps([{"request": "set", "item": "Call Waiting", "fields": {CODE: FIRST}}])
    of(command("workflow", "new-products-and-services", "account=1-B", "product=Call Waiting",
               f"requests={no_attribute}", expect=1).err)  # fmt: skip


def test_an_answer_by_message_has_no_secret(care):
    definitions = care.road.open_hub.deployment.definitions
    care("new-products-and-services", account="1-B", product="Call Waiting", requests=codes("Call Waiting", FIRST))
    for name, pairs in (
        (
            "new-products-and-services",
            [("account", "1-B"), ("product", "Call Waiting"), ("requests", codes("Call Waiting", SECOND))],
        ),
        ("quote-to-order", [("quote", "Q-0000001")]),
        ("projected-state", [("account", "1-B")]),
        (
            "new-products-and-services",
            [("account", "1-B"), ("product", "Call Waiting"), ("requests", codes("Nothing", SECOND))],
        ),
    ):
        body = hub_to_xml(request(name, pairs), definitions)
        shown = care.road.work(body, "workflow_request", reply_to="hub.answers")
        of(str(shown))
    for row in care.road.take("hub.answers"):
        of(row.message.body.decode())
    for row in care.road.take("workflow_request.dead-letter"):
        of(str(row.message.headers))


def test_a_mask_that_comes_back_is_refused_at_every_door(care, command, tmp_path):
    mail = json.dumps([{"request": "set", "item": "Voice Mail", "attributes": {"Password": FIRST}}])
    quote = care.work("new-products-and-services", account="1-B", product="Voice Mail", requests=mail)
    order = care.place(quote.get("Quote Number"))
    care.install(order)
    masks = mail.replace(FIRST, "***")
    refused = "MaskSentBack"
    assert refused in command("workflow", "new-products-and-services", "account=1-B", "product=Voice Mail",
                              f"requests={masks}", expect=2).err  # fmt: skip
    for name, key in (("OM Asset", "1-B"), ("OM Order", order.get("Order Number"))):
        file = tmp_path / "shown.xml"
        file.write_text(command("show", name, key).out)
        before = care.rows()
        for words in (["load"], ["object", "update"], ["object", "upsert"], ["object", "synchronize"]):
            if (name, words) != ("OM Order", ["load"]):
                assert refused in command(*words, str(file), expect=1).err
        assert care.road.work(read_file(file), "hub_object")["reason"] in (refused, "ObjectNotTaken")
        after = care.rows()
        assert {table: after[table] for table in after if table.startswith("s_")} == {
            table: before[table] for table in before if table.startswith("s_")
        }


def test_a_product_that_tells_its_secret_is_refused(care):
    for told in ("<DefaultValue>1</DefaultValue>",
                 "<ListOfAllowedValue><AllowedValue><Value>1</Value></AllowedValue></ListOfAllowedValue>"):  # fmt: skip
        product = PRODUCT.replace("<Secret>Y</Secret>", f"<Secret>Y</Secret>{told}")
        with pytest.raises(Exception, match="a product can't be configured") as caught:
            care.road.load(product)
        assert "everybody who sees the catalogue would know its value" in str(caught.value.why)
