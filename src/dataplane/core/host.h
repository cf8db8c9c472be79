// What a host text is: an address, a host name, a wildcard, this machine.
#pragma once

#include <string>
#include <string_view>

namespace srsproxy {

// IPv4 in dotted form or IPv6, without brackets or zone.
bool IsIpAddress(std::string_view host);

// A DNS name (RFC 1123; underscores are let through): labels of 1 to 63 characters, 253 in all, a
// trailing dot allowed. Text of digits and dots only is no name.
bool IsHostName(std::string_view host);

// 0.0.0.0 or ::
bool IsWildcardHost(std::string_view host);

// 127.0.0.0/8, ::1 or localhost
bool IsLoopbackHost(std::string_view host);

// One spelling for each host: names in lower case without a trailing dot, IPv6 as in RFC 5952.
std::string CanonicalHost(std::string_view host);

}  // namespace srsproxy
