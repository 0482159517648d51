"""Who may see the web pages, over real connections to a running bridge."""

import asyncio
import logging
import re
import stat
from pathlib import Path

import pytest

from devtools.processes import LOOPBACK
from limber_bridge.web.attempts import ATTEMPTS_MAX
from tests.bridge.web_client import Browser, path_of, serving_pages

PASSWORD = "a long enough password"  # noqa: S105 - of a test
CODE = re.compile(r"with the code ([\w-]+)")
PROXY = "127.0.0.9"
"""An address of this machine that stands for Home Assistant's Supervisor."""
INGRESS = {"X-Ingress-Path": "/api/hassio_ingress/AbC-1_z", "X-Remote-User-Id": "0f"}
OTHER = "127.0.0.7"
ANY = "0.0.0.0"  # noqa: S104 - tests reach it over loopback


def new_password(password: str = PASSWORD, **more: str) -> dict[str, str]:
    return {"password": password, "repeated": password} | more


async def with_password(browser: Browser, code: str = "") -> None:
    """Set the first password with a browser, which is then signed in."""
    await browser.get("/first-use")
    reply = await browser.post("/first-use", new_password(code=code))
    assert reply.status == 303, reply.text


async def test_on_loopback_the_pages_need_no_password(tmp_path: Path) -> None:
    async with serving_pages(tmp_path) as browser:
        reply = await browser.follow(await browser.follow(await browser.get("/")))
        assert reply.status == 200
        assert (await browser.get("/health")).headers["Content-Type"] == "application/json"


async def test_a_proxy_on_this_machine_does_not_open_the_pages(tmp_path: Path) -> None:
    """It passes on the name localhost and the requests of anybody."""
    async with serving_pages(tmp_path) as browser:
        for header in ("X-Forwarded-For", "Forwarded", "Via", "X-Forwarded-Host"):
            reply = await browser.get("/status", **{header: "192.0.2.1"})
            assert (reply.status, path_of(reply.location)) == (303, "/first-use")
            page = await browser.get("/first-use", **{header: "192.0.2.1"})
            assert 'name="code"' in page.text


