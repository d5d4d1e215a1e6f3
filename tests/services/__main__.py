"""`make services`: a private RabbitMQ and PostgreSQL for a developer, until Ctrl-C.

Prints the settings with which tests and deployments use them, to be pasted into another shell.
"""

from __future__ import annotations

import signal
import sys
import time

import psycopg

from tests.services.postgresql import SETTING as DATABASE
from tests.services.postgresql import PrivatePostgresql
from tests.services.private_server import Missing
from tests.services.rabbitmq import SETTING as BROKER
from tests.services.rabbitmq import PrivateRabbitmq


def say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def main() -> int:
    # A shell that starts a program in the background has it ignore Ctrl-C: it would run for ever.
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, signal.default_int_handler)
    try:
        with PrivatePostgresql() as database, PrivateRabbitmq() as broker:
            with psycopg.connect(database.url, autocommit=True) as connection:
                connection.execute("CREATE DATABASE orderhub ENCODING 'UTF8' TEMPLATE template0")
            say(
                "# the tests' servers; tests make and drop databases of their own",
                f"export {BROKER}={broker.url}",
                f"export {DATABASE}={database.url}",
                "# a deployment's",
                f"export ORDERHUB_BROKER_URL={broker.url}",
                f"export ORDERHUB_DATABASE_URL={database.url.removesuffix('/postgres')}/orderhub",
                "",
                f"# both run, with their logs, in {database.folder} and {broker.folder}",
                "# Ctrl-C ends them and removes both folders",
            )
            while database.running and broker.running:
                time.sleep(0.5)
            sys.stderr.write("a server has ended by itself\n")
            return 1
    except Missing as missing:
        sys.stderr.write(f"{missing}\n")
        return 1
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())
