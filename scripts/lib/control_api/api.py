"""The gRPC API as the proto files tell it: services, calls, messages and their comments."""

import dataclasses
import pathlib
import re
import subprocess
import tempfile

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

ROOT = pathlib.Path(__file__).resolve().parents[3]
PACKAGE = "srsproxy.v1"

# The numbers of the fields of FileDescriptorProto and DescriptorProto that hold what is commented.
_FILE = {"message_type": 4, "enum_type": 5, "service": 6}
_MESSAGE = {"field": 2, "nested_type": 3, "enum_type": 4, "oneof_decl": 8}
_ENUM = {"value": 2}
_SERVICE = {"method": 2}


@dataclasses.dataclass
class Call:
    """`name` is `Service.Call`. The types are descriptors."""
    name: str
    comment: str
    request: object
    response: object
    streams_requests: bool
    streams_responses: bool

    @property
    def path(self):
        return f"/{PACKAGE}." + self.name.replace(".", "/")


class Api:
    """`comments` holds the comment of each thing by its full name, without the package."""

    def __init__(self, proto_dir=ROOT / "proto"):
        files = _compile(pathlib.Path(proto_dir))
        self._pool = descriptor_pool.DescriptorPool()
        self._factory = message_factory.MessageFactory(self._pool)
        self.comments = {}
        self.services = {}
        self._own = [file.name for file in files if file.package == PACKAGE]
        for file in files:
            places = {tuple(place.path): place.leading_comments.strip()
                      for place in file.source_code_info.location}
            if file.package == PACKAGE:
                self._read_comments(file, places)
            file.ClearField("source_code_info")
            self._pool.Add(file)
        for file in files:
            if file.package == PACKAGE:
                for service in file.service:
                    self.services[service.name] = self._calls(service.name)

    def call(self, name):
        service, _, method = name.partition(".")
        for call in self.services.get(service, []):
            if call.name == name:
                return call
        raise KeyError(f"there is no call {name}")

    def calls(self):
        return [call for calls in self.services.values() for call in calls]

    def messages(self):
        """The descriptors of all messages at the top of the files, by file and then as written."""
        return [message for name in self._own
                for message in self._pool.FindFileByName(name).message_types_by_name.values()]

    def enums(self):
        return [enum for name in self._own
                for enum in self._pool.FindFileByName(name).enum_types_by_name.values()]

    def new(self, descriptor):
        """An empty message of this type."""
        return self._factory.GetPrototype(descriptor)()

    def type(self, descriptor):
        return self._factory.GetPrototype(descriptor)

    def comment(self, thing):
        return self.comments.get(thing.full_name.removeprefix(PACKAGE + "."), "")

    def _calls(self, name):
        service = self._pool.FindServiceByName(f"{PACKAGE}.{name}")
        calls = []
        for method in service.methods:
            proto = descriptor_pb2.MethodDescriptorProto()
            method.CopyToProto(proto)
            calls.append(Call(f"{name}.{method.name}", self.comments[f"{name}.{method.name}"],
                              method.input_type, method.output_type, proto.client_streaming,
                              proto.server_streaming))
        return calls

    def _read_comments(self, file, places):
        def walk(thing, parts, path, prefix):
            for part, number in parts.items():
                for index, child in enumerate(getattr(thing, part)):
                    name = prefix + child.name
                    place = path + (number, index)
                    self.comments[name] = _plain(places.get(place, ""))
                    deeper = {"message_type": _MESSAGE, "nested_type": _MESSAGE,
                              "enum_type": _ENUM, "service": _SERVICE}.get(part)
                    if deeper:
                        walk(child, deeper, place, name + ".")

        walk(file, _FILE, (), "")


def _compile(proto_dir):
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "api.binpb"
        protos = sorted(path.relative_to(proto_dir) for path in proto_dir.rglob("*.proto"))
        subprocess.run(["protoc", f"--proto_path={proto_dir}", "--include_imports",
                        "--include_source_info", f"--descriptor_set_out={out}", *map(str, protos)],
                       check=True)
        return descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes()).file


def _plain(comment):
    """Paragraphs of one line each."""
    paragraphs = re.split(r"\n\s*\n", comment)
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs).strip()
