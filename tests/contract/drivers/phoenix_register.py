# mypy: ignore-errors
"""Arize Phoenix's `register`, pointed at the hub by its endpoint; PHOENIX_PROTOCOL chooses HTTP or gRPC."""

import os

import workload
from phoenix.otel import register

provider = register(
    endpoint=os.environ["PHOENIX_ENDPOINT"],
    protocol=os.environ["PHOENIX_PROTOCOL"],
    api_key=os.environ["MNO_KEY"],
    project_name="contract",
    auto_instrument=True,
    batch=True,
    verbose=False,
)
workload.openai_everything()
provider.shutdown()
