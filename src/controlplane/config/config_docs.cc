#include "controlplane/config/config_docs.h"

#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>

#include "controlplane/config/config_schema.h"

namespace srsproxy::control {
namespace {

constexpr char kIntroduction[] =
    R"(<!-- Made from proto/srsproxy/v1/config.proto by `srsproxy --print-config-docs`. -->
# Settings

A setting may come from five places. The first one that has it wins:

1. a flag: `--rtmp-server 1935`
2. an environment variable: `PROXY_RTMP_SERVER=1935`
3. a line in the file `.env` in the working directory: `PROXY_RTMP_SERVER=1935`
4. the YAML file that `--config` or `PROXY_CONFIG_FILE` names: `rtmp_server: 1935`
5. the default

The three spellings of a name follow from each other; the tables show the variable. An empty value
counts as not set. A value that cannot be used ends srsproxy with exit code 2 and a line that names
the setting, its source and the reason; so do an unknown flag and an unknown key in the file. An
unknown variable `PROXY_*` is only warned about. `srsproxy --check-config` shows every setting with
its value and source, checks them, and exits.

Those marked *live* can be changed while srsproxy runs:

- `srsproxyctl config set log_level=debug` changes this proxy until it stops. Such a value wins over
  all of the above; `srsproxyctl config set log_level=` gives it up again.
- SIGHUP and `srsproxyctl config reload` read `.env` and the file anew, and drop what `config set`
  has changed. New values of settings that are not live wait for a restart, and the log names them.

A change is checked together with all other settings; then all of it takes effect, or nothing does
and the reason is reported and logged. Sessions that are open go on with the settings they began with.

Settings marked *not yet available* belong to parts that are not built yet:
setting one to anything but its default, or such a listener to anything but `off`, is refused with
that reason. Such a listener is off, whatever its default says.

| kind | how it is written |
|---|---|
| address | `port`, `:port`, `host:port` or `[ip6]:port`; `off` closes the listener. A bare port listens on all addresses, IPv4 and IPv6; port 0 takes a free one and the log says which |
| duration | as in Go: `300s`, `1h2m3.5s`, `500ms` |
| on\|off | also `true`, `false`, `1`, `0` |
| endpoint | `port`, `host:port`, `tcp://host:port` or `udp://host:port` |
| addresses, networks, names, list | separated by commas; in the file also a YAML list |
| rules | separated by `;`; in the file also a YAML list |

`.env` holds lines of `NAME=value`, optionally after `export`, and comments after `#`. Values may be
quoted: nothing is special between single quotes; between double quotes `\n`, `\t`, `\"`, `\\` and
`\$` are. Nothing is expanded.

The file is one flat list:

```yaml
rtmp_server: 1935
grace_quit_timeout: 1m
log_redact: [token, secret]
```
)";

constexpr char kExitCodes[] = R"(
## Exit codes

| code | |
|---|---|
| 0 | It has stopped, as requested. |
| 1 | It could not start; the log says why. |
| 2 | A setting, a flag or a file of settings cannot be used. |
| 3 | Its stop was cut short: by `PROXY_FORCE_QUIT_TIMEOUT`, or by a second SIGTERM or SIGINT. |

Nothing holds the end up for longer: no session, no log that nobody reads, no name server, no disk.
)";

std::string Cell(std::string_view text) {
  return absl::StrReplaceAll(ToAbsl(text), {{"|", "\\|"}});
}

}  // namespace

std::string ConfigurationPage() {
  std::string page = kIntroduction;
  for (const Setting& setting : AllSettings()) {
    const v1::SettingOptions& options = setting.options();
    if (!options.section().empty()) {
      absl::StrAppend(&page, "\n## ", options.section(),
                      "\n\n| variable | kind | default | live | |\n|---|---|---|---|---|\n");
    }
    const std::string value =
        options.default_value().empty() ? "" : absl::StrCat("`", options.default_value(), "`");
    const std::string restriction =
        setting.Restriction().empty() ? "" : absl::StrCat(" (", ToAbsl(setting.Restriction()), ")");
    absl::StrAppend(&page, "| `", setting.Variable(), "` | ", Cell(setting.Kind()), " | ",
                    Cell(value), restriction, " | ", options.reloadable() ? "yes" : "", " | ",
                    Cell(options.doc()), " |\n");
  }
  return absl::StrCat(page, kExitCodes);
}

}  // namespace srsproxy::control
