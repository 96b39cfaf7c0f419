"""The yardstick for acceptance: `python -m bench.bare_api PORT`, a FastAPI route that does one INSERT and answers 202.

The same pool, the same uvicorn and the same answer-after-commit as our API; no key, no schema, no idempotency. It says
`ready` once it listens and ends when its standard input is closed.
"""

import asyncio
import sys
from socket import socket

import uvicorn
from fastapi import FastAPI, Request, Response

import bootstrap
from settings import Settings, read_settings
from storage.database import Database

TABLE = "CREATE TABLE IF NOT EXISTS bench_inserts (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, body text)"
INSERT = "INSERT INTO bench_inserts (body) VALUES (%(body)s) RETURNING id"


def create_app(database: Database) -> FastAPI:
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @app.post("/insert")
    async def insert(request: Request) -> Response:
        body = (await request.body()).decode()
        await database.fetch(INSERT, {"body": body})
        return Response(status_code=202)

    return app


class Server(uvicorn.Server):
    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        print("ready", flush=True)


async def run(settings: Settings, port: int) -> None:
    """Until standard input ends."""
    async with bootstrap.open_database(settings) as database:
        await database.fetch(TABLE, {})
        app = create_app(database)
        config = uvicorn.Config(
            app, host="127.0.0.1", port=port, log_config=None, access_log=False, server_header=False
        )
        server = Server(config)
        serving = asyncio.create_task(server.serve())
        await asyncio.to_thread(sys.stdin.read)
        server.should_exit = True
        await serving


def main() -> None:
    bootstrap.run_to_end(run(read_settings(required=("DATABASE_URL",)), int(sys.argv[1])))


if __name__ == "__main__":
    main()
