#include "tools/srsproxyctl/output/json.h"

#include <memory>

#include <absl/strings/str_cat.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver.h>
#include <google/protobuf/util/type_resolver_util.h>

namespace srsproxy::ctl {
namespace {

using google::protobuf::DescriptorPool;
using google::protobuf::util::TypeResolver;

constexpr char kTypes[] = "type.googleapis.com";

// With the entries of maps in their order.
std::string BinaryOf(const google::protobuf::Message& message) {
  std::string binary;
  google::protobuf::io::StringOutputStream stream(&binary);
  google::protobuf::io::CodedOutputStream coded(&stream);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return binary;
}

}  // namespace

std::string JsonOf(const google::protobuf::Message& message, JsonStyle style) {
  static const std::unique_ptr<TypeResolver> resolver(
      google::protobuf::util::NewTypeResolverForDescriptorPool(kTypes,
                                                               DescriptorPool::generated_pool()));
  google::protobuf::util::JsonPrintOptions options;
  options.add_whitespace = style == JsonStyle::kIndented;
  options.always_print_primitive_fields = true;
  std::string json;
  // Fails only for a google.protobuf.Any of unknown type; no message shown here holds one.
  (void)google::protobuf::util::BinaryToJsonString(
      resolver.get(), absl::StrCat(kTypes, "/", message.GetDescriptor()->full_name()),
      BinaryOf(message), &json, options);
  while (!json.empty() && json.back() == '\n') json.pop_back();
  return json;
}

}  // namespace srsproxy::ctl
