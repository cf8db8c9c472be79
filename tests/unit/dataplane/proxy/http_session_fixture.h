// Runs HTTP sessions of a site, plain and over TLS, with peers that stall or leave.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "dataplane/proxy/http/http_session.h"
#include "tests/unit/dataplane/proxy/http_scripts.h"
#include "tests/unit/dataplane/proxy/session_fixture.h"

namespace srsproxy::testing {

class HttpSessionFixture : public SessionFixture {
 protected:
  // An origin closes after some of its steps, or does nothing more.
  struct Fault {
    std::string after;
    size_t steps = 0;
    std::string if_it_closes{};  // A part of what the client gets then.
    std::string if_it_stalls{};
  };

  Front serve(const HttpSite& site) {
    return Serving([this, &site](net::Incoming client, net::CancelScope& scope) {
      return ServeClient(site, std::move(client), scope);
    });
  }

  // A session for each fault of an origin. `end`: of the response; the client never gets it.
  void RunOriginCloses(const Front& front, const Script& client, const Script& origin,
                       const std::vector<Fault>& faults, const std::string& end) {
    for (const Fault& fault : faults) {
      SCOPED_TRACE("the origin closes after " + fault.after);
      ExpectPart(Run(front, {client}, {origin, fault.steps, Leaving::kCloses}), fault.if_it_closes,
                 end);
    }
  }
  void RunOriginStalls(const Front& front, const Script& client, const Script& origin,
                       const std::vector<Fault>& faults, const std::string& end) {
    ShortenTimeouts();
    for (const Fault& fault : faults) {
      SCOPED_TRACE("the origin stalls after " + fault.after);
      ExpectPart(Run(front, {client}, {origin, fault.steps}), fault.if_it_stalls, end);
    }
  }

  // Sessions of clients that request `target`, and stall. `origin`: sends more than what fits into
  // the buffers of a client that stops reading. `bodiless`: what the client gets when it announces
  // a body that never comes.
  void RunClientStalls(const Front& front, const std::string& target, const Script& origin,
                       const std::string& bodiless, const std::string& end) {
    ShortenTimeouts();
    const std::string line = "GET " + target + " HTTP/1.1\r\nHost: v.com\r\n";
    const Script request = HttpRequestScript(target, "HTTP/1.1 200");
    const auto run = [&](const std::string& after, Plan client, const std::string& part) {
      SCOPED_TRACE("the client stalls after " + after);
      ExpectPart(Run(front, std::move(client), {origin}), part, end);
    };
    run("a part of its head", {{{.send = line}}}, "HTTP/1.1 408");
    run("its head", {{{.send = line + "Content-Length: 5\r\n\r\n"}}}, bodiless);
    run("its request, of which it reads no response", {request, 2, Leaving::kStopsReading}, "");
    run("a part of the response", {request, 3, Leaving::kStopsReading}, "HTTP/1.1 200");
  }

  net::TlsContext tls_;  // Null: the client speaks none.
  const HttpSessionNeeds needs_{config_, context_, table_};

 private:
  static void ExpectPart(const std::string& received, const std::string& part,
                         const std::string& end) {
    EXPECT_THAT(received, ::testing::HasSubstr(part));
    EXPECT_THAT(received, ::testing::Not(::testing::HasSubstr(end)));
  }
  net::Task<void> ServeClient(const HttpSite& site, net::Incoming client, net::CancelScope& scope) {
    HttpSession session(needs_, scope, site, Listener::kHttp, std::move(client), tls_);
    co_await session.Run();
  }
};

// Each test is run with clients that speak TLS, and with clients that do not.
class HttpAndHttpsFixture : public HttpSessionFixture, public ::testing::WithParamInterface<bool> {
 public:
  static std::string NameOf(const ::testing::TestParamInfo<bool>& over_tls) {
    return over_tls.param ? "Https" : "Http";
  }

 protected:
  HttpAndHttpsFixture() {
    if (GetParam()) tls_ = UseServerTls();
  }
};

}  // namespace srsproxy::testing
