"""Any call of the gRPC API, by name and with plain values, as a client without stubs makes it."""

import json

import grpc
from google.protobuf import json_format

from control_api import page
from control_api.api import Api

_DEADLINE_SECONDS = 20


def calling(channel, api, call):
    """What begins `call` on a channel, of grpc or of grpc.aio, with messages."""
    kind = (f"{'stream' if call.streams_requests else 'unary'}_"
            f"{'stream' if call.streams_responses else 'unary'}")
    return getattr(channel, kind)(
        call.path, request_serializer=api.type(call.request).SerializeToString,
        response_deserializer=api.type(call.response).FromString)


class GrpcCalls:
    """A channel with the settings that docs/control-api.md advises."""

    def __init__(self, port):
        self.api = Api()
        self._channel = grpc.insecure_channel(f"127.0.0.1:{port}", [
            ("grpc.service_config", json.dumps(page.service_config())),
            ("grpc.enable_retries", 1),
            ("grpc.keepalive_time_ms", 30_000),
            ("grpc.keepalive_timeout_ms", 10_000),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.http2.max_pings_without_data", 0)])

    def close(self):
        self._channel.close()

    def __call__(self, name, **fields):
        """The answer of the unary call `Service.Call`, in protobuf's JSON."""
        call = self.api.call(name)
        request = json_format.ParseDict(fields, self.api.new(call.request))
        (answer,) = self.answers(call, [request])
        return json_format.MessageToDict(answer)

    def answers(self, call, requests):
        """The answers to `requests`, one after the other, of any kind of call. A reader that has
        enough of a stream closes the generator."""
        answer = calling(self._channel, self.api, call)(
            iter(requests) if call.streams_requests else requests[0], timeout=_DEADLINE_SECONDS)
        if not call.streams_responses:
            yield answer
            return
        try:
            yield from answer
        finally:
            answer.cancel()
