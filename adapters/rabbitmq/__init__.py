"""RabbitMQ: durable quorum queues at a broker, 3.10 to 4.x.

    speaks       AMQP 0-9-1 through pika, amqp:// and amqps://; one queue a channel, by the default exchange
    supports     publish with confirms, ask, receive with prefetch, acknowledge, redelivery, many consumers on many
                 machines, one active consumer for routes with an order, dead-letter queues; safe between threads
    inflates     bodies of content encoding gzip or deflate
    keeps        message id, correlation id, reply-to, type, content type, timestamp in seconds, headers of text
    drops        headers under x-orderhub- of what comes in
    settings     broker_url
    example      RabbitMQ("amqp://hub:secret@broker/orders", surroundings).receive("mainframe.orders", 25, 1.0)

What comes in: envelopes for the outside, batch by batch. What goes out: deliveries, group by group. Who calls it: the
worker receives and acknowledges, the dispatcher publishes; each may do so from any thread.

    address.py      URL, credentials, TLS        faults.py      the driver's errors as the hub's
    link.py         a connection, its thread     connection.py  the driver's habits, mended
    publisher.py    batches and confirms         consumer.py    buffers and acknowledgements
    properties.py   envelopes as AMQP properties topology.py    queues declared and proven
    differences.py  the broker's refusals        content_encoding.py  compressed bodies
    asker.py        questions and replies

Spec: docs/design/integration.md, "Transports"; docs/design/guarantees.md, "pika, RabbitMQ".
"""

from __future__ import annotations

from adapters.rabbitmq.address import Address, BrokerUrlFaulty, Timeouts
from adapters.rabbitmq.faults import BrokerRefused, QueueDiffers
from adapters.rabbitmq.transport import PREFETCH, RabbitMQ

__all__ = [
    "PREFETCH",
    "Address",
    "BrokerRefused",
    "BrokerUrlFaulty",
    "QueueDiffers",
    "RabbitMQ",
    "Timeouts",
]
