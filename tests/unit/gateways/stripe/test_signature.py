"""Nothing unproven is believed."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest
import stripe
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import SignatureInvalid
from gateways.stripe.signature import verify
from gateways.stripe.webhooks import parse
from tests.unit.gateways.stripe.deliveries import NOW, SECRET, body, heard, refused, signed


@pytest.mark.parametrize("name", ["Stripe-Signature", "stripe-signature", "STRIPE-SIGNATURE"])
def test_stripes_own_signature_is_accepted(name: str) -> None:
    raw = body()
    assert [event.dedupe_key for event in heard(raw, name=name)] == ["evt_1"]


def test_what_we_accept_stripes_own_verifier_accepts() -> None:
    raw = body()
    now = datetime.now(UTC)
    header = signed(raw, at=now)
    verify(headers={"Stripe-Signature": header}, raw=raw, secrets=(SECRET,), now=now)
    assert stripe.Webhook.construct_event(raw, header, SECRET).id == "evt_1"


@pytest.mark.parametrize("seconds", [-300, -1, 0, 1, 300])
def test_within_five_minutes_either_way(seconds: int) -> None:
    raw = body()
    assert heard(raw, signed(raw, at=NOW + timedelta(seconds=seconds)))


@pytest.mark.parametrize("seconds", [-301, 301, -86400, 86400 * 365])
def test_older_or_from_the_future_is_refused(seconds: int) -> None:
    raw = body()
    assert "300 seconds" in refused(raw, signed(raw, at=NOW + timedelta(seconds=seconds)))


def test_any_of_several_secrets_and_any_of_several_signatures() -> None:
    raw = body()
    assert heard(raw, signed(raw, "whsec_old"), secrets=("whsec_new", "whsec_old"))
    rolled = signed(raw, "whsec_other") + "," + signed(raw).split(",")[1]
    assert heard(raw, rolled)
    assert heard(raw, signed(raw) + ",v0=" + "0" * 64)


def test_another_secret_is_refused() -> None:
    raw = body()
    assert "does not match" in refused(raw, signed(raw, "whsec_two"))


@pytest.mark.parametrize("secrets", [(), ("",), ("  ", "\n")])
def test_no_secret_no_entry(secrets: Sequence[str]) -> None:
    raw = body()
    assert "no webhook secret" in refused(raw, signed(raw, ""), secrets=secrets)


def test_only_the_v1_scheme_counts() -> None:
    raw = body()
    assert "needs one `t` and a `v1`" in refused(raw, signed(raw).replace("v1=", "v0="))


@pytest.mark.parametrize(
    "header",
    [
        "",
        " ",
        "t=1",
        "v1=" + "a" * 64,
        "t=,v1=" + "a" * 64,
        "t=-1,v1=" + "a" * 64,
        "t=1e9,v1=" + "a" * 64,
        "t=١٢٣,v1=" + "a" * 64,
        "t=" + "9" * 40 + ",v1=" + "a" * 64,
        "t=1,t=2,v1=" + "a" * 64,
        "t=1,v1=" + "A" * 64,
        "t=1,v1=" + "é" * 64,
        "t=1,v1=" + "a" * 63,
        "t=1\r\nX-Admin: 1,v1=" + "a" * 64,
        "t=1,v1=" + "a" * 64 + "\r\n",
        "t=1,v1=" + "a" * 64 + "\x00",
        "t=1," + ",".join(["v1=" + "a" * 64] * 100),
        "💳",
    ],
)
def test_malformed_headers_are_refused_not_crashed_on(header: str) -> None:
    assert refused(body(), header or " ")


def test_a_missing_or_doubled_header_is_refused() -> None:
    raw = body()
    for headers in ({}, {"Stripe-Signature": signed(raw), "stripe-signature": signed(raw)}):
        with pytest.raises(SignatureInvalid, match="exactly one"):
            parse(headers=headers, raw=raw, secrets=(SECRET,), mode="test", now=NOW)


def test_two_values_of_a_header_sent_twice_are_refused_whatever_they_say() -> None:
    raw = body()
    for values in ((signed(raw), signed(raw)), (signed(raw), ""), ("", signed(raw)), (signed(raw), "v1=" + "a" * 64)):
        assert "control characters" in refused(raw, "\n".join(values))


def test_the_raw_bytes_are_signed_not_their_meaning() -> None:
    raw = body()
    assert refused(json.dumps(json.loads(raw)).encode(), signed(raw))


@pytest.mark.parametrize("change", [lambda raw: raw + b"\n", lambda raw: b" " + raw, lambda raw: raw.strip(b"}")])
def test_not_even_white_space_may_change(change: Callable[[bytes], bytes]) -> None:
    raw = body()
    assert "does not match" in refused(change(raw), signed(raw))


def test_bodies_that_are_not_text_are_refused() -> None:
    raw = b"\xff\xfe\x00"
    assert "does not match" in refused(raw, signed(b"x"))


@settings(max_examples=300)
@given(st.data())
def test_no_mutation_of_body_or_header_verifies(data: st.DataObject) -> None:
    raw = body()
    header = signed(raw)
    if data.draw(st.booleans()):
        place, byte = data.draw(st.integers(0, len(raw) - 1)), data.draw(st.integers(0, 255))
        mutated = raw[:place] + bytes([byte]) + raw[place + 1 :]
        if mutated != raw:
            assert "does not match" in refused(mutated, header)
        return
    place, letter = data.draw(st.integers(0, len(header) - 1)), data.draw(st.characters())
    mutated_header = header[:place] + letter + header[place + 1 :]
    if mutated_header.replace(" ", "") != header:
        assert refused(raw, mutated_header)


@settings(max_examples=200)
@given(st.text(max_size=200), st.binary(max_size=200))
def test_noise_never_verifies(header: str, raw: bytes) -> None:
    assert refused(raw, header or "-")
