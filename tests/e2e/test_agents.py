"""The agents of docs/examples: an origin's side of the control API, in Python and in Node."""

import filecmp
import os
import shutil
import signal
import subprocess
import sys

import pytest

from support.forwarder import Forwarder
from support.grpc_calls import GrpcCalls
from support.process import Process
from support.proxy import clean_environment
from support.waiting import wait_until

EXAMPLES = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "examples")
PYTHON = os.path.abspath(os.path.join(EXAMPLES, "origin-agent-python"))
NODE = os.path.abspath(os.path.join(EXAMPLES, "origin-agent-node"))
INSTALLED = os.path.abspath(os.path.join(EXAMPLES, "..", "..", "build", "node-agent"))

# The proxy asks for a heartbeat in a third of this.
SETTINGS = {"ORIGIN_SERVER_TTL": "6s"}


@pytest.fixture(scope="module")
def stubs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("stubs")
    subprocess.run([f"{PYTHON}/make-stubs", folder], check=True)
    return folder


@pytest.fixture(scope="module")
def node_agent():
    """The agent beside the packages of its lock file, in the build folder."""
    os.makedirs(INSTALLED, exist_ok=True)
    installed = f"{INSTALLED}/installed-lock.json"
    lock = f"{NODE}/package-lock.json"
    if not os.path.exists(installed) or not filecmp.cmp(installed, lock, shallow=False):
        for name in ("package.json", "package-lock.json"):
            shutil.copy(f"{NODE}/{name}", INSTALLED)
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund",
                        "--loglevel=error"], cwd=INSTALLED, check=True)
        shutil.copy(lock, installed)
    return shutil.copy(f"{NODE}/agent.js", INSTALLED)


@pytest.fixture(params=["python", "node"])
def start_agent(request, lab, tmp_path):
    """Starts an agent of one language for an origin that listens nowhere."""
    environment = clean_environment()
    if request.param == "python":
        command = [sys.executable, "-B", f"{PYTHON}/agent.py"]
        environment["STUBS"] = str(request.getfixturevalue("stubs"))
    else:
        command = ["node", request.getfixturevalue("node_agent")]
        environment["PROTO"] = os.path.abspath(os.path.join(EXAMPLES, "..", "..", "proto"))

    def start(grpc_port, *options, token=None):
        more = {"SRSPROXY_TOKEN": token} if token else {}
        return lab.run(Process(
            "agent", [*command, "--proxy", f"127.0.0.1:{grpc_port}", "--ip", "10.0.0.11",
                      "--server", "vid-a", "--rtmp", "1935", *options],
            tmp_path / "agent.log", env=environment | more))

    return start


@pytest.fixture
def calls(lab):
    return lambda proxy: lab.run(GrpcCalls(proxy.grpc_port))


def origins(call):
    return call("OriginService.ListOrigins").get("origins", [])


def test_an_agent_registers_reports_its_load_and_leaves(lab, start_agent, calls):
    proxy = lab.proxy(**SETTINGS)
    call = calls(proxy)
    agent = start_agent(proxy.grpc_port, "--http", "8080")
    agent.wait_for_line("registered: vid-a-")
    (origin,) = wait_until(lambda: [found for found in origins(call) if "load" in found],
                           "the load is there")
    assert origin["registration"]["rtmp"] == ["tcp://1935"]
    assert origin["registration"]["http"] == ["tcp://8080"]
    assert 0 <= origin["load"]["cpuRatio"] <= 1
    assert 0 < origin["load"]["memoryRatio"] < 1
    first = origin["heartbeatTime"]
    wait_until(lambda: origins(call)[0]["heartbeatTime"] > first, "another heartbeat came")

    assert agent.stop() == 0
    assert agent.lines("left: vid-a-")
    assert not origins(call)


