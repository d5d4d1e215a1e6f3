"""The door is killed while senders post: every message with a receipt is there, and repeats make it no second one."""

from __future__ import annotations

import concurrent.futures
import contextlib
import pathlib
import re
import subprocess
import sys
import threading

from integration_objects.surroundings import token_digest
from tests.hub.http_door.served_door import TOKENS, ServedDoor, road_with_doors
from tests.road import sample

ORDER = sample("order-1-new-service.xml")


@contextlib.contextmanager
def door_process(folder: pathlib.Path):
    """`orderhub http` on a free port."""
    command = [pathlib.Path(sys.executable).with_name("orderhub"), "http", "--port", "0"]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as process:
        try:
            line = process.stderr.readline()
            yield process, int(re.fullmatch(r"the HTTP door listens on http://127.0.0.1:(\d+)\n", line)[1])
        finally:
            process.kill()


def test_each_message_with_a_receipt_outlives_the_death_of_the_door(tmp_path):
    road = road_with_doors(tmp_path)
    digest = token_digest(TOKENS["kite"])
    (tmp_path / "orderhub.toml").write_text(f'routes = []\nsystems = ["*"]\nhttp_tokens = ["kite={digest}"]\n')
    receipts: dict[str, str] = {}
    with door_process(tmp_path) as (process, port):
        door = ServedDoor(road, port)
        enough = threading.Event()

        def post(sender: int) -> None:
            with contextlib.suppress(OSError):
                for number in range(1_000):
                    id = f"M-{sender}-{number}"
                    receipts[id] = door.post("/messages/orders", ORDER, id=id).json["id"]
                    if len(receipts) >= 12:
                        enough.set()

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            senders = [pool.submit(post, sender) for sender in range(4)]
            assert enough.wait(60)
            process.kill()
            for sender in senders:
                sender.result()
    stored = {message["message_id"]: message["id"] for message in ServedDoor(road, 0).messages()}
    assert receipts.items() <= stored.items()
    with door_process(tmp_path) as (process, port):
        door = ServedDoor(road, port)
        for id in list(receipts)[:3]:
            assert door.post("/messages/orders", ORDER, id=id).json["id"] == receipts[id]
        process.terminate()
        assert process.wait(20) == 0
    assert {message["id"] for message in ServedDoor(road, 0).messages()} == set(stored.values())
    road.close()
