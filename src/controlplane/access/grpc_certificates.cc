#include "controlplane/access/grpc_certificates.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <utility>

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <grpc/grpc.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "controlplane/call_status.h"
#include "dataplane/net/tls.h"

namespace srsproxy::control {
namespace {

template <auto kFree>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Bio = std::unique_ptr<BIO, Free<BIO_free>>;
using Certificate = std::unique_ptr<X509, Free<X509_free>>;
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;

Bio Open(const std::string& pem) {
  return Bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

// OpenSSL would prompt on the terminal otherwise.
int NoPassphrase(char*, int, int, void*) { return 0; }

// Null: `pem` holds no certificate, or one that cannot be read.
Certificate FirstCertificate(const std::string& pem) {
  Certificate certificate(PEM_read_bio_X509(Open(pem).get(), nullptr, NoPassphrase, nullptr));
  ERR_clear_error();
  return certificate;
}

Key PrivateKey(const std::string& pem) {
  Key key(PEM_read_bio_PrivateKey(Open(pem).get(), nullptr, NoPassphrase, nullptr));
  ERR_clear_error();
  return key;
}

// Reads files, and collects what is wrong with them.
class Reader {
 public:
  explicit Reader(std::vector<ConfigProblem>& problems)
      : problems_(problems), before_(problems.size()) {}

  bool failed() const { return problems_.size() != before_; }

  void AddError(const char* setting, const std::string& reason) {
    problems_.push_back({setting, reason});
  }

  std::string Read(const char* setting, const std::string& path) {
    struct stat status;
    if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode)) {
      AddError(setting, path + " cannot be read: it is no file");
      return "";
    }
    errno = 0;
    std::ifstream file(path);
    if (!file.is_open()) {
      AddError(setting, absl::StrCat(path, " cannot be read: ", std::strerror(errno)));
      return "";
    }
    return std::string{std::istreambuf_iterator<char>(file), {}};
  }

 private:
  std::vector<ConfigProblem>& problems_;
  const size_t before_;
};

class ReloadingCredentials final : public grpc::ServerCredentials {
 public:
  explicit ReloadingCredentials(grpc_server_credentials* credentials) : credentials_(credentials) {}
  ~ReloadingCredentials() override { grpc_server_credentials_release(credentials_); }

  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  grpc_server_credentials* const credentials_;
};

}  // namespace

GrpcCertificates::Files GrpcCertificates::FilesOf(const Config& config) {
  return {.cert = config.grpc_tls_cert,
          .key = config.grpc_tls_key,
          .client_ca = config.grpc_tls_client_ca};
}

std::optional<GrpcCertificates::Contents> GrpcCertificates::ReadFiles(
    const Files& files, std::vector<ConfigProblem>& problems) {
  Reader reader(problems);
  if (!files.cert.empty() && files.key.empty()) {
    reader.AddError("grpc_tls_cert", "needs grpc_tls_key");
  }
  if (files.cert.empty() && !files.key.empty()) {
    reader.AddError("grpc_tls_key", "needs grpc_tls_cert");
  }
  if (files.cert.empty() && !files.client_ca.empty()) {
    reader.AddError("grpc_tls_client_ca", "needs grpc_tls_cert and grpc_tls_key");
  }
  if (files.cert.empty() || reader.failed()) return std::nullopt;

  Contents contents{.cert = reader.Read("grpc_tls_cert", files.cert),
                    .key = reader.Read("grpc_tls_key", files.key),
                    .client_ca = {},
                    .expiry = {}};
  if (!files.client_ca.empty()) {
    contents.client_ca = reader.Read("grpc_tls_client_ca", files.client_ca);
  }
  if (reader.failed()) return std::nullopt;

  const auto certificate = FirstCertificate(contents.cert);
  const auto key = PrivateKey(contents.key);
  if (certificate == nullptr) {
    reader.AddError("grpc_tls_cert", files.cert + " holds no certificate in PEM");
  }
  if (key == nullptr) {
    reader.AddError("grpc_tls_key", files.key + " holds no private key in PEM without passphrase");
  }
  if (!files.client_ca.empty() && FirstCertificate(contents.client_ca) == nullptr) {
    reader.AddError("grpc_tls_client_ca", files.client_ca + " holds no certificate in PEM");
  }
  if (reader.failed()) return std::nullopt;
  if (X509_check_private_key(certificate.get(), key.get()) != 1) {
    ERR_clear_error();
    reader.AddError("grpc_tls_key",
                    files.key + " does not belong to the certificate " + files.cert);
    return std::nullopt;
  }
  contents.expiry = net::ExpiryOf(*certificate);
  return contents;
}

absl::StatusOr<absl::Time> GrpcCertificates::Reload() {
  std::vector<ConfigProblem> problems;
  auto contents = ReadFiles(files_, problems);
  if (!contents) {
    for (auto& problem : problems) {
      problem.where = "PROXY_" + absl::AsciiStrToUpper(problem.setting);
    }
    return RefuseConfig(problems);
  }
  const auto expiry = contents->expiry;
  const std::lock_guard lock(mutex_);
  contents_ = *std::move(contents);
  ++version_;
  return expiry;
}

std::shared_ptr<grpc::ServerCredentials> GrpcCertificates::Credentials() {
  auto* options = grpc_ssl_server_credentials_create_options_using_config_fetcher(
      files_.client_ca.empty() ? GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE
                               : GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY,
      &GrpcCertificates::Fetch, this);
  return std::make_shared<ReloadingCredentials>(
      grpc_ssl_server_credentials_create_with_options(options));
}

// Called by gRPC when it begins to listen, and before each handshake.
grpc_ssl_certificate_config_reload_status GrpcCertificates::Fetch(
    void* certificates, grpc_ssl_server_certificate_config** config) {
  auto& self = *static_cast<GrpcCertificates*>(certificates);
  const std::lock_guard lock(self.mutex_);
  if (self.version_ == self.fetched_) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
  const grpc_ssl_pem_key_cert_pair pair{.private_key = self.contents_.key.c_str(),
                                        .cert_chain = self.contents_.cert.c_str()};
  // gRPC 1.51 wants roots even when it requests no certificate of clients, and does not use them
  // then.
  const auto& roots =
      self.files_.client_ca.empty() ? self.contents_.cert : self.contents_.client_ca;
  *config = grpc_ssl_server_certificate_config_create(roots.c_str(), &pair, 1);
  self.fetched_ = self.version_;
  return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
}

}  // namespace srsproxy::control
