#include "dataplane/protocol/http/file_request.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace srsproxy::http {
namespace {

// 1,000 bytes, changed at Sun, 22 Nov 2026 10:20:30.5 GMT.
const FileState kFile{.size = 1000,
                      .modified = absl::FromUnixSeconds(1795342830) + absl::Milliseconds(500)};
constexpr char kDate[] = "Sun, 22 Nov 2026 10:20:30 GMT";
constexpr char kEarlier[] = "Sun, 22 Nov 2026 10:20:29 GMT";

using FieldList = std::vector<std::pair<std::string, std::string>>;

FileReply Reply(const FieldList& fields, std::string method = "GET", FileState file = kFile) {
  RequestHead request;
  request.method = std::move(method);
  for (const auto& [name, value] : fields) request.fields.set(name, value);
  return ReplyTo(request, file);
}

TEST(FileRequestTest, AnswersWithTheWholeFile) {
  const FileReply reply = Reply({});
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.begin, 0);
  EXPECT_EQ(reply.length, 1000);
  EXPECT_EQ(ValueOf(reply.fields, "Content-Length"), "1000");
  EXPECT_EQ(ValueOf(reply.fields, "Last-Modified"), kDate);
  EXPECT_EQ(ValueOf(reply.fields, "ETag"), EntityTagOf(kFile));
  EXPECT_EQ(ValueOf(reply.fields, "Accept-Ranges"), "bytes");
  EXPECT_EQ(ValueOf(reply.fields, "Content-Range"), "");
}

TEST(FileRequestTest, TheTagChangesWithTheFile) {
  FileState other = kFile;
  other.size = 1001;
  EXPECT_NE(EntityTagOf(other), EntityTagOf(kFile));
  other = kFile;
  other.modified += absl::Nanoseconds(1);
  EXPECT_NE(EntityTagOf(other), EntityTagOf(kFile));
}

TEST(FileRequestTest, HeadReportsTheLengthAndSendsNothing) {
  const FileReply reply = Reply({{"Range", "bytes=0-9"}}, "HEAD");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.length, 0);
  EXPECT_EQ(ValueOf(reply.fields, "Content-Length"), "1000");
  EXPECT_EQ(Reply({{"If-None-Match", "*"}}, "HEAD").status, 304);
}

TEST(FileRequestTest, Ranges) {
  struct Row {
    const char* range;
    unsigned status;
    uint64_t begin;
    uint64_t length;
    const char* content_range;
  };
  const Row rows[] = {
      {"bytes=0-0", 206, 0, 1, "bytes 0-0/1000"},
      {"bytes=10-19", 206, 10, 10, "bytes 10-19/1000"},
      {"bytes=990-", 206, 990, 10, "bytes 990-999/1000"},
      {"bytes=990-5000", 206, 990, 10, "bytes 990-999/1000"},
      {"bytes=0-99999999999999999999", 206, 0, 1000, "bytes 0-999/1000"},
      {"bytes=-10", 206, 990, 10, "bytes 990-999/1000"},
      {"bytes=-5000", 206, 0, 1000, "bytes 0-999/1000"},
      {"bytes=1000-", 416, 0, 0, "bytes */1000"},
      {"bytes=99999999999999999999-", 416, 0, 0, "bytes */1000"},
      {"bytes=-0", 416, 1000, 0, "bytes */1000"},
      // Not understood, or several: the whole file.
      {"bytes=19-10", 200, 0, 1000, ""},
      {"bytes=0-1,5-6", 200, 0, 1000, ""},
      {"bytes=-", 200, 0, 1000, ""},
      {"bytes=a-b", 200, 0, 1000, ""},
      {"bytes=1-b", 200, 0, 1000, ""},
      {"bytes= 1-2", 200, 0, 1000, ""},
      {"bytes=", 200, 0, 1000, ""},
      {"lines=1-2", 200, 0, 1000, ""},
  };
  for (const Row& row : rows) {
    const FileReply reply = Reply({{"Range", row.range}});
    EXPECT_EQ(reply.status, row.status) << row.range;
    EXPECT_EQ(reply.begin, row.begin) << row.range;
    EXPECT_EQ(reply.length, row.length) << row.range;
    EXPECT_EQ(ValueOf(reply.fields, "Content-Range"), row.content_range) << row.range;
    EXPECT_EQ(ValueOf(reply.fields, "Content-Length"), std::to_string(row.length)) << row.range;
  }
}

TEST(FileRequestTest, AnEmptyFileHasNoRange) {
  const FileState empty{.size = 0, .modified = kFile.modified};
  EXPECT_EQ(Reply({}, "GET", empty).status, 200);
  EXPECT_EQ(Reply({{"Range", "bytes=0-"}}, "GET", empty).status, 416);
  EXPECT_EQ(Reply({{"Range", "bytes=-1"}}, "GET", empty).status, 416);
}

TEST(FileRequestTest, Conditions) {
  const std::string tag = EntityTagOf(kFile);
  struct Row {
    const char* what;
    FieldList fields;
    unsigned status;
  };
  const Row rows[] = {
      {"the tag it has", {{"If-None-Match", tag}}, 304},
      {"the tag, weak", {{"If-None-Match", "W/" + tag}}, 304},
      {"a list of tags", {{"If-None-Match", "\"a\", " + tag + " , \"b\""}}, 304},
      {"any tag", {{"If-None-Match", "*"}}, 304},
      {"another tag", {{"If-None-Match", "\"a\""}}, 200},
      {"another tag, and the date",
       {{"If-None-Match", "\"a\""}, {"If-Modified-Since", kDate}},
       200},
      {"its date", {{"If-Modified-Since", kDate}}, 304},
      {"an earlier date", {{"If-Modified-Since", kEarlier}}, 200},
      {"no date", {{"If-Modified-Since", "yesterday"}}, 200},
      {"must be what it is", {{"If-Match", tag}}, 200},
      {"must be another", {{"If-Match", "\"a\""}}, 412},
      {"weak tags are not enough", {{"If-Match", "W/" + tag}}, 412},
      {"not changed since its date", {{"If-Unmodified-Since", kDate}}, 200},
      {"changed since", {{"If-Unmodified-Since", kEarlier}}, 412},
  };
  for (const Row& row : rows) {
    const FileReply reply = Reply(row.fields);
    EXPECT_EQ(reply.status, row.status) << row.what;
    EXPECT_EQ(reply.length, row.status == 200 ? 1000 : 0) << row.what;
    EXPECT_EQ(ValueOf(reply.fields, "ETag"), tag) << row.what;
  }
}

TEST(FileRequestTest, ARangeOfAnotherVersionIsTheWholeFile) {
  const std::string tag = EntityTagOf(kFile);
  const auto status = [](const std::string& condition) {
    return Reply({{"Range", "bytes=0-9"}, {"If-Range", condition}}).status;
  };
  EXPECT_EQ(status(tag), 206);
  EXPECT_EQ(status(kDate), 206);
  EXPECT_EQ(status("W/" + tag), 200);
  EXPECT_EQ(status("\"a\""), 200);
  EXPECT_EQ(status(kEarlier), 200);
}

}  // namespace
}  // namespace srsproxy::http
