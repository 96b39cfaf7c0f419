"""The command line's way to a running API: where it is, who we are, and its answers as plain JSON."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

import httpx2
import typer

from settings import read_settings
from stack.assembly import Stack
from stack.errors import StackError

StateOption = Annotated[Path | None, typer.Option(help="The state folder of `payonce up`; default .payonce")]
UrlOption = Annotated[str | None, typer.Option("--api-url", help="Another API than that of the settings")]
KeyOption = Annotated[str | None, typer.Option("--api-key", help="Another key than the state folder's")]

TIMEOUT_SECONDS = 30.0
TRIES = 3
"""Of an order whose answer was lost: the same key again can only be answered, never done twice."""


class DeskError(StackError):
    """The API could not be asked, or refused the question; the message says what to do."""


class AnswerLost(DeskError):
    """The order was sent and nothing came back: it may have been carried out."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Use as a context. Both verbs raise DeskError when nobody answers."""

    http: httpx2.Client

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def ask(self, path: str) -> dict[str, Any]:
        """GET an object. Raises DeskError for anything but 200."""
        answer = self._send("GET", path)
        told = _object(answer)
        if answer.status_code != 200:
            raise DeskError(complaint(told, answer.status_code))
        return told

    def order(self, path: str, body: dict[str, Any], *, key: str) -> tuple[int, dict[str, Any]]:
        """POST under an idempotency key; status and object, whatever the status. Raises AnswerLost."""
        for _ in range(TRIES):
            try:
                answer = self._send("POST", path, json=body, headers={"Idempotency-Key": key})
            except AnswerLost as lost:
                last = lost
                continue
            return answer.status_code, _object(answer)
        raise last

    def _send(self, method: str, path: str, **content: Any) -> httpx2.Response:
        try:
            return self.http.request(method, path, **content)
        except httpx2.ConnectError as error:
            advice = "Start it with `make up`, or name another with --api-url."
            raise DeskError(f"No API answers at {self.http.base_url}. {advice}") from error
        except httpx2.HTTPError as error:
            raise AnswerLost(f"{self.http.base_url} did not answer ({type(error).__name__}).") from error


def open_desk(state: Path | None, api_url: str | None, api_key: str | None) -> Desk:
    """The desk of the running stack. Raises DeskError when there is no key."""
    settings = read_settings(payonce={"state": state} if state else {})
    url = (api_url or Stack(settings).api_url).rstrip("/")
    key = api_key or _kept_key(settings.payonce.state / f"api-key-{settings.payonce.mode}")
    headers = {"Authorization": f"Bearer {key}"}
    return Desk(httpx2.Client(base_url=url, headers=headers, timeout=TIMEOUT_SECONDS, trust_env=False))


def complaint(problem: dict[str, Any], status: int) -> str:
    """A problem+json as one sentence."""
    return str(problem.get("detail") or f"the API answered {status}")


def _kept_key(file: Path) -> str:
    if not file.is_file():
        raise DeskError(f"There is no API key in {file}: start Payonce with `make up`, or give one with --api-key.")
    return file.read_text().strip()


def _object(answer: httpx2.Response) -> dict[str, Any]:
    try:
        told = answer.json()
    except json.JSONDecodeError:
        told = None
    if not isinstance(told, dict):
        raise DeskError(f"{answer.url} does not speak Payonce: it answered {answer.status_code} without an object.")
    return told
