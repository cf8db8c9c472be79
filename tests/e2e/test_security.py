"""docs/security.md, followed; and what an operator sees of those who are turned away."""

import os
import pathlib
import re
import subprocess

from support.ctl import ctl
from support.ports import free_port
from support.process import Process
from support.proxy import binary, clean_environment
from support.waiting import wait_until

_PAGE = pathlib.Path(__file__).resolve().parents[2] / "docs/security.md"
_TOKENS = """
tokens:
  - {token: admin-sesame-admin-sesame, role: admin, name: operators}
  - {token: viewer-sesame-viewer, role: viewer, name: grafana}
"""


def _write_tokens(folder, mode=0o600):
    path = folder / "tokens.yaml"
    path.write_text(_TOKENS)
    path.chmod(mode)
    return path


def _commands(heading):
    """The shell blocks below a heading of the page."""
    section = _PAGE.read_text().split(f"\n## {heading}\n")[1].split("\n## ")[0]
    return re.findall(r"```bash\n(.*?)```", section, re.DOTALL)


class Shell:
    """Runs the page's commands in a folder, with the tests' programs and free ports."""

    def __init__(self, folder):
        self.folder = folder
        self.grpc_port = free_port()
        programs = folder / "bin"
        programs.mkdir()
        for name, variable in (("srsproxy", "SRSPROXY_BIN"), ("srsproxyctl", "SRSPROXYCTL_BIN")):
            (programs / name).symlink_to(binary(name, variable).resolve())
        self.env = clean_environment() | {
            "PATH": f"{programs}:{os.environ['PATH']}", "PROXY_RTMP_SERVER": f":{free_port()}",
            "PROXY_SYSTEM_API": f"127.0.0.1:{free_port()}", "PROXY_HTTP_SERVER": "off",
            "PROXY_HTTP_API": "off"}

    def _script(self, commands):
        return ["bash", "-euo", "pipefail", "-c", commands.replace("12026", str(self.grpc_port))]

    def run(self, commands):
        return subprocess.run(self._script(commands), cwd=self.folder, env=self.env, check=True,
                              capture_output=True, text=True, timeout=60).stdout

    def start(self, name, commands):
        return Process(name, self._script("exec env " + commands), self.folder / f"{name}.log",
                       env=self.env, cwd=self.folder)


def test_the_page_can_be_followed(lab, tmp_path):
    shell = Shell(tmp_path)
    certificate, tokens, start = _commands("TLS, tokens and srsproxyctl")
    shell.run(certificate)
    shell.run(tokens)
    serve, call = re.fullmatch(r"(.*?srsproxy) &\n(.*)", start, re.DOTALL).groups()
    proxy = lab.run(shell.start("proxy", serve))
    proxy.wait_for_line("srsproxy started")
    assert shell.run(call)

    (authority,) = _commands("Client certificates")
    shell.run(authority)
    shell.run("openssl verify -CAfile clients.pem alice.pem")

    (renew,) = _commands("Renewing")
    shell.run(renew)
    wait_until(lambda: proxy.output().count("gRPC certificate read") == 2, "the new one is read")
    assert shell.run(call)

    (networks,) = _commands("Origins")
    assert "10.0.0.0/8,2001:db8::/32" in shell.run(networks)


def test_a_denial_is_logged_without_the_token(lab, tmp_path):
    proxy = lab.proxy(TOKENS_FILE=_write_tokens(tmp_path))
    denied = ctl(proxy, "--token", "viewer-sesame-viewer", "proxy", "drain", "--yes")
    assert denied.code == 5, denied.err
    unknown = ctl(proxy, "--token", "forged-sesame-forged", "proxy", "get")
    assert unknown.code == 5, unknown.err
    assert ctl(proxy, "proxy", "get").code == 5
    assert ctl(proxy, "--token", "viewer-sesame-viewer", "proxy", "get").code == 0

    wait_until(lambda: proxy.records("call denied"), "the denial is logged")
    (record,) = proxy.records("call denied")  # Once a minute for each address.
    assert "the token 'grafana' has the role viewer" in record["reason"]
    assert "sesame" not in proxy.process.output()
    proxy.wait_for_metric("srsproxy_auth_decisions_total", 2, result="denied",
                          reason="token_required")
    proxy.wait_for_metric("srsproxy_auth_decisions_total", 1, result="denied", reason="role_denied")


def test_a_broken_tokens_file_leaves_the_former_tokens(lab, tmp_path):
    tokens = _write_tokens(tmp_path)
    proxy = lab.proxy(TOKENS_FILE=tokens)
    tokens.write_text("tokens: [\n")
    wait_until(lambda: proxy.records("a file is wrong; its former contents stay in force"),
               "the broken file is noticed")
    assert ctl(proxy, "--token", "admin-sesame-admin-sesame", "proxy", "get").code == 0


def test_files_and_addresses_that_are_not_safe_are_refused_at_start(lab, tmp_path):
    proxy = lab.spawn_proxy(TOKENS_FILE=_write_tokens(tmp_path, 0o644))
    assert proxy.process.wait() == 2
    assert "PROXY_TOKENS_FILE (environment): " in proxy.process.output()
    assert f"run: chmod 600 '{tmp_path / 'tokens.yaml'}'" in proxy.process.output()

    wide = lab.spawn_proxy(GRPC_SERVER="0.0.0.0:0", TOKENS_FILE=_write_tokens(tmp_path))
    assert wide.process.wait() == 2
    assert "tokens would cross the network in plain text" in wide.process.output()


def test_open_ports_are_warned_about_once_each(lab):
    proxy = lab.spawn_proxy(GRPC_SERVER="0.0.0.0:0", SYSTEM_API="0.0.0.0:0",
                            GRPC_ALLOW_INSECURE="on")
    proxy.process.wait_for_line("srsproxy started")
    warnings = [record["message"] for record in proxy.records() if record["level"] == "warn"]
    assert len(warnings) == 2, warnings
    assert "anybody controls this proxy" in warnings[0]
    assert "anybody can register an origin" in warnings[1]
