#include "dataplane/core/special_address.h"

#include <gtest/gtest.h>

namespace srsproxy {
namespace {

struct Case {
  const char* address;
  const char* kind;  // Empty: an ordinary one.
};

TEST(SpecialAddressTest, IsKnownInEveryForm) {
  const Case cases[] = {
      {"0.0.0.0", "unspecified"},
      {"0.1.2.3", "unspecified"},
      {"::", "unspecified"},
      {"::ffff:0.0.0.0", "unspecified"},
      {"169.254.0.0", "link-local"},
      {"169.254.169.254", "link-local"},
      {"169.254.255.255", "link-local"},
      {"::ffff:169.254.169.254", "link-local"},
      {"::ffff:a9fe:a9fe", "link-local"},
      {"::169.254.169.254", "link-local"},
      {"64:ff9b::a9fe:a9fe", "link-local"},
      {"2002:a9fe:a9fe::1", "link-local"},
      {"fe80::1", "link-local"},
      {"febf::1", "link-local"},
      {"224.0.0.1", "multicast"},
      {"239.255.255.255", "multicast"},
      {"ff02::1", "multicast"},
      {"255.255.255.255", "broadcast"},
      {"::ffff:255.255.255.255", "broadcast"},
      {"fd00:ec2::254", "a cloud's metadata service"},
      {"127.0.0.1", ""},
      {"::1", ""},
      {"10.0.0.7", ""},
      {"169.253.255.255", ""},
      {"169.255.0.0", ""},
      {"192.168.1.255", ""},
      {"240.0.0.1", ""},
      {"fec0::1", ""},
      {"2001:db8::1", ""},
      {"fd00::7", ""},
      {"origin.example.com", ""},
      {"", ""},
  };
  for (const auto& [address, kind] : cases) {
    EXPECT_EQ(SpecialAddress(address).value_or(""), kind) << address;
  }
}

std::vector<Network> Networks(std::initializer_list<const char*> texts) {
  std::vector<Network> networks;
  for (const char* text : texts) networks.push_back(*Network::Parse(text));
  return networks;
}

TEST(NamesSpecialAddressTest, ANetworkOfThatKindNamesIt) {
  EXPECT_TRUE(NamesSpecialAddress(Networks({"169.254.0.0/16"}), "169.254.1.2"));
  EXPECT_TRUE(NamesSpecialAddress(Networks({"10.0.0.0/8", "169.254.1.0/24"}), "169.254.1.2"));
  EXPECT_TRUE(NamesSpecialAddress(Networks({"169.254.1.2"}), "::ffff:169.254.1.2"));
  EXPECT_TRUE(NamesSpecialAddress(Networks({"fe80::/10"}), "fe80::1"));
}

TEST(NamesSpecialAddressTest, AWiderOrAnotherOneDoesNot) {
  EXPECT_FALSE(NamesSpecialAddress({}, "169.254.1.2"));
  EXPECT_FALSE(NamesSpecialAddress(Networks({"0.0.0.0/0"}), "169.254.1.2"));
  EXPECT_FALSE(NamesSpecialAddress(Networks({"::/0"}), "fe80::1"));
  EXPECT_FALSE(NamesSpecialAddress(Networks({"169.254.1.0/24"}), "169.254.2.2"));
  EXPECT_FALSE(NamesSpecialAddress(Networks({"0.0.0.0/0"}), "0.0.0.0"));
  EXPECT_FALSE(NamesSpecialAddress(Networks({"10.0.0.0/8"}), "10.0.0.7")) << "it is no such one";
}

}  // namespace
}  // namespace srsproxy
