"""What the bench asks of a load process, and what it hears back: one line of JSON each."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from bench.purchases import Purchase

Arm = Literal["payments", "accepts", "inserts", "bare"]


class Target(BaseModel):
    """Where the load goes, known once for all legs of a gateway. `customer_url`: where its customers are played."""

    model_config = ConfigDict(frozen=True)

    api_url: str
    api_key: str
    insert_url: str
    customer_url: str
    purchase: Purchase


class Order(BaseModel):
    """Do `count` of this, `concurrency` at a time. `name` makes keys and ids unique."""

    model_config = ConfigDict(frozen=True)

    arm: Arm
    name: str
    count: int
    concurrency: int


class Done(BaseModel):
    """`seconds` from the first request to the last answer; one latency per request, in milliseconds."""

    model_config = ConfigDict(frozen=True)

    seconds: float = 0.0
    latencies_milliseconds: list[float] = []
    failure: str | None = None
