"""Every setting Payonce reads, in one frozen model: read once, and everything wrong is said at once.

An environment name is GROUP_FIELD: `STRIPE_SECRET_KEY` is `settings.stripe.secret_key`. To add a setting, add a field;
to add a gateway, add a group like `StripeSettings`, name it in `Settings` and in `Settings.gateway_keys`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from domain.errors import InvalidInput
from domain.failpoints import read_armed

PROCESS_NEEDS = ("DATABASE_URL", "TEMPORAL_ADDRESS", "STRIPE_SECRET_KEY")
"""What a worker or an API process cannot run without; `payonce up` fills them in for its own children."""

Port = Annotated[int, Field(ge=1, le=65535)]


class SettingsError(ValueError):
    """The environment is not usable; `complaints` has one readable sentence for each thing wrong."""

    def __init__(self, complaints: Sequence[str]) -> None:
        self.complaints = tuple(complaints)
        super().__init__("\n".join(complaints))


def read_settings(*, required: Sequence[str] = (), **overrides: dict[str, Any]) -> "Settings":
    """Read the environment once. `overrides` are groups, as in `payonce={"api_port": 9000}`, and win over it.

    Raises SettingsError naming every wrong variable and every one of `required` that is missing.
    """
    try:
        settings = Settings(**overrides)  # type: ignore[arg-type]  # groups arrive as plain dicts and are validated
    except ValidationError as error:
        raise SettingsError([_sentence(details) for details in error.errors()]) from None
    complaints = [*settings.complaints(), *(_missing(name) for name in required if settings.value(name) is None)]
    if complaints:
        raise SettingsError(complaints)
    return settings


def environment_names() -> tuple[str, ...]:
    """The names of all settings, in the order they are declared."""
    return tuple(
        f"{group}_{name}".upper()
        for group, field in Settings.model_fields.items()
        for name in _group_fields(field.annotation)
    )


def _split_commas(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


SecretList = Annotated[tuple[SecretStr, ...], NoDecode, BeforeValidator(_split_commas)]


class Group(BaseModel):
    """Settings that share the first word of their names."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class DatabaseSettings(Group):
    """Where the record is; unset means the embedded PostgreSQL of `payonce up`."""

    url: SecretStr | None = None


class TemporalSettings(Group):
    """Where the executor is; unset address means the embedded server of `payonce up`. TLS files are PEM paths."""

    address: str | None = None
    namespace: str = "default"
    tls: bool = False
    tls_cert: Path | None = None
    tls_key: Path | None = None
    tls_ca: Path | None = None
    api_key: SecretStr | None = None


class StripeSettings(Group):
    """The default Stripe account; unset key means the simulator of `payonce up`. Several secrets allow rotation."""

    secret_key: SecretStr | None = None
    webhook_secrets: SecretList = ()
    api_base: str | None = None


class PayonceSettings(Group):
    """Our own processes: mode, ports, folders."""

    mode: Literal["test", "live"] = "test"
    state: Path = Path(".payonce")
    task_queue: str = "payonce"
    sweep_factor: Annotated[float, Field(gt=0, le=100)] = 1.0
    fail: str | None = None
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    host: str = "127.0.0.1"
    public_url: str | None = None
    temporal_ui_url: str | None = None
    api_port: Port = 8000
    worker_metrics_port: Port = 9464
    postgres_port: Port = 15432
    temporal_port: Port = 7233
    temporal_ui_port: Port = 8233
    simulator_port: Port = 12110
    simulator_stripe_port: Port = 12111
    simulator_razorpay_port: Port = 12112


