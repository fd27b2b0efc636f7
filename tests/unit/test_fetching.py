"""What a skill may fetch: real servers on loopback that are allowed by name, and a resolver of our own."""

import gzip
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest

from certificates import Authority
from shared.refusal import Refusal
from sites import LOOPBACK, Site, running, says
from skill_runner.addresses import Allowed, is_public
from skill_runner.context import SkillError
from skill_runner.fetching import Refused, fetch

SKILLS = Path(__file__).parents[2] / "skills"
HIDDEN = [
    *(
        "127.0.0.1",
        "127.8.9.1",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.3.4",
        "192.168.1.1",
        "100.64.0.1",
        "198.18.0.1",
    ),
    *("169.254.169.254", "169.254.170.2", "100.100.100.200", "192.0.0.192", "168.63.129.16"),
    *(
        "224.0.0.1",
        "239.255.255.250",
        "255.255.255.255",
        "240.0.0.1",
        "192.0.2.1",
        "198.51.100.7",
        "203.0.113.9",
    ),
    *("::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "2001:db8::1", "100::1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:169.254.169.254", "::7f00:1", "64:ff9b::7f00:1"),
    *(
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::808:808",
        "2002:7f00:1::",
        "2002:808:808::",
        "2001:0:7f00:1::",
        "5f00::1",
    ),
]
PUBLIC = ["1.1.1.1", "8.8.8.8", "93.184.215.14", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]


@pytest.mark.parametrize("address", HIDDEN)
def test_an_address_that_is_not_for_everybody_is_not_public(address):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_for_everybody_is_public(address):
    assert is_public(ip_address(address))


@pytest.mark.parametrize("entry", ["localhost:80", "10.0.0.1", "10.0.0.1:http", "::", "1.2.3:80"])
def test_what_the_operator_allows_by_mistake_is_named(entry):
    with pytest.raises(Refusal, match="neither ADDRESS:PORT nor :PORT"):
        Allowed.read(entry)


def test_a_port_is_allowed_at_public_addresses_only_and_a_place_at_its_port_only():
    allowed = Allowed.read(" :8443, 10.0.0.5:8080 ,[fd00::5]:81")
    assert allowed.refusal(ip_address("8.8.8.8"), 8443) is None
    assert allowed.refusal(ip_address("10.0.0.5"), 8080) is None
    assert allowed.refusal(ip_address("fd00::5"), 81) is None
    assert "public" in str(allowed.refusal(ip_address("10.0.0.5"), 8443))
    assert "public" in str(allowed.refusal(ip_address("10.0.0.5"), 80))
    assert "port" in str(allowed.refusal(ip_address("8.8.8.8"), 8080))


@pytest.mark.parametrize("port", [80, 443])
def test_the_ports_of_the_web_are_allowed_as_shipped(port):
    assert Allowed().refusal(ip_address("8.8.8.8"), port) is None


@pytest.fixture
def site() -> Iterator[Site]:
    with running(Site()) as site:
        site.answers["/"] = says(b'{"found": [1]}')
        yield site


@pytest.fixture
def hosts(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[list[str]]]:
    """A resolver: for each host what it answers the first time, the second, and so on."""
    known: dict[str, list[list[str]]] = {}
    real = socket.getaddrinfo

    def resolve(host: str, port: Any, *more: Any, **how: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        if name not in known:
            return real(host, port, *more, **how)
        addresses = known[name].pop(0) if len(known[name]) > 1 else known[name][0]
        return [found for address in addresses for found in real(address, port, *more, **how)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return known


def test_an_allowed_place_is_fetched_with_status_headers_and_body(site):
    found = fetch(site.url("/"), site.allowed, headers={"accept": "application/json"})
    assert (found.status, found.json(), found.url) == (200, {"found": [1]}, site.url("/"))
    assert found.headers["content-length"] == "14"
    heard = site.heard[0][1]
    assert (heard["accept"], heard["user-agent"]) == ("application/json", "totalaud-skill")
    assert not {"cookie", "authorization"} & heard.keys()


def test_a_bad_status_is_an_answer_and_no_json_an_error(site):
    site.answers["/gone"] = says(b"gone", 404)
    found = fetch(site.url("/gone"), site.allowed)
    assert (found.status, found.text) == (404, "gone")
    with pytest.raises(SkillError, match="not JSON") as failed:
        found.json()
    assert (failed.value.code, failed.value.retryable) == ("fetch_failed", False)


def test_a_text_that_is_not_utf_8_is_read_as_far_as_it_goes(site):
    site.answers["/"] = says(b"caf\xe9")
    assert fetch(site.url("/"), site.allowed).text == "caf\ufffd"


@pytest.mark.parametrize(
    "url",
    [
        *(
            "http://127.0.0.1:{port}/",
            "http://localhost:{port}/",
            "http://127.1:{port}/",
            "http://2130706433:{port}/",
        ),
        *("http://0x7f.0.0.1:{port}/", "http://0177.0.0.1:{port}/", "http://[::ffff:127.0.0.1]:{port}/"),
        *(
            "http://127.0.0.1/",
            "https://localhost/",
            "http://169.254.169.254/latest/meta-data/",
            "http://[::1]/",
        ),
        *("http://0/", "http://0.0.0.0/", "http://[::]/", "http://10.1.2.3/", "http://[fd00:ec2::254]/"),
        *("http://8.8.8.8:22/", "http://8.8.8.8:5432/", "https://1.1.1.1:4222/"),
        *(
            "file:///etc/passwd",
            "ftp://8.8.8.8/x",
            "gopher://8.8.8.8/",
            "data:text/plain,x",
            "//8.8.8.8/",
            "x",
            "",
        ),
        *("http://name@8.8.8.8/", "http://name:word@8.8.8.8/", "http://8.8.8.8@127.0.0.1/"),
        *(
            "http:///x",
            "http://",
            "http://[::1",
            "http://8.8.8.8:99999/",
            "http://exa mple.org/",
            "http://\n/",
        ),
    ],
)
def test_a_url_that_leads_inside_is_refused_before_anything_is_sent(site, url):
    with pytest.raises(SkillError) as refused:
        fetch(url.format(port=site.port), Allowed())
    assert refused.value.code in ("fetch_refused", "fetch_failed")
    assert not refused.value.retryable or "host is not known" in str(refused.value)
    assert site.heard == []
    assert "name" not in str(refused.value).replace("no name", "")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_host_that_is_inside_by_its_name_is_refused(site, hosts, scheme):
    hosts["inside.example.org"] = [[LOOPBACK]]
    with pytest.raises(Refused, match="not a public one"):
        fetch(f"{scheme}://inside.example.org/", Allowed())


def test_a_host_that_no_resolver_takes_is_worth_another_try():
    with pytest.raises(SkillError, match="host is not known") as failed:
        fetch(f"http://{'x' * 70}.example.org/", Allowed())
    assert (failed.value.code, failed.value.retryable) == ("fetch_failed", True)


def test_the_next_address_is_gone_to_where_nobody_takes_the_connection(site, hosts):
    nobody = "127.0.0.2"
    allowed = Allowed.read(f"{LOOPBACK}:{site.port},{nobody}:{site.port}")
    hosts["two.example.org"] = [[nobody, LOOPBACK]]
    found = fetch(site.url("/", "two.example.org"), allowed)
    assert (found.status, found.url) == (200, site.url("/", "two.example.org"))
    hosts["none.example.org"] = [[nobody, nobody]]
    with pytest.raises(SkillError, match="connection failed"):
        fetch(site.url("/", "none.example.org"), allowed)


def test_a_host_with_one_address_inside_is_refused_whole(site, hosts):
    hosts["both.example.org"] = [["8.8.8.8", "10.0.0.1"]]
    with pytest.raises(Refused, match="not a public one"):
        fetch("http://both.example.org/", Allowed())


def test_an_address_is_gone_to_as_it_was_checked_though_the_name_means_another_one_meanwhile(site, hosts):
    """Rebinding: the second answer of the resolver is never asked for."""
    hosts["turning.example.org"] = [[LOOPBACK], ["10.255.255.1"]]
    found = fetch(site.url("/", "turning.example.org"), site.allowed, timeout_s=2)
    assert found.status == 200
    assert site.heard[0][1]["host"] == f"turning.example.org:{site.port}"
    assert len(hosts["turning.example.org"]) == 1


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1/",
        "http://[::1]/",
        "//10.0.0.1/",
        "http://name:word@8.8.8.8/",
        "http://8.8.8.8:6379/",
        "file:///etc/passwd",
        "http://inside.example.org/",
    ],
)
def test_a_redirect_is_checked_as_the_first_url_is(site, hosts, target):
    hosts["inside.example.org"] = [["10.0.0.1"]]
    site.answers["/on"] = says(b"", 302, location=target)
    with pytest.raises(Refused):
        fetch(site.url("/on"), site.allowed)
    assert len(site.heard) == 1


def test_three_redirects_are_followed_and_four_are_not(site):
    for number in range(4):
        site.answers[f"/{number}"] = says(b"", 302, location=f"/{number + 1}")
    site.answers["/4"] = says(b"there")
    assert fetch(site.url("/1"), site.allowed).text == "there"
    with pytest.raises(Refused, match="more than 3 times"):
        fetch(site.url("/0"), site.allowed)


def test_what_a_redirect_holds_beside_where_it_leads_is_not_read(site):
    held: list[int] = []

    def pour(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(302)
        handler.send_header("location", "/there")
        handler.end_headers()
        with suppress(OSError):
            for number in range(300):
                handler.wfile.write(bytes(1_000_000))
                held.append(number)

    site.answers["/"] = pour
    site.answers["/there"] = says(b"there")
    assert fetch(site.url("/"), site.allowed, max_bytes=5).text == "there"
    assert len(held) < 30


def test_redirects_have_one_time_together(site):
    def slowly(handler: BaseHTTPRequestHandler) -> None:
        time.sleep(0.3)
        says(b"", 302, location="/")(handler)

    site.answers["/"] = slowly
    with pytest.raises(SkillError, match="not answered in time"):
        fetch(site.url("/"), site.allowed, timeout_s=0.7)


def test_a_cookie_of_one_answer_is_not_sent_with_the_next_fetch(site):
    site.answers["/"] = says(b"", 200, set_cookie="who=me")
    fetch(site.url("/"), site.allowed)
    fetch(site.url("/"), site.allowed)
    assert "cookie" not in site.heard[1][1]


def test_an_answer_that_is_too_long_is_given_up(site):
    site.answers["/"] = says(b"x" * 5000)
    with pytest.raises(SkillError, match="more than 1000 bytes"):
        fetch(site.url("/"), site.allowed, max_bytes=1000)
    assert len(fetch(site.url("/"), site.allowed, max_bytes=5000).body) == 5000


def test_an_answer_that_would_unfold_to_any_size_is_not_unfolded(site):
    site.answers["/"] = says(gzip.compress(bytes(10_000_000)), content_encoding="gzip")
    with pytest.raises(SkillError, match="compressed"):
        fetch(site.url("/"), site.allowed)
    assert site.heard[0][1]["accept-encoding"] == "identity"


def test_an_answer_that_trickles_is_given_up_in_time(site):
    def trickle(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.end_headers()
        for _ in range(100):
            try:
                handler.wfile.write(b"x")
                handler.wfile.flush()
            except OSError:
                return
            time.sleep(0.05)

    site.answers["/"] = trickle
    began = time.monotonic()
    with pytest.raises(SkillError, match="not answered in time") as slow:
        fetch(site.url("/"), site.allowed, timeout_s=0.4)
    assert slow.value.retryable
    assert time.monotonic() - began < 3


def test_an_answer_that_does_not_begin_is_given_up_in_time(site):
    given_up = threading.Event()
    site.answers["/"] = lambda _: given_up.wait(5)
    began = time.monotonic()
    with pytest.raises(SkillError, match="not answered in time") as slow:
        fetch(site.url("/"), site.allowed, timeout_s=0.2)
    given_up.set()
    assert (slow.value.code, slow.value.retryable) == ("fetch_failed", True)
    assert time.monotonic() - began < 4


def test_nobody_there_is_worth_another_try():
    with socket.socket() as unused:
        unused.bind((LOOPBACK, 0))
        port = unused.getsockname()[1]
        with pytest.raises(SkillError, match="connection failed") as failed:
            fetch(f"http://{LOOPBACK}:{port}/", Allowed.read(f"{LOOPBACK}:{port}"))
    assert failed.value.retryable


@pytest.mark.parametrize(
    "name", ["Host", "connection", "Transfer-Encoding", "accept-encoding", "Content-Length"]
)
def test_headers_that_would_change_where_it_goes_are_not_a_skill_s_to_set(site, name):
    with pytest.raises(SkillError, match="not a skill's to set") as refused:
        fetch(site.url("/"), site.allowed, headers={name: "x"})
    assert refused.value.code == "fetch_refused"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls"), "ca")


def test_a_certificate_must_be_the_host_s_though_its_address_is_gone_to(authority, hosts, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*authority.vouch("site", "203.0.113.9"))
    with running(Site(context)) as site:
        site.answers["/"] = says(b"whole")
        hosts["203.0.113.9"] = [[LOOPBACK]]
        assert fetch(site.url("/", "203.0.113.9", "https"), site.allowed).text == "whole"
        hosts["other.example.org"] = [[LOOPBACK]]
        with pytest.raises(SkillError, match="connection failed"):
            fetch(site.url("/", "other.example.org", "https"), site.allowed)


def test_no_shipped_skill_fetches():
    """As shipped nothing leaves the machine but what goes to a provider of models."""
    words = (
        "fetch(",
        "import socket",
        "urllib.request",
        "httpx",
        "import requests",
        "http.client",
        "subprocess",
    )
    sources = {path: path.read_text() for path in SKILLS.rglob("*.py")}
    assert len(sources) > 30
    assert {path.name for path, text in sources.items() if any(word in text for word in words)} == set()
