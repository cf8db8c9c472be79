"""docs/control-api.md, made from the proto files, the examples and page.txt."""

import json
import pathlib
import re

from google.protobuf import json_format
from google.protobuf.descriptor import FieldDescriptor

from control_api import examples, python_code
from control_api.api import ROOT

PATH = ROOT / "docs" / "control-api.md"
TEMPLATE = pathlib.Path(__file__).with_name("page.txt")
SERVICE_CONFIG = ROOT / "docs" / "examples" / "service-config.json"

_CODES = ("INVALID_ARGUMENT|NOT_FOUND|FAILED_PRECONDITION|ABORTED|OUT_OF_RANGE|RESOURCE_EXHAUSTED|"
          "DEADLINE_EXCEEDED|PERMISSION_DENIED|UNAUTHENTICATED|UNAVAILABLE|INTERNAL")
_ERROR = re.compile(rf"(?:^|(?<=[.;] ))(?=(?:{_CODES})(?:, [A-Z_]+)*(?: with |: ))")
_REASON = re.compile(r"\b(?:with|or|,) ([A-Z][A-Z_]+[A-Z])\b")
_JSON_WIDTH = 90
_SCALARS = {"TYPE_" + name.upper(): name for name in (
    "double float int64 uint64 int32 fixed64 fixed32 bool string bytes uint32").split()}


def page(api):
    maker = _Page(api)
    text = TEMPLATE.read_text()
    parts = {"service config": _fenced("json", SERVICE_CONFIG.read_text()),
             "messages": maker.messages(), "reasons": maker.reasons()}
    for service in api.services:
        parts[service] = maker.service(service)
    for name, content in parts.items():
        if f"\n@{name}@\n" not in text:
            raise ValueError(f"{TEMPLATE} has no line @{name}@")
        text = text.replace(f"\n@{name}@\n", f"\n{content}\n")
    return text


def service_config():
    """What a client should be told to repeat: docs/examples/service-config.json."""
    return json.loads(SERVICE_CONFIG.read_text())


def errors(comment):
    """What a call's comment says, without its errors, and these: (code, reasons, sentence)."""
    about, found = [], []
    for paragraph in comment.split("\n\n"):
        first, *rest = _ERROR.split(paragraph)
        about += [first.strip()] if first.strip() else []
        for sentence in rest:
            code = re.match(r"[A-Z_]+(?:, [A-Z_]+)*", sentence)[0]
            head, _, when = sentence.partition(":")
            head = head[len(code):]
            found.append((code, _REASON.findall(head), when.strip() if when else ""))
    return "\n\n".join(about), found


def reasons(api):
    """The values of ErrorReason without prefix: what code they come with, and what they mean."""
    found = {}
    for enum in api.enums():
        for value in enum.values if enum.name == "ErrorReason" else ():
            if value.number:
                code, _, meaning = api.comments[f"ErrorReason.{value.name}"].partition(": ")
                found[value.name.removeprefix("ERROR_REASON_")] = code, meaning
    return found


