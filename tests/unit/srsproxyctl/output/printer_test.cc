#include "tools/srsproxyctl/output/printer.h"

#include <sstream>
#include <string>
#include <vector>

#include <google/protobuf/wrappers.pb.h>
#include <gtest/gtest.h>

namespace srsproxy::ctl {
namespace {

using Text = google::protobuf::StringValue;

const View<Text>& TextView() {
  static const View<Text> view = {
      "texts",
      [](const Text& t) { return t.value(); },
      {{"TEXT",
        [](const Text& t) {
          return Cell{t.value(), Tone::kGood};
        }},
       {"SIZE", [](const Text& t) { return Cell{std::to_string(t.value().size())}; }},
       {"MORE", [](const Text&) { return Cell{"more"}; }, true}}};
  return view;
}

std::vector<Text> Texts(const std::vector<std::string>& values) {
  std::vector<Text> texts(values.size());
  for (size_t i = 0; i < values.size(); ++i) texts[i].set_value(values[i]);
  return texts;
}

// What a list with these pages looks like.
std::string Printed(OutputFormat format, const std::vector<std::vector<std::string>>& pages,
                    const Environment& environment = {}) {
  std::ostringstream out;
  Printer printer(out, format, environment);
  printer.BeginList(TextView());
  for (const auto& page : pages) printer.Page(TextView(), Texts(page));
  printer.EndLists();
  return out.str();
}

TEST(PrinterTest, AlignsColumnsByCharacters) {
  EXPECT_EQ(Printed(OutputFormat::kTable, {{"a", "пример", "abc"}}),
            "TEXT    SIZE\n"
            "a       1\n"
            "пример  12\n"
            "abc     3\n");
}

TEST(PrinterTest, WideHasEveryColumn) {
  EXPECT_EQ(Printed(OutputFormat::kWide, {{"a"}}),
            "TEXT  SIZE  MORE\n"
            "a     1     more\n");
}

TEST(PrinterTest, LaterPagesWidenTheTable) {
  EXPECT_EQ(Printed(OutputFormat::kTable, {{"a"}, {"abcdef"}, {"b"}}),
            "TEXT  SIZE\n"
            "a     1\n"
            "abcdef  6\n"
            "b       1\n");
}

TEST(PrinterTest, PagesMakeOneJsonDocument) {
  EXPECT_EQ(Printed(OutputFormat::kJson, {{"a", "b"}, {}, {"c"}}),
            "{\"texts\":[\n\"a\",\n\"b\",\n\"c\"]}\n");
  EXPECT_EQ(Printed(OutputFormat::kJson, {}), "{\"texts\":[]}\n");
}

TEST(PrinterTest, ListsShareAJsonDocument) {
  std::ostringstream out;
  Printer printer(out, OutputFormat::kJson, {});
  printer.BeginList(TextView());
  printer.Page(TextView(), Texts({"a"}));
  printer.BeginList(TextView());
  printer.Page(TextView(), Texts({"b"}));
  printer.EndLists();
  EXPECT_EQ(out.str(), "{\"texts\":[\n\"a\"],\"texts\":[\n\"b\"]}\n");
}

TEST(PrinterTest, ABlankLineStandsBetweenTables) {
  std::ostringstream out;
  Printer printer(out, OutputFormat::kTable, {});
  printer.BeginList(TextView());  // An empty list leaves no trace.
  for (const char* value : {"a", "b"}) {
    printer.BeginList(TextView());
    printer.Page(TextView(), Texts({value}));
  }
  printer.EndLists();
  EXPECT_EQ(out.str(), "TEXT  SIZE\na     1\n\nTEXT  SIZE\nb     1\n");
}

TEST(PrinterTest, OneIsShownLineByLine) {
  std::ostringstream out;
  Printer(out, OutputFormat::kTable, {}).One(TextView(), Texts({"two\nlines"})[0]);
  EXPECT_EQ(out.str(),
            "TEXT:  two\n"
            "       lines\n"
            "SIZE:  9\n"
            "MORE:  more\n");
}

TEST(PrinterTest, ControlCharactersNeverReachTheTerminal) {
  EXPECT_EQ(Printed(OutputFormat::kName, {{"a\x1b[2Jb\nc\td"}}), "a\\x1b[2Jb\\x0ac\\x09d\n");
  EXPECT_EQ(PrintableText("\x7f|\xc2\x9b|\xc2\xa0|ж"), "\\x7f|\\x9b|\xc2\xa0|ж");
}

TEST(PrinterTest, ColoursOnlyOnATerminal) {
  Environment terminal;
  terminal.output_is_terminal = true;
  EXPECT_EQ(Printed(OutputFormat::kTable, {{"a"}}, terminal),
            "TEXT  SIZE\n"
            "\x1b[32ma\x1b[0m     1\n");
  terminal.variables["NO_COLOR"] = "1";
  EXPECT_EQ(Printed(OutputFormat::kTable, {{"a"}}, terminal), "TEXT  SIZE\na     1\n");
}

TEST(PrinterTest, CutsLinesAtTheTerminalsWidth) {
  Environment terminal;
  terminal.output_is_terminal = true;
  terminal.output_width = 10;
  terminal.variables["NO_COLOR"] = "1";
  EXPECT_EQ(Printed(OutputFormat::kTable, {{"abcdefghijkl", "a"}}, terminal),
            "TEXT\n"
            "abcdefghi…\n"
            "a\n");
  EXPECT_EQ(Printed(OutputFormat::kTable, {{"abcdef", "a"}}, terminal),
            "TEXT    S…\n"
            "abcdef  6\n"
            "a       1\n");
  EXPECT_EQ(Printed(OutputFormat::kName, {{"abcdefghijkl"}}, terminal), "abcdefghijkl\n");
}

}  // namespace
}  // namespace srsproxy::ctl