class Settings(BaseSettings):
    """The whole of it. Build it with `read_settings`, which turns what is wrong into sentences."""

    model_config = SettingsConfigDict(
        frozen=True, extra="ignore", env_ignore_empty=True, env_nested_delimiter="_", env_nested_max_split=1
    )

    database: DatabaseSettings = DatabaseSettings()
    temporal: TemporalSettings = TemporalSettings()
    stripe: StripeSettings = StripeSettings()
    payonce: PayonceSettings = PayonceSettings()

    @property
    def database_url(self) -> str:
        """Where the record is, password included. Raises SettingsError when it is not set."""
        if self.database.url is None:
            raise SettingsError([_missing("DATABASE_URL")])
        return self.database.url.get_secret_value()

    @property
    def temporal_address(self) -> str:
        """Where the executor is, host:port. Raises SettingsError when it is not set."""
        if self.temporal.address is None:
            raise SettingsError([_missing("TEMPORAL_ADDRESS")])
        return self.temporal.address

    @property
    def public_url(self) -> str:
        """Where customers and gateways reach our API, without a slash at the end."""
        return (self.payonce.public_url or f"http://{self.payonce.host}:{self.payonce.api_port}").rstrip("/")

    @property
    def temporal_ui_url(self) -> str:
        """Where operators reach the Temporal UI, without a slash at the end."""
        return (self.payonce.temporal_ui_url or f"http://127.0.0.1:{self.payonce.temporal_ui_port}").rstrip("/")

    def value(self, environment_name: str) -> object:
        """The value behind an environment name, as in `value("DATABASE_URL")`; None when unset."""
        group, _, field = environment_name.lower().partition("_")
        return getattr(getattr(self, group), field)

    def as_environment(self) -> dict[str, str]:
        """The variables that make another process read these same settings."""
        written = {name: _written(self.value(name)) for name in environment_names()}
        return {name: text for name, text in written.items() if text}

    def gateway_keys(self) -> dict[str, tuple[SecretStr | None, str, str]]:
        """Environment name -> the key, how a test key begins, how a live key begins."""
        return {"STRIPE_SECRET_KEY": (self.stripe.secret_key, "sk_test_", "sk_live_")}

    def complaints(self) -> list[str]:
        """What single fields cannot know: keys against the mode, halves of pairs."""
        found = [_key_complaint(self.payonce.mode, name, *key) for name, key in self.gateway_keys().items()]
        if self.payonce.mode == "live" and self.stripe.api_base:
            found.append("STRIPE_API_BASE points away from Stripe, so PAYONCE_MODE must be test: unset one of them.")
        if self.payonce.fail is not None:
            found.append(_fail_complaint(self.payonce.mode, self.payonce.fail))
        if (self.temporal.tls_cert is None) != (self.temporal.tls_key is None):
            found.append("TEMPORAL_TLS_CERT and TEMPORAL_TLS_KEY belong together: set both or neither.")
        for name in ("TEMPORAL_TLS_CERT", "TEMPORAL_TLS_KEY", "TEMPORAL_TLS_CA"):
            path = self.value(name)
            if isinstance(path, Path) and not path.is_file():
                found.append(f"{name} names {path}, which is not a file that can be read.")
        return [complaint for complaint in found if complaint]


def _key_complaint(mode: str, name: str, key: SecretStr | None, test_prefix: str, live_prefix: str) -> str | None:
    """A key of the wrong mode, in a sentence that never shows the key itself."""
    secret = key.get_secret_value() if key else ""
    allowed, refused = (test_prefix, live_prefix) if mode == "test" else (live_prefix, test_prefix)
    if not secret:
        return _missing(name) + f" Live mode needs a {live_prefix} key." if mode == "live" else None
    if secret.startswith(refused):
        return f"{name} is a {refused} key, but PAYONCE_MODE is {mode}: use a {allowed} key or change PAYONCE_MODE."
    if not secret.startswith((allowed, allowed.replace("sk_", "rk_", 1))):
        return f"{name} does not look like a key: in {mode} mode it begins with {allowed}."
    return None


def _fail_complaint(mode: str, fail: str) -> str | None:
    """PAYONCE_FAIL is for tests, and a misspelt one would test nothing."""
    if mode == "live":
        return "PAYONCE_FAIL makes this process fail on purpose, so PAYONCE_MODE must be test: unset one of them."
    try:
        read_armed(fail)
    except InvalidInput as error:
        return f"PAYONCE_FAIL is NAME:MOMENT:NTH:KIND[:ID]; {error}."
    return None


def _written(value: object) -> str:
    """A setting as its variable would hold it; secrets in clear, as this is for our own child processes."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, tuple):
        return ",".join(_written(part) for part in value)
    return "" if value is None else str(value.absolute() if isinstance(value, Path) else value)


def _missing(name: str) -> str:
    return f"{name} is not set."


def _sentence(details: Any) -> str:
    """One pydantic error as a sentence that names the variable; secrets are never echoed."""
    name = "_".join(str(part) for part in details["loc"][:2]).upper()
    shown = "" if any(word in name for word in ("KEY", "SECRET", "URL")) else f" (it is {details['input']!r})"
    return f"{name}: {details['msg'][:1].lower()}{details['msg'][1:]}{shown}."


def _group_fields(annotation: object) -> list[str]:
    return list(annotation.model_fields) if isinstance(annotation, type) and issubclass(annotation, Group) else []
