"""An example as lines of Python, with the stubs that protoc and grpc_python_plugin make."""

from google.protobuf.descriptor import FieldDescriptor

_WIDTH = 96


def call(example):
    service, method = example.call.name.split(".")
    stub = f"{service}Stub(channel)"
    if example.call.streams_requests:
        messages = ",\n".join(_indented(_value(request), 4) for request in example.requests)
        return (f"requests = iter([\n{messages}])\n"
                f"for answer in {stub}.{method}(requests):\n    print(answer)")
    request = _value(example.requests[0])
    if example.call.streams_responses:
        return f"for answer in {stub}.{method}({request}):\n    print(answer)"
    return f"request = {request}\nprint({stub}.{method}(request, timeout=10))"


def _value(message):
    arguments = [f"{field.name}={_field(field, value)}" for field, value in message.ListFields()]
    line = f"{message.DESCRIPTOR.name}({', '.join(arguments)})"
    if len(line) <= _WIDTH:
        return line
    return f"{message.DESCRIPTOR.name}(\n" + ",\n".join(
        _indented(argument, 4) for argument in arguments) + ")"


def _field(field, value):
    if field.message_type and field.message_type.GetOptions().map_entry:
        return repr(dict(value))
    if field.label == FieldDescriptor.LABEL_REPEATED:
        return "[" + ", ".join(_single(field, item) for item in value) + "]"
    return _single(field, value)


def _single(field, value):
    if field.message_type:
        return _value(value)
    if field.enum_type:
        return repr(field.enum_type.values_by_number[value].name)
    return repr(value)


def _indented(text, spaces):
    return "\n".join(" " * spaces + line for line in text.split("\n"))
