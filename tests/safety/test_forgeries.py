"""T7b: no forged webhook or callback is believed, and nothing of it is kept but a count; the edges of the genuine are
accepted.

The bulk goes through the adapter's own check, a sample through the whole API over ASGI. `PAYONCE_LONG=1` forges ten
times as many, `PAYONCE_SEED` repeats a run.
"""

import ast
import gzip
import os
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from api.app import create_app
from domain.errors import SignatureInvalid
from domain.gateway import Gateway, SignedCallbacks
from gateways.registry import BUILDERS
from tests.house.sources import python_files, tree_of
from tests.safety import figures
from tests.safety.matrix import callback_forgeries as callbacks
from tests.safety.matrix import razorpay_forgeries, stripe_forgeries
from tests.safety.matrix.door import Door
from tests.safety.matrix.flows import FLOWS, play
from tests.safety.matrix.forgeries import OLD_SECRET, OTHER_TENANT, SECRET, Craft, Post
from tests.unit.api.conftest import make_parts
from tests.unit.api.fake_gateways import FakeGateways
from tests.unit.api.fakes import START

TIMES = 10 if os.environ.get("PAYONCE_LONG") else 1
FORGED = 10_000 * TIMES
FORGED_CALLBACKS = 2_000 * TIMES
SAMPLED = 480
SAMPLED_CALLBACKS = 130
SEED = int(os.environ.get("PAYONCE_SEED") or random.SystemRandom().randrange(1_000_000))
MOST_BYTES = 20_000
AT = int(START.timestamp())
CRAFTS: Mapping[str, Craft] = {"stripe": stripe_forgeries.CRAFT, "razorpay": razorpay_forgeries.CRAFT}


@pytest.fixture(params=CRAFTS)
def gateway_name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def craft(gateway_name: str) -> Craft:
    return CRAFTS[gateway_name]


@pytest.fixture
async def bodies(gateway_name: str) -> list[bytes]:
    """Real events of different stories."""
    if gateway_name == "razorpay":
        return razorpay_forgeries.bodies()
    told = [await play(FLOWS[name], answer_lost=False) for name in ("refund, failed later", "dispute, won", "cancel")]
    return [delivery.raw for one in told for delivery in one.deliveries]


def believes(account: Gateway, post: Post) -> bool:
    try:
        account.parse_webhook(
            headers=dict(post.headers), raw=post.raw, url="", now=datetime.fromtimestamp(post.at, UTC)
        )
    except SignatureInvalid:
        return False
    return True


def test_no_forgery_is_believed(gateway_name: str, craft: Craft, bodies: Sequence[bytes]) -> None:
    draw, begun, alice = random.Random(SEED), time.process_time(), craft.account(SECRET, OLD_SECRET)
    tried: Counter[str] = Counter()
    believed: list[tuple[str, Post]] = []
    while tried.total() < FORGED:
        for name, forger in craft.forgers.items():
            true = craft.genuine(draw.choice(bodies), at=AT + draw.randrange(10**8))
            forged = forger(draw, true)
            tried[name] += 1
            assert forged != true, f"seed {SEED}: {name} spoiled nothing"
            if believes(alice, forged):
                believed.append((name, forged))
    figures.note(
        f"T7b forgeries, {gateway_name}",
        seed=SEED,
        forged=tried.total(),
        ways=len(tried),
        believed=len(believed),
        cpu_seconds=round(time.process_time() - begun, 1),
    )
    assert believed == [], f"seed {SEED}"


def test_the_edges_of_the_genuine_are_believed(craft: Craft, bodies: Sequence[bytes]) -> None:
    alice = craft.account(SECRET, OLD_SECRET)
    refused = [name for raw in bodies for name, post in craft.believable(raw, AT).items() if not believes(alice, post)]
    assert refused == []


def test_an_account_without_a_secret_believes_nobody(craft: Craft, bodies: Sequence[bytes]) -> None:
    for secrets in ((), ("",), (" ",)):
        closed = craft.account(*secrets)
        for secret in ("", " ", SECRET):
            assert not believes(closed, craft.genuine(bodies[0], at=AT, secret=secret))


def test_every_gateway_has_its_forgers() -> None:
    """A gateway that is built in and was never forged has proved nothing."""
    assert set(CRAFTS) == set(BUILDERS)
    signing = {name for name, craft in CRAFTS.items() if isinstance(craft.account(SECRET), SignedCallbacks)}
    assert signing == {"razorpay"}, "whose customers carry signed results is forged below"


