"""How hard hypothesis searches: always the same examples by default; more and new ones, for half an hour, with
`HYPOTHESIS_PROFILE=long pytest tests/unit/domain --timeout 7200`.
"""

import os

from hypothesis import HealthCheck, settings

_CALM = [HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large]

settings.register_profile(
    "default", derandomize=True, database=None, deadline=None, max_examples=200, suppress_health_check=_CALM
)
settings.register_profile("long", deadline=None, max_examples=10_000, suppress_health_check=_CALM)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))
