// URIs of playlists and requests, changed without touching what is not meant: escapes, other
// parameters and bytes beyond ASCII stay as they are. RFC 3986.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace srsproxy::hls {

inline constexpr std::string_view kIdParameter = "spbhid";
// By which SRS knows a player.
inline constexpr std::string_view kContextParameter = "hls_ctx";

// The value of `spbhid` in the query of a request target; nullopt: there is none, or it is empty.
std::optional<std::string_view> IdOf(std::string_view target);

// The same for `hls_ctx`; nullopt also when it is longer than kMaxContextBytes: SRS's have 8.
inline constexpr size_t kMaxContextBytes = 256;
std::optional<std::string_view> ContextOf(std::string_view target);

// `uri` with `spbhid=id` as the last parameter of its query, in place of those it had.
std::string WithId(std::string_view uri, std::string_view id);

// The same for `hls_ctx`.
std::string WithContext(std::string_view uri, std::string_view context);

// The target without `spbhid`: what is requested of the origin.
std::string WithoutId(std::string_view target);

// The target without the delivery directives of Low-Latency HLS: _HLS_msn, _HLS_part, _HLS_skip.
std::string WithoutDirectives(std::string_view target);

// `uri` as path, query and fragment at the own host, when it is an http or https URL (or one
// without a scheme: //host/path) at one of `own_authorities`; nullopt: it is at another host, or no
// such URL. A relative URI is returned as it is.
std::optional<std::string> AtOwnHost(std::string_view uri,
                                     std::span<const std::string> own_authorities);

// A relative `uri` as path, query and fragment in a playlist at the path `base`. Its dots stay.
std::string Resolve(std::string_view uri, std::string_view base);

// The request target that `uri` means in a playlist at the path `base`; nullopt: as AtOwnHost.
std::optional<std::string> TargetOf(std::string_view uri, std::string_view base,
                                    std::span<const std::string> own_authorities);

}  // namespace srsproxy::hls
