"""docs/control-api.md and its examples keep to the protos."""

import re

import pytest

from control_api import examples, page
from control_api.api import Api


@pytest.fixture(scope="module", name="api")
def _api():
    return Api()


@pytest.fixture(scope="module", name="calls")
def _calls(api):
    """The examples of calls. Reading them fails at a field or value that no message has."""
    return [step for step in examples.read(api) if isinstance(step, examples.Example)]


def test_the_page_is_current(api):
    assert page.PATH.read_text() == page.page(api), "make it again: scripts/control-api-docs"


def test_every_call_has_an_example_with_an_answer(api, calls):
    shown = {example.call.name for example in calls}
    assert not [call.name for call in api.calls() if call.name not in shown]
    # `{}` is what somebody wrote who did not know the answer; no call answers so.
    assert not [f"{example.call.name}: {example.about}" for example in calls
                if not all(response.ListFields() for response in example.responses)]


def test_every_example_names_what_it_shows(calls):
    assert not [example.call.name for example in calls if not re.fullmatch(r".+\.", example.about)]


@pytest.mark.parametrize("wrong, said", [
    ("- {call: OriginService.Nothing, request: {}, response: {}}", "no call"),
    ("- {call: OriginService.GetOrigin, request: {server: x}, response: {}}", "no field"),
    ("- {call: ProxyService.GetProxy, request: {}, response: {proxy: {pid: many}}}", "parse"),
    ("- {call: EventService.Watch, request: {}, response: {}}", "responses"),
    ("- {call: ProxyService.GetProxy, request: {}, response: {}, shell: ls}", "shell"),
    ("- dance: [live/one]", "dance"),
])
def test_a_wrong_example_is_reported(api, tmp_path, wrong, said):
    file = tmp_path / "calls.yaml"
    file.write_text(wrong)
    with pytest.raises(ValueError, match=f"(?i)calls.yaml, step 1.*{said}"):
        examples.read(api, file)


def test_comments_name_only_reasons_that_exist(api):
    known = page.reasons(api)
    wrong = [f"{call.name}: {reason}" for call in api.calls()
             for _, named, _ in page.errors(call.comment)[1] for reason in named
             if reason not in known]
    assert not wrong


def test_every_reason_stands_with_a_call_or_in_the_prose(api):
    told = {reason for call in api.calls() for _, named, _ in page.errors(call.comment)[1]
            for reason in named} | set(re.findall(r"`([A-Z_]+)`", page.TEMPLATE.read_text()))
    assert not set(page.reasons(api)) - told


def test_a_reason_comes_with_the_code_of_its_comment(api):
    known = page.reasons(api)
    wrong = [f"{call.name}: {code} with {reason}" for call in api.calls()
             for code, named, _ in page.errors(call.comment)[1] for reason in named
             if code not in known[reason][0].split(" or ")]
    assert not wrong


def test_the_service_config_names_each_unary_call_once(api):
    config = page.service_config()
    named = [f"{name['service'].rpartition('.')[2]}.{name['method']}"
             for group in config["methodConfig"] for name in group["name"]]
    unary = [call.name for call in api.calls()
             if not call.streams_requests and not call.streams_responses]
    assert sorted(named) == sorted(unary)


def test_what_may_be_repeated_with_a_request_id_has_one(api):
    """The second group of the service config; a change in the first needs none."""
    config = page.service_config()
    repeated = {f"{name['service'].rpartition('.')[2]}.{name['method']}"
                for name in config["methodConfig"][1]["name"]}
    having = {call.name for call in api.calls() if "request_id" in call.request.fields_by_name}
    assert repeated == having
