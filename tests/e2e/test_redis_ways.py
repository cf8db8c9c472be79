"""The ways to Redis: by TLS, user, database and prefix, by a Sentinel; and what is refused."""

import subprocess

import pytest

from support.ports import free_port
from support.process import Process
from support.redis import Redis
from support.waiting import wait_until

URL_KEY = "srs-proxy-url:__defaultVhost__/live/cam"


def ready(proxy):
    return proxy.get("/readyz").status == 200


def publish(lab, proxy):
    client = lab.client(proxy.rtmp_port).open()
    assert client.publish("cam")["level"] == "status"
    return client


def play(lab, proxy):
    client = lab.client(proxy.rtmp_port).open()
    assert client.play("cam")["level"] == "status"
    return client


class SecuredRedis(Redis):
    """With TLS on another port, and the user `app` with the password `secret`."""

    def __init__(self, folder):
        self.certificate = folder / "redis.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
                        "/CN=redis", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout",
                        folder / "redis.key", "-out", self.certificate],
                       check=True, capture_output=True)
        self.tls_port = free_port()
        super().__init__(folder, "--tls-port", self.tls_port, "--tls-auth-clients", "no",
                         "--tls-cert-file", self.certificate, "--tls-key-file",
                         folder / "redis.key", "--user", "app", "on", ">secret", "~*", "+@all")

    def settings(self, **more):
        return super().settings(REDIS_PORT=self.tls_port, REDIS_TLS="on",
                                REDIS_TLS_CA=self.certificate, REDIS_USERNAME="app",
                                REDIS_PASSWORD="secret", REDIS_DB=3, REDIS_KEY_PREFIX="prod",
                                **more)


class Sentinel:
    """Of the master `redis`, which it replaces by a replica once it is asked to, or it dies."""

    def __init__(self, folder, redis):
        self.port = free_port()
        settings = folder / "sentinel.conf"
        settings.write_text(f"port {self.port}\nbind 127.0.0.1\ndir {folder}\n"
                            f"sentinel monitor main 127.0.0.1 {redis.port} 1\n"
                            "sentinel down-after-milliseconds main 500\n"
                            "sentinel failover-timeout main 3000\n")
        self.process = Process("redis-sentinel", ["redis-sentinel", settings],
                               folder / "sentinel.log")
        wait_until(self.replicas, "the Sentinel knows the replica")

    def ask(self, *command):
        result = subprocess.run(["redis-cli", "-p", str(self.port), "SENTINEL", *command],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                timeout=30, check=False)
        return result.stdout.split()

    def replicas(self):
        return self.ask("replicas", "main")

    def settings(self, **more):
        return {"LOAD_BALANCER_TYPE": "redis", "REDIS_SENTINELS": f"127.0.0.1:{self.port}",
                "REDIS_SENTINEL_MASTER": "main"} | more

    def stop(self):
        self.process.kill()


@pytest.fixture
def origins(lab):
    return [lab.fake(server="alpha"), lab.fake(server="beta")]


def folder(lab, name):
    made = lab.folder / name
    made.mkdir()
    return made


def test_tls_a_user_a_database_and_a_prefix(lab, origins):
    redis = lab.origin(SecuredRedis(lab.folder))
    first, second = [lab.proxy(*origins, **redis.settings(ID=name)) for name in "ab"]
    wait_until(lambda: ready(first) and ready(second), "both are ready")
    publish(lab, first)
    play(lab, second)
    assert sorted(len(origin.sessions) for origin in origins) == [0, 2]
    home = max(origins, key=lambda origin: len(origin.sessions))
    assert redis.cli("-n", 3, "GET", f"prod:{URL_KEY}").endswith(home.origin_id)
    assert redis.cli("DBSIZE") == "0"
    assert "name=srsproxy-a " in redis.cli("CLIENT", "LIST")


def test_a_certificate_that_nobody_vouches_for(lab):
    redis = lab.origin(SecuredRedis(lab.folder))
    proxy = lab.proxy(**redis.settings() | {"REDIS_TLS_CA": ""})
    assert proxy.get("/readyz").status == 503
    assert "certificate not accepted" in proxy.process.wait_for_line("cannot connect to Redis")


def test_a_password_that_is_wrong_is_waited_for(lab):
    redis = lab.origin(SecuredRedis(lab.folder))
    proxy = lab.proxy(**redis.settings() | {"REDIS_PASSWORD": "other"})
    line = proxy.process.wait_for_line("cannot connect to Redis")
    assert "PROXY_REDIS_PASSWORD" in line and "secret" not in line
    assert not ready(proxy)
    redis.cli("ACL", "SETUSER", "app", ">other")
    wait_until(lambda: ready(proxy), "it is ready")


def test_a_sentinel_leads_to_the_next_master(lab, origins):
    master = lab.origin(Redis(folder(lab, "master"), "--repl-diskless-sync-delay", 0))
    replica = lab.origin(Redis(folder(lab, "replica"), "--replicaof", "127.0.0.1",
                               master.port))
    wait_until(lambda: "master_link_status:up" in replica.cli("INFO", "replication"), "it follows")
    sentinel = lab.origin(Sentinel(folder(lab, "sentinel"), master))
    first, second = [lab.proxy(*origins, **sentinel.settings(ID=name)) for name in "ab"]
    wait_until(lambda: ready(first) and ready(second), "both are ready")
    publish(lab, first)
    wait_until(lambda: replica.cli("GET", URL_KEY), "the replica has it")
    master.kill()
    wait_until(lambda: replica.cli("ROLE").startswith("master"), "it is the master now")
    for proxy in (first, second):
        wait_until(lambda proxy=proxy: not proxy.get("/readyz").json["degraded"], "it is whole")
    play(lab, second)
    # Where the publisher is, whose session has not ended.
    assert sorted(len(origin.sessions) for origin in origins) == [0, 2]
    first.wait_for_metric("srsproxy_sessions", 1)


def test_settings_that_do_not_fit_together(lab):
    proxy = lab.spawn_proxy(LOAD_BALANCER_TYPE="redis", STATE_DIR=lab.folder,
                            REDIS_SENTINELS="10.0.0.1:26379")
    assert proxy.process.wait(15) == 2
    for setting in ("PROXY_STATE_DIR", "PROXY_REDIS_SENTINELS"):
        assert setting in proxy.process.output()
