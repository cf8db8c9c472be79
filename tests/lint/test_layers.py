"""Who may include what: docs/architecture.md's layers, which CMake alone does not hold."""

import re

from tree import ROOT, code_lines, lines, tracked

# Folder under src/ (or tools/) and what its files may include from the project. The first entry
# that a path starts with decides.
LAYERS = [
    ("src/dataplane/core/", ["dataplane/core/"]),
    ("src/dataplane/protocol/", ["dataplane/core/", "dataplane/protocol/"]),
    ("src/dataplane/net/", ["dataplane/core/", "dataplane/net/"]),
    ("src/dataplane/directory/", ["dataplane/core/", "dataplane/protocol/", "dataplane/net/",
                                  "dataplane/directory/"]),
    ("src/dataplane/balance/", ["dataplane/core/", "dataplane/net/", "dataplane/balance/"]),
    ("src/dataplane/proxy/", ["dataplane/core/", "dataplane/protocol/", "dataplane/net/",
                              "dataplane/directory/", "dataplane/balance/", "dataplane/proxy/"]),
    ("src/dataplane/", ["dataplane/"]),
    ("src/controlplane/", ["dataplane/", "controlplane/", "srsproxy/v1/"]),
    ("src/main.cc", ["dataplane/", "controlplane/", "standard_streams.h",
                     "stop_signals.h"]),
    ("src/standard_streams.", ["standard_streams.h"]),
    ("src/stop_signals.", ["stop_signals.h"]),
    ("tools/", ["tools/", "srsproxy/v1/"]),
]

# The rooms of a folder, and which of its other rooms each may use: arrows run one way. The files
# beside the rooms use all of them and are used by none; but those of BELOW_ROOMS, which use none.
ROOMS = {
    "dataplane/directory/": {
        "redis": [],
    },
    "dataplane/proxy/": {
        "sessions": [],
        "upstream": ["sessions"],
        "http": ["sessions", "upstream"],
        "hls": ["sessions", "upstream", "http"],
        "rtmp": ["sessions", "upstream"],
    },
    "controlplane/": {
        "access": [],
        "config": ["access"],
        "services": ["access", "config"],
        "http": ["access", "services"],
    },
    "tools/srsproxyctl/": {
        "output": [],
        "client": ["output"],
        "commands": ["output", "client"],
        "completion": ["output", "client", "commands"],
    },
}
BELOW_ROOMS = ["controlplane/call_status.h", "controlplane/call_status.cc",
               "controlplane/grpc_time.h",
               # What both stores of streams are made of, and what all answer once stopped.
               "dataplane/directory/store_status.h", "dataplane/directory/pin_table.h",
               "dataplane/directory/stream_path.h",
               "dataplane/directory/stream_record.h", "dataplane/directory/stream_table.h",
               # And both stores of origins, and of ids of HLS.
               "dataplane/directory/hls_ids.h", "dataplane/directory/origin_json.h",
               "dataplane/directory/state_json.h"]

# Of the data plane: what wires its rooms.
BESIDE_ROOMS = ["src/dataplane/data_plane.", "src/dataplane/listeners.",
                "src/dataplane/maintenance.", "src/dataplane/worker_context."]

# Beast's HTTP messages are a codec and need no more of Asio than its buffers.
ASIO_FOLDERS = ["src/dataplane/net/", "src/dataplane/directory/", "src/dataplane/balance/",
                "src/dataplane/proxy/", *BESIDE_ROOMS, "src/controlplane/",
                "src/main.cc"]

SOCKET_FOLDERS = ["src/dataplane/net/", "src/dataplane/proxy/", *BESIDE_ROOMS,
                  "src/main.cc"]

# Libraries, and the only folders that may include them.
LIBRARIES = [
    (r"(grpc|grpcpp|google/protobuf)/", ["src/controlplane/", "tools/"]),
    (r"boost/beast/http/|boost/asio/buffer", ["src/dataplane/protocol/http/"] + ASIO_FOLDERS),
    (r"boost/(asio(?!/buffer)|beast(?!/http/))\b", ASIO_FOLDERS),
    (r"sys/(socket|epoll|uio)\.h|netdb\.h", SOCKET_FOLDERS),
    (r"poll\.h", SOCKET_FOLDERS + ["src/dataplane/core/log_writer.cc"]),
    (r"hiredis/", ["src/dataplane/protocol/redis/"]),
    (r"CLI/", ["src/controlplane/", "tools/"]),
    (r"yaml-cpp/", ["src/controlplane/", "tools/"]),
]

# Codecs are handed bytes and time; they fetch neither.
PROTOCOL_LIBRARIES = re.compile(
    r"[a-z_]+$|absl/|hiredis/|openssl/|boost/(beast/http/|json/|url/|asio/buffer)")
PROTOCOL_MUST_NOT = re.compile(
    r"\w*_clock::now|absl::Now\b|\bgettimeofday\b|\bclock_gettime\b|\btime\(|\brand\(|"
    r"\bRAND_bytes\b|std::random_device|std::(cout|cerr|ifstream|ofstream|FILE)\b|\bfopen\b|"
    r"\bgetenv\b|std::(thread|mutex|atomic)\b")

