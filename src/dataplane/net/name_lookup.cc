#include "dataplane/net/name_lookup.h"

#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace srsproxy::net {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// One question. Used on the thread of its io_context.
struct Question {
  Question(asio::io_context& io, NameLookup::Done its_done,
           std::shared_ptr<std::atomic<int>> counter)
      : resolver(io), timer(io), done(std::move(its_done)), open(std::move(counter)) {}
  ~Question() { --*open; }

  void Answer(std::vector<asio::ip::address> addresses) {
    if (auto once = std::exchange(done, nullptr)) once(std::move(addresses));
  }

  tcp::resolver resolver;
  asio::steady_timer timer;
  NameLookup::Done done;  // Null once called.
  const std::shared_ptr<std::atomic<int>> open;
};

void Resolve(const std::shared_ptr<Question>& question, const std::string& host,
             absl::Duration patience) {
  question->timer.expires_after(absl::ToChronoNanoseconds(patience));
  question->timer.async_wait([question](const boost::system::error_code& error) {
    if (!error) question->Answer({});
  });
  question->resolver.async_resolve(host, "",
                                   [question](const boost::system::error_code& error,
                                              const tcp::resolver::results_type& results) {
                                     std::vector<asio::ip::address> addresses;
                                     if (!error) {
                                       for (const auto& entry : results) {
                                         addresses.push_back(entry.endpoint().address());
                                       }
                                     }
                                     question->timer.cancel();
                                     question->Answer(std::move(addresses));
                                   });
}

}  // namespace

void NameLookup::Find(std::string host, absl::Duration patience, Done done) {
  if (++*open_ > kMaxOpen) {
    --*open_;
    return done({});
  }
  auto question = std::make_shared<Question>(io_, std::move(done), open_);
  asio::post(io_, [question = std::move(question), host = std::move(host), patience] {
    Resolve(question, host, patience);
  });
}

}  // namespace srsproxy::net
