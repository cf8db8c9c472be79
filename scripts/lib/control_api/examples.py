"""The worked examples: docs/examples/calls.yaml, as messages.

The file is one story: its steps run in order against one proxy. A step is a call, or something
that clients do meanwhile.
"""

import dataclasses

import yaml
from google.protobuf import json_format

from control_api.api import ROOT

PATH = ROOT / "docs" / "examples" / "calls.yaml"


@dataclasses.dataclass
class Example:
    """One call. `requests` and `responses` are messages; a call that streams may have several.
    `command` is the same by srsproxyctl, or empty. Of a `partial` answer only some fields are
    shown, and of its lists only some elements."""
    call: object
    about: str
    command: str
    requests: list
    responses: list
    partial: bool


@dataclasses.dataclass
class Deed:
    """What happens between calls: `what` is one of _DEEDS, done for each of `things`."""
    what: str
    things: list


_KEYS = {"call", "about", "srsproxyctl", "request", "requests", "response", "responses", "partial"}
_DEEDS = {"publish", "leave", "settle", "moves"}


def read(api, path=PATH):
    """The steps in order; ValueError names the step that is wrong."""
    steps = []
    for number, step in enumerate(yaml.safe_load(path.read_text()), 1):
        try:
            steps.append(_step(api, step))
        except (KeyError, TypeError, ValueError, json_format.ParseError) as error:
            raise ValueError(f"{path.name}, step {number} {step.get('call', '')}: "
                             f"{error}") from error
    return steps


def _step(api, step):
    if "call" not in step:
        (what, things), = step.items()
        if what not in _DEEDS:
            raise ValueError(f"no deed '{what}'")
        return Deed(what, things)
    unknown = set(step) - _KEYS
    if unknown:
        raise ValueError(f"unknown key {sorted(unknown)[0]}")
    call = api.call(step["call"])

    def messages(descriptor, one, many, streams):
        if (many in step) != streams:
            raise ValueError(f"a call of this kind has '{many if streams else one}'")
        values = step[many] if streams else [step[one]]
        return [json_format.ParseDict(value, api.new(descriptor)) for value in values]

    return Example(
        call=call, about=step.get("about", ""), command=step.get("srsproxyctl", ""),
        requests=messages(call.request, "request", "requests", call.streams_requests),
        responses=messages(call.response, "response", "responses", call.streams_responses),
        partial=step.get("partial", False))
