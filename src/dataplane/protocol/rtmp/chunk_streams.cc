#include "dataplane/protocol/rtmp/chunk_streams.h"

namespace srsproxy::rtmp {

size_t ChunkStreams::Add(uint32_t id) {
  streams_.emplace_back().id = id;
  return streams_.size() - 1;
}

bool ChunkStreams::HalfSent(uint32_t id) const {
  const size_t index = Find(id);
  return index != kNone && streams_[index].half_sent;
}

uint32_t ChunkStreams::FreeControlStream() const {
  uint32_t id = kControlChunkStream;
  while (HalfSent(id)) ++id;
  return id;
}

}  // namespace srsproxy::rtmp