class _Page:
    def __init__(self, api):
        self._api = api
        self._examples = {}
        for step in examples.read(api):
            if isinstance(step, examples.Example):
                self._examples.setdefault(step.call.name, []).append(step)
        self._reasons = reasons(api)
        # Where each message and enum is described.
        self._anchors = {}
        for call in api.calls():
            for message in (call.request, call.response):
                self._anchors[message.full_name] = call.name.split(".")[1].lower()
        self._shared = [message for message in api.messages()
                        if message.full_name not in self._anchors and message.name != "Config"
                        and message.name not in ("SettingOptions", "Status", "ErrorInfo")]
        self._enums = [enum for enum in api.enums() if enum.name != "ErrorReason"]
        for thing in self._shared + self._enums:
            self._anchors[thing.full_name] = thing.name.lower()

    def service(self, name):
        parts = [f"## {name}\n\n{self._api.comments[name]}\n"]
        parts += [self._call(call) for call in self._api.services[name]]
        return "\n".join(parts).rstrip()

    def messages(self):
        parts = []
        for message in sorted(self._shared, key=lambda message: message.name):
            parts.append(f"### {message.name}\n\n{self._api.comment(message)}\n\n"
                         f"{self._fields(message)}\n")
        for enum in sorted(self._enums, key=lambda enum: enum.name):
            rows = [f"| `{value.name}` | {value.number} | "
                    f"{self._api.comments[f'{enum.name}.{value.name}']} |"
                    for value in enum.values if value.number]
            parts.append(f"### {enum.name}\n\n{self._api.comment(enum)}\n\n"
                         "| value | number | meaning |\n|---|---|---|\n" + "\n".join(rows) + "\n")
        return "\n".join(parts).rstrip()

    def reasons(self):
        rows = [f"| `{name}` | {code} | {_sentence(meaning)} |"
                for name, (code, meaning) in self._reasons.items()]
        return "| reason | code | meaning, and what to do |\n|---|---|---|\n" + "\n".join(rows)

    def _call(self, call):
        about, failures = errors(call.comment)
        name = call.name.split(".")[1]
        requests = "stream of " if call.streams_requests else ""
        responses = "stream of " if call.streams_responses else ""
        parts = [f"### {name}", about,
                 f"Request: {requests}`{call.request.name}`", self._fields(call.request),
                 f"Response: {responses}`{call.response.name}`", self._fields(call.response)]
        if failures:
            rows = [f"| {code} | {', '.join(f'`{reason}`' for reason in named)} | "
                    f"{_sentence(when or self._in_general(named))} |"
                    for code, named, when in failures]
            parts.append("| fails with | reason | when |\n|---|---|---|\n" + "\n".join(rows))
        parts += [self._example(example) for example in self._examples.get(call.name, [])]
        return "\n\n".join(parts) + "\n"

    def _in_general(self, named):
        """What reasons mean in every call, for a comment that says no more."""
        return " ".join(_sentence(self._reasons[reason][1].split(". ")[0]) for reason in named)

    def _fields(self, message):
        if not message.fields:
            return "It has no fields."
        rows = [f"| `{field.name}` | {self._type(field)} | {self._meaning(field)} |"
                for field in message.fields]
        return "| field | type | meaning |\n|---|---|---|\n" + "\n".join(rows)

    def _meaning(self, field):
        text = self._api.comment(field)
        oneof = field.containing_oneof
        if oneof and not oneof.name.startswith("_"):
            text += f" One of `{oneof.name}`."
        return text.replace("\n\n", " ").replace("|", "\\|")

    def _type(self, field):
        if field.message_type and field.message_type.GetOptions().map_entry:
            key, value = field.message_type.fields
            return f"map of {self._type(key)} to {self._type(value)}"
        if field.message_type:
            name = self._link(field.message_type)
        elif field.enum_type:
            name = self._link(field.enum_type)
        else:
            name = _scalar(field)
        return f"repeated {name}" if field.label == field.LABEL_REPEATED else name

    def _link(self, thing):
        anchor = self._anchors.get(thing.full_name)
        if thing.name == "Config":
            return "[Config](configuration.md)"
        return f"[{thing.name}](#{anchor})" if anchor else f"`{thing.full_name}`"

    def _example(self, example):
        parts = [f"**Example**: {example.about}"]
        parts += [_fenced("json", _documents(example.requests)),
                  "is answered" + (", among much else," if example.partial else ""),
                  _fenced("json", _documents(example.responses))]
        if example.command:
            parts += ["The same by srsproxyctl:", _fenced("sh", example.command)]
        else:
            parts += ["The same in Python:", _fenced("python", python_code.call(example))]
        return "\n\n".join(parts)


def _documents(messages):
    return "\n".join(_json(json_format.MessageToDict(message)) for message in messages)


def _json(value, indent=0):
    """JSON with what is short on one line."""
    line = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or indent + len(line) <= _JSON_WIDTH:
        return line
    if isinstance(value, dict):
        parts = [f"{json.dumps(key)}: {_json(part, indent + 2)}" for key, part in value.items()]
    else:
        parts = [_json(part, indent + 2) for part in value]
    begin, end = "{}" if isinstance(value, dict) else "[]"
    inner = (",\n" + " " * (indent + 2)).join(parts)
    return f"{begin}\n{' ' * (indent + 2)}{inner}\n{' ' * indent}{end}"


def _fenced(language, text):
    return f"```{language}\n{text.rstrip()}\n```"


def _scalar(field):
    names = {number: name for name, number in vars(FieldDescriptor).items() if name in _SCALARS}
    # What protoc makes of `optional`: a oneof of its own, with an underscore.
    optional = field.containing_oneof and field.containing_oneof.name.startswith("_")
    return ("optional " if optional else "") + _SCALARS[names[field.type]]


def _sentence(text):
    text = text.replace("|", "\\|").replace("\n\n", " ").rstrip(";. ")
    first = text.split(" ")[0]
    if "_" not in first:
        text = text[:1].upper() + text[1:]
    return text + "." if text else ""
