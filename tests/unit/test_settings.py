"""One frozen model, read once, that says everything wrong at once and never shows a secret."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from settings import PROCESS_NEEDS, Settings, SettingsError, environment_names, read_settings


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in environment_names():
        monkeypatch.delenv(name, raising=False)


def test_nothing_set_means_everything_embedded_in_test_mode() -> None:
    settings = read_settings()
    assert settings.payonce.mode == "test"
    assert settings.database.url is None
    assert settings.temporal.address is None
    assert settings.stripe.secret_key is None
    assert settings.public_url == "http://127.0.0.1:8000"


def test_environment_names_reach_their_fields(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://me:secret@db/payonce")
    monkeypatch.setenv("TEMPORAL_ADDRESS", "temporal:7233")
    monkeypatch.setenv("TEMPORAL_TLS", "true")
    monkeypatch.setenv("STRIPE_WEBHOOK_SECRETS", "whsec_new, whsec_old,")
    monkeypatch.setenv("PAYONCE_API_PORT", "9000")
    monkeypatch.setenv("PAYONCE_STATE", str(tmp_path))
    settings = read_settings()
    assert settings.temporal.address == "temporal:7233"
    assert settings.temporal.tls is True
    assert [secret.get_secret_value() for secret in settings.stripe.webhook_secrets] == ["whsec_new", "whsec_old"]
    assert settings.payonce.api_port == 9000
    assert settings.payonce.state == tmp_path
    assert "secret@" not in repr(settings)
    assert "whsec_new" not in repr(settings)


def test_an_empty_variable_counts_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "")
    monkeypatch.setenv("PAYONCE_API_PORT", "")
    assert read_settings().database.url is None
    assert read_settings().payonce.api_port == 8000


def test_overrides_win_over_the_environment_and_leave_the_rest_of_the_group(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYONCE_API_PORT", "9000")
    monkeypatch.setenv("PAYONCE_TASK_QUEUE", "night")
    settings = read_settings(payonce={"api_port": 9100})
    assert (settings.payonce.api_port, settings.payonce.task_queue) == (9100, "night")


def test_every_wrong_value_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYONCE_API_PORT", "many")
    monkeypatch.setenv("PAYONCE_MODE", "production")
    with pytest.raises(SettingsError) as caught:
        read_settings()
    text = str(caught.value)
    assert len(caught.value.complaints) == 2
    assert "PAYONCE_API_PORT" in text
    assert "'many'" in text
    assert "PAYONCE_MODE" in text
    assert "'test' or 'live'" in text


def test_every_missing_requirement_is_named_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings(required=PROCESS_NEEDS)
    assert [complaint.split(" is ")[0] for complaint in caught.value.complaints] == list(PROCESS_NEEDS)


@pytest.mark.parametrize("key", ["STRIPE_SECRET_KEY=sk_test_x", "RAZORPAY_KEY_ID=rzp_test_x"])
def test_one_gateway_is_enough(monkeypatch: pytest.MonkeyPatch, key: str) -> None:
    monkeypatch.setenv("RAZORPAY_KEY_SECRET", "secret") if key.startswith("RAZORPAY") else None
    for name, value in (("DATABASE_URL", "postgresql://"), ("TEMPORAL_ADDRESS", "t:1"), tuple(key.split("="))):
        monkeypatch.setenv(name, value)
    assert read_settings(required=PROCESS_NEEDS).has_one_of(PROCESS_NEEDS[-1])


@pytest.mark.parametrize(
    ("mode", "key", "words"),
    [
        ("test", "sk_live_abc", "sk_live_ key, but PAYONCE_MODE is test"),
        ("live", "sk_test_abc", "sk_test_ key, but PAYONCE_MODE is live"),
        ("live", "", "Live mode needs a sk_live_ or rzp_live_ key"),
        ("test", "whatever", "does not look like a key"),
        ("live", "pk_live_abc", "does not look like a key"),
    ],
)
def test_a_key_of_the_other_mode_is_refused_without_showing_it(
    monkeypatch: pytest.MonkeyPatch, mode: str, key: str, words: str
) -> None:
    monkeypatch.setenv("PAYONCE_MODE", mode)
    monkeypatch.setenv("STRIPE_SECRET_KEY", key)
    with pytest.raises(SettingsError, match=words) as caught:
        read_settings()
    assert "abc" not in str(caught.value)


@pytest.mark.parametrize(("mode", "key"), [("test", "sk_test_x"), ("live", "sk_live_x"), ("live", "rk_live_x")])
def test_a_key_of_the_same_mode_is_accepted(monkeypatch: pytest.MonkeyPatch, mode: str, key: str) -> None:
    monkeypatch.setenv("PAYONCE_MODE", mode)
    monkeypatch.setenv("STRIPE_SECRET_KEY", key)
    assert read_settings().payonce.mode == mode


@pytest.mark.parametrize(
    ("mode", "key", "words"),
    [
        ("test", "rzp_live_abc", "rzp_live_ key, but PAYONCE_MODE is test"),
        ("live", "rzp_test_abc", "rzp_test_ key, but PAYONCE_MODE is live"),
        ("test", "sk_test_abc", "RAZORPAY_KEY_ID does not look like a key: in test mode it begins with rzp_test_"),
    ],
)
def test_each_gateway_has_its_own_beginnings_of_keys(
    monkeypatch: pytest.MonkeyPatch, mode: str, key: str, words: str
) -> None:
    monkeypatch.setenv("PAYONCE_MODE", mode)
    monkeypatch.setenv("RAZORPAY_KEY_ID", key)
    monkeypatch.setenv("RAZORPAY_KEY_SECRET", "hidden")
    with pytest.raises(SettingsError, match=words) as caught:
        read_settings()
    assert "abc" not in str(caught.value)
    assert "hidden" not in str(caught.value)


def test_a_second_gateway_alone_goes_live(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYONCE_MODE", "live")
    monkeypatch.setenv("RAZORPAY_KEY_ID", "rzp_live_x")
    with pytest.raises(SettingsError, match="RAZORPAY_KEY_ID and RAZORPAY_KEY_SECRET belong together"):
        read_settings()
    monkeypatch.setenv("RAZORPAY_KEY_SECRET", "secret")
    assert read_settings().razorpay.key_id == "rzp_live_x"


def test_a_routing_table_that_is_no_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYONCE_ROUTING", "/nowhere/routing.json")
    with pytest.raises(SettingsError, match=r"PAYONCE_ROUTING names /nowhere/routing\.json"):
        read_settings()


def test_live_mode_never_fails_on_purpose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYONCE_MODE", "live")
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_live_x")
    monkeypatch.setenv("PAYONCE_FAIL", "transition:after:1:exit")
    with pytest.raises(SettingsError, match="PAYONCE_FAIL makes this process fail on purpose"):
        read_settings()


def test_a_misspelt_failpoint_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAYONCE_FAIL", "transitoin:after:1:exit")
    with pytest.raises(SettingsError, match=r"PAYONCE_FAIL is NAME:MOMENT:NTH:KIND.*'transitoin' is no failpoint"):
        read_settings()
    monkeypatch.setenv("PAYONCE_FAIL", "transition:after:1:exit")
    assert read_settings().payonce.fail == "transition:after:1:exit"


@pytest.mark.parametrize("name", ["STRIPE_API_BASE", "RAZORPAY_API_BASE"])
def test_live_mode_never_talks_to_a_stand_in(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv("PAYONCE_MODE", "live")
    monkeypatch.setenv("STRIPE_SECRET_KEY", "sk_live_x")
    monkeypatch.setenv(name, "http://127.0.0.1:12111")
    with pytest.raises(SettingsError, match=name):
        read_settings()


def test_half_a_certificate_pair_and_unreadable_files_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEMPORAL_TLS_CERT", "/nowhere/cert.pem")
    with pytest.raises(SettingsError) as caught:
        read_settings()
    assert any("belong together" in complaint for complaint in caught.value.complaints)
    assert any("/nowhere/cert.pem" in complaint for complaint in caught.value.complaints)


def test_settings_cannot_be_changed() -> None:
    settings = read_settings()
    with pytest.raises(ValidationError):
        settings.payonce.mode = "live"  # type: ignore[misc]  # the point of the test: the model is frozen


def test_environment_names_cover_every_field() -> None:
    names = environment_names()
    assert {"DATABASE_URL", "TEMPORAL_API_KEY", "STRIPE_WEBHOOK_SECRETS", "PAYONCE_MODE"} <= set(names)
    assert all(
        hasattr(getattr(Settings(), name.lower().partition("_")[0]), name.lower().partition("_")[2]) for name in names
    )
