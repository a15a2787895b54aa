"""One suite over every implementation of :class:`agent_console.ports.UserStore`."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from agent_console.errors import UnknownUserError, UserExistsError
from agent_console.ports import UserStore
from agent_console.store import MemoryUserStore, Phone, Session, Skill, SqlUserStore, User
from agent_console.store.tables import metadata
from tests.postgres_kit import open_engine

NOW = 1_800_000_000.0
WANG = User(
    login="wang",
    display_name="王静",
    role="agent",
    agent_id="1001",
    password_hash="$argon2id$one",
    created_at=NOW,
)
BOSS = User(
    login="boss",
    display_name="李主管",
    role="supervisor",
    language="en",
    password_hash="$argon2id$two",
    created_at=NOW,
)
PHONE = Phone(extension="1001", login="wang", sip_secret="s3cret", created_at=NOW)
SESSION = Session(
    session_id="s1",
    token_hash="a" * 64,
    login="wang",
    created_at=NOW,
    seen_at=NOW,
    expires_at=NOW + 100,
    address="127.0.0.1",
    user_agent="test",
)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[UserStore]:
    if request.param == "memory":
        yield MemoryUserStore()
        return
    async with open_engine(request.param, tmp_path, metadata) as engine:
        yield SqlUserStore(engine)


async def test_a_user_comes_back_as_stored(store: UserStore) -> None:
    await store.add_user(WANG, [PHONE])
    await store.add_user(BOSS)
    assert await store.user("wang") == WANG
    assert await store.user("nobody") is None
    assert list(await store.users()) == [BOSS, WANG]
    assert list(await store.phones()) == [PHONE]


@pytest.mark.parametrize(
    "other",
    [WANG, replace(WANG, login="wang2"), replace(BOSS, login="wang")],
    ids=["same user", "same agent id", "same login"],
)
async def test_a_taken_name_is_refused(store: UserStore, other: User) -> None:
    await store.add_user(WANG)
    with pytest.raises(UserExistsError, match="taken"):
        await store.add_user(other)
    assert list(await store.users()) == [WANG]


async def test_two_people_without_agent_id_are_no_conflict(store: UserStore) -> None:
    await store.add_user(BOSS)
    await store.add_user(replace(BOSS, login="boss2"))
    assert [user.login for user in await store.users()] == ["boss", "boss2"]


async def test_a_taken_extension_stores_neither_phone_nor_user(store: UserStore) -> None:
    await store.add_user(WANG, [PHONE])
    with pytest.raises(UserExistsError):
        await store.add_user(BOSS, [replace(PHONE, login="boss")])
    assert await store.user("boss") is None
    with pytest.raises(UserExistsError):
        await store.add_phone(PHONE)
    assert list(await store.phones()) == [PHONE]


async def test_a_second_phone_is_added(store: UserStore) -> None:
    await store.add_user(WANG, [PHONE])
    second = replace(PHONE, extension="1101")
    await store.add_phone(second)
    assert list(await store.phones()) == [PHONE, second]


async def test_unknown_logins_are_refused(store: UserStore) -> None:
    with pytest.raises(UnknownUserError):
        await store.set_password("ghost", "x")
    with pytest.raises(UnknownUserError):
        await store.set_disabled("ghost", True)
    with pytest.raises(UnknownUserError):
        await store.set_language("ghost", "en")
    with pytest.raises(UnknownUserError):
        await store.note_failure("ghost", 3, NOW)
    with pytest.raises(UnknownUserError):
        await store.note_success("ghost")
    with pytest.raises(UnknownUserError):
        await store.open_session(replace(SESSION, login="ghost"))
    with pytest.raises(UnknownUserError):
        await store.add_phone(replace(PHONE, login="ghost"))


async def test_wrong_passwords_lock_and_start_anew(store: UserStore) -> None:
    await store.add_user(WANG)
    assert (await store.note_failure("wang", 3, NOW + 60)).failed_attempts == 1
    assert (await store.note_failure("wang", 3, NOW + 60)).locked_until == 0.0
    locked = await store.note_failure("wang", 3, NOW + 60)
    assert (locked.failed_attempts, locked.locked_until) == (0, NOW + 60)
    assert (await store.note_failure("wang", 3, NOW + 90)).locked_until == NOW + 60
    await store.note_success("wang")
    assert await store.user("wang") == WANG


async def test_a_new_password_lifts_the_lock(store: UserStore) -> None:
    await store.add_user(replace(WANG, failed_attempts=2, locked_until=NOW + 60))
    await store.set_password("wang", "$argon2id$new")
    assert await store.user("wang") == replace(WANG, password_hash="$argon2id$new")


async def test_the_language_is_kept(store: UserStore) -> None:
    await store.add_user(WANG)
    await store.set_language("wang", "en")
    assert await store.user("wang") == replace(WANG, language="en")


async def test_a_session_opens_until_it_expires(store: UserStore) -> None:
    await store.add_user(WANG)
    await store.open_session(SESSION)
    assert await store.session("a" * 64, NOW + 99) == (SESSION, WANG)
    assert await store.session("a" * 64, NOW + 100) is None
    assert await store.session("b" * 64, NOW) is None
    assert list(await store.sessions_of("wang", NOW)) == [SESSION]
    assert list(await store.sessions_of("wang", NOW + 100)) == []
    assert list(await store.sessions(NOW)) == [SESSION]
    assert list(await store.sessions(NOW + 100)) == []


async def test_using_a_session_prolongs_it_up_to_its_lifetime(store: UserStore) -> None:
    await store.add_user(WANG)
    await store.open_session(SESSION)
    await store.touch(["s1", "other"], NOW + 50, idle_s=100, lifetime_s=180)
    assert list(await store.sessions_of("wang", NOW + 50)) == [
        replace(SESSION, seen_at=NOW + 50, expires_at=NOW + 150)
    ]
    await store.touch(["s1"], NOW + 140, idle_s=100, lifetime_s=180)
    assert await store.session("a" * 64, NOW + 179) is not None
    assert await store.session("a" * 64, NOW + 180) is None
    await store.touch(["s1"], NOW + 181, idle_s=100, lifetime_s=1000)
    assert await store.session("a" * 64, NOW + 181) is None, "an expired one comes not back"


async def test_living_tells_ended_expired_and_disabled_sessions(store: UserStore) -> None:
    await store.add_user(WANG)
    await store.add_user(BOSS)
    await store.open_session(SESSION)
    await store.open_session(replace(SESSION, session_id="s2", token_hash="b" * 64))
    theirs = replace(SESSION, session_id="s3", token_hash="c" * 64, login="boss")
    await store.open_session(theirs)
    ids = ["s1", "s2", "s3", "s4"]
    assert await store.living(ids, NOW) == {"s1", "s2", "s3"}
    await store.end_session("s2")
    assert await store.living(ids, NOW) == {"s1", "s3"}
    assert await store.living(["s3"], NOW) == {"s3"}
    assert await store.living([], NOW) == frozenset()
    assert await store.living(ids, NOW + 100) == frozenset()
    await store.set_disabled("boss", True)
    assert await store.living(ids, NOW) == {"s1"}
    await store.set_disabled("boss", False)
    assert await store.living(ids, NOW) == {"s1"}, "a disabled user's sessions are gone for good"


async def test_a_disabled_user_has_no_session(store: UserStore) -> None:
    await store.add_user(replace(WANG, disabled=True))
    await store.open_session(SESSION)
    assert await store.session("a" * 64, NOW) is None


async def test_ending_all_sessions_names_them(store: UserStore) -> None:
    await store.add_user(WANG)
    await store.open_session(SESSION)
    await store.open_session(replace(SESSION, session_id="s2", token_hash="b" * 64))
    assert list(await store.end_sessions_of("wang")) == ["s1", "s2"]
    assert list(await store.end_sessions_of("wang")) == []
    await store.end_session("s1")
    assert await store.session("a" * 64, NOW) is None


async def test_the_sweep_deletes_what_expired(store: UserStore) -> None:
    await store.add_user(WANG)
    await store.open_session(SESSION)
    later = replace(SESSION, session_id="s2", token_hash="b" * 64, expires_at=NOW + 200)
    await store.open_session(later)
    assert await store.sweep(NOW + 100) == 1
    assert await store.sweep(NOW + 100) == 0
    assert list(await store.sessions_of("wang", NOW)) == [later]


async def test_skills_come_back_change_and_go(store: UserStore) -> None:
    await store.add_user(WANG)
    await store.add_user(BOSS)
    vip, service = (
        Skill(login="wang", queue="vip", penalty=2),
        Skill(login="wang", queue="service"),
    )
    for skill in (vip, service, Skill(login="boss", queue="vip")):
        await store.set_skill(skill)
    assert await store.skills("wang") == [service, vip]
    assert [s.login for s in await store.skills()] == ["boss", "wang", "wang"]
    await store.set_skill(replace(vip, penalty=5))
    assert [s.penalty for s in await store.skills("wang")] == [0, 5]
    assert await store.remove_skill("wang", "vip")
    assert not await store.remove_skill("wang", "vip")
    assert await store.skills("wang") == [service]


async def test_nobody_has_no_skill(store: UserStore) -> None:
    assert await store.skills("nobody") == []
    with pytest.raises(UnknownUserError):
        await store.set_skill(Skill(login="nobody", queue="vip"))
    with pytest.raises(UnknownUserError):
        await store.remove_skill("nobody", "vip")


async def test_disabled_agents_are_known(store: UserStore) -> None:
    await store.add_user(WANG)
    await store.add_user(BOSS)
    assert await store.disabled_agents() == frozenset()
    for login in ("wang", "boss"):
        await store.set_disabled(login, True)
    assert await store.disabled_agents() == {"1001"}
    await store.set_disabled("wang", False)
    assert await store.disabled_agents() == frozenset()
