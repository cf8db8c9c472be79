#include "tools/srsproxyctl/output/printer.h"

#include <algorithm>

#include "tools/srsproxyctl/output/json.h"
#include "tools/srsproxyctl/output/yaml.h"

namespace srsproxy::ctl {
namespace {

constexpr std::string_view kGap = "  ";
constexpr std::string_view kEllipsis = "…";

bool ContinuesCharacter(char byte) { return (static_cast<unsigned char>(byte) & 0xC0) == 0x80; }

// How many characters of UTF-8 `text` holds: its width on a terminal, save for double-width ones.
size_t DisplayWidth(std::string_view text) {
  return text.size() - std::count_if(text.begin(), text.end(), ContinuesCharacter);
}

// The first `width` characters of `text`.
std::string_view Prefix(std::string_view text, size_t width) {
  size_t bytes = 0;
  while (bytes < text.size()) {
    if (!ContinuesCharacter(text[bytes]) && width-- == 0) break;
    ++bytes;
  }
  return text.substr(0, bytes);
}

std::string_view ColourOf(Tone tone) {
  switch (tone) {
    case Tone::kPlain:
      return "";
    case Tone::kGood:
      return "\x1b[32m";
    case Tone::kWarning:
      return "\x1b[33m";
    case Tone::kBad:
      return "\x1b[31m";
  }
  return "";
}

bool WantsColours(const Environment& environment) {
  const auto no_color = environment.variables.find("NO_COLOR");  // https://no-color.org
  return environment.output_is_terminal &&
         (no_color == environment.variables.end() || no_color->second.empty());
}

}  // namespace

const std::map<std::string, OutputFormat>& OutputFormats() {
  static const std::map<std::string, OutputFormat> formats = {
      {"table", OutputFormat::kTable}, {"wide", OutputFormat::kWide},
      {"json", OutputFormat::kJson},   {"jsonl", OutputFormat::kJsonl},
      {"yaml", OutputFormat::kYaml},   {"name", OutputFormat::kName}};
  return formats;
}

std::string PrintableText(std::string_view text) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string printable;
  for (size_t i = 0; i < text.size(); ++i) {
    auto byte = static_cast<unsigned char>(text[i]);
    // U+0080 to U+009F are control characters too; in UTF-8 they are C2 80 to C2 9F.
    const bool second_set =
        byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (second_set) byte = static_cast<unsigned char>(text[++i]);
    if (second_set || byte < 0x20 || byte == 0x7F) {
      printable += {'\\', 'x', kDigits[byte >> 4], kDigits[byte & 0xF]};
    } else {
      printable += static_cast<char>(byte);
    }
  }
  return printable;
}

Printer::Printer(std::ostream& out, OutputFormat format, const Environment& environment)
    : out_(out),
      format_(format),
      colours_(WantsColours(environment)),
      redraws_(environment.output_is_terminal && shows_tables()),
      line_width_(format == OutputFormat::kTable && environment.output_is_terminal
                      ? static_cast<size_t>(std::max(environment.output_width, 0))
                      : 0) {}

void Printer::WriteOne(const std::vector<Heading>& headings, const Record& record) {
  switch (format_) {
    case OutputFormat::kTable:
    case OutputFormat::kWide: {
      size_t title_width = 0;
      for (const Heading& heading : headings) {
        title_width = std::max(title_width, heading.title.size());
      }
      for (size_t i = 0; i < headings.size(); ++i) {
        WriteField(headings[i].title, title_width, record.cells[i]);
      }
      table_written_ = true;
      break;
    }
    case OutputFormat::kYaml:
      out_ << (document_written_ ? "---\n" : "")
           << YamlOfJson(JsonOf(*record.message, JsonStyle::kOneLine));
      document_written_ = true;
      break;
    case OutputFormat::kJson:
      out_ << JsonOf(*record.message, JsonStyle::kIndented) << '\n';
      break;
    case OutputFormat::kJsonl:
      out_ << JsonOf(*record.message, JsonStyle::kOneLine) << '\n';
      break;
    case OutputFormat::kName:
      if (!record.name.empty()) out_ << PrintableText(record.name) << '\n';
      break;
  }
}

