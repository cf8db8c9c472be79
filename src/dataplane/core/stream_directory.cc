#include "dataplane/core/stream_directory.h"

namespace srsproxy {

std::string_view MoveCauseName(MoveCause cause) {
  switch (cause) {
    case MoveCause::kOperator:
      return "operator";
    case MoveCause::kDrain:
      return "drain";
    case MoveCause::kRebalance:
      return "rebalance";
    case MoveCause::kSuperseded:
      return "superseded";
    case MoveCause::kUnusable:
      return "unusable";
  }
  return "unknown";
}

}  // namespace srsproxy
