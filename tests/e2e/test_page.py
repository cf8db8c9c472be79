"""The page in headless Chromium: it lists, it plays, and it says what is wrong."""

import shutil
import signal

import pytest

from support.ctl import ctl
from support.node import Browsing, NodeMediaServer, page_folder
from support.proxy import ask
from support.waiting import wait_until

pytestmark = pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is missing")


@pytest.fixture(scope="module")
def page():
    return page_folder()


@pytest.fixture
def browse(lab, tmp_path):
    """Starts a scenario of tests/e2e/node/browse.js on a proxy's page."""
    def start(proxy, scenario, *arguments, address=""):
        url = proxy.http_url("/" + address)
        return lab.run(Browsing(tmp_path, scenario, url, *arguments))
    return start


def assert_plays(saw, name, tab):
    assert saw["pictureMoves"] and saw["advanced"] > 3
    assert not saw["curtain"]
    assert saw["selected"] == tab
    assert "320 × 180" in saw["facts"]
    assert name in saw["entry"] and "Live" in saw["entry"] and "bit/s" in saw["entry"]
    assert not saw["complaints"]


def test_http_flv_of_node_media_server_plays(lab, tmp_path, page, clip, browse):
    origin = NodeMediaServer(tmp_path)
    lab.run(origin)
    proxy = lab.proxy(origin, STATIC_FILES=page)
    lab.publisher(proxy.url("one"), clip)
    saw = browse(proxy, "play", "live/one", "flv").saw()
    assert_plays(saw, "live/one", "HTTP-FLV")
    assert saw["address"] == "#flv/__defaultVhost__/live/one"
    assert proxy.http_url("/live/one.flv") in saw["links"]
    assert f"rtmp://127.0.0.1:{proxy.rtmp_port}/live\n" in saw["publish"]


def test_hls_of_nginx_plays(lab, page, clip, browse):
    proxy = lab.proxy(lab.nginx(hls=True), STATIC_FILES=page)
    lab.publisher(proxy.url("one"), clip)
    wait_until(lambda: ask(proxy.http_url("/live/one.m3u8")).status == 200, "nginx has a playlist")
    saw = browse(proxy, "play", "live/one", "hls").saw()
    assert_plays(saw, "live/one", "HLS")
    assert proxy.http_url("/live/one.m3u8") in saw["links"]


def test_hls_js_plays_on_when_the_stream_moves(lab, page, clip, browse):
    """The page does nothing for it: it would cover the picture while it tries again."""
    origins = [lab.nginx(name, hls=True) for name in ("origin-a", "origin-b")]
    proxy = lab.proxy(*origins, STATIC_FILES=page)
    publisher = lab.publisher(proxy.url("one"), clip)
    browsing = browse(proxy, "endure", "live/one")
    browsing.wait_for_line("playing", timeout=60)
    target = next(origin for origin in origins if origin.clients("one")[0] == 0)
    moved = ctl(proxy, "stream", "move", "live/one", target.server, "--kick", "--yes")
    assert moved.code == 0, moved.err
    publisher.wait(30)
    browsing.signal(signal.SIGUSR1)
    lab.publisher(proxy.url("one"), clip, name="again")
    assert browsing.saw()["curtains"] == 0
    assert ".ts" in target.requests_of("/live/one")


def test_what_the_origin_does_not_offer_is_shown(lab, page, clip, browse):
    """nginx has no HTTP-FLV, and here no HLS."""
    proxy = lab.proxy(lab.nginx(), STATIC_FILES=page)
    lab.publisher(proxy.url("one"), clip)
    saw = browse(proxy, "refused", "live/one", "flv", "HTTP-FLV").saw()
    assert "Trying again" in saw["message"]
    saw = browse(proxy, "refused", "live/one", "hls", "HLS").saw()
    assert "Trying again" in saw["message"]


def test_without_streams_the_page_shows_how_to_publish(lab, page, browse):
    proxy = lab.proxy(STATIC_FILES=page)
    saw = browse(proxy, "look", "ok").saw()
    assert saw["empty"] and saw["streams"] == [] and not saw["complaints"]
    assert f"rtmp://127.0.0.1:{proxy.rtmp_port}/live" in saw["publish"]
    assert "livestream" in saw["publish"]


def test_the_list_follows_what_is_published(lab, page, clip, browse):
    proxy = lab.proxy(lab.nginx(), STATIC_FILES=page)
    browsing = browse(proxy, "follow", "live/one")
    publisher = lab.publisher(proxy.url("one"), clip)
    browsing.wait_for_line("listed", timeout=60)
    publisher.stop()
    assert browsing.saw()["streams"] == 0


def test_a_list_that_cannot_be_loaded_is_reported(lab, tmp_path, page, browse):
    """The page is there, the list is not: as when something in between answers for the proxy."""
    broken = tmp_path / "broken"
    shutil.copytree(page, broken)
    streams = broken / "js" / "streams.js"
    streams.write_text(streams.read_text().replace("/api/v1/live-streams", "/api/v1/missing"))
    saw = browse(lab.proxy(STATIC_FILES=broken), "look", "failed").saw()
    assert "cannot be loaded: the proxy answers 404" in saw["status"]


def test_links_are_copied_by_keyboard(lab, page, browse):
    proxy = lab.proxy(STATIC_FILES=page)
    saw = browse(proxy, "copy").saw()
    assert saw["copied"] == f"rtmp://127.0.0.1:{proxy.rtmp_port}/live"


def test_a_small_screen_shows_everything(lab, page, browse):
    saw = browse(lab.proxy(STATIC_FILES=page), "small").saw()
    assert saw["width"] <= 360 and saw["unnamed"] == 0
