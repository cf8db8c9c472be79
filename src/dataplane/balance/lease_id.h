// Lease ids: secrets by which an origin renews and ends its registration.
#pragma once

#include <string>
#include <string_view>

namespace srsproxy {

// 128 random bits in hexadecimal.
std::string NewLeaseId();

// What is kept of a lease id, and what it is known again by: nobody who reads it can renew the
// lease (SHA-256, in hexadecimal).
std::string LeaseDigest(std::string_view lease_id);

}  // namespace srsproxy
