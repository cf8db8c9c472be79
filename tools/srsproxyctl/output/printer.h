// How srsproxyctl shows messages: a table for people; JSON, YAML and names for scripts.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <ostream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <google/protobuf/message.h>

#include "tools/srsproxyctl/output/environment.h"

namespace srsproxy::ctl {

enum class OutputFormat {
  kTable,  // The columns that matter daily.
  kWide,   // Every column.
  kJson,   // One document, by protobuf's JSON mapping; a list is `{"origins":[…]}`.
  kJsonl,  // One object a line.
  kYaml,   // As kJson, in YAML.
  kName,   // What selects it on a command line, one a line.
};

// What --output calls them.
const std::map<std::string, OutputFormat>& OutputFormats();

enum class Tone { kPlain, kGood, kWarning, kBad };

struct Cell {
  std::string text;
  Tone tone = Tone::kPlain;
};

template <typename Message>
struct Column {
  std::string_view title;  // Upper case; in lower case it is the field's name for --filter.
  std::function<Cell(const Message&)> cell;
  bool wide_only = false;
};

// How one kind of message is shown.
template <typename Message>
struct View {
  std::string_view plural;  // The key of the list in JSON.
  std::function<std::string(const Message&)> name;
  std::vector<Column<Message>> columns;
};

// Writes to a stream that it does not own. Text from outside is made safe for a terminal: control
// characters are escaped in tables and names.
class Printer {
 public:
  Printer(std::ostream& out, OutputFormat format, const Environment& environment);

  OutputFormat format() const { return format_; }
  bool shows_tables() const {
    return format_ == OutputFormat::kTable || format_ == OutputFormat::kWide;
  }

  // One document for all lists of a command.
  bool shows_documents() const {
    return format_ == OutputFormat::kJson || format_ == OutputFormat::kYaml;
  }

  // One message: `TITLE: value` lines in tables; a line break in a cell starts another line
  // below the value.
  template <typename Message>
  void One(const View<Message>& view, const Message& message) {
    WriteOne(HeadingsOf(view), RecordOf(view, message));
  }

  // Lists: BeginList, then Page for each page as it arrives, for one list or several; EndLists.
  template <typename Message>
  void BeginList(const View<Message>& view) {
    WriteListStart(view.plural, HeadingsOf(view));
  }
  // `messages` is any range of Message. A table's columns are as wide as the pages so far need.
  template <typename Message, typename Range>
  void Page(const View<Message>& view, const Range& messages) {
    std::vector<Record> records;
    for (const Message& message : messages) records.push_back(RecordOf(view, message));
    WritePage(records);
  }
  void EndLists();

  // One more message of a list that never ends: another row of the table that BeginList began, or
  // a document of its own. It is visible at once.
  template <typename Message>
  void Next(const View<Message>& view, const Message& message) {
    if (shows_tables()) {
      WritePage({RecordOf(view, message)});
    } else {
      WriteOne({}, RecordOf(view, message));
    }
    out_.flush();
  }

  // Tables on a terminal are drawn anew on an empty screen. Otherwise a list only grows.
  bool redraws() const { return redraws_; }
  void ClearScreen();

  // Text that is what it is in every format.
  void Text(std::string_view text) { out_ << text; }
  void Flush() { out_.flush(); }

  // Whether all could be written so far.
  bool good() const { return out_.good(); }

 private:
  struct Heading {
    std::string_view title;
    bool wide_only;
  };
  struct Record {
    std::string name;
    std::vector<Cell> cells;
    const google::protobuf::Message* message;
  };

  template <typename Message>
  static std::vector<Heading> HeadingsOf(const View<Message>& view) {
    std::vector<Heading> headings;
    for (const auto& column : view.columns) headings.push_back({column.title, column.wide_only});
    return headings;
  }
  template <typename Message>
  static Record RecordOf(const View<Message>& view, const Message& message) {
    Record record{view.name(message), {}, &message};
    for (const auto& column : view.columns) record.cells.push_back(column.cell(message));
    return record;
  }

  void WriteOne(const std::vector<Heading>& headings, const Record& record);
  void WriteField(std::string_view title, size_t title_width, const Cell& cell);
  void WriteListEnd();
  void WriteListStart(std::string_view plural, std::vector<Heading> headings);
  void WritePage(std::vector<Record> records);
  void WriteTablePage(std::vector<Record>& records);
  void WriteRow(const std::vector<Cell>& cells);
  void WriteCell(const Cell& cell, std::string_view visible_text);

  std::ostream& out_;
  const OutputFormat format_;
  const bool colours_;
  const bool redraws_;
  const size_t line_width_;  // 0: lines are not cut.

  std::vector<Heading> headings_;
  std::vector<size_t> widths_;
  bool heading_written_ = false;
  bool table_written_ = false;  // Of any list or message so far.
  bool document_written_ = false;
  size_t lists_ = 0;
  size_t records_in_list_ = 0;
};

// `text` with every control character as an escape sequence like `\x1b`.
std::string PrintableText(std::string_view text);

}  // namespace srsproxy::ctl
