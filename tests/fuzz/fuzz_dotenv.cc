// `.env` files: whatever is accepted has names, and values that survive being written again. And
// text to be logged: a secret in it goes, whatever follows.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "dataplane/core/dotenv.h"
#include "dataplane/core/redactor.h"

namespace srsproxy {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

// The value in double quotes, as ParseDotEnv reads it back.
std::string Quote(std::string_view value) {
  std::string quoted = "\"";
  for (const char c : value) {
    if (c == '\n') {
      quoted += "\\n";
    } else {
      if (c == '"' || c == '\\') quoted += '\\';
      quoted += c;
    }
  }
  return quoted + "\"";
}

void CheckDotEnv(std::string_view text) {
  const auto variables = ParseDotEnv(text);
  if (!variables.ok()) return;
  for (const auto& [name, variable] : *variables) {
    Require(!name.empty() && variable.line > 0);
    const auto again = ParseDotEnv("export " + name + "=" + Quote(variable.value));
    Require(again.ok() && again->at(name).value == variable.value);
  }
}

void CheckRedactor(std::string_view text) {
  const Redactor redactor({"token"});
  Require(redactor.Redact("?token=secret&" + std::string(text)).starts_with("?token=***&"));
}

}  // namespace
}  // namespace srsproxy

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  srsproxy::CheckDotEnv(text);
  srsproxy::CheckRedactor(text);
  return 0;
}
