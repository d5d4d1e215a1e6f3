"""Settings: what is wrong with one is told with the place and a mend that makes sense."""

from __future__ import annotations

import pytest

from hub.deployment.settings import SettingsFaulty, read_settings


def fault(folder, text):
    (folder / "orderhub.toml").write_text(text)
    with pytest.raises(SettingsFaulty) as caught:
        read_settings(folder)
    return str(caught.value)


def test_a_value_that_cannot_be_is_not_taken_for_a_wrong_name(tmp_path):
    assert fault(tmp_path, "group = 0\n") == (
        "the setting 'group' can't be 0\n"
        f"  where: {tmp_path / 'orderhub.toml'}:1\n"
        "  why:   expected a whole number from 1 to 500\n"
        "  mend:  give such a value, or take the setting away: its default is 25"
    )
    assert fault(tmp_path, "grup = 5\n").endswith("mend:  did you mean 'group'?")


def test_settings_that_are_no_file_are_an_error(tmp_path):
    (tmp_path / "orderhub.toml").mkdir()
    with pytest.raises(SettingsFaulty) as caught:
        read_settings(tmp_path)
    assert str(caught.value) == (
        "orderhub.toml can't be read\n"
        f"  where: {tmp_path / 'orderhub.toml'}\n"
        "  why:   it is no file\n"
        "  mend:  make orderhub.toml a file of settings, or remove it"
    )


@pytest.mark.parametrize(("zone", "mend"), [("Europe/Berln", "Europe/Berlin"), ("../etc/passwd", ""), ("Europe", "")])
def test_a_time_zone_is_one_of_the_database(tmp_path, zone, mend):
    (tmp_path / "orderhub.toml").write_text(f'time_zone = "{zone}"\n')
    with pytest.raises(SettingsFaulty) as caught:
        read_settings(tmp_path)
    assert f"there is no time zone '{zone}'" in caught.value.why
    assert mend in caught.value.why


def test_the_time_zone_is_utc_unless_told(tmp_path):
    assert read_settings(tmp_path).time_zone == "UTC"
    (tmp_path / "orderhub.toml").write_text('time_zone = "Asia/Tokyo"\n')
    assert read_settings(tmp_path).time_zone == "Asia/Tokyo"


@pytest.mark.parametrize("name", ["database_url", "broker_url", "pricing_url"])
def test_the_address_of_a_server_is_not_shown_in_whatever_form_it_is_written(tmp_path, name):
    (tmp_path / "orderhub.toml").write_text(f'{name} = ["postgresql://me:SECRET@host/d"]\n')
    with pytest.raises(SettingsFaulty) as caught:
        read_settings(tmp_path)
    assert "SECRET" not in str(caught.value)
    assert str(caught.value).startswith(f"the setting '{name}' can't be read\n")


def test_one_text_is_a_list_and_a_text_with_commas_too(tmp_path):
    (tmp_path / "orderhub.toml").write_text('secrets = "Password"\nroutes = "hub_object, mainframe_order"\n')
    settings = read_settings(tmp_path)
    assert (settings.secrets, settings.routes) == (["Password"], ["hub_object", "mainframe_order"])
