// A session's file, as a crash or another program may leave it: what is read
// is a valid history, whatever the lines say.

#include <sys/mman.h>
#include <unistd.h>

#include <string>
#include <string_view>
#include <vector>

#include "agent/session/pairing.h"
#include "agent/session/session_reader.h"
#include "base/check.h"
#include "base/file.h"
#include "target.h"

namespace cofferdam::agent {
namespace {

void CheckSession(std::string_view bytes) {
  const FileDescriptor file(memfd_create("session", MFD_CLOEXEC));
  CHECK(file.valid());
  CHECK(write(file.get(), bytes.data(), bytes.size()) ==
        static_cast<ssize_t>(bytes.size()));
  const Result<SessionRead> read = ReadSession(file.get(), "session.jsonl");
  if (!read.ok()) {
    CHECK(!read.error().message().empty());
    return;
  }
  CHECK(read->bytes + read->torn_bytes == bytes.size());
  std::vector<Message> messages = read->state.messages;
  CHECK(!MendHistory(&messages).has_value());
}

}  // namespace
}  // namespace cofferdam::agent

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  cofferdam::agent::CheckSession(cofferdam::FuzzText(data, size));
  return 0;
}
