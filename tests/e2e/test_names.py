"""One stream, one key, however it is spelled: by clients, operators and the key's own text."""

import urllib.parse

import pytest

from support.ctl import ctl


@pytest.fixture
def origins(lab):
    return [lab.fake(server=server) for server in ("alpha", "beta", "gamma")]


def open_at(lab, proxy, path):
    return lab.client(proxy.rtmp_port).open(
        app=path.strip("/"), tc_url=f"rtmp://127.0.0.1:{proxy.rtmp_port}{path}")


def shown_keys(proxy):
    return ctl(proxy, "stream", "list", "-o", "name").out.split("\n")[:-1]


@pytest.mark.parametrize("path, name, key, others", [
    ("", "cam?key=secret&x=1", "__defaultVhost__/__defaultApp__/cam",
     [("/__defaultApp__", "cam"), ("/", "cam")]),
    ("/live", "my cam", "__defaultVhost__/live/mycam",
     [("/live", "mycam"), ("/live", "my%20cam"), ("/li ve", " my\tcam.flv")]),
    ("/live", "cam .flv", "__defaultVhost__/live/cam", [("/live", "cam"), ("/live", "c%%361m")]),
    ("/live", "a%2fb", "__defaultVhost__/live/a%2Fb", [("/live", "a%2Fb")]),
    ("/live", "100%", "__defaultVhost__/live/100%", [("/live", "100%25")]),
])
def test_every_spelling_reaches_the_origin_of_the_stream(lab, origins, path, name, key, others):
    proxy = lab.proxy(*origins)
    assert open_at(lab, proxy, path).publish(name)["level"] == "status"
    assert shown_keys(proxy) == [key]
    for other_path, other_name in [*others, (path, name)] * 2:
        assert open_at(lab, proxy, other_path).play(other_name)["level"] == "status"
    assert shown_keys(proxy) == [key], "no other stream came of it"
    sessions = sorted(len(origin.sessions) for origin in origins)
    assert sessions == [0, 0, 1 + 2 * (len(others) + 1)]
    url = f"rtmp://127.0.0.1{path}/{urllib.parse.quote(name, safe='?=&%')}"
    for text in (key, url):
        found = ctl(proxy, "stream", "get", text, "-o", "json")
        assert found.json["key"] == key, found.out


def test_a_pin_is_of_the_stream_that_is_meant(lab, origins):
    proxy = lab.proxy(*origins)
    assert ctl(proxy, "stream", "pin", "live/my cam.flv", "beta").code == 0
    assert open_at(lab, proxy, "/live").publish("mycam")["level"] == "status"
    assert [len(origin.sessions) for origin in origins] == [0, 1, 0]


@pytest.mark.parametrize("name", ["a\x00b", "\x07", "..", "x...flv/..", " "])
def test_what_cannot_be_a_name_is_refused_in_words(lab, origins, name):
    proxy = lab.proxy(*origins)
    status = open_at(lab, proxy, "/live").publish(name)
    assert status["level"] == "error"
    assert "name" in status["description"]
    assert sum(len(origin.sessions) for origin in origins) == 0