void Printer::WriteField(std::string_view title, size_t title_width, const Cell& cell) {
  std::string start = std::string(title) + ':';
  std::string_view rest = cell.text;
  while (true) {
    const size_t line_end = rest.find('\n');
    start.resize(title_width + 1 + kGap.size(), ' ');
    out_ << start;
    WriteCell(cell, PrintableText(rest.substr(0, line_end)));
    out_ << '\n';
    if (line_end == std::string_view::npos) return;
    rest.remove_prefix(line_end + 1);
    start.clear();
  }
}

void Printer::WriteListStart(std::string_view plural, std::vector<Heading> headings) {
  if (lists_ > 0) WriteListEnd();
  if (format_ == OutputFormat::kJson) {
    out_ << (lists_ == 0 ? "{" : ",") << '"' << plural << "\":[";
  } else if (format_ == OutputFormat::kYaml) {
    out_ << plural << ':';
  }
  headings_ = std::move(headings);
  widths_.assign(headings_.size(), 0);
  heading_written_ = false;
  records_in_list_ = 0;
  ++lists_;
}

void Printer::WritePage(std::vector<Record> records) {
  if (shows_tables()) {
    WriteTablePage(records);
    return;
  }
  for (const Record& record : records) {
    if (format_ == OutputFormat::kName) {
      out_ << PrintableText(record.name) << '\n';
    } else if (format_ == OutputFormat::kYaml) {
      out_ << (records_in_list_ == 0 ? "\n" : "")
           << YamlOfJson("[" + JsonOf(*record.message, JsonStyle::kOneLine) + "]");
    } else if (format_ == OutputFormat::kJsonl) {
      out_ << JsonOf(*record.message, JsonStyle::kOneLine) << '\n';
    } else {
      out_ << (records_in_list_ == 0 ? "\n" : ",\n")
           << JsonOf(*record.message, JsonStyle::kOneLine);
    }
    ++records_in_list_;
  }
}

void Printer::WriteListEnd() {
  if (format_ == OutputFormat::kJson) {
    out_ << ']';
  } else if (format_ == OutputFormat::kYaml && records_in_list_ == 0) {
    out_ << " []\n";
  }
}

void Printer::EndLists() {
  WriteListEnd();
  if (format_ == OutputFormat::kJson) out_ << "}\n";
  lists_ = 0;
  table_written_ = false;
}

void Printer::ClearScreen() { out_ << "\x1b[H\x1b[2J"; }

void Printer::WriteTablePage(std::vector<Record>& records) {
  if (records.empty()) return;
  std::vector<Cell> titles;
  for (size_t i = 0; i < headings_.size(); ++i) {
    titles.push_back({std::string(headings_[i].title), Tone::kPlain});
    widths_[i] = std::max(widths_[i], headings_[i].title.size());
  }
  for (Record& record : records) {
    for (size_t i = 0; i < headings_.size(); ++i) {
      record.cells[i].text = PrintableText(record.cells[i].text);
      widths_[i] = std::max(widths_[i], DisplayWidth(record.cells[i].text));
    }
  }
  if (!heading_written_) {
    if (table_written_) out_ << '\n';
    WriteRow(titles);
  }
  heading_written_ = table_written_ = true;
  for (const Record& record : records) WriteRow(record.cells);
}

void Printer::WriteRow(const std::vector<Cell>& cells) {
  size_t column = 0;   // Where the cursor is.
  size_t padding = 0;  // Blanks owed before the next cell, so that no line ends in blanks.
  for (size_t i = 0; i < cells.size(); ++i) {
    if (headings_[i].wide_only && format_ != OutputFormat::kWide) continue;
    const std::string& text = cells[i].text;
    const size_t width = DisplayWidth(text);
    if (line_width_ != 0 && column + padding + width > line_width_) {
      const size_t room = line_width_ - std::min(line_width_, column + padding + 1);
      if (room > 0) {
        out_ << std::string(padding, ' ');
        WriteCell(cells[i], Prefix(text, room));
        out_ << kEllipsis;
      }
      break;
    }
    out_ << std::string(padding, ' ');
    WriteCell(cells[i], text);
    column += padding + width;
    padding = widths_[i] - width + kGap.size();
  }
  out_ << '\n';
}

void Printer::WriteCell(const Cell& cell, std::string_view visible_text) {
  const std::string_view colour = colours_ ? ColourOf(cell.tone) : "";
  out_ << colour << visible_text << (colour.empty() ? "" : "\x1b[0m");
}

}  // namespace srsproxy::ctl
