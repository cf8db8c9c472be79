// Calls that no service expects: each is answered by one ErrorInfo with the reason.

#include <future>

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "controlplane/call_status.h"
#include "tests/integration/control_plane_fixture.h"

namespace srsproxy::control {
namespace {

struct UnknownCall {
  const char* name;
  const char* method;
  std::string bytes;
  absl::StatusCode code;
  const char* reason;
};

class UnknownMethodHandlerTest : public ControlPlaneTest,
                                 public testing::WithParamInterface<UnknownCall> {};

TEST_P(UnknownMethodHandlerTest, LearnsWhy) {
  grpc::GenericStub stub(Channel());
  grpc::ClientContext context;
  const grpc::Slice slice(GetParam().bytes);
  grpc::ByteBuffer request(&slice, 1);
  class Call final : public grpc::ClientBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
   public:
    Call(grpc::GenericStub& stub, grpc::ClientContext& context, const grpc::ByteBuffer& request) {
      stub.PrepareBidiStreamingCall(&context, GetParam().method, {}, this);
      StartWriteLast(&request, {});
      StartRead(&answer_);
      StartCall();
    }
    void OnDone(const grpc::Status& status) override { done_.set_value(status); }
    grpc::Status Wait() { return done_.get_future().get(); }

   private:
    grpc::ByteBuffer answer_;
    std::promise<grpc::Status> done_;
  } call(stub, context, request);
  const auto status = call.Wait();
  EXPECT_FALSE(status.error_message().empty());
  EXPECT_FALSE(status.error_details().empty()) << "its ErrorInfo";
  EXPECT_EQ(FromGrpc(status).code(), GetParam().code) << status.error_message();
  EXPECT_EQ(ErrorInfoOf(FromGrpc(status)).reason(), GetParam().reason);
}

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kUnimplemented = absl::StatusCode::kUnimplemented;
const std::string kNotUtf8 = "\x0a\x03\xff\xfe\xfd";  // Of field 1, a string.

INSTANTIATE_TEST_SUITE_P(
    Calls, UnknownMethodHandlerTest,
    testing::Values(UnknownCall{"UnknownMethod", "/srsproxy.v1.OriginService/Nothing", "",
                                kUnimplemented, "UNKNOWN_METHOD"},
                    UnknownCall{"UnknownService", "/srsproxy.v1.Nothing/Nothing", "",
                                kUnimplemented, "UNKNOWN_METHOD"},
                    UnknownCall{"NoProtobuf", "/srsproxy.v1.OriginService/Heartbeat", "\xff\xff",
                                kInvalid, "INVALID_FIELD"},
                    UnknownCall{"NotUtf8", "/srsproxy.v1.OriginService/Heartbeat", kNotUtf8,
                                kInvalid, "INVALID_FIELD"},
                    UnknownCall{"NotUtf8WithinAMessage",
                                "/srsproxy.v1.OriginService/RegisterOrigin", "\x0a\x05" + kNotUtf8,
                                kInvalid, "INVALID_FIELD"},
                    UnknownCall{"NotUtf8OnAStream", "/srsproxy.v1.OriginService/HeartbeatStream",
                                "\x0a\x05" + kNotUtf8, kInvalid, "INVALID_FIELD"},
                    UnknownCall{"NoProtobufOnAStream", "/srsproxy.v1.OriginService/HeartbeatStream",
                                "\xff\xff", kInvalid, "INVALID_FIELD"}),
    [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace srsproxy::control
