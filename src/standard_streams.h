// The descriptors 0, 1 and 2, which belong to whoever started this process.
#pragma once

namespace srsproxy {

// Opens /dev/null for each standard stream that is closed (`srsproxy 2>&-`). Otherwise the next
// file or socket gets its number, and what is logged is written to a client, or into a file. To be
// called before anything is opened.
void OpenClosedStandardStreams();

}  // namespace srsproxy
