#include "tests/support/certificates.h"

#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

namespace srsproxy {

Certificates::Certificates() : directory_(testing::TempDir() + "/srsproxy_certificates_XXXXXX") {
  EXPECT_NE(mkdtemp(directory_.data()), nullptr);
}

Certificates::~Certificates() { std::filesystem::remove_all(directory_); }

void Certificates::Make(const std::string& name, const std::string& authority) {
  std::string command =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj "
      "/CN=" +
      name + " -keyout " + Key(name) + " -out " + Cert(name);
  if (authority.empty()) {
    command += " -addext subjectAltName=IP:127.0.0.1 -addext keyUsage=keyCertSign,digitalSignature";
  } else {
    command += " -CA " + Cert(authority) + " -CAkey " + Key(authority) +
               " -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE";
  }
  EXPECT_EQ(std::system((command + " 2>" + directory_ + "/openssl.log").c_str()), 0)
      << Read(directory_ + "/openssl.log");
}

void Certificates::Replace(const std::string& name, const std::string& other) {
  std::filesystem::rename(Cert(other), Cert(name));
  std::filesystem::rename(Key(other), Key(name));
}

std::string Certificates::Write(const std::string& file, const std::string& text) {
  const std::string path = directory_ + "/" + file;
  const std::string fresh = path + ".new";
  std::ofstream(fresh) << text;
  EXPECT_EQ(chmod(fresh.c_str(), 0600), 0);
  std::filesystem::rename(fresh, path);  // At once, as an operator's tools should do it.
  return path;
}

std::string Certificates::Read(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace srsproxy
