"""What an API key may be used for, in the words of OAuth scopes."""

from collections.abc import Mapping

PAYMENTS = "payments"
RESOLVE = "payments:resolve"
"""To decide what became of a payment in a person's name: for operators, not for a shop's server."""

KINDS: Mapping[str, frozenset[str]] = {"payments": frozenset({PAYMENTS}), "operator": frozenset({PAYMENTS, RESOLVE})}
"""The kinds of key that are handed out."""

DEFAULT = KINDS["payments"]
