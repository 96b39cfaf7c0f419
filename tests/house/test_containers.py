"""The compose file, read as data: every part is there, waits for the right ones, and is told only what it reads."""

import re
from typing import Any

import pytest
import yaml

from settings import environment_names
from stack.temporal import SEARCH_ATTRIBUTES
from tests.house.sources import ROOT

COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text()

ONE_SHOT = {"temporal-schema", "temporal-namespace", "prepare"}
PORTS = {"postgres": 5432, "temporal": 7233, "temporal-ui": 8080, "simulator": 12111, "api": 8000}
WAITS = {
    "temporal-schema": {"postgres": "service_healthy"},
    "temporal": {"temporal-schema": "service_completed_successfully"},
    "temporal-namespace": {"temporal": "service_healthy"},
    "temporal-ui": {"temporal": "service_healthy"},
    "prepare": {"postgres": "service_healthy", "simulator": "service_healthy"},
    "worker": {"prepare": "service_completed_successfully", "temporal-namespace": "service_completed_successfully"},
    "api": {"prepare": "service_completed_successfully", "temporal-namespace": "service_completed_successfully"},
}


def test_every_part_is_there() -> None:
    assert set(SERVICES) == {"postgres", "simulator", "worker", "api", "temporal", "temporal-ui", *ONE_SHOT}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_each_service_waits_for_what_it_needs(name: str) -> None:
    waits = {other: how["condition"] for other, how in SERVICES[name].get("depends_on", {}).items()}
    assert waits == WAITS.get(name, {})
    for other, condition in waits.items():
        assert condition == ("service_completed_successfully" if other in ONE_SHOT else "service_healthy")
        assert other in ONE_SHOT or "healthcheck" in SERVICES[other]


@pytest.mark.parametrize("name", sorted(set(SERVICES) - ONE_SHOT - {"temporal-ui"}))
def test_each_service_says_whether_it_is_healthy(name: str) -> None:
    health = SERVICES[name]["healthcheck"]
    assert health["test"][0] == "CMD"
    assert set(health) >= {"test", "interval", "timeout", "retries"}


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_images_are_pinned_by_tag(name: str) -> None:
    image = SERVICES[name]["image"]
    assert re.fullmatch(r"[\w./-]+:\d[\w.\-]*", image), image
    assert "latest" not in image


def test_the_base_image_is_pinned_and_nobody_is_root() -> None:
    bases = re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE)
    assert bases
    assert all(re.fullmatch(r"python:3\.\d+\.\d+-slim-\w+", base) for base in bases)
    assert re.search(r"^USER payonce$", DOCKERFILE, re.MULTILINE)
    assert "--require-hashes" in DOCKERFILE


@pytest.mark.parametrize("name", ["worker", "api", "prepare"])
def test_our_processes_are_told_only_what_they_read(name: str) -> None:
    environment = SERVICES[name]["environment"]
    assert set(environment) <= set(environment_names())
    assert {"DATABASE_URL", "TEMPORAL_ADDRESS", "STRIPE_SECRET_KEY"} <= set(environment)


def test_the_worker_may_finish_its_gateway_call_before_it_is_killed() -> None:
    assert SERVICES["worker"]["stop_grace_period"] == "1m"
    assert SERVICES["api"]["stop_grace_period"] == "1m"


def test_everything_published_stays_on_this_machine() -> None:
    published = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert all(port.startswith("127.0.0.1:") for port in published)
    for name, port in PORTS.items():
        assert any(one.endswith(f":{port}") for one in SERVICES[name]["ports"])


def test_temporal_gets_the_search_attributes_of_the_embedded_one() -> None:
    script = SERVICES["temporal-namespace"]["command"][0]
    keywords = set(re.search(r"for name in ([\w ]+);", script).group(1).split())  # type: ignore[union-attr]  # must match
    created = dict.fromkeys(keywords, "Keyword") | dict(re.findall(r"--name (\w+) --type (\w+)", script))
    assert created == SEARCH_ATTRIBUTES


def test_configs_named_are_declared_and_the_server_is_told_of_its_own() -> None:
    temporal = SERVICES["temporal"]
    (mounted,) = temporal["configs"]
    assert mounted["target"] == temporal["environment"]["DYNAMIC_CONFIG_FILE_PATH"]
    limits = yaml.safe_load(COMPOSE["configs"][mounted["source"]]["content"])
    assert all(isinstance(entry["value"], int) for entries in limits.values() for entry in entries)


def test_volumes_named_are_declared() -> None:
    used = {volume.partition(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert used == set(COMPOSE["volumes"])
