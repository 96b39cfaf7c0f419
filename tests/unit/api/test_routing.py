"""Endpoints get the request and the words of its path, and who wants more is refused at once."""

import pytest
from fastapi import Depends, Request, Response

from api.routing import new_router


async def with_a_body(request: Request, payment_id: str, body: bytes) -> Response:
    return Response(f"{request.url}{payment_id}{body!r}")


def the_limit() -> int:
    return 1


async def with_a_dependency(request: Request, payment_id: str, limit: int = Depends(the_limit)) -> Response:
    return Response(f"{request.url}{payment_id}{limit}")


async def without_the_word(request: Request) -> Response:
    return Response(str(request.url))


@pytest.mark.parametrize("endpoint", [with_a_body, with_a_dependency, without_the_word])
def test_an_endpoint_takes_the_request_and_the_words_of_its_path(endpoint: object) -> None:
    with pytest.raises(TypeError, match=r"/v1/payments/\{payment_id\}: w"):
        new_router().get("/v1/payments/{payment_id}")(endpoint)  # type: ignore[type-var]  # not endpoints
