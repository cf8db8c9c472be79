#include "dataplane/net/name_lookup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy::net {
namespace {

using ::testing::Each;
using ::testing::IsEmpty;
using ::testing::Not;

using Addresses = std::vector<boost::asio::ip::address>;

class NameLookupTest : public ::testing::Test {
 protected:
  // Runs until all is answered.
  Addresses Find(const std::string& host, absl::Duration patience = absl::Seconds(20)) {
    Addresses found;
    int calls = 0;
    names_.Find(host, patience, [&](Addresses addresses) {
      found = std::move(addresses);
      ++calls;
    });
    io_.restart();
    io_.run();
    EXPECT_EQ(calls, 1) << host;
    return found;
  }

  boost::asio::io_context io_;
  NameLookup names_{io_};
};

TEST_F(NameLookupTest, ReportsWhereANameLeads) {
  const auto found = Find("localhost");
  EXPECT_THAT(found, Not(IsEmpty()));
  for (const auto& address : found) EXPECT_TRUE(address.is_loopback()) << address;
  EXPECT_THAT(Find("0x7f000001"), Each(boost::asio::ip::make_address("127.0.0.1")));
}

TEST_F(NameLookupTest, ANameThatNobodyKnowsLeadsNowhere) {
  EXPECT_THAT(Find(".", absl::Milliseconds(200)), IsEmpty());
}

TEST_F(NameLookupTest, AnswersOnceWhoeverIsFirst) {
  for (int i = 0; i < 20; ++i) Find("localhost", absl::ZeroDuration());
}

TEST_F(NameLookupTest, QuestionsAreBounded) {
  int answered = 0;
  const auto count = [&answered](const Addresses&) { ++answered; };
  for (int i = 0; i < NameLookup::kMaxOpen; ++i) names_.Find("localhost", absl::Minutes(1), count);
  EXPECT_EQ(answered, 0);
  names_.Find("localhost", absl::Minutes(1), count);
  EXPECT_EQ(answered, 1) << "one too many hears nothing, at once";
  io_.run();
  EXPECT_EQ(answered, NameLookup::kMaxOpen + 1);
  EXPECT_THAT(Find("localhost"), Not(IsEmpty())) << "there is room again";
}

}  // namespace
}  // namespace srsproxy::net