async def test_nginx_as_it_is_installed_does_not_open_the_pages(tmp_path: Path) -> None:
    """It adds no header, asks under the address of the bridge, and speaks HTTP/1.0."""
    async with serving_pages(tmp_path) as browser:
        reader, writer = await asyncio.open_connection(LOOPBACK, browser.port)
        writer.write(f"GET /status HTTP/1.0\r\nHost: 127.0.0.1:{browser.port}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        writer.close()
    assert head.startswith(b"HTTP/1.0 303")
    assert b"/first-use" in head


async def test_a_password_on_loopback_is_asked_for(tmp_path: Path) -> None:
    async with serving_pages(tmp_path) as browser:
        await browser.get("/access")
        reply = await browser.post("/access", new_password())
        assert "was saved" in (await browser.follow(reply)).text
        stranger = Browser(browser.port)
        assert path_of((await stranger.get("/status")).location) == "/sign-in"
        assert (await stranger.get("/health")).status == 200


async def test_a_password_of_few_characters_again_and_again_is_refused(tmp_path: Path) -> None:
    async with serving_pages(tmp_path) as browser:
        await browser.get("/access")
        for password in ("a" * 10, "abc" * 4):
            reply = await browser.post("/access", new_password(password))
            assert (reply.status, "at least 4 different" in reply.text) == (422, True)


async def test_on_other_addresses_the_first_password_needs_the_code_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        async with serving_pages(tmp_path, address=ANY) as here:
            found = CODE.search(caplog.text)
            assert found is not None
            there = Browser(here.port, host=f"{OTHER}:{here.port}", address=OTHER)
            # The host of the network is no local name, so this counts as another machine.
            reply = await there.follow(await there.get("/status"))
            assert 'name="code"' in reply.text
            wrong = await there.post("/first-use", new_password(code="AAAA-BBBB-CCCC"))
            assert (wrong.status, "code is not correct" in wrong.text) == (422, True)
            right = await there.post("/first-use", new_password(code=found[1].lower()))
            assert right.status == 303
            assert (await there.get("/status")).status == 200
            # The code is spent, and so is the first use.
            again = await Browser(here.port, address=OTHER).get("/first-use")
            assert path_of(again.location) == "/sign-in"
            assert path_of((await here.get("/status")).location) == "/sign-in"


async def test_on_this_machine_the_first_password_needs_no_code(tmp_path: Path) -> None:
    async with serving_pages(tmp_path, address=ANY) as browser:
        assert path_of((await browser.get("/status")).location) == "/first-use"
        assert 'name="code"' not in (await browser.get("/first-use")).text
        await with_password(browser)
        assert (await browser.get("/status")).status == 200


async def test_the_password_is_stored_as_a_hash_that_only_the_bridge_can_read(
    tmp_path: Path,
) -> None:
    async with serving_pages(tmp_path) as browser:
        await with_password(browser)
        path = tmp_path / "web-access.json"
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        content = path.read_text()
        assert PASSWORD not in content
        assert browser.cookies[f"limber_session_{browser.port}"] not in content


async def test_a_session_survives_a_restart_and_ends_with_the_password(tmp_path: Path) -> None:
    async with serving_pages(tmp_path) as browser:
        await with_password(browser)
        (session,) = browser.cookies.values()
    async with serving_pages(tmp_path) as restarted:
        cookie = f"limber_session_{restarted.port}"
        signed_in = Browser(restarted.port, cookies={cookie: session})
        assert (await signed_in.get("/access")).status == 200
        wrong = await signed_in.post("/access", new_password("another long one", current="wrong"))
        assert (wrong.status, "password is not correct" in wrong.text) == (422, True)
        changed = await signed_in.post(
            "/access", new_password("another long one", current=PASSWORD)
        )
        assert (await signed_in.follow(changed)).status == 200
        old = Browser(restarted.port, cookies={cookie: session})
        assert path_of((await old.get("/access")).location) == "/sign-in"


async def test_sign_in_and_sign_out(tmp_path: Path) -> None:
    async with serving_pages(tmp_path) as first:
        await with_password(first)
        browser = Browser(first.port)
        page = await browser.follow(await browser.get("/access"))
        assert 'http-equiv="refresh"' in page.text
        assert 'value="/access"' in page.text
        reply = await browser.post("/sign-in", {"password": PASSWORD, "next": "/access"})
        assert reply.location == "/access"
        (cookie,) = reply.headers.get_all("Set-Cookie", [])
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert "signed in with the password" in (await browser.follow(reply)).text
        kept = dict(browser.cookies)
        await browser.post("/sign-out", {})
        assert path_of((await browser.get("/access")).location) == "/sign-in"
        stolen = Browser(first.port, cookies=kept)
        assert path_of((await stolen.get("/access")).location) == "/sign-in"


@pytest.mark.parametrize("target", ["//evil.example/x", "https://evil.example", "/\\evil", "x"])
async def test_signing_in_leads_to_no_other_site(tmp_path: Path, target: str) -> None:
    async with serving_pages(tmp_path) as browser:
        await with_password(browser)
        reply = await browser.get(f"/sign-in?next={target}")
        assert reply.location == "/"


async def test_attempts_are_limited_for_each_address(tmp_path: Path) -> None:
    async with serving_pages(tmp_path, address=ANY) as browser:
        await with_password(browser)
        guesser = Browser(browser.port, address=OTHER)
        await guesser.get("/sign-in")
        found = [
            (await guesser.post("/sign-in", {"password": f"guess {number}"})).status
            for number in range(ATTEMPTS_MAX + 1)
        ]
        assert found == [422] * ATTEMPTS_MAX + [429]
        assert (await guesser.post("/sign-in", {"password": PASSWORD})).status == 429
        owner = Browser(browser.port)
        await owner.get("/sign-in")
        assert (await owner.post("/sign-in", {"password": PASSWORD})).status == 303


async def test_home_assistant_is_believed_only_from_its_address_and_only_as_its_app(
    tmp_path: Path,
) -> None:
    async with serving_pages(tmp_path, ingress_proxy=PROXY) as here:
        inside = Browser(here.port, host="ha.example", address=PROXY, headers=dict(INGRESS))
        page = await inside.get("/access")
        assert page.status == 200
        assert "inside Home Assistant" in page.text
        links = re.findall(r'(?:href|src|action)="([^"]*)"', page.text)
        assert [one for one in links if not one.startswith((INGRESS["X-Ingress-Path"], "#"))] == []
        assert "frame-ancestors 'self'" in page.headers["Content-Security-Policy"]
        elsewhere = Browser(here.port, address=OTHER, headers=dict(INGRESS))
        assert path_of((await elsewhere.get("/access")).location) == "/first-use"
        forged = Browser(here.port, address=PROXY, headers={"X-Ingress-Path": "//evil.example"})
        assert path_of((await forged.get("/access")).location) == "/first-use"
    async with serving_pages(tmp_path) as here:
        alone = Browser(here.port, host="ha.example", address=PROXY, headers=dict(INGRESS))
        assert (await alone.get("/access")).status == 403


async def test_a_form_through_home_assistant(tmp_path: Path) -> None:
    async with serving_pages(tmp_path, ingress_proxy=PROXY) as here:
        inside = Browser(here.port, host="ha.example", address=PROXY, headers=dict(INGRESS))
        await inside.get("/access")
        reply = await inside.post("/access", new_password())
        assert reply.location.startswith(INGRESS["X-Ingress-Path"] + "/access?")
        # The proxy may name the container as the host; it says which host the browser asked.
        asked = {"X-Forwarded-Host": "ha.example", "Origin": "https://ha.example"}
        inside.host = "172.30.33.5:47801"
        await inside.get("/access")
        assert (await inside.post("/access", new_password(), **asked)).status == 303
        elsewhere = asked | {"Origin": "https://evil.example"}
        assert (await inside.post("/access", new_password(), **elsewhere)).status == 403


async def test_a_form_needs_its_token_and_comes_from_a_page_of_the_bridge(tmp_path: Path) -> None:
    async with serving_pages(tmp_path) as browser:
        await browser.get("/access")
        form = new_password()
        refused = [
            await browser.post("/access", form | {"csrf": "0" * 64}),
            await browser.post("/access", form, Origin="http://evil.example"),
            await browser.post("/access", form, Origin="null"),
            await browser.post("/access", form, Origin="http://["),
            await browser.post("/access", form, **{"Sec-Fetch-Site": "cross-site"}),
            await browser.post("/access", form, **{"Sec-Fetch-Site": "same-site"}),
        ]
        assert [reply.status for reply in refused] == [403] * len(refused)
        assert not (tmp_path / "web-access.json").exists()
        accepted = await browser.post("/access", form, **{"Sec-Fetch-Site": "same-origin"})
        assert accepted.status == 303


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("evil.example", 403),
        ("", 403),
        ("localhost.evil.example", 403),
        ("192.0.2.7:47801", 303),
        ("[2001:db8::1]:47801", 303),
        ("limber", 303),
        ("limber.local:47801", 303),
        ("limber.fritz.box", 303),
    ],
)
async def test_only_names_of_this_network_are_answered(
    tmp_path: Path, host: str, status: int
) -> None:
    async with serving_pages(tmp_path, address=ANY) as browser:
        reply = await browser.get("/status", Host=host)
        assert reply.status == status


