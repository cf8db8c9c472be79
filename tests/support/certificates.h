// Certificates for tests, made by the command `openssl` in a folder of their own.
#pragma once

#include <string>

namespace srsproxy {

class Certificates {
 public:
  Certificates();
  ~Certificates();  // Removes the folder.
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;

  // A certificate for 127.0.0.1 and its key: `name`.pem and `name`.key. Without an `authority` it
  // signs itself, and may sign others. Replaces what is there.
  void Make(const std::string& name, const std::string& authority = "");
  // Replaces the certificate of `name` by that of `other`.
  void Replace(const std::string& name, const std::string& other);
  // A file of any content that only its owner may read; returns its path.
  std::string Write(const std::string& file, const std::string& text);

  std::string Cert(const std::string& name) const { return directory_ + "/" + name + ".pem"; }
  std::string Key(const std::string& name) const { return directory_ + "/" + name + ".key"; }
  const std::string& directory() const { return directory_; }

  static std::string Read(const std::string& path);

 private:
  std::string directory_;
};

}  // namespace srsproxy
