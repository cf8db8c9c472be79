"""PROXY_STATE_DIR: what operators decided is still in force after a restart, however it came.
Origins that are remembered: test_restarts."""

import json

import grpc
import pytest

from support.grpc_calls import GrpcCalls

ORIGIN = {"ip": "10.0.0.7", "server": "vid-1", "service": "s1", "pid": "42", "rtmp": ["1935"]}


class Operator:
    """A client of one proxy at a time."""

    def __init__(self, lab):
        self._lab = lab
        self._call = None

    def to(self, proxy):
        self._call = self._lab.run(GrpcCalls(proxy.grpc_port))
        return self

    def register(self):
        return self._call("OriginService.RegisterOrigin", registration=ORIGIN)["origin"]

    def update(self, mask, server="vid-1", **settings):
        return self._call("OriginService.UpdateOrigin", origin=server, settings=settings,
                          updateMask=mask, allowMissing=True)

    def drain(self, **fields):
        return self._call("OriginService.DrainOrigin", origin="vid-1", **fields)

    def pin(self, stream):
        return self._call("StreamService.PinStream", stream=stream, origin="vid-1")

    def explain(self, stream):
        return self._call("StreamService.LookupStream", stream=stream)["pick"]

    def beat(self, lease_id):
        return self._call("OriginService.Heartbeat", leaseId=lease_id)


@pytest.fixture
def operator(lab):
    return Operator(lab)


@pytest.fixture
def state_dir(tmp_path):
    folder = tmp_path / "state"
    folder.mkdir()
    return folder


def test_decisions_outlive_a_restart(lab, operator, state_dir):
    proxy = lab.proxy(STATE_DIR=state_dir)
    operator.to(proxy).register()
    operator.update("adminState,weight,zone,labels,capacity", adminState="ADMIN_STATE_CORDONED",
                    weight=2.5, zone="west", labels={"values": {"gpu": "yes"}}, capacity=100)
    proxy.stop()

    origin = operator.to(lab.proxy(STATE_DIR=state_dir)).register()
    assert origin["adminState"] == "ADMIN_STATE_CORDONED"
    assert origin["weight"] == 2.5 and origin["zone"] == "west"
    assert origin["labels"] == {"gpu": "yes"} and origin["capacity"] == "100"


def test_a_drain_goes_on_after_a_restart(lab, operator, state_dir):
    proxy = lab.proxy(STATE_DIR=state_dir)
    operator.to(proxy).register()
    begun = operator.drain(deadline="3600s")["progress"]
    proxy.stop()

    drain = operator.to(lab.proxy(STATE_DIR=state_dir)).register()["drain"]
    assert drain["startTime"] == begun["startTime"]
    assert drain["deadlineTime"] == begun["deadlineTime"]


def test_pins_outlive_a_restart(lab, operator, state_dir):
    proxy = lab.proxy(STATE_DIR=state_dir)
    operator.to(proxy).register()
    operator.pin("live/camera")
    proxy.stop()

    operator.to(lab.proxy(STATE_DIR=state_dir)).register()
    assert operator.explain("live/camera")["reason"] == "PICK_REASON_PINNED"


def test_what_was_answered_is_not_lost_when_the_proxy_is_killed(lab, operator, state_dir):
    proxy = lab.spawn_proxy(STATE_DIR=state_dir)
    proxy.wait_until_listening()
    operator.to(proxy)
    for number in range(20):
        operator.update("capacity", server=f"vid-{number}", capacity=number + 1)
    proxy.process.kill()

    kept = json.loads((state_dir / "state.json").read_text())["servers"]
    assert kept == {f"vid-{number}": {"capacity": number + 1} for number in range(20)}
    operator.to(lab.proxy(STATE_DIR=state_dir))
    assert operator.register()["capacity"] == "2"


def test_a_lease_outlives_a_restart(lab, operator, state_dir):
    proxy = lab.proxy(STATE_DIR=state_dir)
    registered = operator.to(proxy)._call("OriginService.RegisterOrigin", registration=ORIGIN)
    proxy.stop()

    operator.to(lab.proxy(STATE_DIR=state_dir))
    operator.beat(registered["leaseId"])


def test_without_the_folder_a_lease_of_before_a_restart_has_to_register(lab, operator):
    proxy = lab.proxy()
    registered = operator.to(proxy)._call("OriginService.RegisterOrigin", registration=ORIGIN)
    proxy.stop()

    operator.to(lab.proxy())
    with pytest.raises(grpc.RpcError) as refused:
        operator.beat(registered["leaseId"])
    assert refused.value.code() == grpc.StatusCode.NOT_FOUND
    operator.register()


@pytest.mark.parametrize("text", ["", "{", '{"version":99,"servers":{}}', '{"version":1,"x":1}'])
def test_a_file_that_cannot_be_understood_is_set_aside(lab, operator, state_dir, text):
    (state_dir / "state.json").write_text(text)
    proxy = lab.proxy(STATE_DIR=state_dir)
    assert operator.to(proxy).register()["adminState"] == "ADMIN_STATE_ACTIVE"
    operator.update("weight", weight=2)
    (aside,) = state_dir.glob("state.json.damaged-*")
    assert aside.read_text() == text
    (warning,) = [record for record in proxy.records() if record.get("kept_as") == str(aside)]
    assert warning["level"] == "warn" and str(state_dir / "state.json") in json.dumps(warning)
    assert json.loads((state_dir / "state.json").read_text())["version"] == 1


def test_a_decision_that_cannot_be_written_is_refused(lab, operator, state_dir):
    operator.to(lab.proxy(STATE_DIR=state_dir)).register()
    (state_dir / "state.json.new").mkdir()  # Where the next version would be written.
    with pytest.raises(grpc.RpcError) as refused:
        operator.update("weight", weight=2)
    assert refused.value.code() == grpc.StatusCode.UNAVAILABLE
    assert str(state_dir) in refused.value.details()
    assert operator.register()["weight"] == 1
    (state_dir / "state.json.new").rmdir()
    operator.update("weight", weight=2)
    assert operator.register()["weight"] == 2


def test_a_folder_that_is_not_there_is_named(lab, state_dir):
    proxy = lab.spawn_proxy(STATE_DIR=state_dir / "none")
    assert proxy.process.wait(20) == 1
    said = proxy.process.output()
    assert "PROXY_STATE_DIR" in said and str(state_dir / "none") in said
    proxy.assert_sound()


def test_two_proxies_do_not_share_a_folder(lab, state_dir):
    lab.proxy(STATE_DIR=state_dir)
    second = lab.spawn_proxy(STATE_DIR=state_dir)
    assert second.process.wait(20) == 1
    assert "in use by another srsproxy" in second.process.output()
    second.assert_sound()