# --- what a browser brings -------------------------------------------------------------------------------------------


def forged_callbacks(draw: random.Random, count: int) -> Iterable[tuple[str, callbacks.Fields]]:
    one, other = callbacks.genuine()
    for number in range(count):
        name, forger = list(callbacks.FORGERS.items())[number % len(callbacks.FORGERS)]
        forged = forger(draw, one, other)
        assert forged not in (one, other), f"seed {SEED}: {name} spoiled nothing"
        yield name, forged


def test_no_forged_callback_is_believed() -> None:
    draw, alice = random.Random(SEED), razorpay_forgeries.account(SECRET)
    believed = []
    for name, fields in forged_callbacks(draw, FORGED_CALLBACKS):
        try:
            alice.parse_callback(fields=fields, now=START)
        except SignatureInvalid:
            continue
        believed.append((name, fields))
    ways = len(callbacks.FORGERS)
    figures.note("T7b callbacks", seed=SEED, forged=FORGED_CALLBACKS, ways=ways, believed=len(believed))
    assert believed == [], f"seed {SEED}"


def test_a_genuine_callback_is_believed_and_by_nobody_elses_account() -> None:
    one, _ = callbacks.genuine()
    for fields in (one, callbacks.of_a_link(one)):
        event = razorpay_forgeries.account(SECRET).parse_callback(fields=fields, now=START)
        assert event is not None
        assert event.outcome is None, "a hint to look, whatever a browser says"
        with pytest.raises(SignatureInvalid):
            razorpay_forgeries.account(SECRET, key_secret="bob-key-secret").parse_callback(fields=fields, now=START)


# --- through the whole door ------------------------------------------------------------------------------------------


@pytest.fixture
async def door(gateway_name: str, craft: Craft) -> AsyncIterator[Door]:
    accounts: Any = {"acct_alice": craft.account(SECRET, OLD_SECRET), "acct_bob": craft.account(OTHER_TENANT)}
    parts: Any = replace(make_parts(), gateways=FakeGateways(accounts), max_body_bytes=MOST_BYTES)
    app = create_app(parts)
    async with app.router.lifespan_context(app):
        yield Door(app, parts, f"/v1/webhooks/{gateway_name}/acct_alice")


async def test_a_sample_of_forgeries_at_the_door_leaves_a_count_and_nothing_else(
    door: Door, craft: Craft, bodies: Sequence[bytes]
) -> None:
    draw, before = random.Random(SEED), door.kept()
    statuses: Counter[int] = Counter()
    for number in range(SAMPLED):
        name, forger = list(craft.forgers.items())[number % len(craft.forgers)]
        forged = forger(draw, craft.genuine(draw.choice(bodies), at=AT))
        status = await door.post(forged, chunk_bytes=draw.choice([0, 0, 7]))
        assert status in (400, 413), f"seed {SEED}: {name} was answered {status}"
        statuses[status] += 1
    assert door.kept() == before
    assert door.counted("forged") == statuses[400]
    figures.note("T7b forgeries at the door", seed=SEED, posted=SAMPLED, refused=statuses.total())


async def test_the_genuine_pass_the_door_whole_and_in_chunks(door: Door, craft: Craft, bodies: Sequence[bytes]) -> None:
    posted = [post for raw in bodies[:2] for post in craft.believable(raw, AT).values()]
    for post in posted:
        assert await door.post(post, chunk_bytes=7) == 200
        assert await door.post(post) == 200
    assert len(door.parts.inbox.seen) == 2
    assert door.counted("accepted") == 2


@pytest.mark.parametrize("chunk_bytes", [0, 65_536], ids=["announced", "chunked"])
async def test_ten_megabytes_are_refused_before_they_are_read(
    door: Door, craft: Craft, bodies: Sequence[bytes], chunk_bytes: int
) -> None:
    before, begun = door.kept(), time.process_time()
    large = craft.genuine(bodies[0] + b" " * 10_000_000, at=AT)
    signing = time.process_time() - begun
    assert await door.post(large, chunk_bytes=chunk_bytes) == 413
    assert door.kept() == before
    assert time.process_time() - begun - signing < 0.5


