// A Lua script that Redis runs, and the digest by which it is called once Redis has it.
#pragma once

#include <string>
#include <utility>

namespace srsproxy::redis {

class Script {
 public:
  // `name` is the label `op` of its calls: "claim".
  Script(std::string name, std::string source);

  const std::string& name() const { return name_; }
  const std::string& source() const { return source_; }
  // SHA-1 of the source, 40 hexadecimal digits.
  const std::string& digest() const { return digest_; }

 private:
  std::string name_;
  std::string source_;
  std::string digest_;
};

}  // namespace srsproxy::redis
