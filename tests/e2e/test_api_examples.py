"""The worked examples of docs/control-api.md, run in order against the proxy."""

import re
import shlex

import pytest
from google.protobuf import json_format

from control_api import examples, page
from control_api.api import Api
from support.ctl import ctl
from support.grpc_calls import GrpcCalls
from support.ports import free_port
from support.process import Process
from support.proxy import binary, clean_environment
from support.rtmp import avc
from support.rtmp.chunks import VIDEO
from support.rtmp.origin import FakeOrigin
from support.waiting import wait_until

# Fields of which only the presence is compared. Texts among them that come again in a later
# request stand for what the proxy said: a lease, a plan.
DIFFERENT_EACH_TIME = {
    "RegisterOriginResponse.lease_id", "RebalancePlan.id", "Rebalance.id", "Session.id",
    "Session.client", "Event.sequence", "Event.proxy_id", "WatchResponse.resume_token",
    "Stream.version", "PlannedMove.version", "Proxy.id", "Proxy.pid", "Proxy.version",
    "Listener.address",
    # For people.
    "Directive.message", "PickExplanation.steps", "Event.message", "Rebalance.messages",
    "DeregisterOriginResponse.warning",
}
# Fields that are not compared: they depend on how far things have come, and on the lab.
NOT_COMPARED = {
    "Session.bytes_in", "Session.bytes_out", "Proxy.bytes_in", "Proxy.bytes_out", "Proxy.sessions",
    "Proxy.listeners", "DrainProgress.streams_left", "DrainProgress.streams_moved",
}


class Story:
    """One proxy and two origins, at the addresses that stand for those of the examples."""

    def __init__(self, lab, tmp_path):
        self._lab = lab
        port = free_port()
        for number in (11, 12):
            lab.fake(lambda server, host=f"127.0.0.{number}": FakeOrigin(server, host, port))
        self.proxy = lab.proxy()
        self.call = lab.run(GrpcCalls(self.proxy.grpc_port))
        self._clients = {}
        self._tmp_path = tmp_path
        self._origin_port = str(port)
        self._meant = {}  # What a text of the examples stands for.

    def steps(self):
        return examples.read(self.call.api)

    # What clients do.

    def do(self, deed):
        for thing in deed.things:
            getattr(self, f"_{deed.what}")(thing)

    def _publish(self, stream):
        app, name = stream.split("/")
        publisher = self._lab.client(self.proxy.rtmp_port).open(app)
        assert publisher.publish(name)["level"] == "status"
        publisher.media(VIDEO, avc.SEQUENCE_HEADER, 0)
        publisher.media(VIDEO, avc.key_frame(bytes(100)), 0)
        self._clients[stream] = publisher
        self._wait(stream, "is live", lambda at: at.get("publisherLive"))
        chosen = {"stream": stream, "role": "ROLE_PUBLISHER"}
        wait_until(lambda: any(session.get("mediaFlows") for session in self.call(
            "SessionService.ListSessions", filter=chosen).get("sessions", [])),
            f"{stream} has media")

    def _leave(self, stream):
        self._clients.pop(stream).close()
        self._wait(stream, "has no publisher", lambda at: not at.get("publishers"))

    def _settle(self, stream):
        self._wait(stream, "has settled", lambda at: not at.get("publishers") and
                   not at.get("viewers") and "pendingMove" not in at)

    def _moves(self, count):
        wait_until(lambda: self.call("RebalanceService.GetRebalance")["rebalance"].get(
            "movesDone") == count, f"the rebalance has made {count} moves")

    def _wait(self, stream, what, condition):
        wait_until(lambda: condition(self.call("StreamService.LookupStream",
                                               stream=stream).get("stream", {})),
                   f"{stream} {what}")

    # What is asked and answered.

    def ask(self, example):
        """The answers; those of a stream only as far as the example shows them, as one."""
        requests = [self.meant(request) for request in example.requests]
        answers = self.call.answers(example.call, requests)
        if not example.call.streams_responses or example.call.streams_requests:
            return list(answers)
        whole, wanted = self.call.api.new(example.call.response), merged(example.responses)
        for answer in answers:
            whole.MergeFrom(answer)
            if all(len(getattr(whole, field.name)) >= len(value)
                   if field.label == field.LABEL_REPEATED else whole.HasField(field.name)
                   if field.has_presence else getattr(whole, field.name)
                   for field, value in wanted.ListFields()):
                break
        return [whole]

    def learn(self, shown, found):
        """Remembers what texts that differ each time stand for."""
        for field, value in shown.ListFields():
            other = getattr(found, field.name)
            if field.message_type and not is_map(field):
                pairs = (zip(value, other) if field.label == field.LABEL_REPEATED
                         else [(value, other)])
                for one, another in pairs:
                    self.learn(one, another)
            elif name_of(field) in DIFFERENT_EACH_TIME and isinstance(value, str) and other:
                self._meant[value] = other

    def meant(self, message):
        """The message with what its texts stand for."""
        text = json_format.MessageToJson(message)
        return json_format.Parse(self.meant_text(text), type(message)())

    def meant_text(self, text):
        text = re.sub(r"\b10\.0\.0\.(\d+)", r"127.0.0.\1", text)
        text = re.sub(r"\b1935\b", self._origin_port, text)
        for shown, real in self._meant.items():
            text = re.sub(rf"(?<![\w/-]){re.escape(shown)}(?![\w/-])", lambda _, to=real: to, text)
        return text

    def run_commands(self, lines):
        """An example's commands; one that goes on until it is ended only has to say something."""
        for line in lines.strip().splitlines():
            program, *arguments = shlex.split(self.meant_text(line))
            assert program == "srsproxyctl"
            if "watch" not in arguments:
                result = ctl(self.proxy, *arguments)
                assert result.code == 0, f"{line}\n{result.err}"
                continue
            process = self._lab.run(Process(
                program, [binary(program, "SRSPROXYCTL_BIN"), "--endpoint",
                          f"127.0.0.1:{self.proxy.grpc_port}", *arguments],
                self._tmp_path / "watch.log", env=clean_environment()))
            process.wait_for_line("live/")