SOURCES = [str(path) for path in tracked("src/*.h", "src/*.cc", "tools/*.h", "tools/*.cc")]


def includes(path):
    for number, line in lines(path):
        match = re.match(r'\s*#\s*include\s*(?:"([^"]+)"|<([^>]+)>)', line)
        if match:
            yield number, match[1], match[2]


def wrong_includes(path):
    allowed = next((allowed for folder, allowed in LAYERS if path.startswith(folder)), None)
    if allowed is None:
        yield f"{path} belongs to no layer: name its folder in {__file__}"
        return
    for number, own, library in includes(path):
        if own:
            if not own.startswith(tuple(allowed)):
                yield f"{path}:{number} reaches up: {own}"
            continue
        for pattern, folders in LIBRARIES:
            if re.match(pattern, library) and not path.startswith(tuple(folders)):
                yield f"{path}:{number} may not use <{library}>"
        if path.startswith("src/dataplane/protocol/") and not PROTOCOL_LIBRARIES.match(library):
            yield f"{path}:{number} may not use <{library}>"


def test_a_file_includes_only_what_its_layer_may_use():
    wrong = [found for path in SOURCES for found in wrong_includes(path)]
    assert not wrong, "\n".join(wrong)


def room_of(path, folder):
    """The room of the file `path` in `folder`; None: it is beside the rooms."""
    room, _, rest = path.removeprefix(folder).partition("/")
    return room if rest else None


def test_the_rooms_of_a_folder_use_each_other_one_way():
    wrong = []
    for source in SOURCES:
        path = source.removeprefix("src/")
        folder = next((folder for folder in ROOMS if path.startswith(folder)), None)
        if not folder:
            continue
        rooms, room = ROOMS[folder], room_of(path, folder)
        if room not in rooms and room is not None:
            wrong.append(f"{source} is in no room that {__file__} knows")
            continue
        for number, own, _ in includes(source):
            if not own or not own.startswith(folder) or room is None and path not in BELOW_ROOMS:
                continue
            used = room_of(own, folder)
            if used == room or own in BELOW_ROOMS or room and used in rooms[room]:
                continue
            wrong.append(f"{source}:{number} runs back: {own}")
    assert not wrong, "\n".join(wrong)


def test_a_codec_reads_no_clock_and_does_no_io():
    wrong = [f"{path}:{number}: {code.strip()}"
             for path in SOURCES if path.startswith("src/dataplane/protocol/")
             for number, code in code_lines(path) if PROTOCOL_MUST_NOT.search(code)]
    assert not wrong, "\n".join(wrong)


def test_one_protocol_does_not_use_another():
    wrong = []
    for path in SOURCES:
        room = re.match(r"src/dataplane/(protocol/\w+/)", path)
        wrong += [f"{path}:{number}: {own}" for number, own, _ in includes(path)
                  if room and (own or "").startswith("dataplane/protocol/")
                  and not own.startswith("dataplane/" + room[1])]
    assert not wrong, "\n".join(wrong)


def test_headers_have_pragma_once_and_say_what_they_are():
    for path in SOURCES:
        if path.endswith(".h"):
            text = [line for _, line in lines(path)]
            assert text[0].startswith("//"), f"{path} begins with no comment"
            assert "#pragma once" in text, path


# Where an address is asked for, or connected to. net/dial checks each with net/dial_rules, so that
# no origin is this proxy itself or a cloud's metadata service; a way around it is a hole. UDP's
# connected sockets have to ask the rules, too: name their file here.
CONNECTS = re.compile(
    r"\b(async_)?connect\s*\(|\b(async_)?resolve\s*\(|\bgetaddrinfo\b|\bresolver\b")
MAY_CONNECT = ["src/dataplane/net/dial.cc",
               "src/dataplane/net/name_lookup.cc",  # Asks only.
               "src/dataplane/net/listener.cc"]  # Of a listen setting.


def test_nobody_connects_but_the_dialler():
    found = [f"{path}:{number}: {line.strip()}"
             for path in SOURCES if path.startswith("src/") and path not in MAY_CONNECT
             for number, line in code_lines(path) if CONNECTS.search(line)]
    assert not found, "\n".join(found)
    for path in MAY_CONNECT:
        assert any(CONNECTS.search(line) for _, line in code_lines(path)), path


def test_unit_tests_stand_in_the_folders_of_what_they_test():
    wrong = [str(path) for path in tracked("tests/unit/*_test.cc")
             if not any((ROOT / top / path.relative_to("tests/unit")).parent.is_dir()
                        for top in ("src", "tools"))]
    assert not wrong, "\n".join(wrong)


def test_tests_include_every_header_of_the_sessions():
    """Directly, or by another header: what nothing includes, no test can run."""
    seen, todo = set(), [str(path) for path in tracked("tests/*_test.cc")]
    while todo:
        for _, own, _ in includes(todo.pop()):
            places = [top + own for top in ("src/", "") if own]
            path = next((place for place in places if (ROOT / place).is_file()), None)
            if path and path not in seen:
                seen.add(path)
                todo.append(path)
    headers = {path for path in SOURCES if path.startswith("src/dataplane/proxy/")
               and path.endswith(".h")}
    assert headers <= seen, sorted(headers - seen)
