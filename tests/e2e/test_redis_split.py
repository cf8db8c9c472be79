"""Two proxies that have lost Redis publish one stream on two origins; then Redis is back."""

import pytest

from support import media
from support.redis import Redis
from support.returning import Returning
from support.waiting import wait_until


class Side:
    """A proxy that knows one origin, with an encoder and a player."""

    def __init__(self, lab, proxy, server):
        self._lab = lab
        self.proxy = proxy
        self.origin = lab.nginx(server)
        proxy.register(self.origin)

    def start(self, clip, name):
        # One that does not come back, so that it is seen whether it was ended.
        self.publisher = self._lab.publisher(self.proxy.url("cam"), clip)
        wait_until(lambda: self.origin.clients("cam")[0] == 1, "it is published here")
        folder = self._lab.folder / name
        folder.mkdir()
        self.viewer = self._lab.run(Returning(lambda number: media.Player(
            folder, self.proxy.url("cam"), name=f"viewer-{number}")))
        wait_until(lambda: self.origin.clients("cam") == (1, 1), "it is viewed here")

    def violations(self):
        return self.proxy.metric("srsproxy_sticky_violations_total")


@pytest.mark.parametrize("first", [0, 1])
def test_of_two_publishers_of_a_split_the_earlier_one_stays(lab, clip, first):
    redis = lab.origin(Redis(lab.folder))
    proxies = [lab.proxy(**redis.settings(ID=f"proxy-{i}")) for i in range(2)]
    for proxy in proxies:
        wait_until(lambda proxy=proxy: proxy.get("/readyz").status == 200, "it is ready")
    redis.kill()
    for proxy in proxies:
        wait_until(lambda proxy=proxy: proxy.get("/readyz").json["degraded"], "Redis is gone")
    sides = [Side(lab, proxy, server) for proxy, server in zip(proxies, ("alpha", "beta"))]
    stays, ends = sides[first], sides[1 - first]
    stays.start(clip, "one")
    ends.start(clip, "two")
    redis.start()

    wait_until(lambda: not ends.publisher.running, "the later publisher is ended", timeout=60)
    wait_until(lambda: [side.origin.clients("cam") for side in (stays, ends)] == [(1, 2), (0, 0)],
               "every viewer is where the publisher is", timeout=60)
    assert stays.publisher.running
    wait_until(lambda: redis.cli("GET", "srs-proxy-url:__defaultVhost__/live/cam") ==
               f"srs-proxy-server:{stays.origin.origin_id}", "Redis has it there")
    wait_until(lambda: ends.violations() >= 1, "it is counted")
    for side in sides:
        before = side.viewer.frames()
        wait_until(lambda side=side, before=before: side.viewer.frames() > before, "frames arrive")
