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

PROCESS_NEEDS = ("DATABASE_URL", "TEMPORAL_ADDRESS", "STRIPE_SECRET_KEY or RAZORPAY_KEY_ID")
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
    complaints = [*settings.complaints(), *(_missing(names) for names in required if not settings.has_one_of(names))]
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


class RazorpaySettings(Group):
    """The default Razorpay account; unset key means the simulator of `payonce up`. `key_id` is public, in browsers."""

    key_id: str | None = None
    key_secret: SecretStr | None = None
    webhook_secrets: SecretList = ()
    api_base: str | None = None


class PayonceSettings(Group):
    """Our own processes: mode, ports, folders."""

    mode: Literal["test", "live"] = "test"
    state: Path = Path(".payonce")
    task_queue: str = "payonce"
    routing: Path | None = None
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
    razorpay: RazorpaySettings = RazorpaySettings()
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

    def has_one_of(self, names: str) -> bool:
        """Whether at least one of the environment names is set, as in `"DATABASE_URL"` or `"A_KEY or B_KEY"`."""
        return any(self.value(name) is not None for name in names.split(" or "))

    def as_environment(self) -> dict[str, str]:
        """The variables that make another process read these same settings."""
        written = {name: _written(self.value(name)) for name in environment_names()}
        return {name: text for name, text in written.items() if text}

    def gateway_keys(self) -> dict[str, tuple[str | None, str, str]]:
        """Environment name -> the key, how a test key begins, how a live key begins."""
        stripe = self.stripe.secret_key
        return {
            "STRIPE_SECRET_KEY": (stripe.get_secret_value() if stripe else None, "sk_test_", "sk_live_"),
            "RAZORPAY_KEY_ID": (self.razorpay.key_id, "rzp_test_", "rzp_live_"),
        }

    def complaints(self) -> list[str]:
        """What single fields cannot know: keys against the mode, halves of pairs."""
        mode, keys = self.payonce.mode, self.gateway_keys()
        found = [_key_complaint(mode, name, *key) for name, key in keys.items()]
        if mode == "live" and not any(key for key, *_ in keys.values()):
            found.append(_missing(" or ".join(keys)) + " Live mode needs a sk_live_ or rzp_live_ key.")
        for name in ("STRIPE_API_BASE", "RAZORPAY_API_BASE"):
            if mode == "live" and self.value(name):
                found.append(f"{name} points away from the gateway, so PAYONCE_MODE must be test: unset one of them.")
        if self.payonce.fail is not None:
            found.append(_fail_complaint(mode, self.payonce.fail))
        found += [self._half_a_pair("TEMPORAL_TLS_CERT", "TEMPORAL_TLS_KEY")]
        found += [self._half_a_pair("RAZORPAY_KEY_ID", "RAZORPAY_KEY_SECRET")]
        for name in ("TEMPORAL_TLS_CERT", "TEMPORAL_TLS_KEY", "TEMPORAL_TLS_CA", "PAYONCE_ROUTING"):
            path = self.value(name)
            if isinstance(path, Path) and not path.is_file():
                found.append(f"{name} names {path}, which is not a file that can be read.")
        return [complaint for complaint in found if complaint]

    def _half_a_pair(self, first: str, second: str) -> str | None:
        if (self.value(first) is None) == (self.value(second) is None):
            return None
        return f"{first} and {second} belong together: set both or neither."


def _key_complaint(mode: str, name: str, key: str | None, test_prefix: str, live_prefix: str) -> str | None:
    """A key of the wrong mode, in a sentence that never shows the key itself."""
    allowed, refused = (test_prefix, live_prefix) if mode == "test" else (live_prefix, test_prefix)
    if not key:
        return None
    if key.startswith(refused):
        return f"{name} is a {refused} key, but PAYONCE_MODE is {mode}: use a {allowed} key or change PAYONCE_MODE."
    if not key.startswith((allowed, allowed.replace("sk_", "rk_", 1))):
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
