#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/protocol/rtmp/amf0.h"
#include "dataplane/protocol/rtmp/amf3.h"

namespace srsproxy::rtmp {
namespace {

using ::testing::HasSubstr;
using Bytes = std::vector<uint8_t>;

AmfObject Object(std::vector<std::pair<std::string, AmfValue>> properties,
                 AmfObject::Kind kind = AmfObject::Kind::kObject) {
  AmfObject object;
  object.kind = kind;
  object.properties = std::move(properties);
  return object;
}

AmfObject Typed(std::string class_name, std::vector<std::pair<std::string, AmfValue>> properties) {
  AmfObject object = Object(std::move(properties));
  object.class_name = std::move(class_name);
  return object;
}

AmfArray Array(std::vector<AmfValue> elements) { return AmfArray{std::move(elements)}; }

using Reader = AmfValue (*)(AmfReader&);

struct Row {
  std::string name;
  Reader read;
  Bytes bytes;
  AmfValue value;
  bool written_alike = true;  // WriteAmf0 gives the same bytes.
};

void PrintTo(const Row& row, std::ostream* os) { *os << row.name; }

class AmfValues : public ::testing::TestWithParam<Row> {};

TEST_P(AmfValues, AreReadAndWritten) {
  AmfReader reader(GetParam().bytes);
  const AmfValue value = GetParam().read(reader);
  ASSERT_TRUE(reader.ok()) << reader.status();
  EXPECT_TRUE(value == GetParam().value);
  EXPECT_TRUE(reader.AtEnd());
  if (!GetParam().written_alike) return;
  Bytes written;
  WriteAmf0(value, written);
  EXPECT_EQ(written, GetParam().bytes);
}

TEST_P(AmfValues, FailWhenCutAnywhere) {
  for (size_t size = 0; size < GetParam().bytes.size(); ++size) {
    AmfReader reader(std::span(GetParam().bytes).first(size));
    GetParam().read(reader);
    EXPECT_EQ(reader.status().code(), absl::StatusCode::kInvalidArgument) << size;
    EXPECT_THAT(std::string(MessageOf(reader.status())), HasSubstr("ends too early")) << size;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Amf0, AmfValues,
    ::testing::Values(
        Row{"Number", ReadAmf0, {0, 0x40, 0x08, 0, 0, 0, 0, 0, 0}, 3.0},
        Row{"True", ReadAmf0, {1, 1}, true}, Row{"False", ReadAmf0, {1, 0}, false},
        Row{"OtherTrue", ReadAmf0, {1, 9}, true, false},
        Row{"String", ReadAmf0, {2, 0, 2, 'h', 'i'}, "hi"},
        Row{"EmptyString", ReadAmf0, {2, 0, 0}, ""},
        Row{"LongString", ReadAmf0, {12, 0, 0, 0, 1, 'x'}, "x", false},
        Row{"Null", ReadAmf0, {5}, AmfNull{}}, Row{"Undefined", ReadAmf0, {6}, AmfUndefined{}},
        Row{"Unsupported", ReadAmf0, {13}, AmfUndefined{}, false},
        Row{"Reference", ReadAmf0, {7, 1, 2}, AmfReference{0x102}, false},
        Row{"Object",
            ReadAmf0,
            {3, 0, 1, 'a', 1, 1, 0, 1, 'b', 5, 0, 0, 9},
            Object({{"a", true}, {"b", AmfNull{}}})},
        Row{"EmptyObject", ReadAmf0, {3, 0, 0, 9}, Object({})},
        Row{"EmptyName", ReadAmf0, {3, 0, 0, 5, 0, 0, 9}, Object({{"", AmfNull{}}})},
        Row{"EcmaArray",
            ReadAmf0,
            {8, 0, 0, 0, 1, 0, 1, 'a', 5, 0, 0, 9},
            Object({{"a", AmfNull{}}}, AmfObject::Kind::kEcmaArray)},
        Row{"EcmaArrayThatMiscounts",
            ReadAmf0,
            {8, 0xff, 0xff, 0xff, 0xff, 0, 1, 'a', 5, 0, 0, 9},
            Object({{"a", AmfNull{}}}, AmfObject::Kind::kEcmaArray),
            false},
        Row{"StrictArray", ReadAmf0, {10, 0, 0, 0, 2, 5, 1, 1}, Array({AmfNull{}, true})},
        Row{"Date", ReadAmf0, {11, 0x40, 0x08, 0, 0, 0, 0, 0, 0, 0, 0}, AmfDate{3}},
        Row{"Xml", ReadAmf0, {15, 0, 0, 0, 1, '<'}, AmfXml{"<"}},
        Row{"TypedObject",
            ReadAmf0,
            {16, 0, 1, 'C', 0, 1, 'a', 5, 0, 0, 9},
            Typed("C", {{"a", AmfNull{}}})},
        Row{"SwitchToAmf3", ReadAmf0, {17, 4, 5}, 5, false}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Amf3, AmfValues,
    ::testing::Values(
        Row{"Undefined", ReadAmf3, {0}, AmfUndefined{}, false},
        Row{"Null", ReadAmf3, {1}, AmfNull{}, false}, Row{"False", ReadAmf3, {2}, false, false},
        Row{"True", ReadAmf3, {3}, true, false},
        Row{"IntegerOf1Byte", ReadAmf3, {4, 0x7f}, 127, false},
        Row{"IntegerOf2Bytes", ReadAmf3, {4, 0x81, 0x00}, 128, false},
        Row{"IntegerOf3Bytes", ReadAmf3, {4, 0x81, 0x80, 0x00}, 16384, false},
        Row{"IntegerOf4Bytes", ReadAmf3, {4, 0x80, 0xc0, 0x80, 0x00}, 2097152, false},
        Row{"LargestInteger", ReadAmf3, {4, 0xbf, 0xff, 0xff, 0xff}, 268435455, false},
        Row{"NegativeInteger", ReadAmf3, {4, 0xff, 0xff, 0xff, 0xff}, -1, false},
        Row{"Double", ReadAmf3, {5, 0x40, 0x08, 0, 0, 0, 0, 0, 0}, 3.0, false},
        Row{"String", ReadAmf3, {6, 5, 'h', 'i'}, "hi", false},
        Row{"StringReference", ReadAmf3, {9, 5, 1, 6, 3, 'x', 6, 0}, Array({"x", "x"}), false},
        Row{"XmlDocument", ReadAmf3, {7, 3, '<'}, AmfXml{"<"}, false},
        Row{"Date", ReadAmf3, {8, 1, 0x40, 0x08, 0, 0, 0, 0, 0, 0}, AmfDate{3}, false},
        Row{"Array", ReadAmf3, {9, 5, 1, 3, 2}, Array({true, false}), false},
        Row{"AssociativeArray",
            ReadAmf3,
            {9, 1, 3, 'a', 3, 1},
            Object({{"a", true}}, AmfObject::Kind::kEcmaArray),
            false},
        Row{"DynamicObject", ReadAmf3, {10, 0x0b, 1, 3, 'a', 3, 1}, Object({{"a", true}}), false},
        Row{"SealedObject",
            ReadAmf3,
            {10, 0x13, 3, 'C', 3, 'a', 2},
            Typed("C", {{"a", false}}),
            false},
        Row{"TraitsReference",
            ReadAmf3,
            {9, 5, 1, 10, 0x13, 3, 'C', 3, 'a', 2, 10, 1, 3},
            Array({Typed("C", {{"a", false}}), Typed("C", {{"a", true}})}),
            false},
        Row{"ObjectReference", ReadAmf3, {9, 3, 1, 9, 0}, Array({AmfReference{0}}), false},
        Row{"Xml", ReadAmf3, {11, 3, '<'}, AmfXml{"<"}, false},
        Row{"ByteArray", ReadAmf3, {12, 3, 0xff}, AmfByteArray{"\xff"}, false},
        Row{"VectorOfInt", ReadAmf3, {13, 3, 0, 0xff, 0xff, 0xff, 0xff}, Array({-1}), false},
        Row{"VectorOfUint",
            ReadAmf3,
            {14, 3, 0, 0xff, 0xff, 0xff, 0xff},
            Array({4294967295.0}),
            false},
        Row{"VectorOfDouble",
            ReadAmf3,
            {15, 3, 0, 0x40, 0x08, 0, 0, 0, 0, 0, 0},
            Array({3}),
            false},
        Row{"VectorOfObject", ReadAmf3, {16, 3, 0, 3, 'C', 1}, Array({AmfNull{}}), false},
        Row{"Dictionary", ReadAmf3, {17, 3, 0, 6, 3, 'k', 3}, Array({"k", true}), false}),
    [](const auto& row) { return row.param.name; });

struct BrokenRow {
  std::string name;
  Reader read;
  Bytes bytes;
  std::string message;
};

void PrintTo(const BrokenRow& row, std::ostream* os) { *os << row.name; }

class BrokenAmf : public ::testing::TestWithParam<BrokenRow> {};

TEST_P(BrokenAmf, IsRefused) {
  AmfReader reader(GetParam().bytes);
  GetParam().read(reader);
  EXPECT_EQ(reader.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(MessageOf(reader.status())), HasSubstr(GetParam().message));
}

Bytes Repeated(const Bytes& pattern, size_t times) {
  Bytes bytes;
  for (size_t i = 0; i < times; ++i) bytes.insert(bytes.end(), pattern.begin(), pattern.end());
  return bytes;
}

// One string of 60,000 bytes, then references to it.
Bytes StringsRepeated(size_t times) {
  Bytes bytes = {9, 0x8f, 0x51, 1, 6, 0x87, 0xa9, 0x41};  // 1000 elements; 60,000 bytes.
  bytes.resize(bytes.size() + 60'000, 'x');
  const Bytes references = Repeated({6, 0}, times);
  bytes.insert(bytes.end(), references.begin(), references.end());
  return bytes;
}

INSTANTIATE_TEST_SUITE_P(
    All, BrokenAmf,
    ::testing::Values(
        BrokenRow{"UnknownMarker", ReadAmf0, {18}, "no value has the marker 18"},
        BrokenRow{"EndWithoutObject", ReadAmf0, {9}, "no value has the marker 9"},
        BrokenRow{"TextLongerThanTheBody", ReadAmf0, {2, 0, 5, 'a'}, "5 bytes are needed, 1 are"},
        BrokenRow{"Objects10000Deep", ReadAmf0, Repeated({3, 0, 1, 'a'}, 10'000), "too deep"},
        BrokenRow{"Arrays10000Deep", ReadAmf0, Repeated({10, 0, 0, 0, 1}, 10'000), "too deep"},
        BrokenRow{"Amf3Arrays10000Deep", ReadAmf3, Repeated({9, 3, 1}, 10'000), "too deep"},
        BrokenRow{"TooManyValues", ReadAmf0,
                  [] {
                    Bytes bytes = {10, 0, 0, 0xff, 0xff};
                    bytes.resize(60'000, 5);
                    return bytes;
                  }(),
                  "too many values"},
        BrokenRow{"TooMuchRepeatedText", ReadAmf3, StringsRepeated(100), "too much text"},
        BrokenRow{"UnknownAmf3Marker", ReadAmf3, {18, 1}, "no AMF3 value has the marker 18"},
        BrokenRow{"StringNotThere", ReadAmf3, {6, 4}, "string 2 of 0"},
        BrokenRow{"ObjectNotThere", ReadAmf3, {10, 4}, "object 2 of 0"},
        BrokenRow{"ClassNotThere", ReadAmf3, {10, 5}, "class 1 of 0"},
        BrokenRow{"Externalizable", ReadAmf3, {10, 7, 3, 'X'}, "class 'X'"}),
    [](const auto& row) { return row.param.name; });

TEST(AmfTest, DepthIsGivenBack) {
  Bytes bytes = {10, 0, 0, 0, 100};
  for (int i = 0; i < 100; ++i) bytes.insert(bytes.end(), {3, 0, 0, 9});
  AmfReader reader(bytes, {.max_depth = 2});
  ReadAmf0(reader);
  EXPECT_TRUE(reader.ok()) << reader.status();
}

TEST(AmfTest, LongStringsAreWrittenAsSuch) {
  Bytes bytes;
  WriteAmf0(std::string(70'000, 'x'), bytes);
  EXPECT_EQ(bytes[0], 12);
  AmfReader reader(bytes);
  EXPECT_TRUE(ReadAmf0(reader) == AmfValue(std::string(70'000, 'x')));
}

TEST(AmfTest, DensePartsAreWrittenByIndex) {
  AmfObject object = Object({{"a", true}}, AmfObject::Kind::kEcmaArray);
  object.dense = {AmfNull{}};
  Bytes bytes;
  WriteAmf0(object, bytes);
  AmfReader reader(bytes);
  EXPECT_TRUE(ReadAmf0(reader) ==
              AmfValue(Object({{"0", AmfNull{}}, {"a", true}}, AmfObject::Kind::kEcmaArray)));
}

TEST(AmfTest, TheLastOfEqualNamesCounts) {
  const AmfObject object = Object({{"a", 1}, {"b", 2}, {"a", 3}});
  ASSERT_NE(object.Find("a"), nullptr);
  EXPECT_EQ(*object.Find("a")->AsNumber(), 3);
  EXPECT_EQ(object.Find("c"), nullptr);
}

}  // namespace
}  // namespace srsproxy::rtmp
