"""The protos keep to buf's rules (proto/buf.yaml), and do not break what was released."""

import os
import re
import shutil
import subprocess

import pytest
from tree import ROOT

FOLDER = ROOT / "tests" / "lint" / "proto"
RELEASED = FOLDER / "released.binpb"


def buf(*arguments):
    """The exit code and what it said: 0 fine, 100 something found, else a fault of buf."""
    environment = dict(os.environ, BUF_CACHE_DIR=str(ROOT / "build" / "buf" / "cache"))
    result = subprocess.run([FOLDER / "buf", *map(str, arguments)], cwd=ROOT, env=environment,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            check=False)
    assert result.returncode in (0, 100), result.stdout
    return result.returncode, result.stdout


def test_the_protos_keep_to_the_rules():
    assert buf("lint", "proto") == (0, "")


def test_the_released_api_still_works():
    """`scripts/release-api` renews what is compared with, at a release."""
    assert buf("breaking", "proto", "--against", RELEASED) == (0, "")


@pytest.mark.parametrize("file, pattern, replacement, said", [
    pytest.param("origin.proto", r"  // [^\n]*\n  OriginHealth health = 4;\n", "",
                 'field "4" with name "health"', id="a field is gone"),
    pytest.param("origin.proto", r"string id = 1;", "string origin_id = 1;",
                 'changed .*"id" to "origin_id"', id="a field has another name"),
    pytest.param("stream.proto", r"uint64 version = 3;", "string version = 3;",
                 'changed type from "uint64" to "string"', id="a field has another type"),
    pytest.param("stream.proto", r"  // [^\n]*\n  PICK_REASON_LOST_RACE = 4;\n", "",
                 "PICK_REASON_LOST_RACE", id="a value of an enum is gone"),
    pytest.param("stream_service.proto", r"  rpc UnpinStream\([^;]*;\n", "", "UnpinStream",
                 id="a call is gone"),
    pytest.param("rebalance_service.proto", r"(?s)service RebalanceService \{.*?\n\}\n", "",
                 "RebalanceService", id="a service is gone"),
    pytest.param("origin_service.proto", r"HeartbeatStream\(stream ", "HeartbeatStream(",
                 "HeartbeatStream", id="a call streams no more"),
])
def test_what_breaks_clients_is_found(tmp_path, file, pattern, replacement, said):
    changed = tmp_path / "proto"
    shutil.copytree(ROOT / "proto", changed)
    path = changed / "srsproxy" / "v1" / file
    text, count = re.subn(pattern, replacement, path.read_text())
    assert count == 1, f"{file} has changed: mend this test"
    path.write_text(text)
    code, found = buf("breaking", changed, "--against", RELEASED)
    assert code == 100
    assert re.search(said, found), found


def test_growing_breaks_nobody(tmp_path):
    changed = tmp_path / "proto"
    shutil.copytree(ROOT / "proto", changed)
    path = changed / "srsproxy" / "v1" / "stream.proto"
    path.write_text(path.read_text() + "// New.\nmessage Added {\n  // New.\n  string id = 1;\n}\n")
    assert buf("breaking", changed, "--against", RELEASED) == (0, "")
