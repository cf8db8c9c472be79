#include "dataplane/core/dotenv.h"

#include <utility>

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>

namespace srsproxy {
namespace {

constexpr std::string_view kBlanks = " \t\r";

std::string_view TrimBlanks(std::string_view text) {
  const size_t first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

bool IsName(std::string_view text) {
  if (text.empty() || absl::ascii_isdigit(static_cast<unsigned char>(text.front()))) return false;
  for (const char c : text) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '.') return false;
  }
  return true;
}

// The text of a value that starts with a quote, up to the one that closes it.
absl::StatusOr<std::string> Unquote(std::string_view text) {
  const char quote = text.front();
  std::string value;
  for (size_t i = 1; i < text.size(); ++i) {
    const char c = text[i];
    if (c == quote) {
      const std::string_view rest = TrimBlanks(text.substr(i + 1));
      if (!rest.empty() && !rest.starts_with('#')) {
        return absl::InvalidArgumentError("there is text after the closing quote");
      }
      return value;
    }
    if (c == '\\' && quote == '"' && i + 1 < text.size()) {
      constexpr std::string_view kEscaped = "nrt\"\\$";
      constexpr std::string_view kMeaning = "\n\r\t\"\\$";
      const size_t escape = kEscaped.find(text[i + 1]);
      if (escape != std::string_view::npos) {
        value.push_back(kMeaning[escape]);
        ++i;
        continue;
      }
    }
    value.push_back(c);
  }
  return absl::InvalidArgumentError("the quote is not closed");
}

absl::StatusOr<std::string> ParseValue(std::string_view text) {
  text = TrimBlanks(text);
  if (text.starts_with('"') || text.starts_with('\'')) return Unquote(text);
  if (text.starts_with('#')) return std::string();
  for (size_t hash = text.find('#', 1); hash != std::string_view::npos;
       hash = text.find('#', hash + 1)) {
    if (kBlanks.find(text[hash - 1]) != std::string_view::npos) {
      return std::string(TrimBlanks(text.substr(0, hash)));
    }
  }
  return std::string(text);
}

// One line that is not empty and no comment.
absl::StatusOr<std::pair<std::string, std::string>> ParseLine(std::string_view line) {
  constexpr std::string_view kExport = "export";
  if (line.starts_with(kExport) && line.size() > kExport.size() &&
      kBlanks.find(line[kExport.size()]) != std::string_view::npos) {
    line = TrimBlanks(line.substr(kExport.size()));
  }
  const size_t equals = line.find('=');
  if (equals == std::string_view::npos) {
    return absl::InvalidArgumentError("it is not of the form NAME=value");
  }
  const std::string_view name = TrimBlanks(line.substr(0, equals));
  if (!IsName(name)) {
    return absl::InvalidArgumentError("what stands before '=' is no name of a variable");
  }
  absl::StatusOr<std::string> value = ParseValue(line.substr(equals + 1));
  if (!value.ok()) return value.status();
  return std::pair(std::string(name), *std::move(value));
}

}  // namespace

absl::StatusOr<std::map<std::string, DotEnvVariable>> ParseDotEnv(std::string_view text) {
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  std::map<std::string, DotEnvVariable> variables;
  for (int number = 1; !text.empty(); ++number) {
    const size_t end = text.find('\n');
    const std::string_view line = TrimBlanks(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (line.empty() || line.starts_with('#')) continue;
    absl::StatusOr<std::pair<std::string, std::string>> parsed = ParseLine(line);
    if (!parsed.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("line ", number, ": ", parsed.status().message()));
    }
    variables[std::move(parsed->first)] = {std::move(parsed->second), number};
  }
  return variables;
}

}  // namespace srsproxy
