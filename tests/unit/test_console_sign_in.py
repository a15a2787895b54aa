"""Signing in and out over HTTP: passwords, locks, limits, cookies, CSRF, origins, headers."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
from argon2 import PasswordHasher

from agent_console.accounts import Passwords, create_user
from agent_console.errors import TooBusyError, UserExistsError, WeakPasswordError
from agent_console.security import RateLimit, csrf_token, is_loopback, security_headers
from agent_console.store import MemoryUserStore
from tests.unit.console_kit import ORIGIN, PASSWORD, START, Kit, cheap_passwords


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[Kit]:
    kit = Kit(tmp_path / "dist", failed_sign_ins=3, lock_s=60.0, address_failures=6)
    await kit.add("wang", "1001", extensions=("1001",))
    async with kit.running():
        yield kit


async def attempt(kit: Kit, password: str, login: str = "wang", address: str = "10.0.0.1") -> int:
    body = {"login": login, "password": password}
    answer = await kit.browser(address).http.post("/api/session", json=body)
    return answer.status_code


async def test_the_right_password_gives_a_guarded_cookie(kit: Kit) -> None:
    browser = kit.browser()
    response = await browser.http.post(
        "/api/session", json={"login": "wang", "password": PASSWORD}
    )
    cookie = response.headers["set-cookie"]
    assert cookie.startswith("__Host-hotline=")
    for part in ("HttpOnly", "Secure", "SameSite=strict", "Path=/"):
        assert part in cookie
    assert "Domain" not in cookie
    assert response.json()["me"] == {
        "login": "wang",
        "display_name": "Wang",
        "role": "agent",
        "language": "zh",
        "agent_id": "1001",
    }
    again = await browser.http.get("/api/session")
    assert again.json() == response.json()
    assert PASSWORD not in response.text


async def test_plain_http_gets_a_cookie_without_secure(tmp_path: Path) -> None:
    kit = Kit(tmp_path, secure_cookies=False)
    await kit.add("wang", "1001")
    response = await kit.browser().http.post(
        "/api/session", json={"login": "wang", "password": PASSWORD}
    )
    cookie = response.headers["set-cookie"]
    assert cookie.startswith("hotline=")
    assert "Secure" not in cookie


async def test_all_refusals_look_the_same(kit: Kit) -> None:
    await kit.add("li", "1002")
    await kit.users.set_disabled("li", True)
    bodies = set()
    for login, password in [("wang", "wrong"), ("nobody", "wrong"), ("li", PASSWORD)]:
        answer = await kit.browser().http.post(
            "/api/session", json={"login": login, "password": password}
        )
        assert answer.status_code == 401
        assert "set-cookie" not in answer.headers
        bodies.add(answer.text)
    assert len(bodies) == 1


async def test_wrong_passwords_lock_the_account_for_a_while(kit: Kit) -> None:
    assert [await attempt(kit, "wrong") for _ in range(3)] == [401] * 3
    assert await attempt(kit, PASSWORD) == 401
    kit.clock.advance(59)
    assert await attempt(kit, PASSWORD) == 401
    kit.clock.advance(2)
    assert await attempt(kit, PASSWORD) == 200
    assert [await attempt(kit, "wrong") for _ in range(2)] == [401] * 2
    assert await attempt(kit, PASSWORD) == 200, "a right password begins the count anew"
    assert [await attempt(kit, "wrong", address="10.0.0.2") for _ in range(2)] == [401] * 2
    assert await attempt(kit, PASSWORD) == 200


async def test_one_address_cannot_try_many_accounts(kit: Kit) -> None:
    tries = [await attempt(kit, "wrong", f"user{n}") for n in range(8)]
    assert tries == [401] * 6 + [429] * 2
    assert await attempt(kit, PASSWORD, address="10.0.0.2") == 200
    kit.clock.advance(kit.config.address_refill_s)
    assert await attempt(kit, PASSWORD) == 200


async def test_a_whole_office_behind_one_address_signs_in(kit: Kit) -> None:
    assert {await attempt(kit, PASSWORD) for _ in range(20)} == {200}


async def test_a_hash_of_weaker_parameters_is_renewed(kit: Kit) -> None:
    old = PasswordHasher(time_cost=1, memory_cost=16, parallelism=1).hash(PASSWORD)
    await kit.users.set_password("wang", old)
    assert await attempt(kit, PASSWORD) == 200
    user = await kit.users.user("wang")
    assert user is not None
    assert user.password_hash != old
    assert await attempt(kit, PASSWORD) == 200


async def test_too_many_checks_at_once_are_refused() -> None:
    passwords = Passwords(PasswordHasher(1, 8, 1), threads=1, waiting=-1)
    with pytest.raises(TooBusyError):
        await passwords.matches(None, "x")
    passwords.close()


async def test_a_password_must_have_some_length_and_no_absurd_one() -> None:
    passwords = cheap_passwords()
    with pytest.raises(WeakPasswordError, match="10"):
        await passwords.hash("short")
    hashed = await passwords.hash("x" * 300)
    assert not await passwords.matches(hashed, "x" * 300)
    assert not await passwords.matches("no hash at all", PASSWORD)
    passwords.close()


async def test_a_new_user_has_phones_with_secrets_of_their_own() -> None:
    store, passwords = MemoryUserStore(), cheap_passwords()
    made = await create_user(
        store,
        passwords,
        login="wang",
        display_name="王静",
        role="agent",
        password=PASSWORD,
        now=START,
        agent_id="1001",
        extensions=("1001", "1101"),
    )
    assert made.password_hash.startswith("$argon2id$")
    phones = await store.phones()
    assert [(phone.extension, phone.login) for phone in phones] == [
        ("1001", "wang"),
        ("1101", "wang"),
    ]
    assert len({phone.sip_secret for phone in phones}) == 2
    assert all(len(phone.sip_secret) >= 32 for phone in phones)
    with pytest.raises(UserExistsError):
        await create_user(
            store,
            passwords,
            login="li",
            display_name="李",
            role="agent",
            password=PASSWORD,
            now=START,
            extensions=("1001",),
        )
    passwords.close()


async def test_signing_out_ends_the_session_and_the_agents_duty(kit: Kit) -> None:
    browser = kit.browser()
    await browser.sign_in("wang")
    response = await browser.http.delete("/api/session")
    assert response.status_code == 204
    assert 'hotline=""' in response.headers["set-cookie"]
    assert (await browser.http.get("/api/session")).status_code == 204
    assert kit.engine.commands == [("sign_out", "1001")]


async def test_signing_out_works_when_the_engine_does_not(kit: Kit) -> None:
    browser = kit.browser()
    await browser.sign_in("wang")
    kit.engine.broken = True
    assert (await browser.http.delete("/api/session")).status_code == 204
    assert (await browser.http.get("/api/session")).status_code == 204


async def test_signing_out_of_one_of_two_browsers_keeps_the_agent_on_duty(kit: Kit) -> None:
    one, two = kit.browser(), kit.browser()
    await one.sign_in("wang")
    await two.sign_in("wang")
    async with two.page() as page:
        await page.read_all(2)
        assert (await one.http.delete("/api/session")).status_code == 204
        assert await page.is_quiet()
    assert kit.engine.commands == []


async def test_own_sessions_are_listed_and_only_own_ones_revoked(kit: Kit) -> None:
    await kit.add("li", "1002")
    one, two, other = kit.browser(), kit.browser("10.0.0.9"), kit.browser()
    await one.sign_in("wang")
    kit.clock.advance(1)
    await two.sign_in("wang")
    await other.sign_in("li")
    lines = (await one.http.get("/api/sessions")).json()
    assert [(line["current"], line["address"]) for line in lines] == [
        (True, "127.0.0.1"),
        (False, "10.0.0.9"),
    ]
    target = f"/api/sessions/{lines[1]['session_id']}"
    assert (await other.http.delete(target)).status_code == 404
    assert (await two.http.get("/api/session")).status_code == 200
    assert (await one.http.delete(target)).status_code == 204
    assert (await two.http.get("/api/session")).status_code == 204


async def test_those_in_charge_see_and_end_the_sessions_of_others(kit: Kit) -> None:
    await kit.add("li", "1002")
    await kit.add("boss", None)
    await kit.add("root", None, role="admin")
    wang, li, boss, root = (kit.browser() for _ in range(4))
    for login, browser in (("wang", wang), ("li", li), ("boss", boss), ("root", root)):
        await browser.sign_in(login)
    assert (await li.http.get("/api/users/wang/sessions")).status_code == 403
    assert (await li.http.get("/api/users")).status_code == 403
    people = {each["login"]: each for each in (await boss.http.get("/api/users")).json()}
    assert sorted(people) == ["boss", "li", "root", "wang"]
    assert all(each["sessions"] == 1 and each["seen_at"] for each in people.values())
    assert [login for login, each in people.items() if not each["may_end"]] == ["root"]
    [line] = (await boss.http.get("/api/users/wang/sessions")).json()
    target = f"/api/users/wang/sessions/{line['session_id']}"
    assert not line["current"]
    assert (await li.http.delete(target)).status_code == 403
    assert (await boss.http.delete(target.replace("wang", "li"))).status_code == 404
    assert (await boss.http.get("/api/users/nobody/sessions")).status_code == 404
    async with wang.page() as page:
        await page.read_all(2)
        assert (await boss.http.delete(target)).status_code == 204
        assert await page.closed_with() == 4401
    [line] = (await boss.http.get("/api/users/root/sessions")).json()
    target = f"/api/users/root/sessions/{line['session_id']}"
    assert (await boss.http.delete(target)).status_code == 403
    assert (await root.http.delete(target)).status_code == 204
    people = {each["login"]: each for each in (await boss.http.get("/api/users")).json()}
    assert (people["wang"]["sessions"], people["wang"]["seen_at"]) == (0, None)


async def test_a_disabled_agent_leaves_the_queues_once(kit: Kit) -> None:
    kit.engine.state("1001", "available")
    await kit.look()
    assert kit.engine.commands == []
    await kit.users.set_disabled("wang", True)
    kit.engine.refuse_with = "engine_away"
    await kit.look()
    kit.engine.refuse_with = None
    await kit.look()
    await kit.look()
    assert [c for c in kit.engine.commands if c[0] == "sign_out"][-1] == ("sign_out", "1001")
    assert kit.engine.states()["1001"].state == "logged_out"
    await kit.users.set_disabled("wang", False)
    await kit.look()
    kit.engine.state("1001", "available")
    await kit.users.set_disabled("wang", True)
    await kit.look()
    assert kit.engine.states()["1001"].state == "logged_out"


async def test_the_language_is_remembered(kit: Kit) -> None:
    browser = kit.browser()
    await browser.sign_in("wang")
    changed = await browser.http.put("/api/session/language", json={"language": "en"})
    assert changed.status_code == 204
    assert (await browser.http.get("/api/session")).json()["me"]["language"] == "en"
    refused = await browser.http.put("/api/session/language", json={"language": "fr"})
    assert refused.status_code == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("DELETE", "/api/session"),
        ("PUT", "/api/session/language"),
        ("DELETE", "/api/sessions/x"),
        ("POST", "/api/socket-ticket"),
    ],
)
async def test_every_change_needs_origin_and_token(kit: Kit, method: str, path: str) -> None:
    browser = kit.browser()
    view = await browser.sign_in("wang")
    good = {"origin": ORIGIN, "x-csrf-token": view.csrf}
    bad = [
        {**good, "x-csrf-token": "0" * 64},
        {**good, "x-csrf-token": ""},
        {**good, "x-csrf-token": csrf_token("another session")},
        {**good, "origin": "https://evil.test"},
        {**good, "origin": "null"},
        {**good, "origin": ORIGIN.upper()},
    ]
    for headers in bad:
        answer = await browser.http.request(method, path, headers=headers, json={})
        assert answer.status_code == 403, headers
    transport = httpx.ASGITransport(kit.app)
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN) as stranger:
        answer = await stranger.request(method, path, headers=good, json={})
        assert answer.status_code == 401


@pytest.mark.parametrize("origin", [None, "null", "https://evil.test", ORIGIN + ".evil.test"])
async def test_a_foreign_page_cannot_sign_anybody_in(kit: Kit, origin: str | None) -> None:
    headers = {} if origin is None else {"origin": origin}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(kit.app), base_url=ORIGIN, headers=headers
    ) as http:
        answer = await http.post("/api/session", json={"login": "wang", "password": PASSWORD})
    assert answer.status_code == 403
    assert answer.json()["code"] == "foreign_origin"


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{}", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b'{"login": 1, "password": "x"}', "application/json", 400),
        (b'{"login": "a", "password": "b", "role": "admin"}', "application/json", 400),
        (b"login=wang", "application/x-www-form-urlencoded", 415),
        (b'"' + b"x" * 20_000 + b'"', "application/json", 413),
    ],
)
async def test_a_body_that_is_no_sign_in_is_refused(
    kit: Kit, body: bytes, kind: str, status: int
) -> None:
    answer = await kit.browser().http.post(
        "/api/session", content=body, headers={"content-type": kind}
    )
    assert (answer.status_code, answer.json()["code"]) == (status, "bad_request")


async def test_every_answer_carries_the_headers(kit: Kit) -> None:
    for path in ("/", "/api/session", "/healthz", "/no/such/thing"):
        headers = (await kit.browser().http.get(path)).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "wss://hotline.test" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "max-age" in headers["strict-transport-security"]
    assert (await kit.browser().http.get("/healthz")).headers["cache-control"] == "no-store"


def test_plain_http_is_not_pinned_to_https() -> None:
    headers = security_headers(["http://127.0.0.1:8080", "https://hotline.test"])
    assert "strict-transport-security" not in headers
    assert "ws://127.0.0.1:8080 wss://hotline.test" in headers["content-security-policy"]


async def test_health_readiness_and_metrics(kit: Kit) -> None:
    http = kit.browser().http
    assert (await http.get("/healthz")).json() == {"ok": True}
    assert (await http.get("/readyz")).json() == {
        "ok": True,
        "parts": {"asterisk": True, "database": True},
    }
    kit.ready["asterisk"] = False
    answer = await http.get("/readyz")
    assert (answer.status_code, answer.json()["ok"]) == (503, False)
    metrics = await http.get("/metrics")
    assert metrics.headers["content-type"].startswith("text/plain")
    assert "hotline_console_pages" in metrics.text
    assert (await kit.browser("10.0.0.1").http.get("/metrics")).status_code == 404


async def test_metrics_can_be_opened_to_others(tmp_path: Path) -> None:
    kit = Kit(tmp_path, metrics_for_all=True)
    assert (await kit.browser("10.0.0.1").http.get("/metrics")).status_code == 200


@pytest.mark.parametrize(
    ("address", "answer"),
    [("127.0.0.1", True), ("::1", True), ("10.0.0.1", False), ("", False), ("testclient", False)],
)
def test_loopback_is_this_machine_only(address: str, answer: bool) -> None:
    assert is_loopback(address) is answer


def test_the_rate_limit_refills_and_forgets() -> None:
    limit = RateLimit(burst=2, refill_s=10.0, most_keys=2)
    assert [limit.spend("a", 0.0) for _ in range(3)] == [True, True, False]
    assert limit.spend("b", 0.0)
    assert limit.spend("a", 10.0)
    assert not limit.spend("a", 19.0)
    limit.refund("a", 19.0)
    assert limit.spend("a", 19.0)
    assert limit.spend("c", 19.0)
    assert limit.spend("b", 19.0), "the key that rested longest was forgotten"


async def test_the_front_end_is_served_with_its_caching(kit: Kit) -> None:
    http = kit.browser().http
    missing = await http.get("/")
    assert missing.status_code == 503
    assert "npm run build" in missing.text
    dist = kit.config.web_dist
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<!doctype html><p>page</p>", encoding="utf-8")
    (dist / "assets" / "index-abc.js").write_text("1", encoding="utf-8")
    index = await http.get("/")
    assert index.text == "<!doctype html><p>page</p>"
    assert index.headers["cache-control"] == "no-cache"
    asset = await http.get("/assets/index-abc.js")
    assert asset.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert (await http.get("/assets/other.js")).status_code == 404
    assert (await http.get("/assets/../../console_kit.py")).status_code == 404


async def test_leaders_see_their_own_team_and_end_nobodys_sessions(kit: Kit) -> None:
    await kit.add("lead", None, role="leader")
    await kit.add("chen", "1007")
    await kit.add("sun", None)
    for login in ("lead", "sun", "wang"):
        await kit.users.set_team(login, "loans")
    await kit.users.set_team("chen", "cards")
    browsers = {}
    for login in ("lead", "wang", "chen"):
        browsers[login] = kit.browser()
        await browsers[login].sign_in(login)
    lead = browsers["lead"].http
    seen = {each["login"]: each["may_end"] for each in (await lead.get("/api/users")).json()}
    assert seen == {"lead": False, "wang": False}
    [line] = (await lead.get("/api/users/wang/sessions")).json()
    assert line["address"]
    for login in ("chen", "sun"):
        assert (await lead.get(f"/api/users/{login}/sessions")).status_code == 404
    theirs = f"/api/users/wang/sessions/{line['session_id']}"
    assert (await lead.delete(theirs)).status_code == 403
    await kit.users.set_team("lead", "")
    assert [each["login"] for each in (await lead.get("/api/users")).json()] == ["lead"]