def test_an_agent_survives_a_restart_of_the_proxy(lab, start_agent, calls):
    proxy = lab.spawn_proxy(**SETTINGS)
    proxy.wait_until_listening()
    agent = start_agent(proxy.grpc_port)
    agent.wait_for_line("registered: ")
    proxy.process.kill()
    agent.wait_for_line("failed: ")
    again = lab.proxy(**SETTINGS, GRPC_SERVER=f"127.0.0.1:{proxy.grpc_port}")
    again.grpc_port = proxy.grpc_port
    call = calls(again)
    (origin,) = wait_until(lambda: origins(call), "it has registered again", timeout=30)
    assert origin["registration"]["server"] == "vid-a"
    assert agent.stop() == 0
    assert not origins(call)


def test_an_agent_that_is_to_end_while_it_registers_ends(lab, start_agent):
    proxy = lab.proxy(**SETTINGS)
    front = lab.run(Forwarder(proxy.grpc_port))
    proxy.process.signal(signal.SIGSTOP)
    agent = start_agent(front.port)
    wait_until(lambda: front.connections, "it has connected")
    agent.signal(signal.SIGTERM)
    proxy.process.signal(signal.SIGCONT)
    assert agent.wait() == 0


def test_an_agent_that_was_forgotten_registers_again(lab, start_agent, calls):
    proxy = lab.proxy(**SETTINGS)
    call = calls(proxy)
    agent = start_agent(proxy.grpc_port)
    agent.wait_for_line("registered: ")
    call("OriginService.DeregisterOrigin", originId=origins(call)[0]["id"])
    agent.wait_for_line("to register again: ")
    wait_until(lambda: len(agent.lines("registered: ")) == 2, "it has registered again", timeout=30)
    assert len(origins(call)) == 1


def test_an_agent_learns_of_a_drain_and_of_its_end(lab, start_agent, calls):
    proxy = lab.proxy(**SETTINGS)
    call = calls(proxy)
    agent = start_agent(proxy.grpc_port)
    agent.wait_for_line("registered: ")
    call("OriginService.DrainOrigin", origin="vid-a")
    agent.wait_for_line("drained by an operator")
    assert origins(call)[0]["adminState"] == "ADMIN_STATE_DRAINING"
    call("OriginService.UpdateOrigin", origin="vid-a", updateMask="adminState")
    agent.wait_for_line("no longer drained")


def test_an_agent_waits_for_a_proxy_that_is_not_there_yet(lab, start_agent, calls):
    proxy = lab.spawn_proxy(**SETTINGS)
    proxy.wait_until_listening()
    proxy.process.kill()
    agent = start_agent(proxy.grpc_port)
    agent.wait_for_line("failed: ")
    again = lab.proxy(**SETTINGS, GRPC_SERVER=f"127.0.0.1:{proxy.grpc_port}")
    again.grpc_port = proxy.grpc_port
    agent.wait_for_line("registered: ", timeout=30)
    assert len(origins(calls(again))) == 1


def test_an_agent_comes_by_tls_and_with_a_token(lab, start_agent, tmp_path):
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2",
                    "-subj", "/CN=proxy", "-addext", "subjectAltName=IP:127.0.0.1",
                    "-keyout", key, "-out", certificate], check=True, stderr=subprocess.DEVNULL)
    tokens = tmp_path / "tokens.yaml"
    tokens.write_text("tokens:\n  - {token: the-token-of-agents, role: origin}\n")
    tokens.chmod(0o600)
    proxy = lab.proxy(**SETTINGS, GRPC_TLS_CERT=certificate, GRPC_TLS_KEY=key, TOKENS_FILE=tokens)

    stranger = start_agent(proxy.grpc_port, "--ca", certificate, token="the-token-of-nobody")
    assert "UNAUTHENTICATED" in stranger.wait_for_line("failed: ")
    proxy.wait_for_metric("srsproxy_origins", 0)
    assert stranger.stop() == 0

    agent = start_agent(proxy.grpc_port, "--ca", certificate, token="the-token-of-agents")
    agent.wait_for_line("registered: ")
    proxy.wait_for_metric("srsproxy_origins", 1)
    assert agent.stop() == 0
    proxy.wait_for_metric("srsproxy_origins", 0)
