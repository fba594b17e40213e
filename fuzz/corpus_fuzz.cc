// Files of a corpus under every name that tells a format: whatever the bytes
// are, records come in order and are the same however the bytes arrive.

#include <algorithm>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/json.h"
#include "corpus/byte_source.h"
#include "corpus/source.h"
#include "target.h"

namespace cofferdam::corpus {
namespace {

constexpr size_t kInputBytesMax = 1 << 16;

class Pieces final : public ByteSource {
 public:
  Pieces(std::string_view bytes, size_t step) : bytes_(bytes), step_(step) {}
  Result<size_t> Read(char* into, size_t bytes_max) override {
    size_t size = std::min({step_, bytes_max, bytes_.size() - at_});
    std::copy_n(bytes_.data() + at_, size, into);
    at_ += size;
    return size;
  }
  uint64_t bytes_taken() const override { return at_; }

 private:
  std::string_view bytes_;
  size_t step_;
  size_t at_ = 0;
};

SourceOptions Options() {
  SourceOptions options;
  // So that a bomb ends soon.
  options.limits.unpacked_bytes_free = 1 << 20;
  options.limits.unpacked_bytes_max = 1 << 22;
  options.limits.members_max = 1000;
  return options;
}

std::vector<std::string> ReadAll(std::string_view bytes, const char* name,
                                 size_t step) {
  SourceOptions options = Options();
  auto source = OpenStream(std::make_unique<Pieces>(bytes, step), name,
                           bytes.size(), options);
  ChunkReader reader(options);
  std::vector<std::string> seen;
  for (;;) {
    auto chunk = source->Next();
    CHECK_OK(chunk);
    if (!chunk->has_value()) return seen;
    std::string path;
    uint64_t last = 0;
    CHECK_OK(reader.Read(
        **chunk,
        [&](const Record& record) {
          CHECK(record.begin <= record.end);
          if (record.file->path != path) last = 0;
          path = record.file->path;
          CHECK(record.number == 0 || record.number > last);
          last = record.number;
          std::string text = path + "#" + std::to_string(record.number);
          for (const Field& field : record.fields) {
            if (record.number > 0) CHECK(IsUtf8(field.text));
            text +=
                "|" + std::string(field.name) + "=" + std::string(field.text);
          }
          seen.push_back(std::move(text));
        },
        [&](const PassedOver& passed) {
          CHECK(passed.path.starts_with(name));
          seen.push_back(std::string(ReasonName(passed.reason)));
        }));
  }
}

bool IsCutOff(const std::vector<std::string>& seen) {
  return std::any_of(seen.begin(), seen.end(), [](const std::string& text) {
    return text == "bomb" || text == "broken";
  });
}

}  // namespace
}  // namespace cofferdam::corpus

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using cofferdam::corpus::IsCutOff;
  using cofferdam::corpus::ReadAll;
  if (size > cofferdam::corpus::kInputBytesMax) return 0;
  const std::string_view bytes = cofferdam::FuzzText(data, size);
  for (const char* name :
       {"x", "x.jsonl", "x.json", "x.ipynb", "x.tar", "x.py"}) {
    auto whole = ReadAll(bytes, name, bytes.size() + 1);
    auto split = ReadAll(bytes, name, 7);
    // How much comes before what cannot be unpacked depends on the pieces.
    CHECK(whole == split || IsCutOff(whole) || IsCutOff(split));
  }
  return 0;
}