async def test_a_bomb_is_never_unpacked(door: Door, craft: Craft, bodies: Sequence[bytes]) -> None:
    """Ten kilobytes for ten megabytes: announced as gzip it is refused, unannounced it is just wrong bytes."""
    before = door.kept()
    bomb = craft.genuine(gzip.compress(b" " * 10_000_000 + bodies[0]), at=AT)
    assert len(bomb.raw) < MOST_BYTES
    for encoding in ("gzip", "x-gzip", "deflate", "br", "gzip, identity"):
        packed = replace(bomb, headers=(*bomb.headers, ("content-encoding", encoding)))
        assert await door.post(packed) == 415
    assert await door.post(bomb) == 400
    assert door.kept() == before


async def test_a_length_that_lies_is_refused(door: Door, craft: Craft, bodies: Sequence[bytes]) -> None:
    before = door.kept()
    for announced in (10**9, 10**30, -1):
        assert await door.post(craft.genuine(bodies[0], at=AT), announced=announced) == 413
    assert door.kept() == before


async def test_a_genuine_one_at_another_tenants_door_is_a_forgery(
    door: Door, craft: Craft, bodies: Sequence[bytes]
) -> None:
    before = door.kept()
    assert await door.post(craft.genuine(bodies[0], at=AT), path=door.path.replace("alice", "bob")) == 400
    assert await door.post(craft.genuine(bodies[0], at=AT, secret=OTHER_TENANT)) == 400
    assert door.kept() == before


@pytest.mark.parametrize("gateway_name", ["razorpay"], indirect=True)
async def test_a_sample_of_forged_callbacks_at_the_door_leaves_a_count_and_nothing_else(door: Door) -> None:
    before, path = door.kept(), "/v1/callbacks/razorpay/acct_alice"
    form = (("content-type", "application/x-www-form-urlencoded"),)
    for name, fields in forged_callbacks(random.Random(SEED), SAMPLED_CALLBACKS):
        status = await door.post(Post(form, urlencode(fields).encode(), AT), path=path)
        assert status == 400, f"seed {SEED}: {name} was answered {status}"
    assert door.kept() == before
    assert door.counted("forged") == SAMPLED_CALLBACKS


# --- compared in constant time ---------------------------------------------------------------------------------------


def test_digests_are_compared_in_constant_time_only() -> None:
    checking = [path for path in python_files("gateways") if _names(tree_of(path), "hmac")]
    assert checking, "no gateway checks a signature any more?"
    for path in checking:
        assert _names(tree_of(path), "compare_digest"), f"{path} makes digests and never compares them"
        assert list(careless(tree_of(path))) == [], f"{path} compares a digest with == or in"


def test_a_careless_comparison_would_be_found() -> None:
    sample = "ours = hmac.new(k, b, s).hexdigest()\nkeys = [h(k).digest() for k in ks]\n"
    for line in ("ours == theirs", "theirs in keys", "any(key == theirs for key in keys)", "hmac.new(k).digest() == x"):
        assert list(careless(ast.parse(sample + line))), line
    assert list(careless(ast.parse(sample + "hmac.compare_digest(ours, theirs)\nlen(theirs) == 64"))) == []


def careless(tree: ast.Module) -> Iterable[int]:
    """Lines that compare something made by `digest()` or `hexdigest()` with an operator."""
    made: set[str] = set()
    for _ in range(3):  # names made from names
        made |= {name for node in ast.walk(tree) for name in _bound(node) if _is_digest(_value_of(node), made)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Compare) and any(_is_digest(side, made) for side in (node.left, *node.comparators)):
            yield node.lineno


def _bound(node: ast.AST) -> Iterable[str]:
    targets = (
        node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.comprehension) else []
    )
    return [part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)]


def _value_of(node: ast.AST) -> ast.expr | None:
    return node.value if isinstance(node, ast.Assign) else node.iter if isinstance(node, ast.comprehension) else None


def _is_digest(value: ast.expr | None, made: set[str]) -> bool:
    if value is None or (isinstance(value, ast.Call) and ast.unparse(value.func) in ("len", "hmac.compare_digest")):
        return False
    parts = list(ast.walk(value))
    if any(isinstance(part, ast.Attribute) and part.attr == "compare_digest" for part in parts):
        return False
    called = any(isinstance(part, ast.Attribute) and part.attr in ("digest", "hexdigest") for part in parts)
    return called or any(isinstance(part, ast.Name) and part.id in made for part in parts)


def _names(tree: ast.Module, word: str) -> bool:
    return any(word in (getattr(node, "id", None), getattr(node, "attr", None)) for node in ast.walk(tree))
