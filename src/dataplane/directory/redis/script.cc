#include "dataplane/directory/redis/script.h"

#include <array>

#include <absl/strings/escaping.h>
#include <openssl/sha.h>

namespace srsproxy::redis {
namespace {

std::string Sha1(const std::string& text) {
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return absl::BytesToHexString({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace

Script::Script(std::string name, std::string source)
    : name_(std::move(name)), source_(std::move(source)), digest_(Sha1(source_)) {}

}  // namespace srsproxy::redis