@pytest.fixture
def story(lab, tmp_path):
    return Story(lab, tmp_path)


def merged(messages):
    whole = type(messages[0])()
    for message in messages:
        whole.MergeFrom(message)
    return whole


def is_map(field):
    return bool(field.message_type) and field.message_type.GetOptions().map_entry


def name_of(field):
    return field.full_name.removeprefix("srsproxy.v1.")


def differences(shown, found, partial=False, path=""):
    """What `found` has otherwise than `shown`: lines."""
    lines = []
    for field in shown.DESCRIPTOR.fields:
        name = name_of(field)
        if name in NOT_COMPARED:
            continue
        there, wanted = is_set(found, field), is_set(shown, field)
        if there != wanted:
            if wanted or not partial:
                lines.append(f"{path}{field.name} is {'missing' if wanted else 'there'}")
        elif wanted and name not in DIFFERENT_EACH_TIME:
            lines += field_differences(field, getattr(shown, field.name),
                                       getattr(found, field.name), partial,
                                       f"{path}{field.name}")
    return lines


def is_set(message, field):
    return any(field.number == other.number for other, _ in message.ListFields())


def field_differences(field, shown, found, partial, path):
    if field.message_type and field.message_type.full_name == "google.protobuf.Timestamp":
        return []
    if not field.message_type or is_map(field):
        return [] if shown == found else [f"{path} is {found}, not {shown}"]
    if field.label != field.LABEL_REPEATED:
        return differences(shown, found, partial, path + ".")
    if partial:
        return [f"{path} has no {one}" for one in shown
                if all(differences(one, other, partial) for other in found)]
    if len(shown) != len(found):
        return [f"{path} has {len(found)} elements, not {len(shown)}"]
    return [line for number, (one, other) in enumerate(zip(shown, found))
            for line in differences(one, other, partial, f"{path}[{number}].")]


def test_each_call_is_answered_as_on_the_page(story):
    for step in story.steps():
        if isinstance(step, examples.Deed):
            story.do(step)
            continue
        answers = story.ask(step)
        shown = ([merged(step.responses)] if len(answers) == 1 else step.responses)
        assert len(answers) == len(shown), f"{step.call.name}: {answers}"
        for one, answer in zip(shown, answers):
            story.learn(one, answer)
            wrong = differences(story.meant(one), answer, step.partial)
            assert not wrong, (f"{step.call.name}, '{step.about}':\n" + "\n".join(wrong) +
                               f"\nIt answered {json_format.MessageToJson(answer)}")


def test_the_commands_do_the_same(story):
    """What is harmless to repeat is also called, so that the story knows what it stands for."""
    harmless = {name["method"] for name in page.service_config()["methodConfig"][0]["name"]}
    for step in story.steps():
        if isinstance(step, examples.Deed):
            story.do(step)
            continue
        if step.command:
            story.run_commands(step.command)
        if not step.command or step.call.name.partition(".")[2] in harmless:
            for shown, answer in zip(step.responses, story.ask(step)):
                story.learn(shown, answer)


@pytest.mark.parametrize("shown, found, partial, wrong", [
    pytest.param({"proxyId": "a"}, {"proxyId": "b"}, False, [], id="differs each time"),
    pytest.param({"proxyId": "a"}, {}, False, ["proxy_id is missing"], id="is missing"),
    pytest.param({}, {"message": "x"}, False, ["message is there"], id="is there"),
    pytest.param({}, {"message": "x"}, True, [], id="is there beside a part"),
    pytest.param({"stream": {"key": "a"}}, {"stream": {"key": "b"}}, False,
                 ["stream.key is b, not a"], id="another value"),
    pytest.param({"time": "2026-01-02T03:04:05Z"}, {"time": "2026-01-02T03:04:06Z"}, False, [],
                 id="another time"),
])
def test_the_comparison_finds(shown, found, partial, wrong):
    api = Api()
    event = next(message for message in api.messages() if message.name == "Event")
    one, other = (json_format.ParseDict(value, api.new(event)) for value in (shown, found))
    assert differences(one, other, partial) == wrong