async def test_every_page_has_the_headers_of_a_private_page(tmp_path: Path) -> None:
    async with serving_pages(tmp_path) as browser:
        for path in ("/", "/status", "/access", "/nothing", "/sign-in"):
            headers = (await browser.get(path)).headers
            policy = headers["Content-Security-Policy"]
            assert "default-src 'self'" in policy
            assert "unsafe" not in policy
            assert "frame-ancestors 'none'" in policy
            assert headers["X-Content-Type-Options"] == "nosniff"
            assert headers["Referrer-Policy"] == "same-origin"
            assert headers["Cache-Control"] == "no-store"


async def test_static_files_are_kept_for_ever_under_the_hash_of_their_content(
    tmp_path: Path,
) -> None:
    async with serving_pages(tmp_path) as browser:
        page = await browser.get("/status")
        (address,) = re.findall(r'rel="stylesheet" href="([^"]+)"', page.text)
        reply = await browser.get(address)
        assert (reply.status, reply.headers["Content-Type"]) == (200, "text/css; charset=utf-8")
        assert "immutable" in reply.headers["Cache-Control"]
        for other in ("/static/style.css", "/static/../site.py", "/static/%2e%2e/site.py"):
            assert (await browser.get(other)).status == 404


async def test_errors_are_pages_in_plain_words(tmp_path: Path) -> None:
    async with serving_pages(tmp_path) as browser:
        missing = await browser.get("/nothing", **{"Accept-Language": "de-DE,de;q=0.9"})
        assert (missing.status, "keine Seite" in missing.text) == (404, True)
        wrong = await browser.get("/status", method="DELETE")
        assert (wrong.status, wrong.headers["Allow"]) == (405, "GET")
        await browser.get("/access")
        large = await browser.post("/access", {"password": "x" * 300_000})
        assert large.status == 413
        binary = await browser.post("/access", {}, **{"Content-Type": "multipart/form-data"})
        assert binary.status == 415


async def test_a_fault_in_a_page_is_logged_and_shown_in_plain_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving_pages(tmp_path) as browser:
        monkeypatch.setattr("limber_bridge.web.pages.status.shown_sensors", lambda *_: 1 / 0)
        failed = await browser.get("/status")
        monkeypatch.undo()
        assert failed.status == 500
        assert (await browser.get("/status")).status == 200
    assert "a web page failed: GET /status" in caplog.text


async def test_a_damaged_password_file_opens_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "web-access.json").write_text('{"v": 1, "passw')
    async with serving_pages(tmp_path) as browser:
        assert (await browser.get("/status")).status == 503
    assert "delete it on the bridge's machine to set a new password" in caplog.text


async def test_a_language_is_chosen_and_kept(tmp_path: Path) -> None:
    async with serving_pages(tmp_path) as browser:
        assert '<html lang="fr">' in (await browser.get("/status?language=fr")).text
        assert '<html lang="fr">' in (await browser.get("/status")).text
        other = await browser.get("/status?language=xx")
        assert '<html lang="fr">' in other.text
