"""An origin's and an operator's calls from Python: grpc_python_client.py PROTO_DIR PORT.

Makes its stubs from the proto files, so it also shows that other languages can use them. Exits
with 0 when every answer was as it should be.
"""

import pathlib
import subprocess
import sys
import tempfile

import grpc


def make_stubs(proto_dir, out):
    protos = sorted(str(path) for path in pathlib.Path(proto_dir).glob("srsproxy/v1/*.proto"))
    subprocess.run(["protoc", f"--proto_path={proto_dir}", f"--python_out={out}",
                    "--plugin=protoc-gen-grpc=/usr/bin/grpc_python_plugin", f"--grpc_out={out}",
                    *protos], check=True)
    sys.path.insert(0, out)


def error_info(error):
    """The reason and metadata that the trailer of a failed call tells."""
    from srsproxy.v1 import errors_pb2
    trailers = dict(error.trailing_metadata())
    status = errors_pb2.Status.FromString(trailers["grpc-status-details-bin"])
    assert status.code == error.code().value[0]
    assert status.message == error.details()
    (detail,) = status.details
    assert detail.type_url == "type.googleapis.com/google.rpc.ErrorInfo"
    info = errors_pb2.ErrorInfo.FromString(detail.value)
    assert info.domain == "srsproxy"
    return info.reason, dict(info.metadata)


def refused(call, request):
    try:
        call(request, timeout=10)
    except grpc.RpcError as error:
        return error.code(), *error_info(error)
    raise AssertionError(f"this should have failed: {request}")


def origin_life(channel):
    from srsproxy.v1 import origin_pb2, origin_service_pb2, origin_service_pb2_grpc
    stub = origin_service_pb2_grpc.OriginServiceStub(channel)
    registration = origin_pb2.OriginRegistration(
        ip="10.0.0.7", server="vid-py", service="s1", pid="42", rtmp=["1935"], zone="east")
    request = origin_service_pb2.RegisterOriginRequest(registration=registration)
    registered = stub.RegisterOrigin(request, timeout=10)
    assert registered.origin.id == "vid-py-s1-42", registered
    assert registered.ttl.seconds > registered.heartbeat_interval.seconds > 0

    beat = origin_service_pb2.HeartbeatRequest(
        lease_id=registered.lease_id, load=origin_pb2.LoadReport(cpu_ratio=0.25, connections=7))
    assert stub.Heartbeat(beat, timeout=10).heartbeat_interval.seconds > 0

    (listed,) = stub.ListOrigins(origin_service_pb2.ListOriginsRequest(), timeout=10).origins
    assert listed.load.cpu_ratio == 0.25 and listed.load.connections == 7
    assert not listed.load.HasField("memory_ratio")
    assert listed.registration.zone == "east"

    registration.rtmp[:] = ["70000"]
    bad = origin_service_pb2.RegisterOriginRequest(registration=registration)
    code, reason, metadata = refused(stub.RegisterOrigin, bad)
    assert (code, reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_FIELD")
    assert metadata["field"] == "rtmp[0]"
    yield

    leave = origin_service_pb2.DeregisterOriginRequest(lease_id=registered.lease_id)
    assert stub.DeregisterOrigin(leave, timeout=10).origin_id == "vid-py-s1-42"
    code, reason, _ = refused(stub.Heartbeat, beat)
    assert (code, reason) == (grpc.StatusCode.NOT_FOUND, "LEASE_EXPIRED")


def lookup(channel):
    from srsproxy.v1 import stream_service_pb2, stream_service_pb2_grpc
    stub = stream_service_pb2_grpc.StreamServiceStub(channel)
    found = stub.LookupStream(stream_service_pb2.LookupStreamRequest(
        stream="rtmp://10.1.2.3/live/camera"), timeout=10)
    assert found.key == "__defaultVhost__/live/camera", found
    assert found.pick.origin_id == "vid-py-s1-42" and found.pick.steps
    assert not found.HasField("stream")


def reflection(channel):
    """What ServerReflectionRequest{list_services: "*"} answers names every service."""
    call = channel.stream_stream("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
                                 request_serializer=bytes, response_deserializer=bytes)
    (answer,) = call(iter([b"\x3a\x01*"]), timeout=10)
    for service in ("OriginService", "StreamService", "ProxyService"):
        assert f"srsproxy.v1.{service}".encode() in answer, answer


def main():
    proto_dir, port = sys.argv[1:]
    address = f"127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as out, grpc.insecure_channel(address) as channel:
        make_stubs(proto_dir, out)
        life = origin_life(channel)
        next(life)
        lookup(channel)
        reflection(channel)
        assert next(life, "left") == "left"


main()
