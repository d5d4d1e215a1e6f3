"""The trace of a map: each field of the result can be followed back."""

from __future__ import annotations

from maps.trace import trace


def test_each_field_names_the_map_line_and_its_source(compile_map, sent, line):
    data_map = compile_map("""\
fields:
  Source Order Number: "[NO]"
  Account Id: {value: "[CUST]", default: C-0}
children:
  - make: Line Item
    each: LINE
    flat: {key: "[NO]", parent: "[UP]"}
    fields:
      Integration Id: "[..NO] + '-' + [NO]"
      Action Code: "'Add'"
""")
    result, fields = trace(data_map, sent(line("2", 11, UP="1"), line("1", 14)))
    assert result == data_map.apply(sent(line("2", 11, UP="1"), line("1", 14)))
    assert (
        "\n".join(map(str, fields))
        == """\
/Order[1] Source Order Number = 'O1'
  map:    maps/sender.yaml:7:24  [NO]
  from:   line 2, /ORDERS[1]/ORDER[1]/NO = 'O1'
/Order[1] Account Id = 'C-0'
  map:    maps/sender.yaml:8:23  [CUST]  (by default)
  from:   line 2, /ORDERS[1]/ORDER[1]/CUST = null
/Order[1]/Line Item[1] Integration Id = 'O1-1'
  map:    maps/sender.yaml:14:23  [..NO] + '-' + [NO]
  from:   line 2, /ORDERS[1]/ORDER[1]/NO = 'O1'
          line 14, /ORDERS[1]/ORDER[1]/LINE[2]/NO = '1'
/Order[1]/Line Item[1] Action Code = 'Add'
  map:    maps/sender.yaml:15:20  'Add'
/Order[1]/Line Item[1]/Line Item[1] Integration Id = 'O1-2'
  map:    maps/sender.yaml:14:23  [..NO] + '-' + [NO]
  from:   line 2, /ORDERS[1]/ORDER[1]/NO = 'O1'
          line 11, /ORDERS[1]/ORDER[1]/LINE[1]/NO = '2'
/Order[1]/Line Item[1]/Line Item[1] Action Code = 'Add'
  map:    maps/sender.yaml:15:20  'Add'"""
    )
