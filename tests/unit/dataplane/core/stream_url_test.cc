#include "dataplane/core/stream_url.h"

#include <functional>

#include <gtest/gtest.h>

namespace srsproxy {
namespace {

// One way of naming a stream, under a vhost policy.
using Naming = std::function<absl::StatusOr<StreamKey>(const VhostPolicy&)>;

Naming Rtmp(std::string tc_url, std::string app, std::string stream) {
  return [=](const VhostPolicy& vhosts) { return StreamKeyFromRtmp(tc_url, app, stream, vhosts); };
}
Naming Http(std::string host, std::string target) {
  return [=](const VhostPolicy& vhosts) { return StreamKeyFromHttp(host, target, vhosts); };
}
Naming Whip(std::string host, std::string target) {
  return [=](const VhostPolicy& vhosts) { return StreamKeyFromWhip(host, target, vhosts); };
}
Naming Srt(std::string stream_id) {
  return [=](const VhostPolicy& vhosts) -> absl::StatusOr<StreamKey> {
    auto id = StreamKeyFromSrt(stream_id, vhosts);
    if (!id.ok()) return id.status();
    return id->key;
  };
}
Naming Text(std::string text) {
  return [=](const VhostPolicy& vhosts) { return StreamKeyFromText(text, vhosts); };
}

struct KeyCase {
  const char* name;
  Naming naming;
  const char* key;
  const char* vhosts = "*";
};

class StreamKeyTest : public testing::TestWithParam<KeyCase> {};

TEST_P(StreamKeyTest, IsTheSameForEverySpelling) {
  const VhostPolicy vhosts = VhostPolicy::Parse(GetParam().vhosts).value();
  const auto key = GetParam().naming(vhosts);
  ASSERT_TRUE(key.ok()) << key.status();
  EXPECT_EQ(key->ToString(), GetParam().key);
  EXPECT_EQ(StreamKeyFromText(key->ToString(), vhosts).value(), *key)
      << "a key as shown reads back";
  EXPECT_EQ(Normalised(*key).value(), *key);
  EXPECT_EQ(StreamKeyFromHttp("", key->UrlPath() + ".flv?vhost=" + key->vhost, vhosts).value(),
            *key)
      << "and so does it in a URL";
}

constexpr char kPlain[] = "__defaultVhost__/live/cam";
constexpr char kVhost[] = "example.com/live/cam";
constexpr char kDemo[] = "demo/live/cam";
constexpr char kMissingApp[] = "__defaultVhost__/__defaultApp__/cam";

INSTANTIATE_TEST_SUITE_P(
    RtmpNames, StreamKeyTest,
    testing::Values(
        KeyCase{"ip", Rtmp("rtmp://10.0.0.1/live", "live", "cam"), kPlain},
        KeyCase{"ip_port", Rtmp("rtmp://10.0.0.1:19350/live", "live", "cam"), kPlain},
        KeyCase{"ipv6", Rtmp("rtmp://[2001:db8::1]/live", "live", "cam"), kPlain},
        KeyCase{"ipv6_port", Rtmp("rtmp://[2001:db8::1]:1935/live", "live", "cam"), kPlain},
        KeyCase{"dotless_host", Rtmp("rtmp://localhost:1935/live", "live", "cam"), kPlain},
        KeyCase{"domain", Rtmp("rtmp://example.com/live", "live", "cam"), kVhost},
        KeyCase{"domain_port", Rtmp("rtmp://example.com:1935/live", "live", "cam"), kVhost},
        KeyCase{"upper_case_domain", Rtmp("rtmp://Example.COM/live", "live", "cam"), kVhost},
        KeyCase{"final_dot", Rtmp("rtmp://example.com./live", "live", "cam"), kVhost},
        KeyCase{"rtmps", Rtmp("rtmps://example.com:443/live", "live", "cam"), kVhost},
        KeyCase{"user_in_url", Rtmp("rtmp://me:secret@example.com/live", "live", "cam"), kVhost},
        KeyCase{"default_vhost_as_host", Rtmp("rtmp://__defaultVhost__/live", "live", "cam"),
                kPlain},
        KeyCase{"app_query", Rtmp("rtmp://10.0.0.1/live?token=a", "live?token=a", "cam"), kPlain},
        KeyCase{"app_vhost", Rtmp("rtmp://10.0.0.1/live?vhost=demo", "live?vhost=demo", "cam"),
                kDemo},
        KeyCase{"app_vhost_token",
                Rtmp("rtmp://10.0.0.1/live?token=a&vhost=demo", "live?token=a", "cam"), kDemo},
        KeyCase{"vhost_double_ampersand",
                Rtmp("rtmp://10.0.0.1/live?token=a&&vhost=demo", "live", "cam"), kDemo},
        KeyCase{"vhost_second_question_mark",
                Rtmp("rtmp://10.0.0.1/live?vhost=demo?token=a", "live", "cam"), kDemo},
        KeyCase{"vhost_port", Rtmp("rtmp://10.0.0.1/live?vhost=example.com:80", "live", "cam"),
                kVhost},
        KeyCase{"vhost_upper_case", Rtmp("rtmp://10.0.0.1/live?vhost=EXAMPLE.com", "live", "cam"),
                kVhost},
        KeyCase{"vhost_is_ip", Rtmp("rtmp://example.com/live?vhost=10.0.0.1", "live", "cam"),
                kPlain},
        KeyCase{"vhost_is_default",
                Rtmp("rtmp://example.com/live?vhost=__defaultVhost__", "live", "cam"), kVhost},
        KeyCase{"vhost_empty", Rtmp("rtmp://example.com/live?vhost=", "live", "cam"), kVhost},
        KeyCase{"domain_parameter", Rtmp("rtmp://10.0.0.1/live?domain=demo", "live", "cam"), kDemo},
        KeyCase{"vhost_before_domain",
                Rtmp("rtmp://10.0.0.1/live?domain=other&vhost=demo", "live", "cam"), kDemo},
        KeyCase{"stream_vhost", Rtmp("rtmp://10.0.0.1/live", "live", "cam?vhost=demo"), kDemo},
        KeyCase{"stream_query_wins",
                Rtmp("rtmp://10.0.0.1/live?vhost=other", "live", "cam?vhost=demo"), kDemo},
        KeyCase{"stream_query", Rtmp("rtmp://10.0.0.1/live", "live", "cam?token=a/b.c"), kPlain},
        KeyCase{"fmle_vhost", Rtmp("rtmp://10.0.0.1/live...vhost...demo", "live", "cam"), kDemo},
        KeyCase{"fmle_vhost_token",
                Rtmp("rtmp://10.0.0.1/live...vhost...demo&token=a", "live", "cam"), kDemo},
        KeyCase{"fmle_vhost_in_stream", Rtmp("rtmp://10.0.0.1/live", "live", "cam...vhost...demo"),
                kDemo},
        KeyCase{"fmle_query_before_stream", Rtmp("rtmp://10.0.0.1/live?token=a/cam", "live", ""),
                kPlain},
        KeyCase{"fmle_query_in_stream", Rtmp("rtmp://10.0.0.1/live", "live", "?token=a/cam"),
                kPlain},
        KeyCase{"definst", Rtmp("rtmp://10.0.0.1/live/_definst_", "live/_definst_", "cam"), kPlain},
        KeyCase{"stream_in_tc_url", Rtmp("rtmp://10.0.0.1/live/cam", "live/cam", ""), kPlain},
        KeyCase{"levels", Rtmp("rtmp://10.0.0.1/a/b", "a/b", "cam"), "__defaultVhost__/a/b/cam"},
        KeyCase{"levels_in_stream", Rtmp("rtmp://10.0.0.1/a", "a", "b/cam"),
                "__defaultVhost__/a/b/cam"},
        KeyCase{"slashes", Rtmp("rtmp://10.0.0.1//live//", "live/", "/cam/"), kPlain},
        KeyCase{"spaces_around", Rtmp("rtmp://10.0.0.1/live ", "live", " cam\r\n"), kPlain},
        KeyCase{"no_path_in_tc_url", Rtmp("rtmp://example.com:1935", "live", "cam"), kVhost},
        KeyCase{"no_tc_url", Rtmp("", "live?vhost=demo", "cam"), kDemo},
        KeyCase{"escape", Rtmp("rtmp://10.0.0.1/live", "live", "c%61m"), kPlain},
        KeyCase{"stray_percent", Rtmp("rtmp://10.0.0.1/live", "live", "100%"),
                "__defaultVhost__/live/100%"},
        KeyCase{"percent_no_hex", Rtmp("rtmp://10.0.0.1/live", "live", "a%zzb"),
                "__defaultVhost__/live/a%zzb"},
        KeyCase{"escaped_slash_stays", Rtmp("rtmp://10.0.0.1/live", "live", "a%2Fb"),
                "__defaultVhost__/live/a%2Fb"},
        KeyCase{"escaped_slash_lower_case", Rtmp("rtmp://10.0.0.1/live", "live", "a%2fb"),
                "__defaultVhost__/live/a%2Fb"},
        KeyCase{"escaped_question_mark", Rtmp("rtmp://10.0.0.1/live", "live", "a%3fb%23c"),
                "__defaultVhost__/live/a%3Fb%23c"},
        KeyCase{"escape_made_by_an_escape", Rtmp("rtmp://10.0.0.1/live", "live", "c%%361m"),
                kPlain},
        KeyCase{"escape_made_by_a_blank", Rtmp("rtmp://10.0.0.1/live", "live", "c%6 1m"), kPlain},
        KeyCase{"escaped_percent_before_hex", Rtmp("rtmp://10.0.0.1/live", "live", "a%2541"),
                "__defaultVhost__/live/a%2541"},
        KeyCase{"escaped_percent_before_no_hex", Rtmp("rtmp://10.0.0.1/live", "live", "100%25"),
                "__defaultVhost__/live/100%"},
        KeyCase{"blank_within", Rtmp("rtmp://10.0.0.1/live", "live", "c am"), kPlain},
        KeyCase{"blanks_within_app", Rtmp("rtmp://10.0.0.1/l i\tve", "", "cam"), kPlain},
        KeyCase{"escaped_blank", Rtmp("rtmp://10.0.0.1/live", "live", "c%20am%0A"), kPlain},
        KeyCase{"blank_before_extension", Rtmp("rtmp://10.0.0.1/live", "live", "cam .flv"), kPlain},
        KeyCase{"blank_before_query", Rtmp("rtmp://10.0.0.1/live", "live", "cam ?token=a"), kPlain},
        KeyCase{"blank_level", Rtmp("rtmp://10.0.0.1/live/ ", "", "cam"), kPlain},
        KeyCase{"blank_in_vhost", Rtmp("rtmp://10.0.0.1/live?vhost=de%20mo ", "live", "cam"),
                kDemo},
        KeyCase{"missing_app", Rtmp("rtmp://10.0.0.1", "", "cam"), kMissingApp},
        KeyCase{"missing_app_query", Rtmp("rtmp://10.0.0.1", "", "cam?key=a&b=c"), kMissingApp},
        KeyCase{"missing_app_slash", Rtmp("rtmp://10.0.0.1:1935/", "", "cam"), kMissingApp},
        KeyCase{"missing_app_of_blanks", Rtmp("rtmp://10.0.0.1/ ", "", "cam"), kMissingApp},
        KeyCase{"missing_app_at_domain", Rtmp("rtmp://example.com", "", "cam"),
                "example.com/__defaultApp__/cam"},
        KeyCase{"missing_app_with_vhost", Rtmp("rtmp://10.0.0.1?vhost=demo", "", "cam"),
                "demo/__defaultApp__/cam"},
        KeyCase{"missing_app_spelled_out", Rtmp("rtmp://10.0.0.1/__defaultApp__", "", "cam"),
                kMissingApp},
        KeyCase{"app_in_the_name", Rtmp("rtmp://10.0.0.1", "", "live/cam"), kPlain},
        KeyCase{"extension_twice", Rtmp("rtmp://10.0.0.1/live", "live", "cam.flv.TS"), kPlain},
        KeyCase{"utf8", Rtmp("rtmp://10.0.0.1/live", "live", "中"), "__defaultVhost__/live/中"},
        KeyCase{"extension", Rtmp("rtmp://10.0.0.1/live", "live", "cam.flv"), kPlain},
        KeyCase{"dot_that_is_no_extension", Rtmp("rtmp://10.0.0.1/live", "live", "cam.1"),
                "__defaultVhost__/live/cam.1"},
        KeyCase{"case_matters", Rtmp("rtmp://10.0.0.1/Live", "Live", "Cam"),
                "__defaultVhost__/Live/Cam"}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    HttpNames, StreamKeyTest,
    testing::Values(
        KeyCase{"flv", Http("10.0.0.1:8080", "/live/cam.flv"), kPlain},
        KeyCase{"flv_domain", Http("example.com", "/live/cam.flv"), kVhost},
        KeyCase{"flv_domain_port", Http("example.com:8080", "/live/cam.flv"), kVhost},
        KeyCase{"ipv6_host", Http("[2001:db8::1]:8080", "/live/cam.flv"), kPlain},
        KeyCase{"no_host", Http("", "/live/cam.flv"), kPlain},
        KeyCase{"host_that_is_none", Http("a b.c", "/live/cam.flv"), kPlain},
        KeyCase{"ts", Http("example.com", "/live/cam.ts"), kVhost},
        KeyCase{"m3u8", Http("example.com", "/live/cam.m3u8?hls_ctx=12345678"), kVhost},
        KeyCase{"aac", Http("example.com", "/live/cam.aac"), kVhost},
        KeyCase{"mp3_upper_case", Http("example.com", "/live/cam.MP3"), kVhost},
        KeyCase{"no_extension", Http("example.com", "/live/cam"), kVhost},
        KeyCase{"query_vhost", Http("10.0.0.1", "/live/cam.flv?token=a&vhost=demo"), kDemo},
        KeyCase{"query_with_url", Http("10.0.0.1", "/live/cam.flv?back=http://a/b"), kPlain},
        KeyCase{"levels", Http("10.0.0.1", "/a/b/cam.flv"), "__defaultVhost__/a/b/cam"},
        KeyCase{"escapes", Http("10.0.0.1", "/live/%E4%B8%AD.flv"), "__defaultVhost__/live/中"},
        KeyCase{"escaped_extension", Http("10.0.0.1", "/live/cam%2Eflv"), kPlain},
        KeyCase{"escaped_blank", Http("10.0.0.1", "/live/c%20am.flv"), kPlain},
        KeyCase{"blank_before_extension", Http("10.0.0.1", "/live/cam%20.flv"), kPlain},
        KeyCase{"missing_app_spelled_out", Http("10.0.0.1", "/__defaultApp__/cam.flv"),
                kMissingApp},
        KeyCase{"absolute_target", Http("10.0.0.1", "http://example.com:80/live/cam.flv"), kVhost}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    WhipNames, StreamKeyTest,
    testing::Values(
        KeyCase{"app_stream", Whip("10.0.0.1:1985", "/rtc/v1/whip/?app=live&stream=cam"), kPlain},
        KeyCase{"domain", Whip("example.com:1985", "/rtc/v1/whip/?app=live&stream=cam"), kVhost},
        KeyCase{"whep_token", Whip("example.com", "/rtc/v1/whep/?token=a&stream=cam&app=live"),
                kVhost},
        KeyCase{"vhost", Whip("10.0.0.1", "/rtc/v1/whip/?app=live&stream=cam&vhost=demo"), kDemo},
        KeyCase{"default_vhost_of_players",
                Whip("example.com", "/rtc/v1/whep/?app=live&stream=cam&vhost=__defaultVhost__"),
                kVhost},
        KeyCase{"escaped_values", Whip("10.0.0.1", "/rtc/v1/whip/?app=a%2Fb&stream=c%61m"),
                "__defaultVhost__/a/b/cam"},
        KeyCase{"blanks", Whip("10.0.0.1", "/rtc/v1/whip/?app=li%20ve&stream=c+am"),
                "__defaultVhost__/live/c+am"},
        KeyCase{"escape_made_by_an_escape",
                Whip("10.0.0.1", "/rtc/v1/whip/?app=live&stream=c%%361m"), kPlain},
        KeyCase{"defaults", Whip("10.0.0.1", "/rtc/v1/whip/"), "__defaultVhost__/live/livestream"},
        KeyCase{"default_app", Whip("10.0.0.1", "/rtc/v1/whip/?stream=cam"), kPlain},
        KeyCase{"empty_values", Whip("10.0.0.1", "/rtc/v1/whip/?app=&stream="),
                "__defaultVhost__/live/livestream"}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    SrtNames, StreamKeyTest,
    testing::Values(KeyCase{"resource", Srt("#!::r=live/cam,m=publish"), kPlain},
                    KeyCase{"host", Srt("#!::h=example.com,r=live/cam,m=request"), kVhost},
                    KeyCase{"host_is_ip", Srt("#!::h=10.0.0.1,r=live/cam"), kPlain},
                    KeyCase{"host_without_dot", Srt("#!::r=live/cam,h=demo"), kDemo},
                    KeyCase{"older_host", Srt("#!::h=live/cam,m=publish"), kPlain},
                    KeyCase{"older_host_with_vhost", Srt("#!::h=example.com/live/cam,m=publish"),
                            kVhost},
                    KeyCase{"older_secret", Srt("#!::h=live/cam?secret=x,m=publish"), kPlain},
                    KeyCase{"auth_with_dot_is_no_host", Srt("#!::r=live/cam,auth=a.b"), kPlain},
                    KeyCase{"stream_only_in_resource", Srt("#!::r=cam"), kPlain},
                    KeyCase{"plain", Srt("live/cam"), kPlain},
                    KeyCase{"plain_query", Srt("live/cam?token=a"), kPlain},
                    KeyCase{"plain_levels", Srt("a/b/cam"), "__defaultVhost__/a/b/cam"},
                    KeyCase{"plain_stream", Srt("cam"), kPlain},
                    KeyCase{"blanks", Srt("#!::r=live/c am , m=request"), kPlain},
                    KeyCase{"blank_in_host", Srt("#!::h=de mo,r=live/cam"), kDemo},
                    KeyCase{"empty", Srt(""), "__defaultVhost__/live/livestream"}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    OperatorsText, StreamKeyTest,
    testing::Values(
        KeyCase{"key", Text("example.com/live/cam"), kVhost},
        KeyCase{"key_of_vhost_without_dot", Text("demo/live/cam"), kDemo},
        KeyCase{"key_upper_case_vhost", Text("Example.com/live/cam"), kVhost},
        KeyCase{"key_of_default_vhost", Text("__defaultVhost__/a/b/cam"),
                "__defaultVhost__/a/b/cam"},
        KeyCase{"app_stream", Text("live/cam"), kPlain},
        KeyCase{"spaces_around", Text(" live/cam\n"), kPlain},
        KeyCase{"extension", Text("live/cam.flv"), kPlain},
        KeyCase{"blank_within", Text("live/c am"), kPlain},
        KeyCase{"escape", Text("live/c%61m"), kPlain},
        KeyCase{"rtmp_url_without_app", Text("rtmp://10.0.0.1/cam"), kMissingApp},
        KeyCase{"webrtc_url_without_app", Text("webrtc://10.0.0.1/cam"), kMissingApp},
        KeyCase{"rtmp_url", Text("rtmp://example.com:1935/live/cam?token=a"), kVhost},
        KeyCase{"rtmp_url_fmle", Text("rtmp://10.0.0.1/live?vhost=demo/cam"), kDemo},
        KeyCase{"flv_url", Text("http://example.com:8080/live/cam.flv"), kVhost},
        KeyCase{"hls_url", Text("https://example.com/live/cam.m3u8?x=1"), kVhost},
        KeyCase{"whep_url", Text("http://example.com:1985/rtc/v1/whep/?app=live&stream=cam"),
                kVhost},
        KeyCase{"webrtc_url", Text("webrtc://example.com/live/cam"), kVhost},
        KeyCase{"srt_url", Text("srt://10.0.0.1:10080?streamid=#!::h=example.com,r=live/cam"),
                kVhost},
        KeyCase{"srt_url_escaped",
                Text("srt://10.0.0.1:10080?latency=20&streamid=%23%21%3A%3Ar%3Dlive%2Fcam"),
                kPlain}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    VhostPolicies, StreamKeyTest,
    testing::Values(
        KeyCase{"listed", Rtmp("rtmp://example.com/live", "live", "cam"), kVhost,
                "example.com,other.com"},
        KeyCase{"listed_in_upper_case", Rtmp("rtmp://example.com/live", "live", "cam"), kVhost,
                " EXAMPLE.com , other.com"},
        KeyCase{"not_listed", Rtmp("rtmp://example.com/live", "live", "cam"), kPlain, "other.com"},
        KeyCase{"listed_without_dot", Rtmp("rtmp://demo/live", "live", "cam"), kDemo, "demo"},
        KeyCase{"named_and_listed", Rtmp("rtmp://10.0.0.1/live?vhost=demo", "live", "cam"), kDemo,
                "demo"},
        KeyCase{"named_and_not_listed", Rtmp("rtmp://10.0.0.1/live?vhost=x", "live", "cam"), kPlain,
                "demo"},
        KeyCase{"none", Rtmp("rtmp://example.com/live", "live", "cam"), kPlain, "none"},
        KeyCase{"none_and_named", Srt("#!::h=example.com,r=live/cam"), kPlain, "none"},
        KeyCase{"none_and_typed", Text("example.com/live/cam"), kPlain, "none"}),
    [](const auto& row) { return row.param.name; });

TEST(StreamKeyTest, OfWhatIsCutFromAnotherIsNormal) {
  const auto cut = [](std::string app, std::string stream) {
    const auto key = Normalised({"demo", std::move(app), std::move(stream)});
    return key.ok() ? key->ToString() : std::string(MessageOf(key.status()));
  };
  EXPECT_EQ(cut("live", "cam"), kDemo);
  EXPECT_EQ(cut("live", "cam.flv"), kDemo);
  EXPECT_EQ(cut("live", ".."), "the stream's name has the path level '..'");
  EXPECT_EQ(cut("", "cam"), "only 'cam' is given: a stream needs an app and a name (app/stream)");
}

struct BadNameCase {
  const char* name;
  Naming naming;
  const char* message;
};

class BadStreamNameTest : public testing::TestWithParam<BadNameCase> {};

TEST_P(BadStreamNameTest, IsRefusedInWords) {
  const auto key = GetParam().naming(VhostPolicy());
  EXPECT_EQ(key.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(MessageOf(key.status()), GetParam().message);
  EXPECT_EQ(SideOf(key.status()), Side::kClient);
}

#define NOT_TEXT ", which is not UTF-8 text without control characters"
INSTANTIATE_TEST_SUITE_P(
    Names, BadStreamNameTest,
    testing::Values(
        BadNameCase{"nothing", Rtmp("", "", ""), "the stream has no app and no name"},
        BadNameCase{"no_stream", Rtmp("rtmp://10.0.0.1/live", "live", ""),
                    "only 'live' is given: a stream needs an app and a name (app/stream)"},
        BadNameCase{"hash_where_fmle_puts_the_stream",
                    Rtmp("rtmp://10.0.0.1/live?k=v/#cam", "live", ""),
                    "only 'live' is given: a stream needs an app and a name (app/stream)"},
        BadNameCase{"no_app", Http("10.0.0.1", "/cam.flv"),
                    "only 'cam.flv' is given: a stream needs an app and a name (app/stream)"},
        BadNameCase{"no_app_in_url", Text("https://10.0.0.1/cam"),
                    "only 'cam' is given: a stream needs an app and a name (app/stream)"},
        BadNameCase{"only_blanks", Rtmp("rtmp://10.0.0.1/live", "live", " %20"),
                    "only 'live' is given: a stream needs an app and a name (app/stream)"},
        BadNameCase{"only_slashes", Http("10.0.0.1", "///"), "the stream has no app and no name"},
        BadNameCase{"only_an_extension", Http("10.0.0.1", "/live/.flv"),
                    "the stream's name is empty"},
        BadNameCase{"not_utf8", Rtmp("rtmp://10.0.0.1/live", "live", "\xE9t\xE9"),
                    "the stream's name has '\\xe9t\\xe9'" NOT_TEXT},
        BadNameCase{"escaped_not_utf8", Http("10.0.0.1", "/live/%FF.flv"),
                    "the stream's name has '\\xff.flv'" NOT_TEXT},
        BadNameCase{"control", Rtmp("rtmp://10.0.0.1/li\x07ve", "live", "cam"),
                    "the stream's name has 'li\\x07ve'" NOT_TEXT},
        BadNameCase{"escaped_nul", Http("10.0.0.1", "/live/a%00b.flv"),
                    "the stream's name has 'a\\x00\\x62.flv'" NOT_TEXT},
        BadNameCase{"parent_level", Http("10.0.0.1", "/live/../cam.flv"),
                    "the stream's name has the path level '..'"},
        BadNameCase{"parent_level_before_extension", Http("10.0.0.1", "/live/...flv"),
                    "the stream's name has the path level '..'"},
        BadNameCase{"parent_level_with_blanks", Rtmp("rtmp://10.0.0.1/live", "", ". ./cam"),
                    "the stream's name has the path level '..'"},
        BadNameCase{"definst_before_extension", Http("10.0.0.1", "/live/_definst_.flv"),
                    "the stream's name is empty"},
        BadNameCase{"escaped_fmle_vhost", Http("10.0.0.1", "/live/cam%2e..vhost...demo.flv"),
                    "the stream's name has '...vhost...' in escapes"},
        BadNameCase{"control_beside_blanks", Rtmp("rtmp://10.0.0.1/live", "", "cam\v"),
                    "the stream's name has 'cam\\x0b'" NOT_TEXT},
        BadNameCase{"c1_control", Rtmp("rtmp://10.0.0.1/live", "", "cam\xC2\x85"),
                    "the stream's name has 'cam\\xc2\\x85'" NOT_TEXT},
        BadNameCase{"vhost_no_name", Rtmp("rtmp://10.0.0.1/live?vhost=a!b", "live", "cam"),
                    "the vhost 'a!b' is no host name"},
        BadNameCase{"vhost_that_text_skips",
                    Rtmp("rtmp://10.0.0.1/live?vhost=_DEFINST_.", "live", "cam"),
                    "the vhost '_DEFINST_.' is no host name"},
        BadNameCase{"too_long", Rtmp("rtmp://10.0.0.1/live", "live", std::string(600, 'a')),
                    "the stream's name is longer than 512 bytes"},
        BadNameCase{"srt_mode", Srt("#!::r=live/cam,m=listen"),
                    "the stream id's mode 'listen' is neither publish nor request"},
        BadNameCase{"srt_no_resource", Srt("#!::m=publish"),
                    "the stream id names no stream: write r=app/stream"},
        BadNameCase{"srt_url_without_id", Text("srt://10.0.0.1:10080"),
                    "the SRT URL has no streamid"},
        BadNameCase{"text_of_one_part", Text("cam"),
                    "only 'cam' is given: a stream needs an app and a name (app/stream)"},
        BadNameCase{"text_empty", Text(""), "the stream has no app and no name"}),
    [](const auto& row) { return row.param.name; });

struct SrtModeCase {
  const char* name;
  const char* stream_id;
  bool publish;
};

class SrtModeTest : public testing::TestWithParam<SrtModeCase> {};

TEST_P(SrtModeTest, IsRead) {
  EXPECT_EQ(StreamKeyFromSrt(GetParam().stream_id, VhostPolicy()).value().publish,
            GetParam().publish);
}

INSTANTIATE_TEST_SUITE_P(Modes, SrtModeTest,
                         testing::Values(SrtModeCase{"publish", "#!::r=a/b,m=publish", true},
                                         SrtModeCase{"upper_case", "#!::m=PUBLISH,r=a/b", true},
                                         SrtModeCase{"request", "#!::r=a/b,m=request", false},
                                         SrtModeCase{"absent", "#!::r=a/b", false},
                                         SrtModeCase{"plain", "a/b", false},
                                         SrtModeCase{"empty", "", true}),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace srsproxy
