"""``hotline tokens`` and ``hotline webhooks`` as an operator uses them, on a real database."""

import asyncio
import base64
import shutil
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from agent_console.store.integration_model import ApiToken, Delivery, Webhook
from hotline import db
from hotline.accounts import open_integrations
from hotline.cli import app
from hotline.settings import load_settings

Run = Callable[..., Result]


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "hotline.db"
    db.upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture
def config(tmp_path: Path, database: Path) -> Path:
    file = tmp_path / "hotline.toml"
    file.write_text(f'state_dir = "{tmp_path}"\n', encoding="utf-8")
    shutil.copy(database, tmp_path / "hotline.db")
    return file


@pytest.fixture
def run(config: Path) -> Run:
    def call(*arguments: str) -> Result:
        return CliRunner().invoke(
            app, ["--config", str(config), *arguments], env={"COLUMNS": "250"}
        )

    return call


def stored(config: Path) -> tuple[list[ApiToken], list[Webhook]]:
    async def read() -> tuple[list[ApiToken], list[Webhook]]:
        async with open_integrations(load_settings(config, environ={})) as store:
            return list(await store.tokens()), list(await store.webhooks())

    return asyncio.run(read())


def test_a_token_is_shown_once_listed_and_revoked(run: Run, config: Path) -> None:
    added = run("tokens", "add", "CRM", "--queue", "vip", "--scope", "pops", "--scope", "customer")
    assert added.exit_code == 0, added.output
    token = added.stdout.strip()
    ((record,), _) = stored(config)
    assert token.startswith(f"hl_{record.token_id}_")
    assert record.grant.queues == {"vip"}
    assert record.grant.agents is None
    assert record.grant.scopes == {"pops", "customer"}
    listed = run("tokens", "list").output
    assert record.token_id in listed
    assert token not in listed
    assert token.encode() not in (config.parent / "hotline.db").read_bytes()
    assert run("tokens", "revoke", record.token_id).exit_code == 0
    assert "revoked" in run("tokens", "list").output
    assert "tokens list" in run("tokens", "revoke", "nobody").output


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        (("tokens", "add", "CRM"), "--queue"),
        (("tokens", "add", "CRM", "--all", "--queue", "vip"), "--queue"),
        (("tokens", "add", "CRM", "--queue", "nothing"), "accepted: service, vip"),
        (("webhooks", "add", "http://crm.bank.example/", "--all"), "plain_http_hosts"),
        (("webhooks", "add", "https://crm.bank.example/", "--all", "--kind", "x"), "pop_raised"),
        (("webhooks", "remove", "nothing"), "webhooks list"),
        (("webhooks", "test", "nothing"), "webhooks list"),
        (("webhooks", "retry"), "nothing to retry"),
    ],
)
def test_a_mistake_is_told_with_what_to_do(
    run: Run, arguments: tuple[str, ...], advice: str
) -> None:
    result = run(*arguments)
    assert result.exit_code == 1
    assert advice in " ".join(result.output.split())


class Taker(BaseHTTPRequestHandler):
    """Takes everything."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_a_webhook_is_made_tried_and_removed(run: Run, config: Path) -> None:
    server = HTTPServer(("127.0.0.1", 0), Taker)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    try:
        url = f"http://127.0.0.1:{server.server_port}/pops"
        added = run("webhooks", "add", url, "--queue", "service", "--kind", "pop_raised")
        assert added.exit_code == 0, added.output
        secret = added.stdout.strip()
        assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
        (_, (hook,)) = stored(config)
        assert (hook.url, hook.secret, hook.kinds) == (url, secret, {"pop_raised"})
        tried = run("webhooks", "test", hook.webhook_id)
        assert (tried.exit_code, tried.stdout.strip()) == (0, "HTTP 204")
    finally:
        server.shutdown()
        serving.join()
        server.server_close()
    assert run("webhooks", "test", hook.webhook_id).exit_code == 1
    listed = run("webhooks", "list").output
    assert hook.webhook_id in listed
    assert secret not in listed
    assert run("webhooks", "remove", hook.webhook_id).exit_code == 0
    assert "none yet" in run("webhooks", "list").output


def test_the_dead_are_listed_and_retried(run: Run, config: Path) -> None:
    run("webhooks", "add", "https://crm.bank.example/", "--all")
    (_, (hook,)) = stored(config)
    dead = Delivery(
        delivery_id="d1",
        webhook_id=hook.webhook_id,
        event_id="e1",
        kind="pop_raised",
        body='{"customer":"secret"}',
        created_at=1_800_000_000.0,
        next_at=1_800_000_000.0,
        state="dead",
        attempts=30,
        last_error="HTTP 500",
    )

    async def add() -> None:
        async with open_integrations(load_settings(config, environ={})) as store:
            await store.add_deliveries([dead])

    asyncio.run(add())
    listed = run("webhooks", "dead").output
    assert "HTTP 500" in listed
    assert "secret" not in listed
    assert run("webhooks", "retry", "d1").exit_code == 0
    assert "none" in run("webhooks", "dead").output
