"""What the chroot stage takes over from this machine, and what it says of what ran in there."""

import dataclasses
import json
import sys

import pytest

from tree import ROOT

sys.path.insert(0, str(ROOT / "scripts" / "lib"))

import chroot  # noqa: E402
from builds import StageError  # noqa: E402
from results import Counts, Row  # noqa: E402


def test_only_debians_own_archives_are_taken_over():
    told = "\n".join(["http://mirror.example/debian/|bookworm|main|Debian",
                      "http://mirror.example/debian/|bookworm|main|Debian",
                      "http://mirror.example/security/|bookworm-security|main|Debian",
                      "http://mirror.example/old/|bullseye|main|Debian",
                      "http://tools.example/apt/|bookworm|stable|Tools"])
    assert chroot.source_lines(told) == [
        "deb http://mirror.example/debian/ bookworm main",
        "deb http://mirror.example/security/ bookworm-security main"]


def test_only_what_reaches_an_archive_is_taken_over():
    wanted = ['Acquire::http::Proxy "http://proxy.example:3128";',
              'Acquire::https::CaInfo "/etc/ca.crt";', 'Acquire::Check-Date "false";']
    others = ['Acquire "";', 'Acquire::Languages "none";', 'DPkg::Post-Invoke:: "rm -f /x";',
              'Acquire::IndexTargets::deb::Packages::MetaKey "$(COMPONENT)/Packages";']
    assert chroot.apt_options("\n".join(others + wanted)) == wanted


@pytest.mark.parametrize("named, stages", [
    (None, ["build", "cli"]), ("", ["build", "cli"]), ("lint e2e", ["lint", "e2e"]), ("all", [])])
def test_stages_are_those_that_were_named(monkeypatch, named, stages):
    monkeypatch.delenv("SRSPROXY_CHROOT_STAGES", raising=False)
    if named is not None:
        monkeypatch.setenv("SRSPROXY_CHROOT_STAGES", named)
    assert chroot.chosen_stages(["build", "cli", "lint", "e2e", "chroot"]) == stages


@pytest.mark.parametrize("named", ["nothing", "build chroot"])
def test_stages_that_cannot_run_are_refused(monkeypatch, named):
    monkeypatch.setenv("SRSPROXY_CHROOT_STAGES", named)
    with pytest.raises(StageError, match="SRSPROXY_CHROOT_STAGES"):
        chroot.chosen_stages(["build", "cli", "chroot"])


def test_a_ccache_that_is_not_there_is_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("SRSPROXY_CHROOT_CCACHE", str(tmp_path / "none"))
    with pytest.raises(StageError, match="no folder"):
        chroot.ccache_folder()
    monkeypatch.setenv("SRSPROXY_CHROOT_CCACHE", str(tmp_path))
    assert chroot.ccache_folder() == str(tmp_path)


def test_without_root_it_is_refused(monkeypatch):
    monkeypatch.setattr(chroot.os, "geteuid", lambda: 1000)
    with pytest.raises(StageError, match="needs root"):
        chroot.run_chroot(["build", "cli", "chroot"], [])


def test_an_inner_failure_is_reported_also_where_no_stage_had_one():
    def whole(result):
        return Row("test", result, Counts(), 60.0, 90.0)

    inner = [Row("build", "ok", Counts(passed=3), 40.0, 80.0)]
    fine = [whole("ok")]
    chroot.replace_whole(fine, inner)
    assert [(row.name, row.seconds, row.counts.failed) for row in fine] == [
        ("packages", 20.0, 0), ("build", 40.0, 0)]
    failed = [whole("failed")]
    chroot.replace_whole(failed, inner)
    assert sum(row.counts.failed for row in failed) == 1


def test_rows_are_read_as_they_were_written():
    row = Row("chroot", "ok", Counts(passed=1), 5.0, 3.0,
              [Row("build", "failed", Counts(failed=2), 1.0, 1.0)])
    assert Row.from_json(json.loads(json.dumps(dataclasses.asdict(row)))) == row
